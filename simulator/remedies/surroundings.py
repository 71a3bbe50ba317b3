"""Changes to what is around the pod: a machine more, a pod of others less, a scheduler that runs."""

from collections.abc import Iterable
from math import ceil

from simulator.client import Process
from simulator.engine.plain import Obj
from simulator.remedies.change import Change, shell
from simulator.remedies.fixes import Facts
from simulator.remedies.owner import Find, Written
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

_GIB = 1 << 30
_SCHEDULER = "kube-scheduler"
_LOOP = "default-scheduler"
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
_FREED = 2


def awake(process: Process) -> list[Change]:
    """The scheduler runs again, with its loop switched on."""
    changes = []
    if not process.running:
        command = {"kind": "fault", "fault": "component-start", "target": _SCHEDULER}
        changes.append(Change("start", 1.0, "start kube-scheduler again", _SCHEDULER, "", (command,)))
    if process.gate.is_off(_LOOP):
        switch = {"kind": "loop", "op": "on", "loop": _LOOP}
        changes.append(Change("switch", 1.0, "switch the loop of the scheduler on again", _SCHEDULER, "", (switch,)))
    return changes


def one_more_node(facts: Facts, nodes: Iterable[NodeInfo]) -> Change:
    """A machine like the others, larger where the pod asks for more than any of them has."""
    requests, offered = facts.info.requests, [node.allocatable for node in nodes]
    node: Obj = {"role": "worker"}
    if requests.milli_cpu > max((one.milli_cpu for one in offered), default=0):
        node["cpu"] = str(ceil(requests.milli_cpu / 1_000) + 1)
    if requests.memory > max((one.memory for one in offered), default=0):
        node["memory"] = f"{ceil(requests.memory / _GIB) + 1}Gi"
    labels = facts.written.spec.get("nodeSelector")
    if labels:
        node["labels"] = dict(labels)
    parts = [f"{node['cpu']} CPUs"] if "cpu" in node else []
    parts += [f"{node['memory']} of memory"] if "memory" in node else []
    parts += [f"the label {key}={value}" for key, value in (labels or {}).items()]
    say = "let one more machine join" + (f", with {' and '.join(parts)}" if parts else "")
    return Change("machine", 4.0, say, "the cluster", "", ({"kind": "join", "node": node},))


def one_pod_less(info: PodInfo, node: NodeInfo, pods: Iterable[Obj], own: Written, find: Find) -> list[Change]:
    """Workloads of others on a node that free enough room with one pod less; the smallest first."""
    wanted, free = info.requests, node.allocatable
    cpu = wanted.milli_cpu - (free.milli_cpu - node.milli_cpu)
    memory = wanted.memory - (free.memory - node.memory)
    found: dict[str, tuple[int, Change]] = {}
    for pod in pods:
        uid, written = pod["metadata"]["uid"], Written(pod, find)
        if uid not in node.pods or written.kind not in _SCALED or written.uid == own.uid or written.uid in found:
            continue
        requests, replicas = node.pods[uid][0].requests, written.obj["spec"].get("replicas", 1)
        if pod["metadata"]["namespace"] == "kube-system" or requests.milli_cpu < cpu or requests.memory < memory:
            continue
        metadata = written.obj["metadata"]
        target = f"{written.kind.lower()} {metadata['name']} -n {metadata['namespace']}"
        line = f"kubectl scale {target} --replicas={replicas - 1}"
        say = f"scale {written.about} from {replicas} to {replicas - 1}"
        found[written.uid] = (
            requests.milli_cpu,
            Change("scale", 5.0, say, written.about, "spec.replicas", (shell(line),)),
        )
    return [change for _, change in sorted(found.values(), key=lambda one: (one[0], one[1].say))[:_FREED]]
