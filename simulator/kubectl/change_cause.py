"""`--record`: the command line kept as an object's change-cause, for `kubectl rollout history`.

As `cli-runtime/pkg/genericclioptions/record_flags.go` does it: positional words first, then every flag as `--name=value`.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.rollouts import CHANGE_CAUSE
from simulator.machinery.resources import Resource

RECORD = Flag("record", kind="bool", deprecated="--record will be removed in the future")


def recorded(call: Call, obj: Obj) -> Obj:
    """The object with this command as its change-cause, when `--record` asks for it."""
    if not call.on("record"):
        return obj
    metadata = obj.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: _command_line(call)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def note_cause(call: Call, resource: Resource, namespace: str, name: str) -> None:
    """The same by a patch of its own, for a verb whose own request cannot carry it (`scale`, `patch`)."""
    if call.on("record"):
        patch: Obj = {"metadata": {"annotations": {CHANGE_CAUSE: _command_line(call)}}}
        call.api.patch(resource, namespace, name, patch, kind=MERGE_PATCH, manager=call.path.replace(" ", "-"))


def _command_line(call: Call) -> str:
    flags = (f"--{name}={text}" for name, text in call.arguments.typed)
    return " ".join([call.path, *call.rest, *flags])
