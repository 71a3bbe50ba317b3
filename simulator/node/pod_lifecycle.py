"""The rules of a pod's life as tables and pure functions: what to start next, whether to restart, which phase it is in.

Follows `pkg/kubelet/pod_workers.go` (worker states), `kuberuntime_manager.go` (computePodActions) and
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/. Leaves to others: doing it, and when.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.node.records import ContainerRecord, PodRecord

#: (worker state, cause) → (worker state, action). A pair that is not here changes nothing.
TRANSITIONS: dict[tuple[str, str], tuple[str, str]] = {
    ("syncing", "deleted"): ("terminating", "stop"),
    ("syncing", "removed"): ("terminating", "stop"),
    ("syncing", "deadline"): ("terminating", "stop"),
    ("syncing", "finished"): ("terminating", "stop"),
    ("syncing", "rejected"): ("terminated", "report"),
    ("terminating", "removed"): ("terminating", "hurry"),
    ("terminating", "shortened"): ("terminating", "hurry"),
    ("terminating", "stopped"): ("terminated", "report"),
    ("terminated", "deleted"): ("terminated", "delete"),
    ("terminated", "removed"): ("terminated", "forget"),
}

#: (restart policy, exit code is 0) → start it again.
RESTARTS = {
    ("Always", True): True,
    ("Always", False): True,
    ("OnFailure", True): False,
    ("OnFailure", False): True,
    ("Never", True): False,
    ("Never", False): False,
}


@dataclass(frozen=True, slots=True)
class Todo:
    """`start` these containers now, in this order; or the pod is `finished`; or there is nothing to do but wait."""

    start: tuple[str, ...] = ()
    finished: bool = False


_NOTHING = Todo()


def container_spec(pod: Obj, name: str) -> Obj:
    """The spec of a container or init container of this name."""
    for part in ("containers", "initContainers", "ephemeralContainers"):
        for spec in pod["spec"].get(part) or ():
            if spec["name"] == name:
                found: Obj = spec
                return found
    raise KeyError(f"pod {pod['metadata']['name']} has no container {name}")


def grace_period_s(pod: Obj) -> int:
    """Seconds between SIGTERM and SIGKILL: the deletion's, or the pod's own (`setTerminationGracePeriod`)."""
    given = pod["metadata"].get("deletionGracePeriodSeconds")
    if given is None:
        given = pod["spec"].get("terminationGracePeriodSeconds")
    return 30 if given is None else int(given)


def container_kind(spec: Obj, is_init: bool) -> str:
    if not is_init:
        return "app"
    return "sidecar" if spec.get("restartPolicy") == "Always" else "init"


def restarts(record: ContainerRecord, policy: str) -> bool:
    """Whether an exited container is started again."""
    if record.kind == "sidecar":
        return True
    if record.kind == "ephemeral":
        return False
    if record.kind == "init":
        return record.exit_code != 0 and policy != "Never"
    return RESTARTS[policy, record.exit_code == 0]


def next_steps(record: PodRecord, policy: str) -> Todo:
    """What this pod needs next, given which of its containers run; ephemeral containers wait for nobody."""
    containers = list(record.containers.values())
    todo = _next_steps(containers, policy) if containers[0].kind != "app" else _next_apps(containers, [], policy)
    if containers[-1].kind != "ephemeral" or todo.finished:
        return todo
    added = [one.name for one in containers if one.kind == "ephemeral" and one.state == "new"]
    return Todo(start=(*added, *todo.start)) if added else todo


def _next_steps(containers: list[ContainerRecord], policy: str) -> Todo:
    wanted: list[str] = []
    initialised = any(one.kind == "app" and one.state == "running" for one in containers)
    for one in containers:
        if one.kind == "app":
            break
        if one.kind == "init":
            if initialised or (one.state == "exited" and one.exit_code == 0):
                continue
            if one.state == "exited" and not restarts(one, policy):
                return Todo(finished=True)
            return Todo(start=(*wanted, *((one.name,) if one.state != "running" else ())))
        if one.state != "running":
            wanted.append(one.name)
        if not initialised and not one.started:
            return Todo(start=tuple(wanted))
    return _next_apps(containers, wanted, policy)


def _next_apps(containers: list[ContainerRecord], wanted: list[str], policy: str) -> Todo:
    """After the init containers, and beside the sidecars, which are `wanted`."""
    is_over = True
    for one in containers:
        if one.kind != "app":
            continue
        if one.state == "new" or (one.state == "exited" and restarts(one, policy)):
            wanted.append(one.name)
            is_over = False
        elif one.state == "running":
            is_over = False
    if is_over:
        return Todo(finished=True)
    return Todo(start=tuple(wanted)) if wanted else _NOTHING


def comes_first(record: PodRecord, one: ContainerRecord) -> tuple[str, ...]:
    """Who must have ended before a sidecar gets its signal (`newTerminationOrdering`): the app containers, and the sidecar after it."""
    if one.kind != "sidecar":
        return ()
    apps = [each.name for each in record.containers.values() if each.kind == "app"]
    sidecars = [each.name for each in record.containers.values() if each.kind == "sidecar"]
    return (*apps, *sidecars[sidecars.index(one.name) + 1 :][:1])


def is_initialised(containers: Iterable[ContainerRecord]) -> bool:
    """Every init container has completed, every sidecar has started; or an app container runs already."""
    is_done = True
    for one in containers:
        if one.kind == "app":
            if one.state == "running":
                return True
        elif one.kind != "ephemeral" and not _init_done(one):
            is_done = False
    return is_done


def _init_done(one: ContainerRecord) -> bool:
    return one.started if one.kind == "sidecar" else one.state == "exited" and one.exit_code == 0


def final_phase(record: PodRecord) -> str:
    """Of a pod whose containers are all over, or will be: what its app containers came to."""
    apps = [one for one in record.containers.values() if one.kind == "app"]
    return "Succeeded" if all(one.state == "exited" and one.exit_code == 0 for one in apps) else "Failed"


def phase(record: PodRecord, policy: str) -> str:
    """`kubelet_pods.go` getPhase: of a pod whose worker has not finished."""
    containers = record.containers.values()
    if policy == "Never" and any(
        one.kind == "init" and one.state == "exited" and one.exit_code != 0 for one in containers
    ):
        return "Failed"
    if not is_initialised(containers):
        return "Pending"
    is_running, is_good = policy == "Always", True
    for one in containers:
        if one.kind == "app":
            if one.state == "new" and one.last is None:
                return "Pending"
            is_good = is_good and one.exit_code == 0
        if one.state == "running" and one.kind in ("app", "sidecar"):
            is_running = True
    if is_running:
        return "Running"
    if is_good:
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"
