"""Every add-on with the image that brings it to life."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from simulator.addons import ingress_nginx, mesh, rules_definition
from simulator.addons.gateway_api import controller as gateways
from simulator.addons.gateway_api.controller import GatewayController
from simulator.addons.ingress_nginx import IngressController
from simulator.addons.knative import kinds as knative
from simulator.addons.knative.controller import Activator, KnativeController
from simulator.addons.kubevirt import kinds as kubevirt
from simulator.addons.kubevirt.controller import VirtController
from simulator.addons.kubevirt.operator import VirtOperator
from simulator.addons.processes import AddOnProcess, Supervisor, SupervisorProcess
from simulator.addons.rules import RuleController
from simulator.addons.snapshots import definitions as snapshot_definitions
from simulator.addons.snapshots.controller import SnapshotController
from simulator.addons.vertical_pod_autoscaler.recommender import Recommender
from simulator.addons.vertical_pod_autoscaler.updater import Admission, Updater
from simulator.apiserver.disruption import evict
from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.engine import Engine


class Proxies(Activator, Protocol):
    """`network.front_doors.FrontDoors`."""

    wakers: list[Callable[[str], None]]


def assemble(engine: Engine, registry: Registry, proxies: Proxies) -> list[Process]:
    """The processes of all add-ons, none of which runs yet, and the one that starts them, which does from the beginning."""
    fabric = AddOnProcess("nginx-gateway-fabric", engine, registry)
    GatewayController(fabric, Client(registry, GatewayController.name), proxies)
    rules = AddOnProcess("rule-controller-process", engine, registry)
    RuleController(rules, Client(registry, RuleController.name))
    snapshots = AddOnProcess("snapshot-controller-process", engine, registry)
    SnapshotController(snapshots, Client(registry, SnapshotController.name))
    ingress = AddOnProcess("ingress-nginx", engine, registry)
    IngressController(ingress, Client(registry, IngressController.name), proxies)
    serving = AddOnProcess("knative-serving", engine, registry)
    functions = KnativeController(serving, Client(registry, KnativeController.name), proxies)
    proxies.wakers.append(functions.asked)
    operator, machines = (
        AddOnProcess("virt-operator-process", engine, registry),
        AddOnProcess("virt-controller", engine, registry),
    )
    VirtOperator(operator, Client(registry, VirtOperator.name))
    VirtController(machines, Client(registry, VirtController.name))
    vouching = AddOnProcess("mesh-injector", engine, registry)
    mesh.MeshController(vouching, Client(registry, mesh.MeshController.name))
    recommender, updater, vpa_admission = (
        AddOnProcess(f"{name}-process", engine, registry)
        for name in ("vpa-recommender", "vpa-updater", "vpa-admission")
    )
    Recommender(recommender, Client(registry, Recommender.name))
    Updater(updater, Client(registry, Updater.name), partial(_evict, registry))
    patching = Admission(vpa_admission, Client(registry, Admission.name))
    registry.admission.patchers.append(patching.patched)
    known: dict[str, Process] = {
        f"{_VPA}-recommender": recommender,
        f"{_VPA}-updater": updater,
        f"{_VPA}-admission-controller": vpa_admission,
        gateways.IMAGE: fabric,
        rules_definition.IMAGE: rules,
        ingress_nginx.IMAGE: ingress,
        knative.IMAGE: serving,
        kubevirt.OPERATOR_IMAGE: operator,
        kubevirt.CONTROLLER_IMAGE: machines,
        mesh.IMAGE: vouching,
        snapshot_definitions.IMAGE: snapshots,
    }
    supervisor = SupervisorProcess(engine, registry, known)
    Supervisor(supervisor, Client(registry, Supervisor.name), known)
    return [*known.values(), supervisor]


_VPA = "registry.k8s.io/autoscaling/vpa"


def _evict(registry: Registry, who: str, namespace: str, name: str, grace_s: int) -> None:
    evict(registry, who, namespace, name, {"gracePeriodSeconds": grace_s}, dry_run=False)
