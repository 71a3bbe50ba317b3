"""The clusters of one lab: the first, which the lab was made for, and those that `kind create cluster` makes beside it.

All of them live in one engine, so they share the clock, the heap and the trail (`engine.shared`), and one workstation reaches them by the
addresses in its kubeconfig. The page shows the cluster that the current context means: `shown`.

Promises: a lab of one cluster costs nothing more than that cluster; a deleted cluster leaves no component, event or random stream behind; numbers
are never given twice, so a cluster of the same name is another one. Leaves to others: the words of `kind` (`kubectl.kind_command`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from simulator.apiserver.registry import Registry
from simulator.config import ClusterConfig, read_config
from simulator.config_checks import ConfigError
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.engine.shared import SharedEngine
from simulator.kubectl.call import End
from simulator.kubectl.docker_command import HostFiles, HostRefused
from simulator.kubectl.kind_run import KindRefused, Made
from simulator.kubectl.kubeconfig import kind_document
from simulator.kubectl.small_command import Outcome
from simulator.kubectl.workstation import SERVER, Workstation
from simulator.node.kubelets import Kubelets
from simulator.picture import Item, Picture

#: Where kind's clusters are found on the workstation: ports the operating system gives out.
_PORTS = (32_768, 60_999)
_FIRST_PORT = SERVER.rpartition(":")[2]
#: What may be asked of whichever cluster the page shows; everything else is asked of the lab's first cluster, unless it is named.
OF_THE_PAGE = frozenset(
    {"inspect", "because", "remedies", "fields", "look", "loops", "loop", "breakpoint", "fault", "schema", "request-path", "diagnose",
     "node-rules", "select", "traffic", "cloud", "join", "cgroups", "store-keys", "store-value", "store-snapshot", "store-wipe",
     "store-restore", "write-host-file", "read-host-file"}
)  # fmt: skip


class Member(Protocol):
    """One cluster of a lab."""

    @property
    def config(self) -> ClusterConfig: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def registry(self) -> Registry: ...
    @property
    def kubelets(self) -> Kubelets: ...
    @property
    def files(self) -> HostFiles: ...
    @property
    def end(self) -> End: ...
    @property
    def pictures(self) -> Picture: ...
    def dump_own(self) -> Plain:
        """What is not in a component of the engine."""

    def load_own(self, state: Plain) -> None: ...


M = TypeVar("M", bound=Member)


class LabClusters(Generic[M]):
    """`kubectl.call.Reach` and `kubectl.kind_command.KindProvider` of a workstation."""

    def __init__(self, first: M, make: Callable[[ClusterConfig, int, Engine], M], seed: Callable[[M], None]) -> None:
        """`make` builds the cluster of that number in an engine; `seed` gives it what a fresh cluster is born with."""
        self._first = first
        self._make = make
        self._seed = seed
        self._members: dict[int, M] = {}
        self._ports: dict[int, int] = {}
        self._made = 1
        self._shown = 1
        self._shown_since = 0
        """The page's cluster changed at this ev."""
        self.max_clusters = 0
        """0 is no limit; a quota of the host, as `max_nodes`: the machines of all clusters together."""
        self.max_nodes = 0

    # Who there is

    @property
    def all(self) -> list[M]:
        return [self._first, *self._members.values()]

    @property
    def others(self) -> list[M]:
        return [*self._members.values()]

    @property
    def has_made(self) -> bool:
        """Whether there ever was another cluster than the first."""
        return self._made > 1

    def counterpart(self, number: int) -> M:
        return self._members.get(number, self._first)

    def objects_beside(self, one: M) -> int:
        """How many objects the other clusters hold: they share a quota."""
        return sum(other.registry.store.count() for other in self.all if other is not one)

    @property
    def shown(self) -> M:
        """The cluster that the page shows."""
        return self._members.get(self._shown, self._first)

    def named(self, name: str) -> M | None:
        return next((one for one in self.all if one.config.name == name), None)

    def addressed(self, command: dict[str, Any]) -> M | None:
        """Whom a command is for: the cluster it names, that of its session, the page's, or the first one. None: there is none."""
        name = command.get("cluster")
        if name is not None:
            return self.named(name) if isinstance(name, str) else None
        match command.get("kind"):
            case "session":
                return self.of_session(str(command.get("id")))
            case kind if isinstance(kind, str) and kind in OF_THE_PAGE:
                return self.shown
        return self._first

    def of_session(self, session: str) -> M:
        """The cluster in which a shell is open: the others put their number in front of its id."""
        number, dash, _ = session.partition("-")
        return self._members.get(int(number), self._first) if dash and number.isdecimal() else self._first

    # What the page shows

    def look_again(self, station: Workstation) -> None:
        """After a command: the current context may mean another cluster now, or that cluster is no more."""
        target = station.target
        numbers = {self._first.end.name: 1, **{one.end.name: number for number, one in self._members.items()}}
        wanted = numbers.get(target.name, self._shown) if target is not None else self._shown
        if wanted not in (1, *self._members):
            wanted = 1
        if wanted != self._shown:
            self._shown, self._shown_since = wanted, self._first.engine.trail.ev

    def changes(self, since: int) -> list[Item] | None:
        """Items of the shown picture; None when it was another cluster's picture that was told of up to `since`."""
        return None if since < self._shown_since else self.shown.pictures.items(since)

    # Reach

    def first(self) -> End:
        return self._first.end

    def end(self, address: str) -> End | None:
        host, _, port = address.partition("://")[2].rstrip("/").partition(":")
        if host not in ("127.0.0.1", "localhost"):
            return None
        if port == _FIRST_PORT:
            return self._first.end
        return next((self._members[number].end for number, known in self._ports.items() if str(known) == port), None)

    # KindProvider

    def names(self) -> list[str]:
        return sorted(one.config.name for one in self.all if one.config.flavour.name == "kind")

    def machines(self, name: str) -> list[str]:
        found = self._kind(name)
        return [] if found is None else sorted(found.kubelets.nodes())

    def _kind(self, name: str) -> M | None:
        return self.named(name) if name in self.names() else None

    def create(self, config: dict[str, Any]) -> Made:
        """Raises KindRefused."""
        read = self._read(config)
        self._made += 1
        number, engine = self._made, self._first.engine
        self._ports[number] = self._free_port()
        born = self._add(number, read, engine.now)
        self._seed(born)
        return Made(
            read.name,
            tuple(node.name for node in read.nodes),
            len(read.control_planes),
            read.cni == "kindnet",
            self._server(number),
            number,
        )

    def _read(self, config: dict[str, Any]) -> ClusterConfig:
        try:
            read = read_config(config)
        except ConfigError as error:
            raise KindRefused(f"unable to decode config: {error}") from error
        if not read.flavour.name == "kind":
            raise KindRefused(f"unable to decode config: flavour: found {read.flavour.name}, wanted kind")
        if self.named(read.name) is not None:
            raise KindRefused(f"this lab has a cluster named {read.name} already, which kind did not make")
        known = [machine for one in self.all for machine in one.kubelets.nodes()]
        for node in read.nodes:
            if node.name in known:
                raise KindRefused(f'Conflict. The container name "/{node.name}" is already in use')
        if self.max_clusters and len(self.all) >= self.max_clusters:
            raise KindRefused(f"this lab may hold {self.max_clusters} clusters, all are in use: delete one first")
        machines = len(read.nodes) + len(known)
        if self.max_nodes and machines > self.max_nodes:
            raise KindRefused(f"this lab may hold {self.max_nodes} nodes in all its clusters, wanted {machines}")
        return read

    def _free_port(self) -> int:
        draw, taken = self._first.engine.rng("kind-ports"), self._ports.values()
        port = draw.between(*_PORTS)
        while port in taken:
            port = draw.between(*_PORTS)
        return port

    def _add(self, number: int, config: ClusterConfig, born: int) -> M:
        made = self._make(config, number, SharedEngine(self._first.engine, number=number, born=born))
        self._members[number] = made
        return made

    def delete(self, name: str) -> list[str]:
        """Raises KindRefused."""
        found = self._kind(name)
        if found is None:
            return []
        if found is self._first:
            raise KindRefused(
                "it is this lab's own cluster: reset the lab to begin it again, or delete the lab on its page"
            )
        machines = sorted(found.kubelets.nodes())
        number = next(number for number, one in self._members.items() if one is found)
        del self._members[number], self._ports[number]
        found.engine.retire("")
        if self._shown == number:
            self._shown, self._shown_since = 1, found.engine.trail.ev
        return machines

    def document(self, name: str, *, internal: bool = False) -> dict[str, Any] | None:
        found = self._kind(name)
        if found is None:
            return None
        number = next((number for number, one in self._members.items() if one is found), 1)
        inside = f"https://{found.config.control_planes[0].name}:6443"
        return kind_document(name, inside if internal else self._server(number), note=found.end.note)

    def _server(self, number: int) -> str:
        return f"https://127.0.0.1:{self._ports[number]}" if number in self._ports else SERVER

    def image_id(self, image: str) -> str | None:
        """Every image of the catalogue lies on the workstation, as if it had been pulled or built there."""
        return self._first.kubelets.image_id(image)

    def has_image(self, name: str, image: str, machine: str) -> bool:
        found = self._kind(name)
        return found is not None and found.kubelets.has_image(machine, image)

    def load_image(self, name: str, image: str, machines: Sequence[str]) -> None:
        found = self._kind(name)
        if found is None:
            return
        for machine in machines:
            found.kubelets.load_image(machine, image)

    # State

    def dump(self) -> Plain:
        """What is needed to build the others again; what they hold is in the engine's components."""
        return {
            "made": self._made,
            "shown": self._shown,
            "clusters": [
                {
                    "number": number,
                    "config": one.config.dump(),
                    "born": one.engine.born,
                    "port": self._ports[number],
                    "own": one.dump_own(),
                }
                for number, one in self._members.items()
            ],
        }

    def load(self, state: Plain) -> None:
        """Builds the others, empty. Raises ConfigError."""
        self._made, self._shown = state["made"], state["shown"]
        for known in state["clusters"]:
            self._ports[known["number"]] = known["port"]
            self._add(known["number"], read_config(known["config"]), known["born"])

    def load_own(self, state: Plain) -> None:
        """What each of them holds, once all are built."""
        for known in state["clusters"]:
            self._members[known["number"]].load_own(known["own"])


