"""Puts the driver of a cluster's flavour together: its backend and those sidecars that it needs.

A driver for directories on nodes needs the provisioner only; one for a cloud's disks attaches and resizes too.
"""

from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.cloud.cloud import Cloud
from simulator.cloud.disks import Disks
from simulator.cloud.storage_flavours import StorageFlavour
from simulator.csi.attacher import ExternalAttacher
from simulator.csi.backend import Backend, CloudDisks, Files, NodeDirectories
from simulator.csi.provisioner import ExternalProvisioner
from simulator.csi.resizer import ExternalResizer
from simulator.csi.snapshotter import ExternalSnapshotter

PROCESS = "csi-driver"


def install(registry: Registry, storage: StorageFlavour, cloud: Cloud | None, files: Files) -> Process:
    """The process in which the driver's controller part runs; it is not started yet."""
    process = Process(PROCESS, registry.engine, registry)
    backend: Backend = NodeDirectories(storage)
    if cloud is not None:
        backend = CloudDisks(storage, Disks(cloud.disks, cloud.provider.name, cloud.project))
    ExternalProvisioner(process, Client(registry, ExternalProvisioner.name), storage, backend, files)
    if storage.is_csi:
        ExternalAttacher(process, Client(registry, ExternalAttacher.name), storage.driver, backend)
        ExternalResizer(process, Client(registry, ExternalResizer.name), storage.driver, backend)
        ExternalSnapshotter(process, Client(registry, ExternalSnapshotter.name), storage.driver, files)
    return process
