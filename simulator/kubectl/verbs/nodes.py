"""`kubectl cordon`, `uncordon` and `taint`: looking after nodes."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import STRATEGIC_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import Found, Selection, Target, fetch, resource_asked, select
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    PRINT_FLAGS,
    SELECTOR,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.machinery.names import qualified_name
from simulator.machinery.resources import Resource, by_name

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _node_resource() -> Resource:
    found = by_name("nodes")
    assert found is not None
    return found


def chosen_nodes(call: Call) -> Selection:
    """The nodes that are named, or that the selector means."""
    names = call.rest
    if names and call.text("selector"):
        raise CommandError("cannot specify both a node name and a --selector option")
    if not names and not call.text("selector"):
        verb = call.path.split()[-1]
        raise call.wrong_usage(f"USAGE: {verb} NODE [flags]")
    if call.text("selector"):
        return select(call, ["nodes"])
    if "" in names:
        raise CommandError("resource name may not be empty")
    return fetch(call, [Target(_node_resource(), "", _node_name(call, name)) for name in names])


def _node_name(call: Call, word: str) -> str:
    """`node/NAME` or only the name."""
    term, slash, name = word.partition("/")
    if not slash:
        return word
    kind = resource_asked(call, term)
    if kind.kind != "Node":
        api = f"{kind.group}/{kind.version}"
        raise CommandError(f'expected resource of type node, got "{api}, Resource={kind.plural}"')
    return name


# Cordon


def cordon(call: Call) -> None:
    set_schedulable(call, chosen_nodes(call), wanted=False)


def uncordon(call: Call) -> None:
    set_schedulable(call, chosen_nodes(call), wanted=True)


def set_schedulable(call: Call, selection: Selection, *, wanted: bool) -> None:
    """Cordon or uncordon, and say so."""
    done = "uncordoned" if wanted else "cordoned"

    def one(found: Found) -> None:
        unschedulable = bool(found.obj["spec"].get("unschedulable"))
        if unschedulable != wanted:
            call.out(f"{found.typed_name} already {done}{done_suffix(call)}\n")
            return
        if dry_run(call) != "client":
            patch: Obj = {"spec": {"unschedulable": None if wanted else True}}
            call.api.patch(
                found.resource,
                "",
                found.name,
                patch,
                kind=STRATEGIC_PATCH,
                manager="kubectl-cordon",
                query=write_query(call),
            )
        call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")

    selection.attempt(one)
    selection.done()


# Taint


def taint(call: Call) -> None:
    words, changes = _split_taints(call)
    if not words:
        raise CommandError("one or more resources must be specified as <resource> <name>")
    if not changes:
        raise CommandError("at least one taint update is required")
    added, removed = _parsed_taints(call, changes)
    dry_run(call)
    selection = select(call, words)
    for found in selection:
        if found.resource.kind != "Node":
            raise CommandError(f"invalid resource type {words[0].partition('/')[0]}, only node types are supported")
    selection.attempt(lambda found: _taint_one(call, found, added, removed))
    selection.done()


def _split_taints(call: Call) -> tuple[list[str], list[str]]:
    at = next(
        (i for i, word in enumerate(call.rest) if "=" in word or ":" in word or word.endswith("-")), len(call.rest)
    )
    return call.rest[:at], call.rest[at:]


def _parsed_taints(call: Call, changes: list[str]) -> tuple[list[Obj], list[Obj]]:
    added: list[Obj] = []
    removed: list[Obj] = []
    for text in changes:
        key_value, colon, effect = text.removesuffix("-").partition(":")
        key, _, value = key_value.partition("=")
        if text.count(":") > 1 or key_value.count("=") > 1:
            raise call.wrong_usage(f"invalid taint spec: {text}")
        if (colon or text.endswith("-")) and effect not in _EFFECTS and (effect or not text.endswith("-")):
            raise call.wrong_usage(f"invalid taint effect: {effect}, unsupported taint effect")
        if text.endswith("-"):
            removed.append({"key": key, "effect": effect})
            continue
        if complaints := qualified_name(key if colon else key_value):
            raise call.wrong_usage(f"invalid taint spec: {text}, {'; '.join(complaints)}")
        if not colon:
            raise call.wrong_usage(f"invalid taint spec: {text}")
        if any((key, effect) == (taint["key"], taint["effect"]) for taint in added):
            raise call.wrong_usage(f"duplicated taints with the same key and effect: {{{key} {value} {effect} <nil>}}")
        added.append({"key": key, **({"value": value} if value else {}), "effect": effect})
    return added, removed


def _taint_one(call: Call, found: Found, added: list[Obj], removed: list[Obj]) -> None:
    old: list[Obj] = found.obj["spec"].get("taints") or []
    have = {(t["key"], t["effect"]): t for t in old}
    for new in added:
        if (new["key"], new["effect"]) in have and not call.on("overwrite"):
            raise CommandError(
                f"node {found.name} already has {new['key']} taint(s) with same effect(s) and --overwrite is false"
            )
    gone = [t for t in old if any(r["key"] == t["key"] and r["effect"] in ("", t["effect"]) for r in removed)]
    missing = [r for r in removed if not any(r["key"] == t["key"] and r["effect"] in ("", t["effect"]) for t in old)]
    if missing:
        names = ", ".join(f'taint "{r["key"]}{":" + r["effect"] if r["effect"] else ""}" not found' for r in missing)
        raise CommandError(names)
    replaced = {(t["key"], t["effect"]) for t in (*added, *gone)}
    kept = [t for t in old if (t["key"], t["effect"]) not in replaced]
    obj = found.obj
    if dry_run(call) != "client":
        patch: Obj = {"spec": {"taints": [*added, *kept] or None}}
        query = {key: text for key, text in write_query(call).items() if key == "dryRun"}
        obj = call.api.patch(
            found.resource,
            "",
            found.name,
            patch,
            kind="application/merge-patch+json",
            manager=call.text("field-manager"),
            query=query,
        )
    if call.text("output"):
        call.out(object_text(obj, call.text("output")))
    else:
        replacing = any((new["key"], new["effect"]) in have for new in added)
        done = "untainted" if removed and not added else "modified" if removed or replacing else "tainted"
        call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")


COMMANDS = (
    Command("cordon", "Keep new pods away from a node", cordon, usage="NODE", flags=(DRY_RUN, SELECTOR)),
    Command("uncordon", "Let new pods onto a node again", uncordon, usage="NODE", flags=(DRY_RUN, SELECTOR)),
    Command(
        "taint",
        "Change the taints of nodes",
        taint,
        usage="NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N-",
        flags=(
            *PRINT_FLAGS,
            ALL,
            SELECTOR,
            DRY_RUN,
            VALIDATE,
            manager("kubectl-taint"),
            Flag("overwrite", kind="bool", help="Replace taints"),
        ),
    ),
)