class LabMachines:
    """`kubectl.docker_command.HostFiles` of all clusters: what `docker` sees on the workstation."""

    def __init__(self, clusters: Callable[[], Iterable[HostFiles]]) -> None:
        self._clusters = clusters

    def machines(self) -> list[str]:
        return [machine for files in self._clusters() for machine in files.machines()]

    def read(self, machine: str, path: str) -> str | None:
        files = self._of(machine)
        return None if files is None else files.read(machine, path)

    def names(self, machine: str, directory: str) -> list[str]:
        files = self._of(machine)
        return [] if files is None else files.names(machine, directory)

    def write(self, machine: str, path: str, text: str) -> None:
        """Raises HostRefused."""
        files = self._of(machine)
        if files is None:
            raise HostRefused(f"Error response from daemon: No such container: {machine}")
        files.write(machine, path, text)

    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        files = self._of(machine)
        if files is None:
            return Outcome(stderr=f"Error response from daemon: No such container: {machine}\n", exit=1)
        return files.run(machine, words, stdin)

    def image_document(self, reference: str) -> tuple[str, Obj | None]:
        """Every cluster of a lab knows the same registries."""
        first = next(iter(self._clusters()), None)
        if first is None:
            raise HostRefused("there is no cluster, so nobody answers for registries")
        return first.image_document(reference)

    def _of(self, machine: str) -> HostFiles | None:
        return next((files for files in self._clusters() if machine in files.machines()), None)
