"""Notices when a kubelet falls silent, says so on the node and its pods, and taints the node.

https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller; upstream's nodelifecycle. A kubelet is silent when it
has not renewed its Lease for 50 s. Then conditions turn Unknown, the node's pods are marked not ready, and the node
gets the taints of its condition: NoSchedule at once, NoExecute at a limited rate (one node in ten seconds a zone, less
or none when most of a zone is down). Eviction itself is `taint_eviction`'s.

Nothing polls: a healthy kubelet's renewals are not written, so a check is only due one grace period after a Lease was
written (a kubelet started or stopped). Checks fall on the five-second beat of --node-monitor-period.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.conditions import condition, replaced
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.controllers.kinds.pods import is_ready, ready_condition
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.taints import NO_EXECUTE, NO_SCHEDULE

_SECOND_US = 1_000_000
#: --node-monitor-grace-period, 50 s since v1.32.
GRACE_US = 50 * _SECOND_US
#: A node that never reported gets longer (--node-startup-grace-period).
STARTUP_GRACE_US = 60 * _SECOND_US
PERIOD_US = 5 * _SECOND_US
#: --node-eviction-rate 0.1 a second, --secondary-node-eviction-rate 0.01.
_EVICTION_US = 10 * _SECOND_US
_SECONDARY_EVICTION_US = 100 * _SECOND_US
#: --large-cluster-size-threshold and --unhealthy-zone-threshold.
_LARGE_ZONE = 50
_UNHEALTHY_SHARE = 0.55

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
_SOURCE = "node-controller"
_LEASES = "leases.coordination.k8s.io"
_LEASE_NAMESPACE = "kube-node-lease"
_ZONE_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")

#: Conditions that turn Unknown with a silent kubelet.
_WATCHED_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
#: (condition, status) → key of the NoSchedule taint.
_TAINT_OF = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_OWN_KEYS = (*_TAINT_OF.values(), _UNSCHEDULABLE)


class NodeLifecycleController(Controller):
    name: ClassVar[str] = "node-lifecycle-controller"
    watches = {"nodes": "on_node", _LEASES: "on_lease", "pods": "on_pod"}
    writes = ("nodes", "pods", "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._known: dict[str, str] = {}
        """Nodes this controller has seen → uid."""
        self._heard: dict[str, int] = {}
        """Node → the latest sign of life as this controller counts it, in microseconds."""
        self._to_taint: dict[str, None] = {}
        """Nodes that wait for their NoExecute taint."""
        self._next_taint: dict[str, int] = {}
        """Zone → when the next node of it may get one."""
        self._zones: dict[str, list[int]] = {}
        """Zone → how many of its nodes are ready, and how many it has; counted as changes arrive."""

    # What is watched

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        name = one_of(old, new)["metadata"]["name"]
        if old is not None and new is not None and _aspects(old) == _aspects(new):
            return
        self.enqueue(name)
        before = self._pauses()
        self._count(old, -1)
        self._count(new, 1)
        if (pauses := self._pauses()) == before:
            return
        concerned = self._known if self._is_all_dark() else self._to_taint
        for waiting in concerned if pauses else ():
            self.enqueue(waiting)

    def _count(self, node: Obj | None, by: int) -> None:
        if node is None:
            return
        tally = self._zones.setdefault(_zone(node), [0, 0])
        tally[0] += by if _ready(node) == "True" else 0
        tally[1] += by

    def _pauses(self) -> list[int | None]:
        return [self._pause_us(zone) for zone in self._zones]

    def _is_all_dark(self) -> bool:
        """Not one node is ready: the fault is more likely here than there, and nobody is evicted."""
        return not any(ready for ready, _ in self._zones.values())

    def on_lease(self, old: Obj | None, new: Obj | None) -> None:
        metadata = one_of(old, new)["metadata"]
        if new is None or metadata.get("namespace") != _LEASE_NAMESPACE:
            return
        renewed = new["spec"].get("renewTime")
        if renewed:
            # After a restart of this process nobody is silent until a grace period has passed.
            heard = self.engine.now if old is None else self.engine.micros(renewed)
            self._heard[metadata["name"]] = max(heard, self._heard.get(metadata["name"], 0))
        self.enqueue(metadata["name"])

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        """A pod that is bound to a node already known to be down is marked at once."""
        if new is None or not is_ready(new) or (old is not None and is_ready(old)):
            return
        node = self.cache.get("nodes", "", new["spec"].get("nodeName", ""))
        if node is not None and _ready(node) == "Unknown":
            self.enqueue(node["metadata"]["name"])

    # One node

    def reconcile(self, key: str) -> None:
        node = self.cache.get("nodes", "", key)
        if node is None:
            self._forget(key)
            return
        if key not in self._known:
            self._meet(node)
        node = self._checked(node)
        self._taint(node)

    def _meet(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        self._known[name] = node["metadata"]["uid"]
        self.client.event(node, "Normal", "RegisteredNode", f"Registered Node {name} in Controller", source=_SOURCE)

    def _forget(self, name: str) -> None:
        uid = self._known.pop(name, None)
        self._heard.pop(name, None)
        self._to_taint.pop(name, None)
        if uid is not None:
            about = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": uid}}
            self.client.event(about, "Normal", "RemovingNode", f"Removing Node {name} from Controller", source=_SOURCE)

    # Silence

    def _checked(self, node: Obj) -> Obj:
        """The node, with its conditions turned Unknown when its kubelet has been silent for too long."""
        name, now = node["metadata"]["name"], self.engine.now
        if _ready(node) == "Unknown" and self._reported(node):
            self._mark_pods(name)
            return node
        heard = self._last_sign(node)
        if heard is None:
            return node
        grace = GRACE_US if condition(_conditions(node), "Ready") else STARTUP_GRACE_US
        due = -(-heard // PERIOD_US) * PERIOD_US + grace
        if now < due:
            self.enqueue(name, due - now)
            return node
        was_ready = _ready(node) == "True"
        fresh = self.client.update_status("nodes", self._silenced(node))
        if was_ready:
            self.client.event(
                node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", source=_SOURCE
            )
            self._mark_pods(name)
        return fresh

    def _last_sign(self, node: Obj) -> int | None:
        """When the kubelet was last heard of; None while it renews its Lease."""
        name = node["metadata"]["name"]
        try:
            lease = self.client.get(_LEASES, _LEASE_NAMESPACE, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return self._heard.setdefault(name, self.engine.micros(node["metadata"]["creationTimestamp"]))
        written = self.cache.get(_LEASES, _LEASE_NAMESPACE, name)
        if written is not None and lease["spec"].get("renewTime") != written["spec"].get("renewTime"):
            return None
        return self._heard.get(name, self.engine.now)

    def _reported(self, node: Obj) -> bool:
        found = condition(_conditions(node), "Ready")
        return found is not None and found.get("reason") in ("NodeStatusUnknown", "NodeStatusNeverUpdated")

    def _silenced(self, node: Obj) -> Obj:
        conditions, now = _conditions(node), self.engine.timestamp()
        for type in _WATCHED_CONDITIONS:
            known = condition(conditions, type)
            if known is None:
                fresh = {"type": type, "lastHeartbeatTime": node["metadata"]["creationTimestamp"]}
                fresh.update(reason="NodeStatusNeverUpdated", message="Kubelet never posted node status.")
            elif known["status"] == "Unknown":
                continue
            else:
                fresh = {**known, "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
            conditions = replaced(conditions, {**fresh, "status": "Unknown", "lastTransitionTime": now})
        return {**node, "status": {**(node.get("status") or {}), "conditions": conditions}}

    def _mark_pods(self, node: str) -> None:
        for pod in self.cache.on_node(node):
            found = ready_condition(pod)
            if found is None or found["status"] != "True":
                continue
            metadata, status = pod["metadata"], pod["status"]
            down = {**found, "status": "False", "lastTransitionTime": self.engine.timestamp()}
            fresh = {**pod, "status": {**status, "conditions": replaced(status["conditions"], down)}}
            try:
                self.client.update_status("pods", fresh)
            except StatusError as error:
                if error.reason == "NotFound":
                    continue
                raise
            self.client.event(
                {**pod, "metadata": metadata}, "Warning", "NodeNotReady", "Node is not ready", source=_SOURCE
            )

    # Taints

    def _taint(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        taints = list((node.get("spec") or {}).get("taints") or ())
        wanted = _with_no_schedule(taints, node, self.engine.timestamp())
        wanted = self._with_no_execute(name, node, wanted)
        if wanted != taints:
            self.client.patch("nodes", "", name, {"spec": {"taints": wanted or None}})

    def _with_no_execute(self, name: str, node: Obj, taints: list[Obj]) -> list[Obj]:
        key = {"False": NOT_READY, "Unknown": UNREACHABLE}.get(_ready(node))
        others = [one for one in taints if one["effect"] != NO_EXECUTE or one["key"] not in (NOT_READY, UNREACHABLE)]
        if key is None:
            self._to_taint.pop(name, None)
            return others
        if self._is_all_dark():
            self._to_taint[name] = None
            return others
        if len(others) < len(taints):
            # Already tainted: the right key replaces the other one without waiting for its turn.
            known = next(one for one in taints if one not in others)
            return taints if known["key"] == key else [*others, _new_taint(key, NO_EXECUTE, self.engine.timestamp())]
        if not self._may_taint(name, node):
            return taints
        return [*taints, _new_taint(key, NO_EXECUTE, self.engine.timestamp())]

    def _may_taint(self, name: str, node: Obj) -> bool:
        """One token a zone, refilled at the rate that the zone's health allows."""
        zone, now = _zone(node), self.engine.now
        pause = self._pause_us(zone)
        self._to_taint[name] = None
        if pause is None:
            return False
        due = self._next_taint.get(zone, 0)
        if now < due:
            self.enqueue(name, due - now)
            return False
        self._next_taint[zone] = now + pause
        del self._to_taint[name]
        return True

    def _pause_us(self, zone: str) -> int | None:
        """Time between two evicted nodes of a zone; None while evictions are stopped."""
        if self._is_all_dark():
            return None
        ready, total = self._zones.get(zone, (0, 0))
        down = total - ready
        if ready and down > 2 and down / total >= _UNHEALTHY_SHARE:
            return _SECONDARY_EVICTION_US if total > _LARGE_ZONE else None
        return _EVICTION_US

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._known.clear()
        self._heard.clear()
        self._to_taint.clear()
        self._next_taint.clear()
        self._zones.clear()

    def dump_private(self) -> Plain:
        return {
            "known": [list(item) for item in self._known.items()],
            "heard": [list(item) for item in self._heard.items()],
            "to_taint": list(self._to_taint),
            "next_taint": [list(item) for item in self._next_taint.items()],
            "zones": [[zone, *tally] for zone, tally in self._zones.items()],
        }

    def load_private(self, state: Plain) -> None:
        self._known = dict(state["known"])
        self._heard = dict(state["heard"])
        self._to_taint = dict.fromkeys(state["to_taint"])
        self._next_taint = dict(state["next_taint"])
        self._zones = {zone: [ready, total] for zone, ready, total in state["zones"]}


