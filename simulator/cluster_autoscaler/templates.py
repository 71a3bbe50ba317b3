"""A node as the next machine of a group would register it: what the autoscaler measures pods against before it exists.

Follows `cluster-autoscaler/simulator/node_info_utils.go`: labels of the cloud included, taints of the start left out.
"""

from dataclasses import asdict

from simulator.cloud import flavours
from simulator.cloud.groups import NodeGroup
from simulator.cloud.node_controller import UNINITIALIZED
from simulator.config import ClusterConfig
from simulator.config_machines import group_node
from simulator.engine.plain import Obj
from simulator.machinery.quantities import from_bytes
from simulator.node.machine_facts import node_spec
from simulator.node.node_status import allocatable, node_object


def template_node(config: ClusterConfig, group: NodeGroup, index: int) -> Obj:
    provider = flavours.provider_named(config.flavour.provider)
    zone = provider.zones[0] if provider.zones else ""
    machine = group_node(group, cluster=config.name, flavour=config.flavour, index=index, zone=zone, name=group.name)
    spec = asdict(node_spec(machine, index, config.flavour, config.pod_subnet, alone=False))
    node = node_object(spec)
    cpu, memory, pods = allocatable(spec)
    labels = {
        "beta.kubernetes.io/instance-type": group.machine,
        "node.kubernetes.io/instance-type": group.machine,
        "topology.kubernetes.io/region": provider.region,
        **({"topology.kubernetes.io/zone": zone} if zone else {}),
        **node["metadata"]["labels"],
    }
    taints = [one for one in node["spec"].get("taints") or () if one["key"] != UNINITIALIZED["key"]]
    amounts = {"cpu": f"{cpu}m", "memory": from_bytes(memory), "pods": str(pods), "ephemeral-storage": "61255492Ki"}
    return {
        **node,
        "metadata": {**node["metadata"], "labels": labels},
        "spec": {**node["spec"], "taints": taints},
        "status": {"allocatable": amounts, "capacity": amounts},
    }
