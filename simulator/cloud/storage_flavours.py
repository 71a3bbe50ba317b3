"""What each flavour of cluster brings along for storage: its driver, its StorageClasses, how many disks a machine takes.

Names, classes, binding modes and reclaim policies are those of kind's local-path-provisioner, Docker Desktop's storage provisioner, the
EBS CSI driver, GKE's Persistent Disk driver and LKE's Block Storage driver.
"""

from dataclasses import dataclass

from simulator.cloud.flavours import Flavour
from simulator.engine.plain import Obj

IMMEDIATE, WAIT = "Immediate", "WaitForFirstConsumer"
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class ClassOfStorage:
    name: str
    reclaim: str = "Delete"
    binding: str = WAIT
    expands: bool = True
    is_default: bool = False
    type: str = ""
    """`parameters.type`."""


@dataclass(frozen=True, slots=True)
class StorageFlavour:
    driver: str
    """The provisioner of the classes."""
    classes: tuple[ClassOfStorage, ...]
    pod: str
    """The pod that the driver's controller part runs in: events name it."""
    topology_key: str = ""
    """The node label that says from where a disk can be reached; "" when the driver knows no cloud."""
    disks_per_node: int = 0
    smallest: int = 1
    """A smaller disk than this the cloud does not make: what is asked for is rounded up."""
    keeps_node: bool = False
    """The files lie on the node that was chosen for the claim."""

    @property
    def is_csi(self) -> bool:
        return bool(self.topology_key)


_KIND = StorageFlavour(
    "rancher.io/local-path",
    (ClassOfStorage("standard", expands=False, is_default=True),),
    "local-path-provisioner-7dc846544d-jx2zq",
    keeps_node=True,
)
_DESKTOP = StorageFlavour(
    "docker.io/hostpath",
    (ClassOfStorage("hostpath", binding=IMMEDIATE, expands=False, is_default=True),),
    "storage-provisioner",
)
_CLOUDS = {
    "aws": StorageFlavour(
        "ebs.csi.aws.com",
        (ClassOfStorage("gp3", is_default=True, type="gp3"),),
        "ebs-csi-controller-6f89b5d9b7-9wm5t",
        topology_key="topology.kubernetes.io/zone",
        disks_per_node=25,
        smallest=_GIB,
    ),
    "google": StorageFlavour(
        "pd.csi.storage.gke.io",
        (
            ClassOfStorage("premium-rwo", type="pd-ssd"),
            ClassOfStorage("standard-rwo", is_default=True, type="pd-balanced"),
        ),
        "csi-gce-pd-controller-5c69cd58d8-zlcmj",
        topology_key="topology.gke.io/zone",
        disks_per_node=15,
        smallest=_GIB,
    ),
    "linode": StorageFlavour(
        "linodebs.csi.linode.com",
        (
            ClassOfStorage("linode-block-storage", binding=IMMEDIATE),
            ClassOfStorage("linode-block-storage-retain", reclaim="Retain", binding=IMMEDIATE, is_default=True),
        ),
        "csi-linode-controller-0",
        topology_key="topology.linode.com/region",
        disks_per_node=7,
        smallest=10 * _GIB,
    ),
}


def storage_of(flavour: Flavour) -> StorageFlavour:
    if flavour.is_cloud:
        return _CLOUDS[flavour.provider]
    return _DESKTOP if flavour.name == "desktop" else _KIND


def storage_classes(storage: StorageFlavour) -> list[Obj]:
    return [_storage_class(storage.driver, one) for one in storage.classes]


def csi_driver(storage: StorageFlavour) -> Obj:
    """The CSIDriver object that installing the driver creates."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": storage.driver},
        "spec": {
            "attachRequired": True,
            "podInfoOnMount": storage.driver == "linodebs.csi.linode.com",
            "fsGroupPolicy": "ReadWriteOnceWithFSType",
            "requiresRepublish": False,
            "seLinuxMount": False,
            "storageCapacity": False,
            "volumeLifecycleModes": ["Persistent"],
        },
    }


def _storage_class(driver: str, one: ClassOfStorage) -> Obj:
    metadata: Obj = {"name": one.name}
    if one.is_default:
        metadata["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    made: Obj = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": metadata,
        "provisioner": driver,
        "reclaimPolicy": one.reclaim,
        "volumeBindingMode": one.binding,
    }
    if one.type:
        made["parameters"] = {"type": one.type}
    if one.expands:
        made["allowVolumeExpansion"] = True
    return made
