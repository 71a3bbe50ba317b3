"""What a kubelet and its runtime remember of pods, containers and the machine: plain data with named fields.

Promises: `dump_*` and `load_*` are inverse, and what is not dumped (`_DERIVED`) follows from what is. Fields that hold what a fresh
record holds, which are most, are left out of a dump.
"""

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.workloads.file_modes import Modes
from simulator.workloads.file_tree import MountPoint, Setting
from simulator.workloads.timeline import Plan

if TYPE_CHECKING:
    from simulator.node.spec_facts import SpecFacts

#: Request lines kept per container.
LOG_RING = 500

#: Marks fields that follow from others.
_DERIVED = {"derived": True}

Pairs = tuple[tuple[str, str], ...]


class Recipe(NamedTuple):
    """All that decides what a container's program will do by itself."""

    image: str
    """Full name."""
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: Pairs
    """As far as the program reads it."""
    ports: tuple[int, ...]
    """Declared ones."""
    memory: int
    """Limit in bytes; 0: none."""
    files: Pairs
    """From ConfigMaps and Secrets."""
    setting: Setting = Setting()
    taken: tuple[int, ...] = ()
    """Ports that other processes in the same network have open."""


@dataclass(slots=True)
class Run:
    """One instance of a container, running or ended: enough to compute its log."""

    recipe: Recipe
    started_us: int
    ended_us: int | None = None
    asked: list[Any] = field(default_factory=list)
    """The last question that was answered, and the answer: [lines and files before, question, offset_us, status, lines, files shown]."""
    happenings: list[Any] = field(default_factory=list)
    """What came from outside: [offset_us, "write", path, text] and [offset_us, "signal", name, null]."""
    extra: list[Any] = field(default_factory=list)
    """[at_us, line] that events outside the plan produced: requests, the last words at SIGTERM."""
    config: Pairs = ()
    """Variables from ConfigMaps and Secrets, as they were when the container was created."""
    future: int = 0
    """Raised when what was planned becomes void."""
    plan: Plan | None = field(default=None, metadata=_DERIVED)


@dataclass(slots=True)
class ProbeRecord:
    """`result` is the verdict in force; `run` counts equal outcomes in a row."""

    result: bool
    run: int = 0
    last: bool = False
    parked: bool = False
    """The outcome cannot change until the process does: no timer is running."""


@dataclass(slots=True)
class ContainerRecord:
    name: str
    kind: str
    """`init`, `sidecar` or `app`."""
    state: str = "new"
    """`new`, `running` or `exited`."""
    id: str = ""
    image: str = ""
    instance: int = 0
    """Raised at each start and each kill of the machine, so late events of earlier instances are recognised."""
    restarts: int = 0
    run: Run | None = None
    before: Run | None = None
    """The previous instance (`kubectl logs --previous`)."""
    finished_us: int = 0
    exit_code: int = 0
    exit_reason: str = ""
    message: str = ""
    last: Obj | None = None
    """lastState.terminated."""
    why: tuple[str, str] | None = None
    """Why it does not run, as (reason, message): the kubelet's reason cache."""
    resources: Obj | None = None
    """What it has been given; None before it was first started."""
    ready: bool = False
    started: bool = False
    stopping: bool = False
    backoff_us: int = 0
    backoff_at: int = 0
    pull_backoff_us: int = 0
    pull_backoff_at: int = 0
    pull_error: str = ""
    turn: list[Any] = field(default_factory=list)
    """While it waits for others before its signal: [since, seconds left then, *their names]."""
    probes: dict[str, ProbeRecord] = field(default_factory=dict)


