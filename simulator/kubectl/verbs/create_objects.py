"""One object made from flags, as every subcommand of `kubectl create` sends it, or only prints it.

The objects are those the real command builds, with its zero values (`creationTimestamp: null`, `status: {}`), because
`--dry-run=client -o yaml` shows them and learners copy that into files.
"""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.printers import object_text, typed_name, without_managed_fields
from simulator.kubectl.shared_flags import DRY_RUN, PRINT_FLAGS, VALIDATE, done_suffix, dry_run, manager, write_query
from simulator.machinery.go_structs import in_order_of_structs
from simulator.machinery.json_text import ordered

NO_TIME: Obj = {"creationTimestamp": None}
COMMON = (*PRINT_FLAGS, DRY_RUN, VALIDATE, manager("kubectl-create"), Flag("save-config", kind="bool"))


def built(name: str, summary: str, run: Any, *flags: Flag, required: tuple[str, ...] = (), **more: Any) -> Command:
    """A subcommand that makes one object from flags."""
    return Command(
        name, summary, run, usage=more.pop("usage", "NAME"), flags=(*COMMON, *flags), required=required, **more
    )


def create_built(call: Call, obj: Obj, *, verb: str = "created", what: str = "") -> None:
    """Send (or only print) an object made from flags."""
    resource = call.api.kinds.by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    if resource.namespaced and call.namespace_is_enforced:
        obj = {**obj, "metadata": {**obj["metadata"], "namespace": call.namespace}}
    mode = dry_run(call)
    if mode != "client":
        try:
            obj = call.api.create(
                resource,
                call.namespace if resource.namespaced else "",
                obj,
                manager=call.text("field-manager"),
                query=write_query(call),
            )
        except ApiRefusal as refusal:
            if not what:
                raise
            colon = "" if what == "secret" else ":"  # the real one forgot it there
            raise CommandError(f"failed to create {what}{colon} {refusal.message}") from refusal
        obj = _as_go_prints(obj)
    print_result(call, obj, verb)


def _as_go_prints(obj: Obj) -> Obj:
    """The real command keeps the answer in a Go struct, whose pod template always shows a creation time."""
    template = (obj.get("spec") or {}).get("template")
    if not template:
        return obj
    return {
        **obj,
        "spec": {**obj["spec"], "template": {**template, "metadata": {**NO_TIME, **(template.get("metadata") or {})}}},
    }


_OF_STRUCTS = ("kubectl create", "kubectl run")
"""Commands whose objects are Go structs; `expose` and `autoscale` keep them as maps."""


def print_result(call: Call, obj: Obj, verb: str) -> None:
    """What a write prints: the object in the wanted format, or its name and what happened to it."""
    resource = call.api.kinds.by_kind(obj["apiVersion"], obj["kind"])
    assert resource is not None
    if call.text("output") == "json" and call.path.startswith(_OF_STRUCTS):
        shown = obj if call.on("show-managed-fields") else without_managed_fields(obj)
        call.out(ordered(in_order_of_structs(shown)) + "\n")
    elif call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{typed_name(resource, obj['metadata']['name'])} {verb}{done_suffix(call)}\n")
