"""One simulated cluster: time, commands, pictures, snapshots. The face that everything outside the simulator uses.

    cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]")
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx --replicas=3"})
    cluster.advance(cluster.now + 10_000_000)
    print(cluster.apply({"kind": "shell", "line": "kubectl get pods"})["stdout"])

Promises: the same configuration, seed and commands at the same times give the same state (`state_hash`); `load(dump())`
has the same future as the cluster it was taken from. `now` starts at 0 when the fresh cluster has settled.
"""

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from typing import Any

import msgspec

from simulator.cluster_parts import ClusterParts
from simulator.commands import Commands, unknown_cluster
from simulator.config import ClusterConfig, read_config
from simulator.config_checks import ConfigError
from simulator.engine import Engine
from simulator.engine.collector import without_collector
from simulator.engine.plain import Obj
from simulator.futures import compare
from simulator.kubectl.vault_command import VaultDoor
from simulator.kubectl.workstation import Workstation
from simulator.lab_clusters import LabClusters, LabMachines
from simulator.loops.debugger import Debugger
from simulator.narrator import Narrator
from simulator.picture import CLUSTER, Picture
from simulator.remedies.search import Parts as RemedyParts
from simulator.remedies.search import Remedies

#: Raised whenever the same journal would no longer give the same state; stored beside every journal row.
SIM_VERSION = "2026.11.3"
#: A fresh cluster is run this long before time 0, so that its system pods are up.
_BOOT_US = 60_000_000
FORMAT = 4


class SnapshotRefused(ValueError):
    """The bytes were written by another version, or are damaged."""


