"""Node Leases of healthy kubelets, computed when read.

A kubelet renews its Lease in `kube-node-lease` every 10 s (https://kubernetes.io/docs/concepts/architecture/nodes/#heartbeats).
A thousand idle nodes would be a hundred writes a second that tell nobody anything, so a healthy node's renewals
are not written: `renewTime` follows from when the kubelet started. When it stops, its last renewal is written once,
and that change is what wakes whoever watches Leases.
"""

from simulator.engine import Plain
from simulator.engine.plain import Obj

RENEW_US = 10_000_000
LEASE_S = 40
#: kube-scheduler and kube-controller-manager: `--leader-elect-retry-period` and `--leader-elect-lease-duration`.
ELECTION_RENEW_US = 2_000_000
ELECTION_LEASE_S = 15


class Heartbeats:
    def __init__(self, renew_us: int = RENEW_US) -> None:
        self._renew_us = renew_us
        self._since: dict[str, int] = {}
        """Node → when its kubelet started to renew; absent when it does not."""

    def start(self, node: str, now: int) -> None:
        self._since[node] = now

    def stop(self, node: str, now: int) -> int | None:
        """The last renewal before `now`, or None when the node was not renewing."""
        since = self._since.pop(node, None)
        return None if since is None else since + (now - since) // self._renew_us * self._renew_us

    def last(self, node: str, now: int) -> int | None:
        """The latest renewal of a node that renews now; None for any other."""
        since = self._since.get(node)
        return None if since is None else since + (now - since) // self._renew_us * self._renew_us

    def dump(self) -> Plain:
        return [[node, since] for node, since in self._since.items()]

    def load(self, state: Plain) -> None:
        self._since = dict(state)


def election_lease(component: str, holder: str, *, acquired: str, renewed: str, transitions: int) -> Obj:
    """The Lease by which the instances of a component agree on a leader (client-go's `leaderelection/resourcelock`)."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": component, "namespace": "kube-system"},
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": ELECTION_LEASE_S,
            "acquireTime": acquired,
            "renewTime": renewed,
            "leaseTransitions": transitions,
        },
    }


def lease(node: str, node_uid: str, renew: str) -> Obj:
    """The Lease object of a node, as its kubelet writes it; `renew` is a MicroTime."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": node,
            "namespace": "kube-node-lease",
            "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": node, "uid": node_uid}],
        },
        "spec": {"holderIdentity": node, "leaseDurationSeconds": LEASE_S, "renewTime": renew},
    }
