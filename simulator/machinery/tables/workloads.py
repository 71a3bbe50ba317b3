"""Rows of the workload kinds. Follows `pkg/printers/internalversion/printers.go` (1.33)."""

from __future__ import annotations

from simulator.machinery.tables.ages import between, since
from simulator.machinery.tables.columns import (
    NONE,
    UNSET,
    Cells,
    Obj,
    Printer,
    age,
    containers_of,
    labels_text,
    name_of,
    printer,
    selector_text,
    spec,
    status,
)


def _template(obj: Obj) -> tuple[str, str]:
    return containers_of(spec(obj).get("template") or {})


def _deployment(obj: Obj, now_us: int) -> Cells:
    state = status(obj)
    return [
        name_of(obj),
        f"{state.get('readyReplicas', 0)}/{spec(obj).get('replicas', 0)}",
        state.get("updatedReplicas", 0),
        state.get("availableReplicas", 0),
        age(obj, now_us),
        *_template(obj),
        selector_text(spec(obj).get("selector")),
    ]


def _replicas(obj: Obj, now_us: int) -> Cells:
    state = status(obj)
    counts = [spec(obj).get("replicas", 0), state.get("replicas", 0), state.get("readyReplicas", 0)]
    return [name_of(obj), *counts, age(obj, now_us), *_template(obj)]


def _replica_set(obj: Obj, now_us: int) -> Cells:
    return [*_replicas(obj, now_us), selector_text(spec(obj).get("selector"))]


def _replication_controller(obj: Obj, now_us: int) -> Cells:
    return [*_replicas(obj, now_us), labels_text(spec(obj).get("selector"))]


def _stateful_set(obj: Obj, now_us: int) -> Cells:
    ready = f"{status(obj).get('readyReplicas', 0)}/{spec(obj).get('replicas', 0)}"
    return [name_of(obj), ready, age(obj, now_us), *_template(obj)]


_DAEMON_COUNTS = (
    "desiredNumberScheduled",
    "currentNumberScheduled",
    "numberReady",
    "updatedNumberScheduled",
    "numberAvailable",
)


def _daemon_set(obj: Obj, now_us: int) -> Cells:
    template = spec(obj).get("template") or {}
    return [
        name_of(obj),
        *(status(obj).get(count, 0) for count in _DAEMON_COUNTS),
        labels_text(spec(template).get("nodeSelector")),
        age(obj, now_us),
        *_template(obj),
        selector_text(spec(obj).get("selector")),
    ]


_JOB_STATES = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def _job_status(obj: Obj) -> str:
    true = [c.get("type") for c in status(obj).get("conditions") or () if c.get("status") == "True"]
    for settled in ("Complete", "Failed"):
        if settled in true:
            return settled
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    return next((state for state in _JOB_STATES if state in true), "Running")


def _job_completions(obj: Obj) -> str:
    succeeded, wanted = status(obj).get("succeeded", 0), spec(obj).get("completions")
    if wanted is not None:
        return f"{succeeded}/{wanted}"
    parallelism = spec(obj).get("parallelism", 0)
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _job_duration(obj: Obj, now_us: int) -> str:
    started, completed = status(obj).get("startTime"), status(obj).get("completionTime")
    if not started:
        return ""
    return between(started, completed) if completed else since(started, now_us)


def _job(obj: Obj, now_us: int) -> Cells:
    return [
        name_of(obj),
        _job_status(obj),
        _job_completions(obj),
        _job_duration(obj, now_us),
        age(obj, now_us),
        *_template(obj),
        selector_text(spec(obj).get("selector")),
    ]


def _cron_job(obj: Obj, now_us: int) -> Cells:
    last = status(obj).get("lastScheduleTime")
    job = spec(spec(obj).get("jobTemplate") or {})
    selector = job.get("selector")
    return [
        name_of(obj),
        spec(obj).get("schedule", ""),
        spec(obj).get("timeZone") or NONE,
        "True" if spec(obj).get("suspend") else "False",
        len(status(obj).get("active") or ()),
        since(last, now_us) if last else NONE,
        age(obj, now_us),
        *containers_of(job.get("template") or {}),
        selector_text(selector) if selector is not None else NONE,
    ]


