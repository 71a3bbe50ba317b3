"""The CSI driver's part on each machine: it registers with the kubelet and labels the node.

Follows node-driver-registrar and `pkg/volume/csi/nodeinfomanager/nodeinfomanager.go` of v1.33.
"""

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine.plain import Obj
from simulator.node.fleet import Fleet
from simulator.node.records import NodeRecord


class CsiRegistration:
    def __init__(self, fleet: Fleet, storage: StorageFlavour) -> None:
        self._fleet = fleet
        self._storage = storage

    def register(self, node: NodeRecord) -> None:
        """The node-driver-registrar tells the kubelet of the driver: a CSINode says how many disks fit. Raises as a client does."""
        if not self._storage.is_csi:
            return
        client = self._fleet.client(node.name)
        try:
            client.get("csinodes.storage.k8s.io", "", node.name)
        except StatusError as error:
            if error.code != 404:
                raise
            driver = {
                "name": self._storage.driver,
                "nodeID": node.name,
                "topologyKeys": [self._storage.topology_key],
                "allocatable": {"count": self._storage.disks_per_node},
            }
            owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid}
            client.create(
                "csinodes.storage.k8s.io",
                {
                    "apiVersion": "storage.k8s.io/v1",
                    "kind": "CSINode",
                    "metadata": {"name": node.name, "ownerReferences": [owner]},
                    "spec": {"drivers": [driver]},
                },
            )

    def label_topology(self, node: Obj) -> None:
        """The driver's own label follows from where the machine stands."""
        labels, key = node["metadata"].get("labels") or {}, self._storage.topology_key
        place = "topology.kubernetes.io/region" if key.endswith("/region") else "topology.kubernetes.io/zone"
        record = self._fleet.nodes.get(node["metadata"]["name"])
        if key in labels or place not in labels or record is None or not record.kubelet:
            return
        try:
            self._fleet.client(record.name).patch(
                "nodes", "", record.name, {"metadata": {"labels": {key: labels[place]}}}
            )
        except (StatusError, ApiUnavailable):
            return