@dataclass(slots=True)
class PodRecord:
    uid: str
    namespace: str
    name: str
    node: str
    containers: dict[str, ContainerRecord]
    """Init containers first, in the order of the pod."""
    worker: str = "syncing"
    """State of the pod worker: see `pod_lifecycle.TRANSITIONS`."""
    turn: int = 0
    """Raised when work in progress becomes void."""
    started_us: int = 0
    ip: str = ""
    sandbox: bool = False
    attempt: int = 0
    busy: bool = False
    queue: list[str] = field(default_factory=list)
    """Containers this sync still has to start."""
    failed_now: bool = False
    """A step of the present sync failed."""
    again: bool = False
    """Something new happened during the present sync: look again soon after it."""
    sync_at: int = 0
    sync_ticket: int = 0
    mount_retry_us: int = 0
    mount_next_us: int = 0
    mount_since_us: int | None = None
    """Since when the present sync waits for volumes that others must bind or attach."""
    mounted: dict[str, list[Any]] = field(default_factory=dict)
    """Volume of the pod → [identifier of the contents, directory inside, read only]."""
    is_mounted: bool = False
    in_use: list[str] = field(default_factory=list)
    """Attachable volumes, as `status.volumesInUse` calls them."""
    grace_end_us: int = 0
    phase: str = ""
    """A final phase, once reached."""
    reason: str = ""
    message: str = ""
    grace_s: int | None = None
    """In place of the pod's own: an evicted pod is in a hurry."""
    resize: tuple[str, str] | None = None
    """Why its containers do not have yet what it asks for: (reason, message) of PodResizePending."""
    resizing: bool = False
    """What it asks for is being given to its containers."""
    disrupted: str = ""
    """Why the kubelet ended it (the condition DisruptionTarget)."""
    orphaned: bool = False
    """The API object is gone: nothing is reported any more."""
    written: Obj | None = None
    """The status last written."""
    requests: tuple[int, int] = (0, 0)
    """Milli-CPU and bytes counted against the node."""
    static: bool = False
    """It comes from a file of its machine; the API server holds but a mirror."""
    mirror: str = ""
    """The uid of the mirror pod, once made."""
    known_spec: Obj | None = field(default=None, metadata=_DERIVED)
    """The spec that `facts` are about: see `Fleet.facts`."""
    facts: "SpecFacts | None" = field(default=None, metadata=_DERIVED)


@dataclass(slots=True)
class NodeRecord:
    name: str
    spec: Obj
    """The `NodeSpec` as plain data."""
    powered: bool = False
    kubelet: bool = False
    epoch: int = 0
    boots: int = 0
    ready: bool = False
    cni: str = ""
    """The network plugin whose configuration lies in /etc/cni/net.d; "" without one."""
    uid: str = ""
    pods: dict[str, None] = field(default_factory=dict)
    """uids in order of arrival."""
    active: int = 0
    """Pods that are not over yet, and what they have asked for."""
    cpu_milli: int = 0
    memory: int = 0
    last_address: int = 1
    addresses: dict[str, str] = field(default_factory=dict)
    """Pod IP → uid."""
    images: dict[str, int] = field(default_factory=dict)
    """Full name → bytes, in order of arrival."""
    pulls: list[Any] = field(default_factory=list)
    """[uid, turn, container, image as written, full name, asked_us], served one at a time."""
    pull_started_us: int = 0
    pull_ends_us: int = 0
    status_due: bool = False
    volumes_in_use: list[str] = field(default_factory=list)
    """As last reported."""
    pressure: dict[str, int] = field(default_factory=dict)
    """Condition → when the eviction manager has last found its threshold met."""
    eviction_due: bool = False
    short_since: dict[str, int] = field(default_factory=dict)
    """Eviction threshold → since when it is met."""
    thresholds_met: list[str] = field(default_factory=list)
    """Those that were met for longer than their grace period at the last look, and are not resolved."""
    manifests: dict[str, str] = field(default_factory=dict)
    """Files of static pods by path → the pod's uid; "" for one that is no valid pod."""
    version: str = ""
    """Of its kubelet; "" for that of a fresh machine."""
    bootstrapped: bool = True
    """It has what a kubelet needs to be somebody in the cluster: kubeadm joined it, and has not reset it."""
    config: Obj = field(default_factory=dict)
    """What its kubelet runs with: see `kubelet_configuration.read`."""
    configured: Obj = field(default_factory=dict)
    """What the kubelet that starts next runs with; `error`: why it does not."""
    broken: str = ""
    """Why its kubelet ended as soon as it was started; systemd starts it again every ten seconds."""
    shutdown: str = ""
    """`poweroff` or `reboot` while the machine goes down."""
    waiting: list[list[str]] = field(default_factory=list)
    """Critical pods for which others are being ended: (uid, namespace, name)."""
    shutdown_groups: list[Any] = field(default_factory=list)
    """[seconds, [uids]] of the pods that still have to end, in turn."""
    static_pods: dict[str, Obj] = field(default_factory=dict)
    """uid → the pod, as long as a file or a process of it is there."""


