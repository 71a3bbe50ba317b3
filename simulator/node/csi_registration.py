"""The CSI driver's part on each machine: it registers with the kubelet and labels the node.

Follows node-driver-registrar and `pkg/volume/csi/nodeinfomanager/nodeinfomanager.go` of v1.33.
"""

import json

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.engine.plain import Obj
from simulator.node.fleet import Fleet
from simulator.node.records import NodeRecord

_CSI_NODES = "csinodes.storage.k8s.io"
_NODE_ID = "csi.volume.kubernetes.io/nodeid"


class CsiRegistration:
    def __init__(self, fleet: Fleet, storage: StorageFlavour) -> None:
        self._fleet = fleet
        self._storage = storage

    def register(self, node: NodeRecord) -> None:
        """The node-driver-registrar tells the kubelet of the driver: a CSINode says how many disks fit. Raises as a client does."""
        if not self._storage.is_csi:
            return
        client = self._fleet.client(node.name)
        driver = {
            "name": self._storage.driver,
            "nodeID": node.name,
            "topologyKeys": [self._storage.topology_key],
            "allocatable": {"count": self._storage.disks_per_node},
        }
        try:
            known = client.get(_CSI_NODES, "", node.name)
        except StatusError as error:
            if error.code != 404:
                raise
            owner = {"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid}
            made = {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "spec": {"drivers": [driver]}}
            client.create(_CSI_NODES, {**made, "metadata": {"name": node.name, "ownerReferences": [owner]}})
            return
        others = [one for one in known["spec"].get("drivers") or () if one["name"] != driver["name"]]
        if driver not in (known["spec"].get("drivers") or ()):
            client.update(_CSI_NODES, {**known, "spec": {"drivers": [*others, driver]}})

    def label_topology(self, node: Obj) -> None:
        """The driver's own label follows from where the machine stands, and the node says as whom the driver knows it."""
        labels, key = node["metadata"].get("labels") or {}, self._storage.topology_key
        place = "topology.kubernetes.io/region" if key.endswith("/region") else "topology.kubernetes.io/zone"
        record = self._fleet.nodes.get(node["metadata"]["name"])
        if record is None or not record.kubelet or place not in labels:
            return
        changes: Obj = {} if key in labels else {"labels": {key: labels[place]}}
        marks = node["metadata"].get("annotations") or {}
        if self._storage.driver not in marks.get(_NODE_ID, ""):
            changes["annotations"] = {_NODE_ID: json.dumps({self._storage.driver: record.name}, separators=(",", ":"))}
        if not changes:
            return
        try:
            self._fleet.client(record.name).patch("nodes", "", record.name, {"metadata": changes})
        except (StatusError, ApiUnavailable):
            return
