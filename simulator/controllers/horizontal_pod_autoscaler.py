"""Keeps the number of replicas at what measured load asks for (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/).

Follows `pkg/controller/podautoscaler/horizontal.go` of v1.33: every autoscaler is looked at every 15 s, on its own beat. Promises: an
autoscaler for which nothing can change plans nothing; the beats it leaves out would have written nothing, and when something happens it
goes on at the next of them as if it had been counted. Leaves to others: what each metric asks for (`hpa_sources`), pace and windows (`hpa_behaviour`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from simulator.apiserver.aggregation import API_SERVICES
from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.controllers.hpa_behaviour import Bounds, Past, longest_period_us, normalized, window_us
from simulator.controllers.hpa_metrics import MetricsClient, MetricsError
from simulator.controllers.hpa_replicas import CPU_INITIALIZATION_US
from simulator.controllers.hpa_sources import InvalidMetric, MetricSources
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import resources, selectors

_HPAS = "horizontalpodautoscalers.autoscaling"
#: `--horizontal-pod-autoscaler-sync-period`.
SYNC_US = 15_000_000
#: Nothing is planned any more once this long nothing has happened: every measurement that could see it is over.
_QUIET_US = 60_000_000
#: client-go's events of one object: 25 at once, then one in five minutes (`tools/record/events_cache.go`).
_BURST, _REFILL_US = 25, 300_000_000
_SOURCE = "horizontal-pod-autoscaler"


class Target(NamedTuple):
    """The scale of what an autoscaler scales."""

    resource: str
    name: str
    replicas: int
    """Wanted so far."""
    counted: int
    """Those there are."""
    selector: str


class Asked(NamedTuple):
    """What all metrics of an autoscaler say together."""

    active: tuple[str, str, str]
    """Status, reason and message of the condition ScalingActive."""
    replicas: int | None = None
    """None: they say nothing."""
    metric: str = ""
    """The one that asks for most."""
    statuses: Sequence[Obj] = ()
    error: str = ""


class Step(NamedTuple):
    """So many replicas there shall be, for this reason, with these metrics as they are."""

    replicas: int
    reason: str
    metrics: Sequence[Obj]


class HorizontalPodAutoscalerController(Controller):
    name = "horizontal-pod-autoscaler-controller"
    writes = ("*",)
    watches: ClassVar[Mapping[str, str]] = {
        _HPAS: "on_autoscaler",
        "pods": "on_pod",
        "deployments.apps": "on_target",
        "replicasets.apps": "on_target",
        "statefulsets.apps": "on_target",
        "replicationcontrollers": "on_target",
        API_SERVICES: "on_api_service",
    }

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._metrics: MetricSources | None = None
        self._memory: dict[str, dict[str, Any]] = {}
        """Key → `beat` (its phase), `next` (the planned look), `changed` (when something last happened), `recs`, `ups`, `downs`
        ([replicas, at]), `selector` (its target's), `tokens`, `filled` (of the event filter)."""

    def connect(self, metrics: MetricsClient) -> None:
        """At assembly."""
        self._metrics = MetricSources(metrics, self.engine)

    # Waking up

    def on_autoscaler(self, old: Obj | None, new: Obj | None) -> None:
        about = new or old
        assert about is not None
        key = _key(about)
        if new is None:
            self._memory.pop(key, None)
        elif key not in self._memory:
            self._memory[key] = _fresh_memory(self.engine.now)
            self._plan(key)
        elif old is None or old.get("spec") != new.get("spec"):
            self._touch(key)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if self._memory:
            about = new or old
            assert about is not None
            self.something_happened(about["metadata"]["namespace"])

    def on_target(self, old: Obj | None, new: Obj | None) -> None:
        if self._memory and (old or {}).get("spec") != (new or {}).get("spec"):
            about = new or old
            assert about is not None
            self.something_happened(about["metadata"]["namespace"])

    def on_api_service(self, old: Obj | None, new: Obj | None) -> None:
        for key in list(self._memory):
            self._touch(key)

    def something_happened(self, namespace: str) -> None:
        """Metrics of pods in this namespace may be others from now on."""
        for key in list(self._memory):
            if key.startswith(f"{namespace}/"):
                self._touch(key)

    def _touch(self, key: str) -> None:
        memory = self._memory[key]
        self._catch_up(memory)
        memory["changed"] = self.engine.now
        if memory["next"] > self.engine.now + SYNC_US:
            memory["next"] = 0
        self._plan(key)

    def _plan(self, key: str) -> None:
        """The next beat of this autoscaler, one period from its last one."""
        memory = self._memory[key]
        if memory["next"] <= self.engine.now:
            memory["next"] = self.engine.now + SYNC_US - (self.engine.now - memory["beat"]) % SYNC_US
            self.enqueue(key, after_us=memory["next"] - self.engine.now)

    def _catch_up(self, memory: dict[str, Any]) -> None:
        """The beats that were left out would have repeated the last recommendation."""
        if memory["next"] <= self.engine.now and memory["recs"]:
            last = self.engine.now - (self.engine.now - memory["beat"]) % SYNC_US
            newest = memory["recs"][-1]
            if last > newest[1]:
                memory["recs"][-1] = [newest[0], last]

    # One look

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        hpa = self.cache.get(_HPAS, namespace, name)
        memory = self._memory.get(key)
        if hpa is None or memory is None:
            return
        memory["next"] = 0
        fresh = self._looked(hpa, memory)
        has_changed = fresh != (hpa.get("status") or {})
        if has_changed:
            try:
                self.client.patch(
                    _HPAS, namespace, name, {"status": _patch(hpa.get("status") or {}, fresh)}, subresource="status"
                )
            except StatusError as error:
                if error.code not in (404, 409):
                    raise
        self._rest(key, hpa, memory, has_changed)

    def _rest(self, key: str, hpa: Obj, memory: dict[str, Any], has_changed: bool) -> None:
        """Plans the next look: the next beat, or the one after the next moment at which something changes by itself, or none."""
        now = self.engine.now
        self._forget(hpa, memory)
        if has_changed or now - memory["changed"] < _QUIET_US or len({one[0] for one in memory["recs"]}) > 1:
            self._plan(key)
            return
        moments = [at for at in self._moments(hpa, memory) if at > now]
        if moments:
            memory["next"] = now + -(-(min(moments) - now) // SYNC_US) * SYNC_US
            self.enqueue(key, after_us=memory["next"] - now)

    def _moments(self, hpa: Obj, memory: dict[str, Any]) -> list[int]:
        """When pods leave their first minutes, scale events their period, and the event filter has room again."""
        behaviour = hpa["spec"].get("behavior")
        found = []
        for direction, name in (("scaleUp", "ups"), ("scaleDown", "downs")):
            for _, at in memory[name]:
                found += [at + period for period in _periods(behaviour, direction)]
        for pod in self._pods(hpa, memory):
            started = (pod.get("status") or {}).get("startTime")
            if started:
                found.append(self.engine.micros(started) + CPU_INITIALIZATION_US)
        if memory["failing"]:
            found.append(memory["filled"] + _REFILL_US)
        return found

    def _forget(self, hpa: Obj, memory: dict[str, Any]) -> None:
        """What no window reaches any more; the newest recommendation stays, for it goes on."""
        now, behaviour = self.engine.now, hpa["spec"].get("behavior")
        window = max(window_us(behaviour, "scaleUp"), window_us(behaviour, "scaleDown"))
        memory["recs"] = [one for one in memory["recs"][:-1] if one[1] >= now - window] + memory["recs"][-1:]
        if behaviour is not None:
            for direction, name in (("scaleUp", "ups"), ("scaleDown", "downs")):
                memory[name] = [one for one in memory[name] if one[1] > now - longest_period_us(behaviour, direction)]

    def _looked(self, hpa: Obj, memory: dict[str, Any]) -> Obj:
        """The status after one look at everything; scales the target where that is due."""
        status, spec = dict(hpa.get("status") or {}), hpa["spec"]
        memory["failing"] = False
        try:
            target = self._target(hpa)
        except MetricsError as error:
            self._warn(hpa, memory, "FailedGetScale", str(error))
            message = f"the HPA controller was unable to get the target's current scale: {error}"
            return self._with(status, "AbleToScale", "False", "FailedGetScale", message)
        message = "the HPA controller was able to get the target's current scale"
        status = self._with(status, "AbleToScale", "True", "SucceededGetScale", message)
        current = target.replicas
        if not memory["recs"]:
            memory["recs"] = [[current, self.engine.now]]
        bounds = Bounds(current, int(spec.get("minReplicas", 1)), int(spec["maxReplicas"]))
        if current == 0 and bounds.min != 0:
            message = "scaling is disabled since the replica count of the target is zero"
            return _counted(self._with(status, "ScalingActive", "False", "ScalingDisabled", message), 0, 0, [])
        if current > bounds.max:
            step = Step(bounds.max, "Current number of replicas above Spec.MaxReplicas", [])
        elif current < bounds.min:
            step = Step(bounds.min, "Current number of replicas below Spec.MinReplicas", [])
        else:
            memory["selector"] = target.selector
            return self._measured(hpa, memory, status, target, bounds)
        return self._rescaled(hpa, memory, status, target, step)

    def _measured(self, hpa: Obj, memory: dict[str, Any], status: Obj, target: Target, bounds: Bounds) -> Obj:
        """What the metrics ask for, within the bounds and at the pace that the autoscaler allows."""
        asked = self._asked(hpa, memory, target)
        status = self._with(status, "ScalingActive", *asked.active)
        if asked.replicas is None:
            self._warn(hpa, memory, "FailedComputeMetricsReplicas", asked.error)
            known = status.get("currentMetrics") or []
            return _counted(status, target.replicas, int(status.get("desiredReplicas", 0)), known)
        reason = ""
        if asked.replicas > target.replicas:
            reason = f"{asked.metric} above target"
        elif asked.replicas < target.replicas:
            reason = "All metrics below target"
        past = Past(memory["recs"], memory["ups"], memory["downs"], self.engine.now)
        verdict = normalized(asked.replicas, bounds, past, hpa["spec"].get("behavior"))
        memory["recs"].append([asked.replicas, self.engine.now])
        status = self._with(status, "AbleToScale", *verdict.able)
        status = self._with(status, "ScalingLimited", *verdict.limited)
        if verdict.replicas == target.replicas:
            return _counted(status, target.replicas, target.replicas, asked.statuses)
        return self._rescaled(hpa, memory, status, target, Step(verdict.replicas, reason, asked.statuses))

    def _rescaled(self, hpa: Obj, memory: dict[str, Any], status: Obj, target: Target, step: Step) -> Obj:
        current, desired = target.replicas, step.replicas
        told = f"New size: {desired}; reason: {step.reason}"
        try:
            patch = {"spec": {"replicas": desired}}
            self.client.patch(target.resource, hpa["metadata"]["namespace"], target.name, patch)
        except StatusError as error:
            self._warn(hpa, memory, "FailedRescale", f"{told}; error: {error}")
            message = f"the HPA controller was unable to update the target scale: {error}"
            status = self._with(status, "AbleToScale", "False", "FailedUpdateScale", message)
            return _counted(status, current, int(status.get("desiredReplicas", 0)), step.metrics)
        message = f"the HPA controller was able to update the target scale to {desired}"
        status = self._with(status, "AbleToScale", "True", "SucceededRescale", message)
        self.client.event(hpa, "Normal", "SuccessfulRescale", told, source=_SOURCE)
        if hpa["spec"].get("behavior") is not None:
            memory["ups" if desired > current else "downs"].append([abs(desired - current), self.engine.now])
        memory["changed"] = self.engine.now
        return {**_counted(status, current, desired, step.metrics), "lastScaleTime": self.engine.timestamp()}

    # Target

    def _target(self, hpa: Obj) -> Target:
        """Raises MetricsError in the scale client's words."""
        reference, namespace = hpa["spec"]["scaleTargetRef"], hpa["metadata"]["namespace"]
        kind = resources.by_kind(reference.get("apiVersion") or "v1", reference["kind"])
        if kind is None or "scale" not in kind.subresources:
            group = (reference.get("apiVersion") or "v1").rpartition("/")[0]
            named = f"{reference['kind']}.{group}" if group else reference["kind"]
            if kind is not None:
                raise MetricsError("the server could not find the requested resource")
            version = (reference.get("apiVersion") or "v1").rpartition("/")[2]
            raise MetricsError(
                f'no matches for kind "{named.partition(".")[0]}" in version "{reference.get("apiVersion") or version}"'
            )
        workload = self.cache.get(kind.name, namespace, reference["name"])
        if workload is None:
            raise MetricsError(f'{kind.plural}{"." + kind.group if kind.group else ""} "{reference["name"]}" not found')
        return Target(
            resource=kind.name,
            name=reference["name"],
            replicas=int(workload["spec"].get("replicas", 1)),
            counted=int((workload.get("status") or {}).get("replicas", 0)),
            selector=_selector(kind.name, workload),
        )

    def _pods(self, hpa: Obj, memory: dict[str, Any]) -> list[Obj]:
        if not memory["selector"]:
            return []
        chosen = selectors.parse(memory["selector"])
        namespace = hpa["metadata"]["namespace"]
        return [
            pod for pod in self.cache.list("pods", namespace) if chosen.matches(pod["metadata"].get("labels") or {})
        ]

    # Metrics

    def _asked(self, hpa: Obj, memory: dict[str, Any], target: Target) -> Asked:
        """The largest number that any metric asks for."""
        assert self._metrics is not None, "the metrics client is connected at assembly"
        specs = hpa["spec"].get("metrics") or []
        pods = self._pods(hpa, memory)
        others = self._others(hpa, memory, pods)
        if others:
            told = " ".join(f"{{{name} {namespace}}}" for namespace, name in others)
            message = f"pods by selector {memory['selector']} are controlled by multiple HPAs: [{told}]"
            self._warn(hpa, memory, "AmbiguousSelector", message)
            return Asked(("False", "AmbiguousSelector", message), error=message)
        replicas, metric, statuses = 0, "", []
        invalid: list[InvalidMetric] = []
        for spec in specs:
            try:
                found = self._metrics.of(hpa, spec, pods, target.replicas, target.counted)
            except InvalidMetric as error:
                self._warn(hpa, memory, error.reason, error.message)
                invalid.append(error)
                statuses.append({"type": ""})
                continue
            statuses.append(found.status)
            if replicas == 0 or found.replicas > replicas:
                replicas, metric = found.replicas, found.name
        if invalid and (len(invalid) >= len(specs) or replicas < target.replicas):
            first = invalid[0]
            why = f"the HPA was unable to compute the replica count: {first.message}"
            all_of_them = f"invalid metrics ({len(invalid)} invalid out of {len(specs)}), first error is: {first}"
            return Asked(("False", first.reason, why), error=all_of_them)
        message = f"the HPA was able to successfully calculate a replica count from {metric}"
        return Asked(("True", "ValidMetricFound", message), replicas, metric, statuses)

    def _others(self, hpa: Obj, memory: dict[str, Any], pods: list[Obj]) -> list[tuple[str, str]]:
        """All autoscalers that control one of these pods, when there is more than one."""
        namespace = hpa["metadata"]["namespace"]
        found = []
        for key in sorted(self._memory):
            text = self._memory[key]["selector"]
            if key.startswith(f"{namespace}/") and text:
                chosen = selectors.parse(text)
                if any(chosen.matches(pod["metadata"].get("labels") or {}) for pod in pods):
                    found.append((namespace, key.partition("/")[2]))
        return found if len(found) > 1 else []

    # Saying

    def _with(self, status: Obj, type: str, value: str, reason: str, message: str) -> Obj:
        before = status.get("conditions") or []
        known = next((one for one in before if one["type"] == type), None)
        since = known.get("lastTransitionTime") if known is not None and known["status"] == value else None
        since = since or self.engine.timestamp()
        condition = {"type": type, "status": value, "lastTransitionTime": since, "reason": reason, "message": message}
        if known is None:
            return {**status, "conditions": [*before, condition]}
        return {**status, "conditions": [condition if one is known else one for one in before]}

    def _warn(self, hpa: Obj, memory: dict[str, Any], reason: str, message: str) -> None:
        """An event, unless this object has had its share of them."""
        now = self.engine.now
        memory["failing"] = True
        refilled = (now - memory["filled"]) // _REFILL_US
        if refilled:
            memory["tokens"] = min(_BURST, memory["tokens"] + refilled)
            memory["filled"] += refilled * _REFILL_US
        if memory["tokens"] > 0:
            memory["tokens"] -= 1
            self.client.event(hpa, "Warning", reason, message, source=_SOURCE)

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._memory.clear()

    def dump_private(self) -> Plain:
        return self._memory

    def load_private(self, state: Plain) -> None:
        self._memory = state


def _fresh_memory(now: int) -> dict[str, Any]:
    return {
        "beat": now,
        "next": 0,
        "changed": now,
        "recs": [],
        "ups": [],
        "downs": [],
        "selector": "",
        "failing": False,
        "tokens": _BURST,
        "filled": now,
    }


def _periods(behaviour: Obj | None, direction: str) -> list[int]:
    policies = (behaviour or {}).get(direction, {}).get("policies") or ()
    return [policy["periodSeconds"] * 1_000_000 for policy in policies]


def _key(obj: Obj) -> str:
    return f"{obj['metadata']['namespace']}/{obj['metadata']['name']}"


def _selector(resource: str, workload: Obj) -> str:
    given = workload["spec"].get("selector")
    if resource == "replicationcontrollers":
        return str(selectors.from_labels(given or {}))
    return str(selectors.from_label_selector(given))


def _counted(status: Obj, current: int, desired: int, metrics: Sequence[Obj]) -> Obj:
    fresh = {**status, "currentReplicas": current, "desiredReplicas": desired, "currentMetrics": list(metrics)}
    if not metrics:
        del fresh["currentMetrics"]
    return fresh


def _patch(old: Obj, new: Obj) -> Obj:
    """What to merge so that `new` is there: keys that are gone are taken away."""
    return {**{name: None for name in old if name not in new}, **new}
