"""`--record`: the command line kept as an object's change-cause, for `kubectl rollout history`.

As `cli-runtime/pkg/genericclioptions/record_flags.go` does it: positional words first, then every flag as `--name=value`.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.rollouts import CHANGE_CAUSE

RECORD = Flag("record", kind="bool", deprecated="--record will be removed in the future")


def recorded(call: Call, obj: Obj) -> Obj:
    """The object with this command as its change-cause, when `--record` asks for it."""
    if not call.on("record"):
        return obj
    metadata = obj.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: _command_line(call)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}


def _command_line(call: Call) -> str:
    flags = (f"--{name}={text}" for name, text in call.arguments.typed)
    return " ".join([call.path, *call.rest, *flags])