class Cluster(ClusterParts):
    """Not thread-safe: one owner at a time."""

    def __init__(
        self, config: ClusterConfig, engine: Engine, *, number: int = 1, beside: "Cluster | None" = None
    ) -> None:
        """Nothing runs yet. Use `create` or `load`. `beside`: the lab's first cluster."""
        super().__init__(config, engine, number=number, beside=beside)
        self.narrator = Narrator()
        self.debugger = Debugger(self.processes, self.kubelets, self.narrator, self.copy)
        self._picture = Picture(self.registry, self.plane, self.narrator, zero=self._zero, kubelets=self.kubelets)
        self._show_in(self._picture)
        self.remedies = Remedies(
            RemedyParts(
                self.registry,
                self.scheduler,
                self.processes,
                lambda node: node not in self.kubelets.nodes() or self.kubelets.is_powered(node),
                self.cloud,
                self.copies,
            )
        )
        self._commands = Commands(self)
        if beside is None:
            self.lab: LabClusters[Cluster] = LabClusters(self, self._make_beside, Cluster.seed)
            self.workstation = Workstation(self.lab, engine, cluster_name=config.name)
            surface = self.workstation.surface
            surface.kind, surface.hosts = self.lab, LabMachines(lambda: [one.files for one in self.lab.all])
            surface.vault = VaultDoor(self.vault, engine)
            self.vault.readers = lambda: [one.secrets for one in self.lab.all]
        else:
            self.lab, self.workstation = beside.lab, beside.workstation

    def _make_beside(self, config: ClusterConfig, number: int, engine: Engine) -> "Cluster":
        """One more cluster of this lab, under the lab's quota."""
        made = Cluster(config, engine, number=number, beside=self)
        made.registry.max_objects = self.registry.max_objects
        for one in (self, *self.lab.others, made):
            one.registry.others = partial(self.lab.objects_beside, one)
        return made

    # Beginnings

    @classmethod
    def create(
        cls,
        config: str | dict[str, Any] | None = None,
        *,
        seed: int = 1,
        profile: str = "lab",
        epoch_s: int = 1_760_000_000,
    ) -> "Cluster":
        """A fresh, settled cluster. `epoch_s`: Unix seconds at `now` = 0. Raises ConfigError."""
        engine = Engine(seed=seed, epoch_s=epoch_s - _BOOT_US // 1_000_000, profile=profile)
        cluster = cls(read_config(config), engine)
        cluster.seed()
        cluster.engine.run(_BOOT_US)
        cluster._set_zero(_BOOT_US)
        return cluster

    def _set_zero(self, zero: int) -> None:
        self._zero = zero
        self._picture = Picture(self.registry, self.plane, self.narrator, zero=zero, kubelets=self.kubelets)
        self._show_in(self._picture)

    def _show_in(self, picture: Picture) -> None:
        self.registry.commits.observers[:] = [picture.observe]
        self.registry.refusal_observers[:] = [picture.refused]
        self.plane.observers[:] = [picture.components_changed]
        self.etcd.observers[:] = [picture.components_changed]
        self.kubelets.pulls.observers[:] = [picture.pull_changed]

    # Time

    @property
    def now(self) -> int:
        """Simulated microseconds since the fresh cluster had settled."""
        return self.engine.now - self._zero

    @property
    def max_objects(self) -> int:
        """Above it creating is refused by the API server; 0 is no limit."""
        return self.registry.max_objects

    @max_objects.setter
    def max_objects(self, limit: int) -> None:
        for one in self.lab.all:
            one.registry.max_objects = limit

    def limit(self, *, clusters: int, nodes: int) -> None:
        """How many clusters `kind create cluster` may make of this lab, and of how many machines altogether; 0 is no limit."""
        self.lab.max_clusters, self.lab.max_nodes = clusters, nodes

    @property
    def weight(self) -> int:
        """About how many things one command may have to walk over: objects, and the learner's files."""
        return sum(one.registry.store.count() for one in self.lab.all) + self.workstation.home.size // 100

    @property
    def zero(self) -> int:
        return self._zero

    @property
    def most_nodes(self) -> int:
        """How many machines all clusters of the lab may have; 0 is no limit."""
        return self.lab.max_nodes

    @property
    def nodes_together(self) -> int:
        return sum(len(one.kubelets.nodes()) for one in self.lab.all)

    @property
    def together(self) -> "list[Cluster]":
        """All clusters of the lab."""
        return self.lab.all

    @property
    def ev(self) -> int:
        return self.engine.trail.ev

    @property
    def revision(self) -> int:
        """The newest of all clusters of the lab."""
        return max(one.registry.store.revision for one in self.lab.all)

    @property
    def writes(self) -> int:
        """Grows with every write to the store of any cluster of the lab."""
        return sum(one.registry.store.revision for one in self.lab.all)

    def advance(self, until_us: int, max_events: int = 2_000) -> bool:
        """Runs up to `until_us`. False: stopped after `max_events`, call again with the same `until_us`."""
        return self.engine.run(until_us + self._zero, max_events)

    def step(self) -> bool:
        """Runs the next event, whenever it is due. False when nothing is pending."""
        return self.engine.step()

    def next_due(self) -> int | None:
        due = self.engine.peek()
        return None if due is None else due - self._zero

    # Commands

    def apply(self, command: dict[str, Any]) -> dict[str, Any]:
        """Carries out one command now (`docs/architecture.md` section 1.6). Bad input is a reply, never an exception."""
        found = self.lab.addressed(command)
        if found is None:
            return unknown_cluster(command.get("cluster"), [one.config.name for one in self.lab.all])
        before = self.workstation.version
        reply = found._commands.run(command)
        if self.workstation.version != before:
            self.lab.look_again(self.workstation)
        return reply

    # Pictures

    @property
    def pictures(self) -> Picture:
        return self._picture

    def picture(self) -> dict[str, Any]:
        """Snapshot tables for the diagram: of the cluster that the page shows."""
        return self.lab.shown._tables()

    def _tables(self) -> dict[str, Any]:
        tables = self._picture.tables()
        tables["Cluster"] = self._cluster_table()
        return tables

    def changes(self, since_ev: int) -> list[Any] | None:
        """Items after `since_ev`; None when they are not remembered and a whole picture is needed."""
        return self.lab.changes(since_ev)

    def summary(self) -> dict[str, Any]:
        """What a card of the wall shows: the cluster that the page shows."""
        return self.lab.shown.pictures.summary()

    def _cluster_table(self) -> dict[str, Any]:
        columns = ["uid", "name", "ns", "created", "version", "revision", "flavour", "marks"]
        row = [
            CLUSTER,
            self.config.name,
            "",
            0,
            "v1.33.1",
            self.registry.store.revision,
            self.config.flavour.name,
            self._picture.marks(),
        ]
        return {"cols": columns, "rows": [row]}

    # State

    def dump(self) -> bytes:
        """Everything, as bytes. Same state, same bytes."""
        return msgspec.msgpack.encode(self._state())

    @classmethod
    def load(cls, data: bytes) -> "Cluster":
        """Raises SnapshotRefused for bytes that this version cannot take back; the journal can still be replayed."""
        try:
            with without_collector():
                cluster = cls._of(msgspec.msgpack.decode(data))
        except (LookupError, TypeError, AttributeError, msgspec.DecodeError, ConfigError) as error:
            # A component's state of another version: any shape may be met.
            raise SnapshotRefused(f"snapshot of {len(data)} bytes: {type(error).__name__}: {error}") from error
        return cluster

    @classmethod
    def _of(cls, state: Any) -> "Cluster":
        if state["format"] != FORMAT:
            raise SnapshotRefused(f"snapshot: found format {state['format']!r}, wanted {FORMAT}")
        engine = state["engine"]
        config = read_config(state["config"])
        cluster = cls(config, Engine(seed=engine["seed"], epoch_s=engine["epoch_s"], profile=engine["profile"]))
        cluster._load(state)
        return cluster

    def copy(self) -> "Cluster":
        """Another cluster in the same state, with the same future."""
        return Cluster.load(self.lab.all[0].dump()).lab.counterpart(self.number)

    def copies(self) -> Callable[[], "Cluster"]:
        """Makes copies of the cluster as it is at this moment."""
        data = self.lab.all[0].dump()
        return lambda: Cluster.load(data).lab.counterpart(self.number)

    def compare(self, other: "Cluster") -> dict[str, Any]:
        """What differs between this cluster and another one: see `futures`."""
        return compare(self.registry, other.registry)

    def renumber(self, revision: int) -> None:
        """Lets revisions go on above `revision`, as `etcdctl snapshot restore --bump-revision` does: watches from before get 410."""
        if revision < self.revision:
            raise ValueError(f"renumber to {revision}: that is before the present revision, {self.revision}")
        for one in self.lab.all:
            one._renumber(revision)

    def _renumber(self, revision: int) -> None:
        moved = self.registry.store.renumber(revision, self.registry.commits.unheard())
        for process in self.processes.values():
            process.renumber(moved)

    def _state(self) -> Obj:
        return {
            "format": FORMAT,
            "config": self.config.dump(),
            "zero": self._zero,
            "engine": self.engine.dump(),
            "components": {name: component.dump() for name, component in self.engine.components()},
            "workstation": self.workstation.dump(),
            **self.dump_own(),
            **({"lab": self.lab.dump()} if self.lab.has_made else {}),
        }

    def dump_own(self) -> Obj:
        """What is not in a component of the engine."""
        return {"sessions": self.sessions.dump()}

    def _load(self, state: Obj) -> None:
        lab = state.get("lab")
        if lab is not None:
            self.lab.load(lab)
        self.engine.load(state["engine"])
        parts = state["components"]
        for name, component in self.engine.components():
            component.load(parts[name])
        for one in self.lab.all:
            one._restore(parts, state["zero"])
        self.workstation.load(state["workstation"])
        self.load_own(state)
        if lab is not None:
            self.lab.load_own(lab)

    def load_own(self, state: Obj) -> None:
        self.sessions.load(state["sessions"])

    def _restore(self, parts: Obj, zero: int) -> None:
        """Every process takes up its watch where it was."""
        changes = {change.rev: change for change in self.registry.store.log}
        for name, process in self.processes.items():
            process.restore(parts[self.engine.prefix + name], changes)
        self._set_zero(zero)

    def state_hash(self) -> str:
        """Equal for clusters with the same state and the same future."""
        return blake2b(self.dump(), digest_size=16).hexdigest()

    @property
    def digest(self) -> str:
        """A cheap fingerprint of where the cluster stands, for the journal."""
        revisions = "/".join(str(one.registry.store.revision) for one in self.lab.all)
        text = f"{self.engine.now}/{self.ev}/{revisions}/{self.engine.tickets}"
        return blake2b(text.encode(), digest_size=8).hexdigest()
