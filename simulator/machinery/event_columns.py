"""Many Events as a snapshot holds them: column by column, each thing said once.

An Event that a component told is for the greatest part what others were (what it says, and of whom) or follows from the rest (its name from
what it is about and from the moment, its times from its name). Promises: `taken` gives back what `told` got, in the same order and with
the same order of fields; equal Events make equal bytes. An Event of any other form is told as it is.
"""

from collections.abc import Iterator, Mapping
from itertools import accumulate, compress, islice, product

from simulator.engine.columns import backs, from_backs, numbered, steps
from simulator.engine.plain import Obj, Plain
from simulator.machinery.go_text import rfc3339

#: Namespace and name.
Key = tuple[str, str]
#: What it says, and who says it: reason, message, type, component and host of the source, field path.
Saying = tuple[str, str, str, str, str | None, str | None]
#: What it is about: kind, apiVersion and namespace; resourceVersion; name; uid.
About = tuple[tuple[str, str, str | None], str | None, str, str]
#: Saying, About, Unix nanoseconds, uid, revision, count, lastTimestamp if that is another one than the first.
Usual = tuple[Saying, About, int, str, int, int, str | None]

_FIELDS = (
    "apiVersion",
    "kind",
    "metadata",
    "involvedObject",
    "reason",
    "message",
    "source",
    "firstTimestamp",
    "lastTimestamp",
    "count",
    "type",
    "eventTime",
    "reportingComponent",
    "reportingInstance",
)
_METADATA = ("name", "namespace", "uid", "creationTimestamp", "resourceVersion")
#: Fields of what it is about that are not always there.
_OPTIONAL = ("namespace", "resourceVersion", "fieldPath")
#: All its fields, by which of those are there.
_ABOUT = {
    there: ("kind", "name", "uid", "apiVersion", *compress(_OPTIONAL, there))
    for there in product((False, True), repeat=len(_OPTIONAL))
}
#: Stands in a message for the name of what the Event is about.
_NAME = "\0"
#: Digits of the moment that ends a name.
_ENDING = 16


class EventColumns:
    """For one snapshot."""

    def __init__(self) -> None:
        self._stamps: dict[int, str] = {}

    def told(self, events: Mapping[Key, Obj]) -> Plain:
        odd: list[Plain] = []
        usual: list[Usual] = []
        for place, (key, event) in enumerate(events.items()):
            found = self._usual(key, event)
            if found is None:
                odd.append([place, *key, event])
            else:
                usual.append(found)
        if not usual:
            return [odd]
        said, about, nanos, uids, revisions, counts, last = zip(*usual, strict=True)
        abouts, things = backs(about)
        kinds, versions, names, owners = zip(*things, strict=True)
        return [
            odd,
            [*numbered(said)],
            [abouts, *numbered(kinds), versions, names, owners],
            steps(one // 1_000 for one in nanos),
            steps(one % 1_000 - revision for one, revision in zip(nanos, revisions, strict=True)),
            uids,
            steps(revisions),
            counts,
            last,
        ]

    def taken(self, state: Plain) -> Iterator[tuple[Key, Obj]]:
        """The inverse of `told`."""
        odd, *columns = state
        events = self._usual_taken(*columns) if columns else iter(())
        place = 0
        for wanted, namespace, name, event in odd:
            yield from islice(events, wanted - place)
            yield (namespace, name), event
            place = wanted + 1
        yield from events

    def _usual(self, key: Key, event: Obj) -> Usual | None:
        """None: it has another form."""
        if (*event,) != _FIELDS or (*event["metadata"],) != _METADATA:
            return None
        api, kind, metadata, thing, reason, message, source, first, last, count, type_, at, reporter, instance = (
            event.values()
        )
        name, namespace, uid, created, version = metadata.values()
        told = thing.get
        about, space, thing_version, path = told("name"), told("namespace"), told("resourceVersion"), told("fieldPath")
        host = source.get("host")
        try:
            nanos, revision = int(name[-_ENDING:], 16), int(version)
            stamp = self._stamps.get(nanos // 1_000_000_000) or self._stamp(nanos // 1_000_000_000)
        except (ValueError, OverflowError):
            return None
        if (
            (*thing,) != _ABOUT[space is not None, thing_version is not None, path is not None]
            or name != f"{about}.{nanos:016x}"
            or not first == created == stamp
            or source.get("component") != reporter
            or len(source) != (1 if host is None else 2)
            or instance != (host or "")
            or (api, kind, at) != ("v1", "Event", None)
            or key != (namespace, name)
            or namespace != (space or "default")
            or version != str(revision)
            or _NAME in message
        ):
            return None
        return (
            (reason, message.replace(about, _NAME), type_, reporter, host, path),
            ((thing["kind"], thing["apiVersion"], space), thing_version, about, thing["uid"]),
            nanos,
            uid,
            revision,
            count,
            None if last == first else last,
        )

    def _stamp(self, second: int) -> str:
        """For whom `_stamps` does not know it."""
        stamp = self._stamps[second] = rfc3339(second * 1_000_000)
        return stamp

    def _usual_taken(
        self, said: Plain, about: Plain, micros: Plain, rests: Plain, uids: Plain, revisions: Plain, *once: Plain
    ) -> Iterator[tuple[Key, Obj]]:
        numbers, sayings = said
        sayings = [(*saying, _source(saying[3], saying[4])) for saying in sayings]
        stamps = self._stamps
        backs_told, *things = about
        abouts = list(self._abouts_taken(*things))
        involved: dict[tuple[int, str | None], Obj] = {}
        steps_of_rest = zip(accumulate(micros), accumulate(rests), strict=True)
        events = zip(
            numbers,
            from_backs(backs_told),
            steps_of_rest,
            uids,
            accumulate(revisions),
            *once,
            strict=True,
        )
        for saying, thing, (micro, rest), uid, revision, count, last in events:
            reason, message, type_, reporter, host, path, source = sayings[saying]
            whole = involved.get((thing, path))
            if whole is None:
                whole = involved[thing, path] = (
                    {**abouts[thing], "fieldPath": path} if path is not None else abouts[thing]
                )
            about_name = whole["name"]
            second = micro // 1_000_000
            first = stamps.get(second) or self._stamp(second)
            name = f"{about_name}.{micro * 1_000 + rest + revision:016x}"
            namespace = whole.get("namespace") or "default"
            yield (
                (namespace, name),
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {
                        "name": name,
                        "namespace": namespace,
                        "uid": uid,
                        "creationTimestamp": first,
                        "resourceVersion": str(revision),
                    },
                    "involvedObject": whole,
                    "reason": reason,
                    "message": message.replace(_NAME, about_name) if _NAME in message else message,
                    "source": source,
                    "firstTimestamp": first,
                    "lastTimestamp": first if last is None else last,
                    "count": count,
                    "type": type_,
                    "eventTime": None,
                    "reportingComponent": reporter,
                    "reportingInstance": host or "",
                },
            )

    def _abouts_taken(
        self, kinds: list[int], distinct: Plain, versions: Plain, names: Plain, uids: Plain
    ) -> Iterator[Obj]:
        for number, version, name, uid in zip(kinds, versions, names, uids, strict=True):
            kind, api, namespace = distinct[number]
            thing = {"kind": kind, "name": name, "uid": uid, "apiVersion": api}
            if namespace is not None:
                thing["namespace"] = namespace
            if version is not None:
                thing["resourceVersion"] = version
            yield thing


def _source(component: str, host: str | None) -> Obj:
    return {"component": component} if host is None else {"component": component, "host": host}
