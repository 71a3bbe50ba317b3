"""A fake cloud: machines in node groups, disks and load balancers, each with a quota, a delay and outages.

Promises: a machine that is asked for runs after the provider's delay, boots, and only then joins the cluster as a node; a deleted one
loses its power at once. Costs nothing while nobody asks for anything. Leaves to others: what a node is (`simulator/node`), and telling
Kubernetes of all this (`node_controller.py`, the cloud controller manager).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from simulator.cloud import flavours
from simulator.cloud.errors import CloudRefused
from simulator.cloud.groups import NodeGroup
from simulator.cloud.ledger import Ledger
from simulator.cloud.machine_types import MACHINE_TYPES
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.machinery.quantities import milli

SECOND = 1_000_000
_DISKS, _BALANCERS = 100, 20


class Yard(Protocol):
    """Where machines stand: the cluster's own power switches."""

    def next_index(self) -> int:
        """The number of the next machine, from which its addresses follow."""

    def address(self, index: int) -> str: ...

    def start(self, machine: Obj) -> None:
        """A booted machine starts its kubelet."""

    def cut(self, name: str) -> None:
        """The machine is gone."""


class Cloud:
    name = "cloud"

    def __init__(
        self,
        engine: Engine,
        provider: str,
        *,
        cluster: str,
        groups: tuple[NodeGroup, ...],
        quota_cpus: int = 0,
        delay_percent: int = 100,
    ) -> None:
        """`delay_percent`: how long making a machine takes, in percent of the provider's usual time."""
        self.provider = flavours.provider_named(provider)
        self.project = f"{cluster}-project"
        self.groups = {group.name: group for group in groups}
        self.quota_cpus = quota_cpus or self.provider.quota_cpus
        self.is_out = False
        """Machines can be neither made, deleted nor looked up."""
        self.disks = Ledger("disks", quota=_DISKS)
        self.load_balancers = Ledger("load balancers", quota=_BALANCERS)
        self.observers: list[Callable[[str], None]] = []
        """Called with the name of a machine or a group that has changed; wired at assembly."""
        self._engine = engine
        self._cluster = cluster
        self._delay_percent = delay_percent
        self._yard: Yard | None = None
        self._machines: dict[str, Obj] = {}
        """Node name → what the provider knows of the machine, in order of creation."""
        self._targets: dict[str, int] = {group.name: group.size for group in groups}
        engine.register(self)

    def connect(self, yard: Yard) -> None:
        self._yard = yard

    # Questions

    def machine(self, name: str) -> Obj | None:
        """Raises CloudRefused during an outage; None: there is no such machine (any more)."""
        self.check()
        return self._machines.get(name)

    def knows(self, name: str) -> bool:
        return name in self._machines

    def machines(self, group: str = "") -> list[Obj]:
        return [one for one in self._machines.values() if group in ("", one["group"])]

    def target(self, group: str) -> int:
        """How many machines the group should have, made or not."""
        return self._targets[group]

    @property
    def used_cpus(self) -> int:
        return sum(milli(MACHINE_TYPES[one["type"]].cpu) // 1000 for one in self._machines.values())

    def check(self) -> None:
        if self.is_out:
            raise CloudRefused("ServiceUnavailable", "the machines service is currently unavailable, try again later")

    # Machines

    def adopt(self, name: str, *, index: int, group: str, type: str, zone: str) -> None:
        """A machine that a fresh cluster begins with: it runs already."""
        self._machines[name] = self._row(name, index=index, group=group, type=type, zone=zone, state="running")

    def grow(self, group: str, count: int = 1) -> list[str]:
        """Asks for machines; their names. Raises CloudRefused beyond the quota or during an outage, and then makes none."""
        self.check()
        found = self.groups[group]
        size = milli(MACHINE_TYPES[found.machine].cpu) // 1000
        if self.used_cpus + size * count > self.quota_cpus:
            raise CloudRefused(*_quota_text(self.provider.name, self.quota_cpus, self.provider.region))
        self._targets[group] += count
        return [self._create(found) for _ in range(count)]

    def widen(self, group: str, most: int) -> None:
        """Sets how many machines a group may have. One that cannot change by itself gets them. Raises CloudRefused as `grow` does."""
        found = self.groups[group]
        is_fixed, missing = found.min == found.max, most - self._targets[group]
        if is_fixed and missing > 0:
            self.grow(group, missing)
        self.groups[group] = replace(found, min=most if is_fixed else min(found.min, most), max=most)
        self._tell(group)

    def terminate(self, name: str) -> None:
        """Deletes a machine and makes its group smaller by one. Raises CloudRefused during an outage."""
        self.check()
        one = self._machines[name]
        self._targets[one["group"]] -= 1
        self._drop(name)

    def lose(self, name: str) -> None:
        """The machine vanishes by itself: hardware that failed, a spot price. Its group makes another one."""
        one = self._machines[name]
        self._drop(name)
        if len(self.machines(one["group"])) < self._targets[one["group"]] and not self.is_out:
            self._create(self.groups[one["group"]])

    def power(self, name: str, on: bool) -> None:
        """Somebody stopped or started the machine."""
        if name in self._machines:
            self._machines[name] = {**self._machines[name], "state": "running" if on else "stopped"}
            self._tell(name)

    def _create(self, group: NodeGroup) -> str:
        assert self._yard is not None
        index = self._yard.next_index()
        zones = self.provider.zones
        zone = zones[len(self.machines(group.name)) % len(zones)] if zones else ""
        name = flavours.node_name(
            self.provider.name,
            cluster=self._cluster,
            group=group.name,
            index=index,
            address=self._yard.address(index),
            region=self.provider.region,
        )
        self._machines[name] = self._row(name, index=index, group=group.name, type=group.machine, zone=zone)
        self._note(name, f"{self.provider.product} makes the {group.machine} machine {name}")
        self._engine.schedule(self._draw(self.provider.create_s), self.name, "created", name)
        self._tell(name)
        return name

    def created(self, name: str) -> None:
        """Event: the virtual machine runs and begins to boot."""
        one = self._machines.get(name)
        if one is None or one["state"] != "pending":
            return
        self._machines[name] = {**one, "state": "booting", "running_us": self._engine.now}
        self._note(name, f"the machine {name} runs and boots")
        self._engine.schedule(self._draw(self.provider.boot_s), self.name, "booted", name)
        self._tell(name)

    def booted(self, name: str) -> None:
        """Event: the operating system is up and starts the kubelet."""
        one = self._machines.get(name)
        if one is None or one["state"] != "booting" or self._yard is None:
            return
        self._machines[name] = one = {**one, "state": "running"}
        self._note(name, f"the machine {name} has booted and starts its kubelet")
        self._tell(name)
        self._yard.start(one)

    def _drop(self, name: str) -> None:
        one = self._machines.pop(name)
        self._note(name, f"the machine {name} is deleted")
        if one["state"] in ("running", "stopped") and self._yard is not None:
            self._yard.cut(name)
        self._tell(name)

    def _row(self, name: str, *, index: int, group: str, type: str, zone: str, state: str = "pending") -> Obj:
        id = flavours.instance_id(self.provider.name, name)
        return {
            "name": name,
            "id": id,
            "providerID": flavours.provider_id(self.provider.name, project=self.project, zone=zone, id=id),
            "index": index,
            "group": group,
            "type": type,
            "zone": zone,
            "region": self.provider.region,
            "state": state,
            "requested_us": self._engine.now,
        }

    def _draw(self, bounds: tuple[int, int]) -> int:
        if self._engine.profile.name == "instant":
            return 0
        low, high = bounds
        return self._engine.rng("cloud").between(low * SECOND, high * SECOND) * self._delay_percent // 100

    def _note(self, name: str, text: str) -> None:
        self._engine.cause = self._engine.record(
            "timer", "cloud", verb="machine", resource="machines", name=name, note=text
        )

    def _tell(self, name: str) -> None:
        for observer in self.observers:
            observer(name)

    # The panel

    def panel(self, zero: int) -> Obj:
        """What the cloud's web page would show; times count from `zero`."""
        machines = [
            {
                **{key: one[key] for key in ("name", "id", "providerID", "group", "type", "zone", "state")},
                "requested": one["requested_us"] - zero,
                "running": one["running_us"] - zero if "running_us" in one else None,
            }
            for one in self._machines.values()
        ]
        groups = [
            {**group.dump(), "target": self._targets[group.name], "have": len(self.machines(group.name))}
            for group in self.groups.values()
        ]
        quota = {
            "cpus": [self.used_cpus, self.quota_cpus],
            "disks": [len(self.disks.rows()), self.disks.quota],
            "loadBalancers": [len(self.load_balancers.rows()), self.load_balancers.quota],
        }
        outages = [
            name
            for name, is_out in (
                ("machines", self.is_out),
                ("disks", self.disks.is_out),
                ("load-balancers", self.load_balancers.is_out),
            )
            if is_out
        ]
        return {
            "provider": self.provider.name,
            "product": self.provider.product,
            "region": self.provider.region,
            "zones": list(self.provider.zones),
            "machines": machines,
            "groups": groups,
            "disks": self.disks.rows(),
            "loadBalancers": self.load_balancers.rows(),
            "quota": quota,
            "outages": outages,
        }

    # State

    def dump(self) -> Plain:
        return {
            "quota": self.quota_cpus,
            "out": self.is_out,
            "machines": list(self._machines.values()),
            "targets": self._targets,
            "bounds": {group.name: [group.min, group.max] for group in self.groups.values()},
            "disks": self.disks.dump(),
            "load_balancers": self.load_balancers.dump(),
        }

    def load(self, state: Plain) -> None:
        self.quota_cpus, self.is_out = state["quota"], state["out"]
        self._machines = {one["name"]: one for one in state["machines"]}
        self._targets = dict(state["targets"])
        for name, (least, most) in state["bounds"].items():
            self.groups[name] = replace(self.groups[name], min=least, max=most)
        self.disks.load(state["disks"])
        self.load_balancers.load(state["load_balancers"])


def _quota_text(provider: str, limit: int, region: str) -> tuple[str, str]:
    """(code, message) in the provider's words."""
    if provider == "aws":
        return (
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket "
            "that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to "
            "request an adjustment to this limit.",
        )
    if provider == "google":
        return "QUOTA_EXCEEDED", f"Quota 'CPUS' exceeded.  Limit: {limit}.0 in region {region}."
    return "LimitReached", "Account Limit reached. Please open a support ticket."
