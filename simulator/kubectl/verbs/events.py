"""`kubectl events`: what happened, oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import rows_text
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.describers.event_lines import event_interval, in_time
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.printers import list_of, object_text
from simulator.kubectl.selection import resource_named
from simulator.kubectl.shared_flags import ALL_NAMESPACES, CHUNK_SIZE, PRINT_FLAGS
from simulator.machinery.resources import Resource, by_name


def events(call: Call) -> None:
    if any(kind.lower() not in ("normal", "warning") for kind in call.many("types")):
        raise CommandError("valid --types are Normal or Warning")
    query = _query(call)
    namespace = "" if call.on("all-namespaces") else call.namespace
    page = call.api.page(_events(), namespace, query=query)
    wanted = _of_types(page["items"], call.many("types"))
    if not wanted and not call.on("watch"):
        call.err("No events found.\n" if not namespace else f"No events found in {namespace} namespace.\n")
        return
    wanted = in_time(wanted)
    if call.text("output") == "name":
        return  # the real one's printer of names takes no typed lists, and says nothing
    if call.text("output"):
        call.out(object_text(list_of(wanted), call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
        return
    text, widths = _text(wanted, call.now_us, everywhere=not namespace, headers=not call.on("no-headers"), widths=None)
    call.out(text)
    if call.on("watch"):
        call.follow = {
            "kind": "events",
            "namespace": namespace,
            "query": query,
            "types": list(call.many("types")),
            "since": page["metadata"]["resourceVersion"],
            "widths": widths,
        }


def _events() -> Resource:
    found = by_name("events")
    assert found is not None
    return found


def _query(call: Call) -> dict[str, str]:
    about = call.text("for")
    if not about:
        return {}
    term, slash, name = about.partition("/")
    if not slash:
        raise CommandError("--for must be in resource/name form")
    if "/" in name:
        raise CommandError("arguments in resource/name form may not have more than one slash")
    try:
        kind = resource_named(term, call.api.kinds).kind
    except CommandError as error:
        raise CommandError(error.text, prefixed=False) from None
    return {"fieldSelector": f"involvedObject.kind={kind},involvedObject.name={name}"}


def _of_types(found: Sequence[Obj], types: Sequence[str]) -> list[Obj]:
    wanted = [kind.lower() for kind in types]
    return [event for event in found if not wanted or event.get("type", "").lower() in wanted]


def _text(
    found: Sequence[Obj], now_us: int, *, everywhere: bool, headers: bool, widths: list[int] | None
) -> tuple[str, list[int]]:
    rows = [["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]] if headers else []
    rows += [_row(event, now_us) for event in found]
    if everywhere:
        names = (["NAMESPACE"] if headers else []) + [event["metadata"].get("namespace", "") for event in found]
        rows = [[name, *row] for name, row in zip(names, rows, strict=True)]
    return rows_text(rows, widths)


def _row(event: Obj, now_us: int) -> list[str]:
    about = event.get("involvedObject") or {}
    return [
        event_interval(event, now_us),
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '')}/{about.get('name', '')}",
        event.get("message", "").strip(),
    ]


def follow_events(api: ApiClient, token: Token, now_us: int) -> Followed:
    """Events written or counted up since the last look."""
    try:
        seen = api.watch(_events(), token["namespace"], since=token["since"], query=token["query"])
    except ApiRefusal as refusal:
        return finished(token, refusal.report(), exit_code=1)
    fresh = _of_types([event["object"] for event in seen if event["type"] != "DELETED"], token["types"])
    text, widths = _text(fresh, now_us, everywhere=not token["namespace"], headers=False, widths=token["widths"])
    since = seen[-1]["object"]["metadata"]["resourceVersion"] if seen else token["since"]
    return Followed(text, {**token, "since": since, "widths": widths})


FOLLOWERS = {"events": follow_events}

COMMANDS = (
    Command(
        "events",
        "List events, oldest first",
        events,
        usage="[--for TYPE/NAME] [--types=Normal,Warning] [--watch]",
        flags=(
            *PRINT_FLAGS,
            ALL_NAMESPACES,
            CHUNK_SIZE,
            Flag("for", help="Only about this object, as TYPE/NAME"),
            Flag("types", kind="list", help="Normal, Warning or both"),
            Flag("no-headers", kind="bool", help="Leave the header line out"),
            Flag("watch", "w", kind="bool", help="Go on and show new events"),
        ),
    ),
)
