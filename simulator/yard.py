"""Where the machines stand: how one more joins a running cluster, by hand or from a cloud.

Promises: every machine gets the next number, and with it addresses nobody had before; what joins is checked like the cluster's own
configuration. The machine boots first, then its kubelet registers (https://kubernetes.io/docs/concepts/architecture/nodes/#management).
"""

from dataclasses import replace

from simulator.config import ClusterConfig
from simulator.config_checks import ConfigError
from simulator.config_machines import MAX_NODES, NodeConfig, group_node, read_node
from simulator.controlplane import ControlPlane
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.node.addresses import node_address
from simulator.node.kubelets import Kubelets


class Yard:
    name = "yard"

    def __init__(self, engine: Engine, kubelets: Kubelets, plane: ControlPlane, config: ClusterConfig) -> None:
        self._kubelets = kubelets
        self._plane = plane
        self._config = config
        self._next = len(config.nodes)
        engine.register(self)

    def next_index(self) -> int:
        self._next += 1
        return self._next - 1

    def address(self, index: int) -> str:
        return node_address(index)

    # By hand

    def described(self, given: object) -> NodeConfig:
        """The machine that a person describes, as the configuration's `nodes[]` do. Raises ConfigError."""
        config = self._config
        if config.flavour.is_cloud:
            raise ConfigError(
                "node", "a machine of one's own", "a larger node group: a managed cluster takes no other machines"
            )
        known = self._kubelets.nodes()
        if self._next >= MAX_NODES:
            raise ConfigError("node", f"{self._next} machines", f"at most {MAX_NODES}")
        number = 1 + sum(node.startswith(f"{config.name}-worker") for node in known)
        node = read_node(given, name=f"{config.name}-worker{number if number > 1 else ''}", flavour=config.flavour)
        if node.name in known:
            raise ConfigError("node.name", node.name, "a name that no machine has yet")
        if node.role == "control-plane":
            raise ConfigError(
                "node.role", node.role, "worker: control planes are joined by `kubeadm join --control-plane`"
            )
        return node

    def join(self, node: NodeConfig) -> None:
        """It is switched on, boots and joins."""
        self._kubelets.join(node, self.next_index(), boots=True)

    def bootstrap(self, name: str) -> None:
        """A machine of the configuration that was no node yet, or was reset, becomes one."""
        if name in self._kubelets.nodes():
            self._kubelets.bootstrap(name)
            return
        index = next(index for index, node in enumerate(self._config.nodes) if node.name == name)
        self._kubelets.join(self._config.nodes[index], index)

    # From the cloud

    def start(self, machine: Obj) -> None:
        config = self._config
        group = next(one for one in config.groups if one.name == machine["group"])
        node = group_node(
            group,
            cluster=config.name,
            flavour=config.flavour,
            index=machine["index"],
            zone=machine["zone"],
            name=machine["name"],
        )
        self._kubelets.join(replace(node, machine=machine["type"]), machine["index"])

    def cut(self, name: str) -> None:
        if name in self._kubelets.nodes() and self._kubelets.is_powered(name):
            self._kubelets.power_off(name)

    # State

    def dump(self) -> Plain:
        return self._next

    def load(self, state: Plain) -> None:
        self._next = state
