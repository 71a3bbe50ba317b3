"""Which pods a scale-down takes first.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset and upstream's
ActivePodsWithRanks: unassigned before assigned, pending before running, not ready before ready, lower deletion cost,
more alike pods on the node, ready for a shorter time, more restarts, younger. Times are compared by order of magnitude
only, and pods of equal rank go in the order of their uid, which is as good as random.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cmp_to_key
from math import log2

from simulator.controllers.kinds.objects import annotations_of
from simulator.controllers.kinds.pods import is_active, is_ready, phase, ready_condition
from simulator.engine import Engine
from simulator.engine.plain import Obj

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


def victims(pods: Sequence[Obj], related: Iterable[Obj], count: int, engine: Engine) -> list[Obj]:
    """The first `count` to go. `related` are the pods of all owners under the same parent, `pods` among them."""
    if count >= len(pods):
        return list(pods)
    return ranked(pods, _pods_by_node(related), engine)[:count]


def ranked(pods: Sequence[Obj], on_node: Mapping[str, int], engine: Engine) -> list[Obj]:
    def compare(a: Obj, b: Obj) -> int:
        return _order(a, b, on_node, engine)

    return sorted(pods, key=cmp_to_key(compare))


def deletion_cost(pod: Obj) -> int:
    """0 when absent or not an integer."""
    text = annotations_of(pod).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0


def _order(a: Obj, b: Obj, on_node: Mapping[str, int], engine: Engine) -> int:
    """Negative when `a` goes first."""
    node_a, node_b = a["spec"].get("nodeName", ""), b["spec"].get("nodeName", "")
    if node_a != node_b and not (node_a and node_b):
        return -1 if not node_a else 1
    if different := _PHASES.get(phase(a), 0) - _PHASES.get(phase(b), 0):
        return different
    if different := is_ready(a) - is_ready(b):
        return different
    if different := deletion_cost(a) - deletion_cost(b):
        return different
    if different := on_node.get(node_b, 0) - on_node.get(node_a, 0):
        return different
    if is_ready(a) and (different := _younger(a, b, _ready_since(a), _ready_since(b), engine)):
        return different
    if different := _restarts(b) - _restarts(a):
        return different
    return _younger(a, b, a["metadata"]["creationTimestamp"], b["metadata"]["creationTimestamp"], engine)


def _younger(a: Obj, b: Obj, since_a: str, since_b: str, engine: Engine) -> int:
    if since_a == since_b:
        return 0
    if different := _magnitude(since_a, engine) - _magnitude(since_b, engine):
        return different
    return -1 if a["metadata"]["uid"] < b["metadata"]["uid"] else 1


def _magnitude(since: str, engine: Engine) -> int:
    """The binary order of magnitude of an age, as upstream takes it from nanoseconds."""
    age = engine.now - engine.micros(since)
    return int(log2(age * 1000)) if age > 0 else -1


def _ready_since(pod: Obj) -> str:
    found = ready_condition(pod)
    return str(found.get("lastTransitionTime") or "") if found else ""


def _restarts(pod: Obj) -> int:
    return max(
        (one.get("restartCount") or 0 for one in (pod.get("status") or {}).get("containerStatuses") or ()), default=0
    )


def _pods_by_node(pods: Iterable[Obj]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for pod in pods:
        if is_active(pod):
            node = pod["spec"].get("nodeName", "")
            counts[node] = counts.get(node, 0) + 1
    return counts
