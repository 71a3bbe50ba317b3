"""The status a kubelet reports of a pod: conditions, container statuses, addresses.

Follows `pkg/kubelet/kubelet_pods.go` (generateAPIPodStatus, convertToAPIContainerStatuses) and `pkg/kubelet/status/generate.go`
of v1.33, word for word where they speak. Promises: a pure function of the pod, its record and the clock; nothing it is
given is changed, a condition keeps its transition time while its status stays the same, and no pod is said to be over while one of
its containers runs (`status_manager.go` mergePodStatus).
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.node.addresses import second_address
from simulator.node.identity import hex64
from simulator.node.pod_lifecycle import is_initialised, phase, restarts
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.spec_facts import SpecFacts

Timestamp = Callable[[int | None], str]
#: (type, status, reason, message) of a condition.
Said = tuple[str, str, str, str]

_ALWAYS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
#: Conditions that go when the kubelet does not say them.
_OURS = frozenset({*_ALWAYS, "PodResizePending", "PodResizeInProgress"})
#: Outcomes remembered of pods of one spec.
_REMEMBERED = 16
_NO_CONDITIONS: list[Obj] = []


def pod_status(
    pod: Obj, record: PodRecord, facts: SpecFacts, *, host_ip: str, timestamp: Timestamp, dual: bool = False
) -> Obj:
    spec = pod["spec"]
    given = pod.get("status") or {}
    policy = spec.get("restartPolicy") or "Always"
    is_over = bool(record.phase) and all(one.state != "running" for one in record.containers.values())
    now_phase = record.phase if is_over else phase(record, policy)
    of_conditions = record.phase if record.reason else now_phase
    view = _View(record, facts, policy, timestamp)
    status: Obj = {
        "phase": now_phase,
        "conditions": _conditions(record, facts, of_conditions, given, timestamp(None), is_over=is_over),
        "hostIP": host_ip,
        "hostIPs": _both(host_ip, dual=dual),
        "startTime": timestamp(record.started_us),
        "qosClass": given.get("qosClass", "BestEffort"),
        "containerStatuses": [view.of(one) for one in spec["containers"]],
    }
    if spec.get("ephemeralContainers"):
        added = [one for one in spec["ephemeralContainers"] if one["name"] in record.containers]
        status["ephemeralContainerStatuses"] = [view.of(one) for one in added]
    if spec.get("initContainers"):
        status["initContainerStatuses"] = [view.of(one) for one in spec["initContainers"]]
    if record.ip:
        status["podIP"] = record.ip
        status["podIPs"] = _both(record.ip, dual=dual)
    if record.reason and is_over:
        status["reason"] = record.reason
    if record.message and is_over:
        status["message"] = record.message
    return status


def _both(address: str, *, dual: bool) -> list[Obj]:
    return [{"ip": address}, {"ip": second_address(address)}] if dual else [{"ip": address}]


def rejected_status(pod: Obj, reason: str, message: str, started: str) -> Obj:
    """A pod that the kubelet refused to run (`kubelet.go` rejectPod)."""
    given = pod.get("status") or {}
    return {
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
        "qosClass": given.get("qosClass", "BestEffort"),
        "startTime": started,
    }


# Containers


class _View(NamedTuple):
    """Of one pod's containers, each by its spec."""

    record: PodRecord
    facts: SpecFacts
    policy: str
    timestamp: Timestamp

    def of(self, spec: Obj) -> Obj:
        """What the runtime knows, and what the status repeats of the spec: the image until the runtime knows better, resources, mounts."""
        one = self.record.containers[spec["name"]]
        if one.instance or one.image or one.why is not None:
            return self._made(spec, one)
        waiting = self.facts.waiting.get(one.name)
        if waiting is None:
            waiting = self.facts.waiting[one.name] = self._made(spec, one)
        return waiting

    def _made(self, spec: Obj, one: ContainerRecord) -> Obj:
        record, name = self.record, one.name
        state, last = _state(one, record, self.policy, self.timestamp)
        status = {
            "name": name,
            "state": state,
            "lastState": {} if last is None else {"terminated": last},
            "ready": one.state == "exited" and one.exit_code == 0 if one.kind == "init" else one.ready,
            "restartCount": one.restarts,
            "image": one.image or spec["image"],
            "imageID": "",
        }
        if one.id:
            status["imageID"] = image_id(one.image)
            status["containerID"] = one.id
        status["started"] = one.started
        if one.id:
            _add_resources(status, one.resources if one.resources is not None else spec.get("resources") or {})
        if mounts := self.facts.mounts.get(name):
            status["volumeMounts"] = mounts
        return status


def _add_resources(status: Obj, resources: Obj) -> None:
    status["resources"] = resources
    if resources.get("requests"):
        status["allocatedResources"] = resources["requests"]


def terminated(one: ContainerRecord, timestamp: Timestamp) -> Obj:
    """`state.terminated` of an exited container."""
    started = one.run.started_us if one.run else one.finished_us
    state: Obj = {
        "exitCode": one.exit_code,
        "reason": one.exit_reason,
        "startedAt": timestamp(started),
        "finishedAt": timestamp(one.finished_us),
        "containerID": one.id,
    }
    if one.message:
        state["message"] = one.message
    return state


def _state(one: ContainerRecord, record: PodRecord, policy: str, timestamp: Timestamp) -> tuple[Obj, Obj | None]:
    if one.state == "running" and one.run is not None:
        return {"running": {"startedAt": timestamp(one.run.started_us)}}, one.last
    if one.state == "exited":
        ended = terminated(one, timestamp)
        if one.why is not None and record.worker == "syncing" and restarts(one, policy):
            return {"waiting": _waiting(*one.why)}, ended
        return {"terminated": ended}, one.last
    if one.why is not None:
        return {"waiting": _waiting(*one.why)}, one.last
    first = next(iter(record.containers.values()))
    return {"waiting": {"reason": "ContainerCreating" if first.kind == "app" else "PodInitializing"}}, one.last


