"""What must hold after every step of any session, and what must hold once everything has settled."""

from collections.abc import Iterator
from typing import Any

from simulator.cluster import Cluster
from simulator.machinery.selectors import from_labels
from simulator.scheduler.pod_info import amount_of, pod_requests

Obj = dict[str, Any]
_DONE = ("Succeeded", "Failed")


class Watcher:
    """Sees a cluster after each step; `check` raises AssertionError that names what is broken."""

    def __init__(self, cluster: Cluster) -> None:
        self._revision = 0
        self._nodes: dict[str, str] = {}
        self._mirror: dict[str, dict[tuple[str, str], Obj]] = {}
        self._follow(cluster)

    def check(self, cluster: Cluster) -> None:
        assert cluster.registry.store.revision >= self._revision, "the revision went back"
        self._follow(cluster)
        self._pods_are_bound_once(cluster)
        _nodes_are_not_overbooked(cluster)
        _claims_and_volumes_are_pairs(cluster)

    def _follow(self, cluster: Cluster) -> None:
        """A watch from the revision seen last replays exactly the later changes."""
        store = cluster.registry.store
        if not self._mirror:
            self._mirror = {resource: dict(store.table(resource)) for resource in store.resources()}
        else:
            for change in store.changes_since(self._revision):
                table = self._mirror.setdefault(change.resource, {})
                if change.type == "DELETED":
                    table.pop(change.key, None)
                else:
                    assert change.new is not None
                    table[change.key] = change.new
        self._revision = store.revision
        for resource in store.resources():
            assert self._mirror.get(resource, {}) == store.table(resource), f"a watch of {resource} missed something"

    def _pods_are_bound_once(self, cluster: Cluster) -> None:
        for pod in objects(cluster, "pods"):
            uid, node = pod["metadata"]["uid"], pod["spec"].get("nodeName", "")
            before = self._nodes.get(uid, "")
            assert before in ("", node), f"pod {pod['metadata']['name']} moved from {before} to {node}"
            self._nodes[uid] = node


def objects(cluster: Cluster, resource: str) -> Iterator[Obj]:
    yield from cluster.registry.store.table(resource).values()


def _nodes_are_not_overbooked(cluster: Cluster) -> None:
    used: dict[str, list[int]] = {}
    for pod in objects(cluster, "pods"):
        if pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in _DONE:
            wanted, sums = pod_requests(pod["spec"]), used.setdefault(pod["spec"]["nodeName"], [0, 0, 0])
            for index, amount in enumerate((wanted.milli_cpu, wanted.memory, 1)):
                sums[index] += amount
    for node in objects(cluster, "nodes"):
        name, offered = node["metadata"]["name"], node["status"]["allocatable"]
        for index, resource in enumerate(("cpu", "memory", "pods")):
            limit, found = amount_of(resource, offered[resource]), used.get(name, [0, 0, 0])[index]
            assert found <= limit, f"{name}: {resource} requested {found}, allocatable {limit}"


def _claims_and_volumes_are_pairs(cluster: Cluster) -> None:
    volumes = {volume["metadata"]["name"]: volume for volume in objects(cluster, "persistentvolumes")}
    taken: dict[str, str] = {}
    for claim in objects(cluster, "persistentvolumeclaims"):
        metadata, volume = claim["metadata"], claim["spec"].get("volumeName", "")
        if (claim.get("status") or {}).get("phase") != "Bound":
            continue
        assert volume not in taken, f"{volume} is bound to {taken[volume]} and {metadata['name']}"
        taken[volume] = metadata["name"]
        reference = (volumes.get(volume, {}).get("spec") or {}).get("claimRef") or {}
        assert reference.get("uid") == metadata["uid"], (
            f"claim {metadata['name']} says {volume}, which says {reference}"
        )


# Once everything has settled


def check_settled(cluster: Cluster) -> None:
    _slices_hold_the_ready_pods(cluster)
    _nobody_is_an_orphan(cluster)
    _sets_have_what_they_want(cluster)


def _slices_hold_the_ready_pods(cluster: Cluster) -> None:
    for service in objects(cluster, "services"):
        metadata, wanted = service["metadata"], service["spec"].get("selector")
        if not wanted or metadata.get("deletionTimestamp"):
            continue
        selector = from_labels(wanted)
        ready = {
            pod["metadata"]["uid"]
            for pod in objects(cluster, "pods")
            if pod["metadata"]["namespace"] == metadata["namespace"]
            and selector.matches(pod["metadata"].get("labels") or {})
            and _is_ready(pod)
            and not pod["metadata"].get("deletionTimestamp")
        }
        told = {
            endpoint["targetRef"]["uid"]
            for piece in objects(cluster, "endpointslices.discovery.k8s.io")
            if piece["metadata"]["namespace"] == metadata["namespace"]
            and (piece["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == metadata["name"]
            for endpoint in piece.get("endpoints") or ()
            if endpoint["conditions"]["ready"]
        }
        assert told == ready, f"service {metadata['name']}: slices hold {sorted(told)}, ready are {sorted(ready)}"


def _is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _nobody_is_an_orphan(cluster: Cluster) -> None:
    store = cluster.registry.store
    alive = {obj["metadata"]["uid"] for resource in store.resources() for obj in objects(cluster, resource)}
    for resource in store.resources():
        for obj in objects(cluster, resource):
            owners = [owner["uid"] for owner in obj["metadata"].get("ownerReferences") or ()]
            lost = owners and not any(uid in alive for uid in owners)
            assert not lost, f"{resource} {obj['metadata']['name']} outlived all its owners"


def _sets_have_what_they_want(cluster: Cluster) -> None:
    for owner in objects(cluster, "replicasets.apps"):
        if owner["metadata"].get("deletionTimestamp"):
            continue
        uid, wanted = owner["metadata"]["uid"], owner["spec"].get("replicas", 1)
        pods = [
            pod
            for pod in objects(cluster, "pods")
            if any(one["uid"] == uid and one.get("controller") for one in pod["metadata"].get("ownerReferences") or ())
            and pod.get("status", {}).get("phase") not in _DONE
            and not pod["metadata"].get("deletionTimestamp")
        ]
        refused = any(one["type"] == "ReplicaFailure" for one in (owner.get("status") or {}).get("conditions") or ())
        name = owner["metadata"]["name"]
        assert len(pods) == wanted or (refused and len(pods) < wanted), f"{name}: {len(pods)} pods, wanted {wanted}"
