"""What a loop that was stopped is about to do: tried on a copy of the cluster, so that the answer is what will happen and not a guess.

The copy is thrown away. Since a restored cluster has the same future, the writes told here are the writes that follow when the loop is let
through now; later they may be others, because the world goes on.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from simulator.apiserver.registry import Registry
from simulator.client import Cache, Controller, Gate, Process
from simulator.engine import Engine, Plain, TrailRow
from simulator.engine.plain import Obj
from simulator.loops.measures import Seen, measured
from simulator.machinery.differences import differences
from simulator.machinery.store import Change, Compacted
from simulator.narrator import Narrator

#: Events of others that may come first at the same instant.
_PATIENCE = 2_000
_FIELDS = 40
_READS = 60

#: A read: resource, namespace, and name ("" for a list).
Read = tuple[str, str, str]


class Copy(Protocol):
    """What is needed of the copied cluster."""

    engine: Engine
    registry: Registry
    processes: dict[str, Process]


class Write(NamedTuple):
    row: TrailRow
    change: Change | None


class Rehearsal(NamedTuple):
    seen: Seen
    reads: list[Read]
    writes: list[Write]


def rehearse(copy: Copy, process: str, loop: str, key: str) -> Rehearsal:
    """Lets the loop through in the copy, and writes down what it reads and writes until it has done its turn."""
    engine, cache = copy.engine, copy.processes[process].cache
    gate = Gate.of(engine)
    for part in copy.processes[process].parts:
        if isinstance(part, Controller):
            part.refresh()
    seen = measured(loop, gate.held[loop][key].about, cache)
    reads: dict[Read, None] = {}
    began: list[int] = []

    def begin() -> None:
        reads.clear()
        began.append(engine.trail.ev)

    gate.passing.append(begin)
    _listen(cache, reads)
    gate.let_through(loop, key)
    for _ in range(_PATIENCE):
        if began or not engine.step():
            break
    rows = (engine.trail.since(began[0]) or []) if began else []
    writes = [Write(row, _change(copy.registry, row)) for row in rows if row.type in ("write", "refusal")]
    return Rehearsal(seen, list(reads), writes)


def told(rehearsal: Rehearsal, narrator: Narrator) -> dict[str, Plain]:
    """The reply's part: measures, reads, writes and the action in one sentence."""
    seen, reads = rehearsal.seen, dict.fromkeys(rehearsal.reads)
    for resource, obj in seen.objects:
        metadata = obj["metadata"]
        reads[resource, metadata.get("namespace", ""), metadata["name"]] = None
    writes = [_write(one, narrator) for one in rehearsal.writes]
    return {
        "measures": [
            {"what": m.what, "desired": m.desired, "observed": m.observed, "difference": m.difference}
            for m in seen.measures
        ],
        "reads": [{"resource": r, "namespace": ns, "name": name} for r, ns, name in list(reads)[:_READS]],
        "writes": writes,
        "action": _action(rehearsal.writes, narrator),
    }


def _action(writes: list[Write], narrator: Narrator) -> str:
    """What it comes down to: the events that are told about it are left out, unless there is nothing else."""
    deeds = [one for one in writes if one.row.resource != "events"] or writes
    if not deeds:
        return "Nothing: what is observed is what is desired."
    first = narrator.hop(deeds[0].row, deeds[0].change)
    return first if len(deeds) == 1 else f"{first.removesuffix('.')}, and {len(deeds) - 1} more."


def _write(one: Write, narrator: Narrator) -> dict[str, Plain]:
    row, change = one
    fields = []
    if change is not None and change.type == "MODIFIED":
        fields = [list(difference) for difference in differences(change.old, change.new)]
    return {
        "verb": row.verb,
        "resource": row.resource,
        "namespace": row.namespace,
        "name": row.name,
        "ok": row.type == "write",
        "say": narrator.hop(row, change),
        "fields": [field for field in fields if field[0] not in _BOOKKEEPING][:_FIELDS],
    }


_BOOKKEEPING = ("metadata.resourceVersion",)


def _change(registry: Registry, row: TrailRow) -> Change | None:
    if row.type != "write":
        return None
    try:
        return registry.store.changes_since(row.rev - 1)[0]
    except Compacted:
        return None


def _listen(cache: Cache, reads: dict[Read, None]) -> None:
    """Notes every question to the cache. On the copy only: its methods are shadowed by ones that tell."""

    def telling(method: Callable[..., Any], note: Callable[..., Read | None]) -> Callable[..., Any]:
        def ask(*args: Any, **kwargs: Any) -> Any:
            read = note(*args, **kwargs)
            if read is not None:
                reads[read] = None
            answer = method(*args, **kwargs)
            for obj in _named(answer):
                reads[read[0] if read else "pods", obj["metadata"].get("namespace", ""), obj["metadata"]["name"]] = None
            return answer

        return ask

    for name, note in _QUESTIONS.items():
        setattr(cache, name, telling(getattr(cache, name), note))


def _named(answer: object) -> list[Obj]:
    """The objects of a short answer; a long one is told as a list."""
    if not isinstance(answer, list) or len(answer) > _READS // 2:
        return []
    return [obj for obj in answer if isinstance(obj, dict)]


_QUESTIONS: dict[str, Callable[..., Read | None]] = {
    "get": lambda resource, namespace, name: (resource, namespace, name),
    "list": lambda resource, namespace=None: (resource, namespace or "", ""),
    "select": lambda resource, namespace, labels: (resource, namespace, ""),
    "owned": lambda resource, uid: (resource, "", ""),
    "on_node": lambda node: ("pods", "", ""),
}