def _waiting(reason: str, message: str) -> Obj:
    return {"reason": reason, "message": message} if message else {"reason": reason}


@lru_cache(maxsize=1024)
def image_id(image: str) -> str:
    """`docker.io/library/nginx@sha256:…`; the digest stands for the content, so it follows from the name alone."""
    name = image.rsplit(":", 1)[0]
    return f"{name}@sha256:{hex64(image)}"


# Conditions


def _conditions(
    record: PodRecord, facts: SpecFacts, now_phase: str, given: Obj, now: str, *, is_over: bool
) -> list[Obj]:
    """Pods of one spec to which the same happens within a second share them."""
    known: list[Obj] = given.get("conditions") or _NO_CONDITIONS
    last: list[Obj] = _NO_CONDITIONS if record.written is None else record.written.get("conditions") or _NO_CONDITIONS
    wanted = _wanted(record, facts.spec, now_phase, known, is_over=is_over)
    seen = facts.conditions.get(wanted)
    if seen is not None and seen[0] == now and seen[1] == known and seen[2] == last:
        return seen[3]
    before = _by_type(known) if last is known else {**_by_type(known), **_by_type(last)}
    ours = _OURS if len(wanted) == len(_ALWAYS) else _OURS | {type for type, *_ in wanted}
    made = _written(wanted, before, now) + [one for one in known if one["type"] not in ours]
    if len(facts.conditions) >= _REMEMBERED:
        facts.conditions.clear()
    facts.conditions[wanted] = (now, known, last, made)
    return made


def _by_type(conditions: list[Obj]) -> dict[str, Obj]:
    return {one["type"]: one for one in conditions}


def _wanted(record: PodRecord, spec: Obj, now_phase: str, known: list[Obj], *, is_over: bool) -> tuple[Said, ...]:
    """The kubelet's own conditions."""
    containers_ready = _containers_ready(record, now_phase)
    wanted: tuple[Said, ...] = (
        ("PodReadyToStartContainers", "True" if record.sandbox else "False", "", ""),
        ("Initialized", *_initialized(record, now_phase)),
        ("Ready", *_ready(containers_ready, spec, known)),
        ("ContainersReady", *containers_ready),
        ("PodScheduled", "True", "", ""),
    )
    if record.resize is not None:
        wanted += (("PodResizePending", "True", *record.resize),)
    if record.resizing:
        wanted += (("PodResizeInProgress", "True", "", ""),)
    if record.disrupted and is_over:
        wanted += (("DisruptionTarget", "True", "TerminationByKubelet", record.disrupted),)
    return wanted


def _written(wanted: Iterable[Said], before: dict[str, Obj], now: str) -> list[Obj]:
    """One that says the same as before stands as it is."""
    written: list[Obj] = []
    for type, status, reason, message in wanted:
        old, moment = before.get(type), now
        if old is not None and old["status"] == status:
            moment = old.get("lastTransitionTime", now)
        condition: Obj = {"type": type, "status": status, "lastProbeTime": None, "lastTransitionTime": moment}
        if reason:
            condition["reason"] = reason
        if message:
            condition["message"] = message
        written.append(old if old is not None and condition == old else condition)
    return written


def _initialized(record: PodRecord, now_phase: str) -> tuple[str, str, str]:
    if now_phase == "Succeeded":
        return "True", "PodCompleted", ""
    if is_initialised(record.containers.values()):
        return "True", "", ""
    waiting = [
        one.name for one in record.containers.values() if one.kind in ("init", "sidecar") and not _init_complete(one)
    ]
    return "False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(waiting)}]"


def is_ready_outdated(pod: Obj) -> bool:
    """Whether a readiness gate has opened or closed since the kubelet has last said if the pod is ready (`NeedToReconcilePodReadiness`)."""
    conditions = (pod.get("status") or {}).get("conditions") or _NO_CONDITIONS
    known = _by_type(conditions)
    if "Ready" not in known or "ContainersReady" not in known:
        return False
    said, containers = known["Ready"], known["ContainersReady"]
    of_containers = (containers["status"], containers.get("reason", ""), containers.get("message", ""))
    status, _, message = _ready(of_containers, pod["spec"], conditions)
    return bool((said["status"], said.get("message", "")) != (status, message))


def _init_complete(one: ContainerRecord) -> bool:
    return one.started if one.kind == "sidecar" else one.state == "exited" and one.exit_code == 0


def _containers_ready(record: PodRecord, now_phase: str) -> tuple[str, str, str]:
    if now_phase == "Succeeded":
        return "False", "PodCompleted", ""
    if now_phase == "Failed":
        return "False", "PodFailed", ""
    unready = [one.name for one in record.containers.values() if one.kind in ("app", "sidecar") and not one.ready]
    if not unready:
        return "True", "", ""
    return "False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"


def _ready(containers_ready: tuple[str, str, str], spec: Obj, conditions: list[Obj]) -> tuple[str, str, str]:
    gates = spec.get("readinessGates") or ()
    if containers_ready[0] != "True" or not gates:
        return containers_ready
    before = _by_type(conditions)
    missing = [
        f'corresponding condition of pod readiness gate "{gate["conditionType"]}" does not exist.'
        if gate["conditionType"] not in before
        else f'the status of pod readiness gate "{gate["conditionType"]}" is not "True", but {before[gate["conditionType"]]["status"]}'
        for gate in gates
        if before.get(gate["conditionType"], {}).get("status") != "True"
    ]
    return ("False", "ReadinessGatesNotReady", ", ".join(missing)) if missing else containers_ready
