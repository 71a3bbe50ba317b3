"""The pod row: above all the STATUS text, which sums up phase, reasons and container states.

Follows `printPod` of `pkg/printers/internalversion/printers.go` (1.33), step by step in the same order.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.tables.ages import epoch_us, human_duration
from simulator.machinery.tables.columns import (
    NONE,
    Cells,
    Obj,
    Printer,
    age,
    containers_of,
    labels_text,
    name_of,
    printer,
    spec,
    status,
)


class _Tally:
    """What the walk over the container statuses adds up."""

    def __init__(self, reason: str, total: int) -> None:
        self.reason = reason
        self.total = total
        self.ready = 0
        self.restarts = 0
        self.last_restart: int | None = None

    def count(self, container: Obj) -> None:
        self.restarts += container.get("restartCount", 0)
        ended = ((container.get("lastState") or {}).get("terminated") or {}).get("finishedAt")
        at = epoch_us(ended) if ended else None
        if at is not None and (self.last_restart is None or at > self.last_restart):
            self.last_restart = at


def pod_row(pod: Obj, now_us: int) -> Cells:
    tally = _tally(pod)
    return [
        name_of(pod),
        f"{tally.ready}/{tally.total}",
        tally.reason,
        _restarts_text(tally, now_us),
        age(pod, now_us),
        status(pod).get("podIP") or NONE,
        spec(pod).get("nodeName") or NONE,
        status(pod).get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    ]


def pod_status(pod: Obj) -> str:
    """The STATUS column alone: `Running`, `CrashLoopBackOff`, `Init:0/2`, `Terminating` …"""
    return _tally(pod).reason


def _tally(pod: Obj) -> _Tally:
    pod_spec, pod_state = spec(pod), status(pod)
    tally = _Tally(_first_reason(pod_state), len(pod_spec.get("containers") or ()))
    init = {c["name"]: c for c in pod_spec.get("initContainers") or ()}
    tally.total += sum(_is_sidecar(c) for c in init.values())
    sidecars = _Tally("", 0)
    initializing = _walk_init(pod_state, init, tally, sidecars)
    if not initializing or _has_condition(pod_state, "Initialized"):
        tally.restarts, tally.last_restart = sidecars.restarts, sidecars.last_restart
        _walk_containers(pod_state, tally)
    if "deletionTimestamp" in pod["metadata"]:
        if pod_state.get("reason") == "NodeLost":
            tally.reason = "Unknown"
        elif pod_state.get("phase") not in ("Succeeded", "Failed"):
            tally.reason = "Terminating"
    return tally


def _first_reason(pod_state: Obj) -> str:
    for condition in pod_state.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    return pod_state.get("reason") or pod_state.get("phase") or ""


def _is_sidecar(container: Obj | None) -> bool:
    return container is not None and container.get("restartPolicy") == "Always"


def _walk_init(pod_state: Obj, init: dict[str, Obj], tally: _Tally, sidecars: _Tally) -> bool:
    """True when some init container is not through yet; its state becomes the reason."""
    for index, container in enumerate(pod_state.get("initContainerStatuses") or ()):
        sidecar = _is_sidecar(init.get(container["name"]))
        tally.count(container)
        if sidecar:
            sidecars.count(container)
        state = container.get("state") or {}
        terminated, waiting = state.get("terminated"), state.get("waiting") or {}
        if terminated is not None and terminated.get("exitCode", 0) == 0:
            continue
        if sidecar and container.get("started"):
            tally.ready += bool(container.get("ready"))
            continue
        if terminated is not None:
            tally.reason = "Init:" + _terminated_reason(terminated)
        elif waiting.get("reason") and waiting["reason"] != "PodInitializing":
            tally.reason = "Init:" + waiting["reason"]
        else:
            tally.reason = f"Init:{index}/{len(init)}"
        return True
    return False


def _walk_containers(pod_state: Obj, tally: _Tally) -> None:
    has_running = False
    for container in reversed(pod_state.get("containerStatuses") or ()):
        tally.count(container)
        state = container.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            tally.reason = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            tally.reason = _terminated_reason(state["terminated"])
        elif container.get("ready") and state.get("running") is not None:
            has_running = True
            tally.ready += 1
    if tally.reason == "Completed" and has_running:
        tally.reason = "Running" if _has_condition(pod_state, "Ready") else "NotReady"


def _terminated_reason(terminated: Obj) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _has_condition(pod_state: Obj, kind: str) -> bool:
    conditions: list[Any] = pod_state.get("conditions") or []
    return any(c.get("type") == kind and c.get("status") == "True" for c in conditions)


def _restarts_text(tally: _Tally, now_us: int) -> str:
    if tally.restarts == 0 or tally.last_restart is None:
        return str(tally.restarts)
    return f"{tally.restarts} ({human_duration(now_us - tally.last_restart)} ago)"


def _readiness_gates(pod: Obj) -> str:
    gates = spec(pod).get("readinessGates") or []
    if not gates:
        return NONE
    passed = sum(_has_condition(status(pod), gate["conditionType"]) for gate in gates)
    return f"{passed}/{len(gates)}"


def _pod_template_row(obj: Obj, now_us: int) -> Cells:
    template = obj.get("template") or {}
    names, images = containers_of(template)
    return [name_of(obj), names, images, labels_text((template.get("metadata") or {}).get("labels"))]


PRINTERS: dict[str, Printer] = {
    "pods": printer(
        "Name | Ready | Status | Restarts | Age | IP* | Node* | Nominated Node* | Readiness Gates*", pod_row
    ),
    "podtemplates": printer("Name | Containers | Images | Pod Labels", _pod_template_row),
}
