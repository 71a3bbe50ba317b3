"""One trial: the commands of a plan are carried out on a copy, and the copy runs until the pod does, or patience ends."""

from typing import Any, NamedTuple, Protocol

from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj
from simulator.machinery.tables.pods import pod_status
from simulator.remedies.change import Command, Plan
from simulator.remedies.owner import Find, Written

_SECOND = 1_000_000
#: How long a copy is watched, in simulated time; a machine that has to boot takes longer.
_PATIENCE_US, _BOOT_PATIENCE_US = 60 * _SECOND, 240 * _SECOND
#: An autoscaler that was refused a machine leaves the group alone for five minutes.
_CLOUD_PATIENCE_US = 720 * _SECOND
#: Without any change a pod is given this long: the longest backoff of the scheduler, and time to start.
_ALONE_US = 20 * _SECOND
_STEP_US = _SECOND
#: What a rollout does in passing is no outcome: it has to last.
_STEADY_US = 5 * _SECOND
#: Slices of 2,000 events that one simulated second may take.
_SLICES = 20


class Copy(Protocol):
    """A copied cluster, to be thrown away."""

    registry: Registry

    @property
    def now(self) -> int: ...

    def apply(self, command: Command) -> dict[str, Any]: ...

    def advance(self, until_us: int, max_events: int = 2_000) -> bool: ...


class Outcome(NamedTuple):
    """What became of the pod."""

    runs: bool
    node: str
    status: str
    """As `kubectl get pods` says it."""
    after_us: int


class Subject:
    """The pod, or whatever its workload puts in its place.

    It has got on when fewer of them wait than before, and none has lost its node for that.
    """

    def __init__(self, pod: Obj, registry: Registry) -> None:
        metadata = pod["metadata"]
        self._namespace, self._name = metadata["namespace"], metadata["name"]
        self._root = _identity(Written(pod, _find(registry)).obj)
        pods = self._pods(registry)
        self._placed = [pod["metadata"]["uid"] for pod in pods if _has_node(pod)]
        self._waiting = len(pods) - len(self._placed)

    def outcome(self, copy: Copy, since: int) -> Outcome | None:
        """None while it still waits."""
        pods = self._pods(copy.registry)
        placed = [pod for pod in pods if _has_node(pod)]
        fresh = [pod for pod in placed if pod["metadata"]["uid"] not in self._placed]
        if not placed or len(placed) < len(self._placed) or len(pods) - len(placed) >= self._waiting:
            return None
        # None is fresh when a workload has gone back to the template of pods that run already.
        shown = min(fresh or placed, key=lambda pod: (not _runs(pod), pod["metadata"]["name"] != self._name))
        return Outcome(_runs(shown), shown["spec"]["nodeName"], pod_status(shown), copy.now - since)

    def _pods(self, registry: Registry) -> list[Obj]:
        find, found = _find(registry), []
        for pod in registry.store.in_namespace("pods", self._namespace):
            if "deletionTimestamp" in pod["metadata"]:
                continue
            if pod["metadata"]["name"] == self._name or self._root == _identity(Written(pod, find).obj):
                found.append(pod)
        return found


def tried(copy: Copy, plan: Plan, subject: Subject) -> Outcome | None:
    """None when a command was refused, or the pod still has no node in the end."""
    since = copy.now
    for command in plan.commands:
        reply = copy.apply(command)
        if "error" in reply or reply.get("exit"):
            return None
        _await_end(copy, reply.get("follow") or {})
    patience = _PATIENCE_US if plan.changes else _ALONE_US
    if any(command["kind"] in ("join", "fault") for command in plan.commands):
        patience = _BOOT_PATIENCE_US
    if any(str(command.get("fault", "")).startswith("cloud-") for command in plan.commands):
        patience = _CLOUD_PATIENCE_US
    first: Outcome | None = None
    for _ in range(patience // _STEP_US):
        _run(copy, _STEP_US)
        outcome = subject.outcome(copy, since)
        if outcome is None or not outcome.runs:
            first = None
        elif first is None:
            first = outcome
        elif outcome.after_us - first.after_us >= _STEADY_US:
            return first
    return first or outcome


def _await_end(copy: Copy, follow: dict[str, Any]) -> None:
    """`kubectl delete` ends when what it deleted is gone."""
    if follow.get("kind") != "gone":
        return
    for _ in range(_PATIENCE_US // _STEP_US):
        left = [
            copy.registry.store.get(resource, (namespace, name)) for resource, namespace, name, _ in follow["objects"]
        ]
        if not any(left):
            return
        _run(copy, _STEP_US)


def _run(copy: Copy, for_us: int) -> None:
    """A copy that is too busy is looked at before it gets there."""
    until = copy.now + for_us
    for _ in range(_SLICES):
        if copy.advance(until):
            return


def _find(registry: Registry) -> Find:
    return lambda resource, namespace, name: registry.store.get(resource, (namespace, name))


def _identity(obj: Obj) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def _has_node(pod: Obj) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _runs(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Running", "Succeeded")
