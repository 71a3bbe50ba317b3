"""Every add-on with the image that brings it to life."""

from simulator.addons import rules_definition
from simulator.addons.gateway_api import controller as gateways
from simulator.addons.gateway_api.controller import DataPlanes, GatewayController
from simulator.addons.processes import AddOnProcess, Supervisor, SupervisorProcess
from simulator.addons.rules import RuleController
from simulator.addons.snapshots import definitions as snapshot_definitions
from simulator.addons.snapshots.controller import SnapshotController
from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.engine import Engine


def assemble(engine: Engine, registry: Registry, data_planes: DataPlanes) -> list[Process]:
    """The processes of all add-ons, none of which runs yet, and the one that starts them, which does from the beginning."""
    fabric = AddOnProcess("nginx-gateway-fabric", engine, registry)
    GatewayController(fabric, Client(registry, GatewayController.name), data_planes)
    rules = AddOnProcess("rule-controller-process", engine, registry)
    RuleController(rules, Client(registry, RuleController.name))
    snapshots = AddOnProcess("snapshot-controller-process", engine, registry)
    SnapshotController(snapshots, Client(registry, SnapshotController.name))
    known: dict[str, Process] = {
        gateways.IMAGE: fabric,
        rules_definition.IMAGE: rules,
        snapshot_definitions.IMAGE: snapshots,
    }
    supervisor = SupervisorProcess(engine, registry, known)
    Supervisor(supervisor, Client(registry, Supervisor.name), known)
    return [*known.values(), supervisor]