def _conditions(node: Obj) -> list[Obj]:
    return list((node.get("status") or {}).get("conditions") or ())


def _ready(node: Obj | None) -> str:
    """The status of the Ready condition, "Unknown" when there is none."""
    found = None if node is None else condition(_conditions(node), "Ready")
    return "Unknown" if found is None else str(found["status"])


def _aspects(node: Obj) -> tuple[object, ...]:
    """What of a node this controller looks at."""
    spec = node.get("spec") or {}
    states = tuple((one["type"], one["status"]) for one in _conditions(node))
    return states, spec.get("taints"), spec.get("unschedulable"), is_ending(node), _zone(node)


def _zone(node: Obj) -> str:
    labels = node["metadata"].get("labels") or {}
    return "/".join(labels.get(label, "") for label in _ZONE_LABELS)


def _new_taint(key: str, effect: str, now: str) -> Obj:
    return {"key": key, "effect": effect, "timeAdded": now}


def _with_no_schedule(taints: list[Obj], node: Obj, now: str) -> list[Obj]:
    """NoSchedule taints follow from conditions and the cordon; those of anybody else stay."""
    states = {one["type"]: one["status"] for one in _conditions(node)}
    wanted = [key for (type, status), key in _TAINT_OF.items() if states.get(type) == status]
    if (node.get("spec") or {}).get("unschedulable"):
        wanted.append(_UNSCHEDULABLE)
    kept = [
        one for one in taints if one["effect"] != NO_SCHEDULE or one["key"] not in _OWN_KEYS or one["key"] in wanted
    ]
    present = [one["key"] for one in kept if one["effect"] == NO_SCHEDULE]
    return [*kept, *(_new_taint(key, NO_SCHEDULE, now) for key in wanted if key not in present)]