def _controller_revision(obj: Obj, now_us: int) -> Cells:
    owner = next((o for o in obj["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    controller = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = owner["kind"].lower()
        controller = f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return [name_of(obj), controller, obj.get("revision", 0), age(obj, now_us)]


def _budget(obj: Obj, now_us: int) -> Cells:
    limits = [spec(obj).get("minAvailable", "N/A"), spec(obj).get("maxUnavailable", "N/A")]
    return [name_of(obj), *(str(v) for v in limits), status(obj).get("disruptionsAllowed", 0), age(obj, now_us)]


def _autoscaler(obj: Obj, now_us: int) -> Cells:
    target = spec(obj).get("scaleTargetRef") or {}
    least = spec(obj).get("minReplicas")
    return [
        name_of(obj),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _autoscaler_targets(obj),
        UNSET if least is None else str(least),
        spec(obj).get("maxReplicas", 0),
        status(obj).get("currentReplicas", 0),
        age(obj, now_us),
    ]


def _autoscaler_targets(obj: Obj) -> str:
    metrics = spec(obj).get("metrics") or []
    current = status(obj).get("currentMetrics") or []
    if not metrics:
        return NONE
    shown = [_metric(m, current[i] if i < len(current) else {}) for i, m in enumerate(metrics)]
    more = len(shown) - 2
    return f"{', '.join(shown[:2])} + {more} more..." if more > 0 else ", ".join(shown)


def _metric(metric: Obj, current: Obj) -> str:
    """`cpu: 10%/50%` (`pkg/printers/internalversion/printers.go`: formatHPAMetrics)."""
    kind = metric.get("type", "")
    field = _METRIC_FIELDS.get(kind)
    if field is None:
        return "<unknown type>"
    source = metric[field]
    wanted, found = source["target"], (current.get(field) or {}).get("current") or {}
    if kind in ("Resource", "ContainerResource"):
        name = source["name"]
        if "averageUtilization" in wanted:
            usage = f"{found['averageUtilization']}%" if "averageUtilization" in found else "<unknown>"
            return f"{name}: {usage}/{wanted['averageUtilization']}%"
        return f"{name}: {found.get('averageValue', '<unknown>')}/{wanted.get('averageValue', '<auto>')}"
    if "averageValue" in wanted:
        suffix = "" if kind == "Pods" else " (avg)"
        return f"{found.get('averageValue', '<unknown>')}/{wanted['averageValue']}{suffix}"
    return f"{found.get('value', '<unknown>')}/{wanted.get('value', '')}"


_METRIC_FIELDS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


_TEMPLATE = "Containers* | Images*"

PRINTERS: dict[str, Printer] = {
    "deployments.apps": printer(f"Name | Ready | Up-to-date | Available | Age | {_TEMPLATE} | Selector*", _deployment),
    "replicasets.apps": printer(
        f"Name | Desired | Current | Ready | Age | {_TEMPLATE} | Selector*",
        _replica_set,
        desired="integer",
        current="integer",
        ready="integer",
    ),
    "replicationcontrollers": printer(
        f"Name | Desired | Current | Ready | Age | {_TEMPLATE} | Selector*",
        _replication_controller,
        desired="integer",
        current="integer",
        ready="integer",
    ),
    "statefulsets.apps": printer(f"Name | Ready | Age | {_TEMPLATE}", _stateful_set),
    "daemonsets.apps": printer(
        f"Name | Desired | Current | Ready | Up-to-date | Available | Node Selector | Age | {_TEMPLATE} | Selector*",
        _daemon_set,
        desired="integer",
        current="integer",
        ready="integer",
        up_to_date="integer",
        available="integer",
    ),
    "jobs.batch": printer(f"Name | Status | Completions | Duration | Age | {_TEMPLATE} | Selector*", _job),
    "cronjobs.batch": printer(
        f"Name | Schedule | Timezone | Suspend | Active | Last Schedule | Age | {_TEMPLATE} | Selector*",
        _cron_job,
        active="integer",
    ),
    "controllerrevisions.apps": printer("Name | Controller | Revision | Age", _controller_revision, revision="integer"),
    "poddisruptionbudgets.policy": printer(
        "Name | Min Available | Max Unavailable | Allowed Disruptions | Age", _budget, allowed_disruptions="integer"
    ),
    "horizontalpodautoscalers.autoscaling": printer(
        "Name | Reference | Targets | MinPods | MaxPods | Replicas | Age", _autoscaler
    ),
}
