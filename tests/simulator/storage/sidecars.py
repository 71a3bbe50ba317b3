"""A control plane with a CSI driver's sidecars, whose cloud does what a test says: for tables of what is there and what becomes of it."""

from collections.abc import Callable
from typing import Any

from simulator.addons.snapshots.definitions import definition
from simulator.client import Client, Process
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.controllers.custom_resource_definition import CustomResourceDefinitionController
from simulator.csi.backend import Order, Refused
from tests.simulator.controllers.conftest import World

Obj = dict[str, Any]
DRIVER = "d.example"
FLAVOUR = StorageFlavour(DRIVER, (), "driver-0", topology_key="topology.d.example/zone", disks_per_node=3)


class Cloud:
    """The driver's backend and its data path; `refuse` names deeds and what they answer, once for each text."""

    takes_us = (0, 0)

    def __init__(self) -> None:
        self.refuse: dict[str, list[str]] = {}
        self.calls: list[str] = []

    def _answer(self, deed: str, about: str) -> None:
        self.calls.append(f"{deed} {about}")
        if self.refuse.get(deed):
            raise Refused(self.refuse[deed].pop(0))

    def create(self, order: Order) -> Obj:
        self._answer("create", order.name)
        claim = order.claim["spec"]
        source = {"driver": DRIVER, "volumeHandle": f"handle of {order.name}"}
        return {"capacity": claim["resources"]["requests"], "accessModes": claim["accessModes"], "csi": source}

    def delete(self, volume: Obj) -> None:
        self._answer("delete", volume["metadata"]["name"])

    def attach(self, volume: Obj, node: Obj) -> None:
        self._answer("attach", f"{volume['metadata']['name']} {node['metadata']['name']}")

    def detach(self, volume: Obj, node: str) -> None:
        self._answer("detach", f"{volume['metadata']['name']} {node}")

    def grow(self, volume: Obj, size: int) -> None:
        self._answer("grow", f"{volume['metadata']['name']} {size}")

    def erase(self, volume: Obj) -> None:
        """Files are not looked at here."""

    def copy(self, source: Obj, target: Obj) -> None:
        self.calls.append(f"copy {source['metadata']['name']}")

    def keep(self, source: Obj, name: str) -> None:
        self._answer("keep", source["metadata"]["name"])

    def restore(self, name: str, target: Obj) -> None:
        self.calls.append(f"restore {name}")

    def forget(self, name: str) -> None:
        self._answer("forget", name)


class DriverWorld(World):
    """`build` makes one sidecar: it gets the process, its client and the cloud."""

    def __init__(
        self, name: str, build: Callable[[Process, Client, Cloud], Any], *, with_snapshots: bool = False
    ) -> None:
        super().__init__(*([CustomResourceDefinitionController] if with_snapshots else []))
        if with_snapshots:
            for plural in ("volumesnapshots", "volumesnapshotcontents", "volumesnapshotclasses"):
                self.client.create("customresourcedefinitions.apiextensions.k8s.io", definition(plural))
            self.run(6)
        self.cloud = Cloud()
        self.process = Process("csi-driver", self.engine, self.registry)
        self.sidecar = build(self.process, Client(self.registry, name), self.cloud)
        self.process.wire()

    def act(self, seconds: float = 0.5) -> None:
        """Starts the sidecar, which finds what was put in place."""
        self.process.start()
        self.run(seconds)

    def node(
        self, name: str = "node1", *, drivers: tuple[str, ...] = (DRIVER,), zone: str = "z1", csi: bool = True
    ) -> None:
        labels = {"kubernetes.io/hostname": name, "topology.d.example/zone": zone}
        self.put(
            "nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": {}}
        )
        if csi:
            known = [{"name": one, "nodeID": name, "topologyKeys": []} for one in drivers]
            made = {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": name}}
            self.put("csinodes.storage.k8s.io", {**made, "spec": {"drivers": known}})

    def volume(
        self,
        name: str = "pv1",
        *,
        ending: bool = False,
        finalizers: tuple[str, ...] = (),
        status: Obj | None = None,
        **spec: Any,
    ) -> Obj:
        source = {"csi": {"driver": DRIVER, "volumeHandle": f"handle of {name}"}}
        if "nfs" in spec:
            source = {}
        given = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], **source, **spec}
        metadata: Obj = {"name": name, "annotations": given.pop("annotations", {}), "finalizers": list(finalizers)}
        made = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": metadata,
            "spec": given,
            "status": status or {},
        }
        return self.put("persistentvolumes", made, ending=ending)

    def claim(
        self,
        name: str = "claim",
        *,
        status: Obj | None = None,
        annotations: Obj | None = None,
        size: str = "1Gi",
        **spec: Any,
    ) -> Obj:
        metadata = {"name": name, "annotations": annotations or {}}
        given = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
        made = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": given}
        return self.put("persistentvolumeclaims", {**made, "status": status or {}})

    def storage_class(self, name: str = "fast", **fields: Any) -> Obj:
        made = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": DRIVER,
        }
        return self.put("storageclasses.storage.k8s.io", {**made, **fields})
