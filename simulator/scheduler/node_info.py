"""A node as the scheduler keeps it: what it offers, what is taken, and which pods took it.

Kept up to date pod by pod, so that the cost of a change never depends on how many pods a node has. Pods that are
assumed (sent to be bound, not yet seen bound) count from the moment of the decision.
"""

from collections.abc import Hashable, Mapping
from copy import copy
from functools import lru_cache

from simulator.engine.plain import Obj
from simulator.machinery.taints import Taint, taint
from simulator.scheduler.pod_info import Group, HostPort, PodInfo, Resources, amount_of

ZONE = "topology.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
HOSTNAME = "kubernetes.io/hostname"

#: Whether a node has a hostname label, and its zone: what the cluster's default spread constraints ask about its labels.
Place = tuple[bool, str | None]


class NodeInfo:
    __slots__ = (
        "_likeness",
        "_offer",
        "affinity_pods",
        "allocatable",
        "anti_affinity_pods",
        "ephemeral",
        "extended",
        "groups",
        "images",
        "labels",
        "memory",
        "milli_cpu",
        "name",
        "nonzero_cpu",
        "nonzero_memory",
        "place",
        "pod_limit",
        "pods",
        "ports",
        "taints",
        "unschedulable",
    )

    def __init__(self, node: Obj) -> None:
        self.name: str = node["metadata"]["name"]
        self.pods: dict[str, tuple[PodInfo, bool]] = {}
        """By uid: the pod, and whether it is being deleted."""
        self.groups: dict[str, dict[Group, int]] = {}
        """By namespace: how many pods, not being deleted, have each set of labels."""
        self.affinity_pods = 0
        self.anti_affinity_pods = 0
        """How many pods have required anti-affinity."""
        self.milli_cpu = self.memory = self.ephemeral = 0
        """Requested by all pods."""
        self.extended: dict[str, int] = {}
        self.nonzero_cpu = self.nonzero_memory = 0
        self.ports: dict[HostPort, int] = {}
        self.update(node)

    def update(self, node: Obj) -> None:
        """Takes the Node object's present labels, taints, capacity and images."""
        spec, status = node.get("spec") or {}, node.get("status") or {}
        self.labels: Mapping[str, str] = node["metadata"].get("labels") or {}
        self.place: Place = _place(HOSTNAME in self.labels, self.labels.get(ZONE))
        self.taints: tuple[Taint, ...] = tuple(taint(raw) for raw in spec.get("taints") or ())
        self.unschedulable = bool(spec.get("unschedulable"))
        offered = {name: amount_of(name, value) for name, value in (status.get("allocatable") or {}).items()}
        self.pod_limit = offered.pop("pods", 0)
        self.allocatable = Resources(
            offered.pop("cpu", 0),
            offered.pop("memory", 0),
            offered.pop("ephemeral-storage", 0),
            tuple(sorted(offered.items())),
        )
        self.images: dict[str, int] = {
            name: image.get("sizeBytes") or 0
            for image in status.get("images") or ()
            for name in image.get("names") or ()
        }
        self._offer = _token(
            self.taints, self.unschedulable, self.pod_limit, self.allocatable, tuple(sorted(self.images.items()))
        )
        self._likeness: Hashable = None

    def as_it_was(self, old: Obj) -> "NodeInfo":
        """With the pods that are there now, and the looks of an earlier Node object."""
        before = copy(self)
        before.update(old)
        return before

    @property
    def likeness(self) -> Hashable:
        """All that plugins read of one node, but its name, its labels and whom they count (`groups`): equal for nodes that are alike."""
        if self._likeness is None:
            self._likeness = _token(
                self._offer,
                len(self.pods) < self.pod_limit,
                self.milli_cpu,
                self.memory,
                self.nonzero_cpu,
                self.nonzero_memory,
                self.ephemeral,
                tuple(self.extended.items()),
                tuple(self.ports),
            )
        return self._likeness

    @property
    def zone(self) -> str:
        """The key by which upstream's node tree takes nodes in turn."""
        region, zone = self.labels.get(REGION, ""), self.labels.get(ZONE, "")
        return f"{region}:\x00:{zone}" if region or zone else ""

    def free_of(self, name: str) -> int:
        offered = dict(self.allocatable.extended).get(name, 0)
        return offered - self.extended.get(name, 0)

    def add(self, uid: str, pod: PodInfo, *, ending: bool = False) -> None:
        self.pods[uid] = (pod, ending)
        self._count(pod, 1)
        if not ending:
            groups = self.groups.setdefault(pod.namespace, {})
            groups[pod.group] = groups.get(pod.group, 0) + 1

    def remove(self, uid: str) -> PodInfo:
        pod, ending = self.pods.pop(uid)
        self._count(pod, -1)
        if not ending:
            groups = self.groups[pod.namespace]
            groups[pod.group] -= 1
            if not groups[pod.group]:
                del groups[pod.group]
            if not groups:
                del self.groups[pod.namespace]
        return pod

    def _count(self, pod: PodInfo, sign: int) -> None:
        self._likeness = None
        requests = pod.requests
        self.milli_cpu += sign * requests.milli_cpu
        self.memory += sign * requests.memory
        self.ephemeral += sign * requests.ephemeral
        self.nonzero_cpu += sign * pod.nonzero_cpu
        self.nonzero_memory += sign * pod.nonzero_memory
        for name, amount in requests.extended:
            self.extended[name] = self.extended.get(name, 0) + sign * amount
        for port in pod.host_ports:
            used = self.ports.get(port, 0) + sign
            if used:
                self.ports[port] = used
            else:
                del self.ports[port]
        if pod.has_affinity:
            self.affinity_pods += sign
        if pod.anti_affinity:
            self.anti_affinity_pods += sign


@lru_cache(maxsize=1 << 15)
def _token(*equal: Hashable) -> object:
    """One object for equal values: compared and hashed at no cost. What was forgotten gets another one."""
    return object()


@lru_cache(maxsize=1024)
def _place(has_hostname: bool, zone: str | None) -> Place:
    """The same object for all nodes of a zone."""
    return has_hostname, zone
