"""The instances of the control plane: which copy of which component is up on which machine, and who leads.

One, three or five machines each run kube-apiserver, etcd, kube-scheduler and kube-controller-manager. API servers share
the work behind a load balancer, so one is enough. Of the scheduler and of the controller manager one instance leads: it holds
a Lease for 15 s and renews it every 2 s (`--leader-elect-lease-duration`, `--leader-elect-retry-period`); when it dies, another
one, or itself after a restart, takes over once the Lease has run out. Every leader says so in an Event, from the first one on.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

from simulator.apiserver.etcd import Etcd
from simulator.apiserver.registry import Registry
from simulator.client import Client, Process
from simulator.engine import Engine, Plain

LED = ("kube-scheduler", "kube-controller-manager")
COMPONENTS = ("kube-apiserver", "etcd", *LED)
#: Runs beside them where there is a cloud, and is elected like the others.
CLOUD_MANAGER = "cloud-controller-manager"
#: The box of the diagram that a component is drawn as.
_PARTS = {
    "kube-apiserver": "apiserver",
    "etcd": "etcd",
    "kube-scheduler": "scheduler",
    "kube-controller-manager": "controllers",
    CLOUD_MANAGER: "controllers",
}
#: Whom client-go's `leaderelection/resourcelock` names as the source of its events; the scheduler by its first profile.
_SOURCES = {"kube-scheduler": "default-scheduler"}
_LEASE_US = 15_000_000
_RETRY_US = 2_000_000


class ControlPlane:
    name = "control-plane"

    def __init__(
        self, engine: Engine, registry: Registry, etcd: Etcd, processes: dict[str, Process], machines: list[str]
    ) -> None:
        self.machines = machines
        self.observers: list[Callable[[], None]] = []
        """Called after every change that no write tells of: pictures, never components."""
        self._engine = engine
        self._registry = registry
        self._etcd = etcd
        self._processes = processes
        self._led = (*LED, CLOUD_MANAGER) if CLOUD_MANAGER in processes else LED
        self.components = (*COMPONENTS, CLOUD_MANAGER) if CLOUD_MANAGER in processes else COMPONENTS
        self._up: dict[str, dict[str, bool]] = {name: dict.fromkeys(machines, True) for name in self.components}
        """Component → machine → whether its process runs (the machine may still be off)."""
        self._powered: dict[str, bool] = dict.fromkeys(machines, True)
        self._leader: dict[str, str] = dict.fromkeys(self._led, machines[0] if machines else "")
        self._free_at: dict[str, int] = dict.fromkeys(self._led, 0)
        """When the Lease of a component without a leader runs out."""
        engine.register(self)

    def start(self) -> None:
        """At assembly, when everything is up."""
        for name in self._led:
            self._processes[name].start()
            if self.machines:
                self._registry.leases.lead(name, self._identity(name, self.machines[0]))
                self._announce(name, self.machines[0])

    # Questions

    def is_up(self, component: str, machine: str) -> bool:
        return self._up[component][machine] and self._powered[machine]

    def leader(self, component: str) -> str:
        return self._etcd.leader if component == "etcd" else self._leader.get(component, "")

    def statuses(self) -> list[dict[str, Any]]:
        """ComponentStatuses: what an API server finds when it knocks at its neighbours (`registry/core/componentstatus`)."""
        return [
            _status("controller-manager", self._runs("kube-controller-manager"), 10257),
            _status("etcd-0", self._etcd.is_writable, 2379),
            _status("scheduler", self._runs("kube-scheduler"), 10259),
        ]

    def _runs(self, component: str) -> bool:
        return any(self.is_up(component, machine) for machine in self.machines)

    def rows(self) -> list[dict[str, Any]]:
        """Rows of kind Component for the diagram: the parts, then each controller."""
        rows = []
        for name in self.components:
            members = [[machine, self.is_up(name, machine), self.leader(name) == machine] for machine in self.machines]
            up = self._is_working(name)
            rows.append(_row(name, _PARTS[name], up, members))
        for name in ("kube-controller-manager", CLOUD_MANAGER):
            if (manager := self._processes.get(name)) is not None:
                rows.extend(_row(part.name, "controller", manager.running, []) for part in manager.parts)
        return rows

    def _is_working(self, name: str) -> bool:
        if name == "kube-apiserver":
            return self._registry.availability.serving
        if name == "etcd":
            return self._etcd.is_writable
        return self._processes[name].running

    # Faults

    def stop(self, component: str, machine: str) -> None:
        self._up[component][machine] = False
        self._settle(component, machine)

    def restart(self, component: str, machine: str) -> None:
        self._up[component][machine] = True
        self._settle(component, machine)

    def api_server_version(self, version: str) -> None:
        """That of the instance that was started last."""
        self._registry.version = version

    def power(self, machine: str, on: bool) -> None:
        """The machine under some instances went off or came back. Other machines are none of its business."""
        if machine not in self._powered:
            return
        self._powered[machine] = on
        for component in self.components:
            self._settle(component, machine)

    def _settle(self, component: str, machine: str) -> None:
        if component == "kube-apiserver":
            self._registry.availability.set_serving(any(self.is_up(component, m) for m in self.machines))
        elif component == "etcd":
            self._settle_etcd(machine)
        else:
            self._settle_led(component)
        self._changed()

    def partition(self, machines: list[str]) -> None:
        """These control-plane machines and the others no longer hear each other; the load balancer sends clients to the majority."""
        self._etcd.partition(machines)
        self._settle_elections()

    def heal(self) -> None:
        self._etcd.heal()
        self._settle_elections()

    def _settle_elections(self) -> None:
        for component in self._led:
            self._settle_led(component)
        self._changed()

    def _settle_etcd(self, machine: str) -> None:
        up = self.is_up("etcd", machine)
        runs = self._etcd.members.get(machine)
        if up and runs is False:
            self._etcd.start(machine)
        elif not up and runs:
            self._etcd.stop(machine)

    # Leader election

    def _settle_led(self, component: str) -> None:
        leader = self._leader[component]
        if leader and not self._may_lead(component, leader):
            self._leader[component] = ""
            self._processes[component].stop()
            renewed = self._registry.leases.cease_to_lead(component)
            self._free_at[component] = self._engine.now if self._is_instant else renewed + _LEASE_US
        if not self._leader[component] and any(self._may_lead(component, m) for m in self.machines):
            wait = max(self._free_at[component] - self._engine.now, 0)
            retry = 0 if self._is_instant else self._engine.rng("leader-election").between(0, _RETRY_US)
            self._engine.schedule(wait + retry, self.name, "elect", component)

    def elect(self, component: str) -> None:
        """Event: a candidate finds the Lease expired and takes it."""
        standing = [machine for machine in self.machines if self._may_lead(component, machine)]
        if self._leader[component] or not standing or self._engine.now < self._free_at[component]:
            return
        if not self._registry.availability.serving or not self._etcd.is_writable:
            self._engine.schedule(_RETRY_US, self.name, "elect", component)
            return
        self._leader[component] = winner = self._engine.rng("leader-election").choice(standing)
        self._engine.cause = self._engine.record(
            "timer", component, verb="elect", name=winner, note=f"{component} on {winner} takes the lease"
        )
        self._registry.leases.lead(component, self._identity(component, winner))
        self._processes[component].start()
        self._announce(component, winner)
        self._changed()

    def _announce(self, component: str, winner: str) -> None:
        client = Client(self._registry, component)
        lease = client.get("leases.coordination.k8s.io", "kube-system", component)
        said = f"{self._identity(component, winner)} became leader"
        client.event(lease, "Normal", "LeaderElection", said, source=_SOURCES.get(component, component))

    def _may_lead(self, component: str, machine: str) -> bool:
        """It runs, and a partition does not keep it from what it would write to."""
        return self.is_up(component, machine) and not self._etcd.is_cut_off(machine)

    def _identity(self, component: str, machine: str) -> str:
        """`<hostname>_<uuid>`, new at each start of the process."""
        digits = blake2b(
            f"{machine}/{component}/{self._engine.now}/{self._engine.seed}".encode(), digest_size=16
        ).hexdigest()
        return f"{machine}_{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _changed(self) -> None:
        for observer in self.observers:
            observer()

    @property
    def _is_instant(self) -> bool:
        return self._engine.profile.name == "instant"

    # State

    def dump(self) -> Plain:
        return {"up": self._up, "powered": self._powered, "leader": self._leader, "free_at": self._free_at}

    def load(self, state: Plain) -> None:
        self._up, self._powered = state["up"], state["powered"]
        self._leader, self._free_at = state["leader"], state["free_at"]


def _status(name: str, healthy: bool, port: int) -> dict[str, Any]:
    refused = f'Get "https://127.0.0.1:{port}/healthz": dial tcp 127.0.0.1:{port}: connect: connection refused'
    condition = {"type": "Healthy", "status": "True" if healthy else "False", "message": "ok" if healthy else refused}
    return {
        "apiVersion": "v1",
        "kind": "ComponentStatus",
        "metadata": {"name": name, "creationTimestamp": None},
        "conditions": [condition],
    }


def _row(name: str, part: str, up: bool, members: list[list[Any]]) -> dict[str, Any]:
    return {
        "kind": "Component",
        "uid": f"component/{name}",
        "name": name,
        "ns": "",
        "created": 0,
        "part": part,
        "up": up,
        "members": members,
    }
