"""What a learner may break: processes, machines, parts of the control plane. Every fault is a root of the trail."""

from simulator.cloud.cloud import Cloud
from simulator.cloud.errors import CloudRefused
from simulator.cloud.ledger import Ledger
from simulator.controlplane import ControlPlane
from simulator.engine import Engine
from simulator.machinery import quantities
from simulator.network.faults import NetworkFaults
from simulator.node.kubelets import Kubelets
from simulator.node.loads import Load

#: More than any cluster here could take.
_MOST_LOAD = 1 << 50
_LOADED = ("pod", "deployment", "replicaset", "statefulset", "daemonset", "job", "service")

#: Machines of one node group.
_MAX_MACHINES = 1_000


class FaultError(ValueError):
    """Names what was asked for, what was found and what was wanted."""

    def __init__(self, thing: str, found: str, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing = thing
        self.found = found
        self.wanted = wanted


class Faults:
    def __init__(
        self,
        engine: Engine,
        plane: ControlPlane,
        kubelets: Kubelets,
        network: NetworkFaults,
        cloud: Cloud | None = None,
    ) -> None:
        self._engine = engine
        self._network = network
        self._plane = plane
        self._kubelets = kubelets
        self._cloud = cloud
        self._deeds = {
            "kill-process": self._kill,
            "node-power-off": self._power_off,
            "node-power-on": self._power_on,
            "node-shutdown": self._shut_down,
            "node-reboot": self._reboot,
            "component-stop": self._stop,
            "component-start": self._start,
            "control-plane-partition": self._partition,
            "control-plane-heal": self._heal,
            "load": self._load,
            "metric": self._metric,
            "cloud-outage": self._outage,
            "cloud-recovery": self._recovery,
            "cloud-quota": self._quota,
            "cloud-group-max": self._group_max,
            "cloud-machine-lost": self._machine_lost,
        }

    def inject(self, fault: str, target: str) -> tuple[int, str]:
        """Does it; returns its ev and a sentence. Raises FaultError, and Unfit from the network."""
        if self._network.owns(fault, target):
            deed = self._network.deed(fault, target)
            root = self._root(fault, target, deed.said)
            self._network.inject(deed)
            return root
        act = self._deeds.get(fault)
        if act is None:
            raise FaultError("fault", repr(fault), f"one of {', '.join((*self._deeds, *self._network.names))}")
        return act(target)

    def _root(self, fault: str, target: str, said: str) -> tuple[int, str]:
        ev = self._engine.record("fault", "you", verb=fault, name=target, because=0, note=said)
        self._engine.cause = ev
        return ev, said

    def _kill(self, target: str) -> tuple[int, str]:
        parts = target.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise FaultError("target", repr(target), "namespace/pod or namespace/pod/container")
        namespace, pod, container = (*parts, "")[:3]
        container = container or self._kubelets.first_container(namespace, pod)
        if not self._kubelets.is_running(namespace, pod, container):
            raise FaultError(
                "target", f"no running container {container!r} in pod {namespace}/{pod}", "a running container"
            )
        root = self._root("kill-process", target, f"The process of container {container} in pod {pod} was killed")
        self._kubelets.kill_process(namespace, pod, container)
        return root

    def _node(self, target: str, powered: bool) -> str:
        if target not in self._kubelets.nodes():
            raise FaultError("target", repr(target), f"one of the nodes {', '.join(self._kubelets.nodes()[:8])}")
        if self._kubelets.is_powered(target) is not powered:
            raise FaultError(
                "target", f"{target}, which is {'off' if powered else 'on'} already", "a node in the other state"
            )
        return target

    def _power_off(self, target: str) -> tuple[int, str]:
        node = self._node(target, powered=True)
        root = self._root("node-power-off", node, f"The power of {node} was cut")
        self._kubelets.power_off(node)
        self.power(node, on=False)
        return root

    def _power_on(self, target: str) -> tuple[int, str]:
        node = self._node(target, powered=False)
        if self._cloud is not None and not self._cloud.knows(node):
            raise FaultError("target", f"{node}, which the cloud has deleted", "a machine that exists")
        root = self._root("node-power-on", node, f"The power of {node} came back")
        self._plane.power(node, on=True)
        self._kubelets.power_on(node)
        self._cloud_power(node, on=True)
        return root

    def _shut_down(self, target: str) -> tuple[int, str]:
        node = self._node(target, powered=True)
        root = self._root("node-shutdown", node, f"{node} was told to shut down")
        self._kubelets.shut_down(node)
        return root

    def _reboot(self, target: str) -> tuple[int, str]:
        node = self._node(target, powered=True)
        root = self._root("node-reboot", node, f"{node} was told to reboot")
        self._kubelets.shut_down(node, reboots=True)
        return root

    def power(self, node: str, on: bool) -> None:
        """What hangs on a machine beside its kubelet goes off or comes back with it."""
        self._plane.power(node, on=on)
        self._cloud_power(node, on=on)

    def _cloud_power(self, node: str, on: bool) -> None:
        if self._cloud is not None:
            self._cloud.power(node, on=on)

    def _component(self, target: str, up: bool) -> tuple[str, list[str]]:
        component, _, machine = target.partition("@")
        if component not in self._plane.components:
            raise FaultError("target", repr(component), f"one of {', '.join(self._plane.components)}")
        machines = self._plane.machines
        if machine and machine not in machines:
            raise FaultError("target", repr(machine), f"one of the control-plane nodes {', '.join(machines)}")
        chosen = [machine] if machine else machines
        if all(self._plane.is_up(component, m) is not up for m in chosen):
            raise FaultError(
                "target",
                f"{target}, which is {'stopped' if up else 'running'} already",
                "a component in the other state",
            )
        return component, chosen

    def _partition(self, target: str) -> tuple[int, str]:
        machines = [name.strip() for name in target.split(",")]
        known = self._plane.machines
        if not set(machines) <= set(known) or len(set(machines)) == len(known):
            raise FaultError(
                "target", repr(target), f"some, and not all, of the control-plane nodes {', '.join(known)}"
            )
        said = f"{', '.join(machines)} can no longer be reached by the other control-plane nodes"
        root = self._root("control-plane-partition", target, said)
        self._plane.partition(machines)
        return root

    def _heal(self, target: str) -> tuple[int, str]:
        root = self._root("control-plane-heal", target, "The control-plane nodes reach each other again")
        self._plane.heal()
        return root

    def _stop(self, target: str) -> tuple[int, str]:
        component, machines = self._component(target, up=True)
        root = self._root("component-stop", target, f"{target} was stopped")
        for machine in machines:
            self._plane.stop(component, machine)
        return root

    def _start(self, target: str) -> tuple[int, str]:
        component, machines = self._component(target, up=False)
        root = self._root("component-start", target, f"{target} was started")
        for machine in machines:
            self._plane.restart(component, machine)
        return root

    # Load

    def _load(self, target: str) -> tuple[int, str]:
        """`shop/deployment/web requests=200 cpu=800m memory=64Mi`: what the workload is asked for from now on; `cpu=0` for nothing."""
        place, _, amounts = target.strip().partition(" ")
        parts = place.split("/")
        if len(parts) != 3 or not all(parts) or not amounts.strip():
            raise FaultError("target", repr(target), "namespace/kind/name and requests=, cpu= or memory=")
        namespace, kind, name = parts[0], parts[1].lower().removesuffix("s"), parts[2]
        if kind not in _LOADED:
            raise FaultError("target", repr(parts[1]), f"one of {', '.join(_LOADED)}")
        load = _load_of(amounts.split())
        root = self._root("load", target, f"{kind} {name} is asked for {amounts.strip()}")
        self._kubelets.loads.set(namespace, kind, name, load)
        return root

    def _metric(self, target: str) -> tuple[int, str]:
        """`shop/queue_length=30`, `shop/deployment/web/packets_per_second=2k` or `shop/service/web/requests_per_second=10`."""
        place, _, amount = target.strip().partition("=")
        parts = place.split("/")
        if len(parts) not in (2, 4) or not all(parts):
            raise FaultError("target", repr(target), "namespace/metric=value or namespace/kind/name/metric=value")
        try:
            value = quantities.milli(amount)
        except quantities.QuantityError as error:
            raise FaultError("target", repr(amount), "a quantity such as 30 or 2k") from error
        parts = [parts[0], parts[1].lower().removesuffix("s"), *parts[2:]] if len(parts) == 4 else parts
        root = self._root("metric", target, f"{place} is {amount} now")
        self._kubelets.custom_metrics.set("/".join(parts), value)
        return root

    # The cloud

    def _in_cloud(self) -> Cloud:
        if self._cloud is None:
            raise FaultError("fault", "a cluster without a cloud", "one whose configuration says `flavour: cloud`")
        return self._cloud

    def _outage(self, target: str) -> tuple[int, str]:
        return self._switch(target, out=True)

    def _recovery(self, target: str) -> tuple[int, str]:
        return self._switch(target, out=False)

    def _switch(self, target: str, out: bool) -> tuple[int, str]:
        cloud = self._in_cloud()
        services: dict[str, Cloud | Ledger] = {
            "machines": cloud,
            "disks": cloud.disks,
            "load-balancers": cloud.load_balancers,
        }
        service = services.get(target)
        if service is None:
            raise FaultError("target", repr(target), f"one of {', '.join(services)}")
        if service.is_out is out:
            raise FaultError(
                "target", f"{target}, which is {'out of order' if out else 'working'} already", "the other state"
            )
        verb = "cloud-outage" if out else "cloud-recovery"
        root = self._root(verb, target, f"The cloud's service for {target} {'fails' if out else 'works again'}")
        service.is_out = out
        return root

    def _quota(self, target: str) -> tuple[int, str]:
        """`cpus=8`: the account may use this much."""
        cloud = self._in_cloud()
        what, _, number = target.partition("=")
        if what not in ("cpus", "disks", "load-balancers") or not number.isdigit() or len(number) > 6:
            raise FaultError("target", repr(target), "cpus=NUMBER, disks=NUMBER or load-balancers=NUMBER")
        root = self._root("cloud-quota", target, f"The cloud account may have {number} {what.replace('-', ' ')}")
        if what == "cpus":
            cloud.quota_cpus = int(number)
        else:
            (cloud.disks if what == "disks" else cloud.load_balancers).quota = int(number)
        return root

    def _group_max(self, target: str) -> tuple[int, str]:
        """`workers=6`: the node group may have this many machines; one of a fixed size gets them."""
        cloud = self._in_cloud()
        group, _, number = target.partition("=")
        if group not in cloud.groups or not number.isdigit() or not 0 < int(number) <= _MAX_MACHINES:
            known = ", ".join(cloud.groups)
            raise FaultError("target", repr(target), f"GROUP=NUMBER with one of the node groups {known}")
        root = self._root("cloud-group-max", target, f"The node group {group} may have {number} machines")
        try:
            cloud.widen(group, int(number))
        except CloudRefused as refused:
            raise FaultError("target", repr(target), f"what the cloud can give: {refused.message}") from refused
        return root

    def _machine_lost(self, target: str) -> tuple[int, str]:
        cloud = self._in_cloud()
        if not cloud.knows(target):
            known = ", ".join(one["name"] for one in cloud.machines()[:8])
            raise FaultError("target", repr(target), f"one of the machines {known}")
        root = self._root("cloud-machine-lost", target, f"The machine {target} was lost")
        cloud.lose(target)
        return root


def _load_of(words: list[str]) -> Load:
    amounts: dict[str, int] = {}
    for word in words:
        what, _, text = word.partition("=")
        try:
            amounts[what] = quantities.milli(text) if what == "cpu" else quantities.value(text)
        except quantities.QuantityError as error:
            raise FaultError(
                "target", repr(word), "a quantity such as cpu=800m, requests=200 or memory=64Mi"
            ) from error
        if what not in Load._fields or not 0 <= amounts[what] <= _MOST_LOAD:
            raise FaultError("target", repr(word), f"{', '.join(Load._fields)}, from 0 on")
    return Load(**amounts)