class Recipes:
    """What programs were started with, each told once however many containers have it."""

    def __init__(self, known: Sequence[Recipe] = ()) -> None:
        self._numbers = {recipe: number for number, recipe in enumerate(known)}
        self._known = list(known)

    def number(self, recipe: Recipe) -> int:
        found = self._numbers.get(recipe)
        if found is None:
            found = self._numbers[recipe] = len(self._known)
            self._known.append(recipe)
        return found

    def at(self, number: int) -> Recipe:
        return self._known[number]

    def dump(self) -> Plain:
        return list(self._known)

    @classmethod
    def load(cls, state: Plain) -> "Recipes":
        return cls([_recipe(one) for one in state])


def dump_pod(record: PodRecord, recipes: Recipes) -> Plain:
    state = _dump(record)
    state["containers"] = [_dump_container(one, recipes) for one in record.containers.values()]
    return state


def load_pod(state: Plain, recipes: Recipes) -> PodRecord:
    """`state` is used up, as by the others here."""
    state["containers"] = {one["name"]: _load_container(one, recipes) for one in state["containers"]}
    for name in ("requests", "resize"):
        if name in state:
            state[name] = tuple(state[name])
    return PodRecord(**state)


def dump_node(record: NodeRecord) -> Plain:
    state = _dump(record)
    state["pods"] = list(record.pods)
    return state


def load_node(state: Plain) -> NodeRecord:
    state["pods"] = dict.fromkeys(state["pods"])
    return NodeRecord(**state)


def _defaults(kind: type[Any]) -> tuple[list[str], Callable[[Any], tuple[Any, ...]], list[Any]]:
    """Names of the fields, how to read them all, and the values that a dump need not tell (`MISSING` where one must be given)."""
    told = [one for one in fields(kind) if one.metadata.get("derived") is None]
    names = [one.name for one in told]
    values = [one.default if one.default_factory is MISSING else one.default_factory() for one in told]
    return names, attrgetter(*names), values


_DEFAULTS = {kind: _defaults(kind) for kind in (Run, ProbeRecord, ContainerRecord, PodRecord, NodeRecord)}


def _dump(record: Any) -> dict[str, Any]:
    names, values_of, defaults = _DEFAULTS[type(record)]
    found = zip(names, values_of(record), defaults, strict=True)
    return {name: value for name, value, default in found if value is not default and value != default}


def _dump_container(record: ContainerRecord, recipes: Recipes) -> Plain:
    state = _dump(record)
    for name in ("run", "before"):
        if name in state:
            run = state[name]
            state[name] = {**_dump(run), "recipe": recipes.number(run.recipe)}
    if record.probes:
        state["probes"] = {kind: _dump(probe) for kind, probe in record.probes.items()}
    return state


def _load_container(state: Plain, recipes: Recipes) -> ContainerRecord:
    for name in ("run", "before"):
        if name in state:
            state[name] = _load_run(state[name], recipes)
    if "probes" in state:
        state["probes"] = {kind: ProbeRecord(**probe) for kind, probe in state["probes"].items()}
    if "why" in state:
        state["why"] = tuple(state["why"])
    return ContainerRecord(**state)


def _load_run(state: Plain, recipes: Recipes) -> Run:
    state["recipe"] = recipes.at(state["recipe"])
    state["config"] = _pairs(state.get("config", ()))
    return Run(**state)


def _recipe(state: Plain) -> Recipe:
    image, command, args, env, ports, memory, files, setting, taken = state
    return Recipe(
        image,
        tuple(command),
        tuple(args),
        _pairs(env),
        tuple(ports),
        memory,
        _pairs(files),
        _setting(setting),
        tuple(taken),
    )


def _setting(state: Plain) -> Setting:
    uid, gid, groups, read_only_root, directory, mounts, interactive, *more = state
    points = tuple(MountPoint(path, read_only, shared, _modes(modes)) for path, read_only, shared, modes in mounts)
    return Setting(uid, gid, tuple(groups), read_only_root, directory, points, interactive, *more)


def _modes(state: Plain) -> Modes:
    directory, file, items, *rest = state
    return Modes(directory, file, tuple((path, mode) for path, mode in items), *rest)


def _pairs(stored: Plain) -> Pairs:
    return tuple((name, text) for name, text in stored)
