"""What all parts of the kubelets share: the records, the clock, the clients, and how to wake a pod's worker.

Promises: every event of the fleet is addressed to one of its components by name, and a pod has at most one pending
sync. Leaves to others: what a sync does (`kubelets`), what a machine is (`machines`).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import Cache, Client, Gate, Process
from simulator.engine.plain import Obj
from simulator.node.records import LOG_RING, ContainerRecord, NodeRecord, PodRecord, Run
from simulator.node.spec_facts import KnownSpecs, SpecFacts
from simulator.node.timing import SECOND, SYNC_BACKOFF_US, Timing, timing_for
from simulator.node.volumes import Contents
from simulator.workloads.image_catalog import Catalog, Image
from simulator.workloads.images import parse
from simulator.workloads.log_lines import expand
from simulator.workloads.plans import Answer, Surroundings, plan, resume
from simulator.workloads.timeline import FileChange, Happening, Line, Plan, Question

#: The engine component that the events of pods are addressed to.
WORKERS = "pod-workers"
#: Where the spec of a container stands in its pod.
_PARTS = {"app": "containers", "ephemeral": "ephemeralContainers"}
#: The annotation that names the static pod behind a mirror pod.
MIRROR = "kubernetes.io/config.mirror"
#: Images whose names are remembered.
_IMAGES = 4_096
#: Writes from outside that are remembered one by one; beyond it only the last one of each file.
_MAX_HAPPENINGS = 200


class Network(Protocol):
    """Answers what programs in containers ask: `nslookup db`, `wget -qO- http://web`."""

    def ask(
        self, pod: Obj, argv: tuple[str, ...], read: Callable[[str], str | None] = ..., *, busybox: bool = ...
    ) -> tuple[int, list[str], int]:
        """(exit status, lines, microseconds it took). `read`: the content of a file that an option names; `busybox`: the program is BusyBox'."""

    def resolv_conf(self, pod: Obj) -> str:
        """The content of `/etc/resolv.conf` in the pod's containers."""

    def omissions(self, pod: Obj) -> list[str]:
        """What to say of name servers and suffixes that do not fit into it."""

    def hosts(self, pod: Obj) -> str:
        """The content of `/etc/hosts` in the pod's containers."""


class ProcessListener(Protocol):
    """Hears at once when something on a machine begins or ends: the network's rules are written by such processes."""

    def container_started(self, node: str, image: str) -> None: ...

    def container_ended(self, node: str, image: str) -> None: ...

    def machine_lost(self, node: str) -> None: ...


class Fleet:
    def __init__(self, process: Process, client: Client, catalog: Catalog) -> None:
        self.engine = process.engine
        self.cache: Cache = process.cache
        self.gate: Gate = process.gate
        self.timing: Timing = timing_for(process.engine.profile.name)
        self.catalog = catalog
        self.network: Network | None = None
        self.contents = Contents()
        """The files in the pods' volumes."""
        self.listeners: list[ProcessListener] = []
        """Called with what happens to processes and machines, after the records say so."""
        self.outlets: list[Callable[[str, bool], None]] = []
        """Called when a machine goes off or on by itself: what else hangs on it."""
        self.nodes: dict[str, NodeRecord] = {}
        self.pods: dict[str, PodRecord] = {}
        self.machines: dict[str, str] = {}
        """Address → the node that has it, or whose pod has it."""
        self.happenings = 0
        """How often something came to a program from outside, since this memory was filled."""
        self._client = client
        self._clients: dict[str, Client] = {}
        self._images: dict[str, Image] = {}
        self._specs = KnownSpecs()

    # Lookups

    def pod(self, record: PodRecord) -> Obj | None:
        """The pod as the kubelet knows it; None when it is gone or replaced by another of that name."""
        pod = self.cache.get("pods", record.namespace, record.name)
        if record.static:
            return self._static(record, pod)
        return pod if pod is not None and pod["metadata"]["uid"] == record.uid else None

    def _static(self, record: PodRecord, mirror: Obj | None) -> Obj:
        """A static pod with the status that its mirror shows."""
        pod = self.nodes[record.node].static_pods[record.uid]
        return {**pod, "status": mirror["status"]} if mirror is not None and "status" in mirror else pod

    def record_of(self, pod: Obj) -> PodRecord | None:
        """What is behind a pod of the API, or behind the static pod that it mirrors."""
        metadata = pod["metadata"]
        found = self.pods.get(metadata["uid"])
        mirrored = (metadata.get("annotations") or {}).get(MIRROR) if found is None else None
        return self.pods.get(mirrored) if mirrored else found

    def facts(self, record: PodRecord, pod: Obj) -> SpecFacts:
        """What follows from the pod's spec as it is now."""
        if record.facts is None or record.known_spec is not pod["spec"]:
            record.known_spec = pod["spec"]
            record.facts = self._specs.of(pod["spec"])
        return record.facts

    def is_up(self, record: PodRecord) -> bool:
        """Whether the kubelet of this pod works at all."""
        return self.nodes[record.node].kubelet

    def client(self, node: str) -> Client:
        found = self._clients.get(node)
        if found is None:
            found = self._clients[node] = self._client.as_actor(f"kubelet/{node}")
        return found

    def find(self, node: str, resource: str, namespace: str, name: str) -> Obj | None:
        """A ConfigMap or Secret as the API server has it now; None when it does not exist. Raises ApiUnavailable."""
        try:
            return self.client(node).get(resource, namespace, name)
        except StatusError as error:
            if error.code == 404:
                return None
            raise ApiUnavailable from error

    def power(self, node: str, *, on: bool) -> None:
        """Tells what hangs on a machine that it has gone off, or comes back."""
        for outlet in self.outlets:
            outlet(node, on)

    # Addresses

    def take_address(self, node: NodeRecord, record: PodRecord) -> None:
        node.addresses[record.ip] = record.uid
        self.machines[record.ip] = node.name

    def lose_sandbox(self, node: NodeRecord, record: PodRecord) -> None:
        """The pod's network namespace is gone, and its address with it."""
        record.sandbox = False
        if node.addresses.get(record.ip) == record.uid:
            del node.addresses[record.ip]
            del self.machines[record.ip]

    def index_addresses(self) -> None:
        """`machines` follows from the node records."""
        self.machines = {node.spec["address"]: node.name for node in self.nodes.values()}
        for node in self.nodes.values():
            self.machines.update(dict.fromkeys(node.addresses, node.name))

    # Chance and time

    def draw(self, bounds: tuple[int, int]) -> int:
        low, high = bounds
        return low if low == high else self.engine.rng("node").between(low, high)

    def relist_us(self, node: str) -> int:
        """Until the kubelet of this node next asks its runtime what has changed."""
        period = self.timing.relist_us
        if not period:
            return 0
        phase = sum(node.encode()) * 7_919 % period
        return period - (self.engine.now - phase) % period

    def retry_us(self) -> int:
        jitter = self.engine.rng("node").below(SYNC_BACKOFF_US // 2) if self.timing.jitter else 0
        return SYNC_BACKOFF_US + jitter

    # Workers

    def wake(self, record: PodRecord, delay_us: int = 0) -> None:
        """Lets the pod's worker look at it in `delay_us`, or earlier if that is planned already."""
        due = self.engine.now + delay_us
        if record.sync_ticket:
            if record.sync_at <= due:
                return
            self.engine.cancel(record.sync_ticket)
        record.sync_at = due
        record.sync_ticket = self.engine.schedule(delay_us, WORKERS, "sync", record.uid)

    def notice(self, record: PodRecord) -> None:
        """Something happened in the runtime: the worker sees it at the next relist."""
        self.wake(record, self.relist_us(record.node))

    def quiet(self, record: PodRecord) -> None:
        """Takes back a planned look."""
        if record.sync_ticket:
            self.engine.cancel(record.sync_ticket)
            record.sync_ticket = 0

    # Events

    def event(
        self, record: PodRecord, type: str, reason: str, message: str, *, container: str = "", about: Obj | None = None
    ) -> None:
        """`about`: the pod, from who has it at hand."""
        pod = about or self.pod(record)
        if pod is None:
            return
        path = ""
        if container:
            path = f"spec.{_PARTS.get(record.containers[container].kind, 'initContainers')}{{{container}}}"
        self.client(record.node).event(pod, type, reason, message, source="kubelet", host=record.node, field_path=path)

    def node_event(self, node: NodeRecord, type: str, reason: str, message: str) -> None:
        """About the node itself, which its kubelet can name even when it does not see it."""
        about = self.cache.get("nodes", "", node.name) or {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node.name, "uid": node.uid},
        }
        self.client(node.name).event(about, type, reason, message, source="kubelet", host=node.name)

    # Plans

    def image(self, full_name: str) -> Image:
        """An image that lies on some machine."""
        found = self._images.get(full_name)
        if found is None:
            if len(self._images) >= _IMAGES:
                self._images.clear()
            found = self._images[full_name] = self._image(full_name)
        return found

    def _image(self, full_name: str) -> Image:
        found = self.catalog.pull(parse(full_name))
        if not isinstance(found, Image):
            found = self.catalog.allowing_generic(True).pull(parse(full_name))
        assert isinstance(found, Image), f"{full_name} was pulled, so the catalogue must know it"
        return found

    def plan(self, run: Run) -> Plan:
        """What this instance does, including what it was told by the network, and what people did to it."""
        if run.plan is None:
            run.plan = self._resumed(run) if run.asked else self._planned(run)
        return run.plan

    def _planned(self, run: Run) -> Plan:
        recipe = run.recipe
        return plan(
            self.image(recipe.image),
            recipe.command,
            recipe.args,
            env=dict(recipe.env),
            ports=recipe.ports,
            memory_limit=recipe.memory,
            files=recipe.files,
            setting=recipe.setting,
            taken=recipe.taken,
            happenings=_happenings(run, 0),
        )

    def answered(self, run: Run, offset_us: int, answer: Answer) -> Plan:
        """Goes on after the program's question, and remembers question and answer in place of the one before."""
        before = self.plan(run)
        asked = before.question
        assert asked is not None, "only a program that waits for an answer gets one"
        written = [[line.offset_us, line.text] for line in before.lines[-LOG_RING:]]
        files = [[change.offset_us, change.path, change.content] for change in _latest(before.files)]
        question = [asked.offset_us, list(asked.argv), asked.thread, list(asked.program)]
        standing = [written, files, before.is_script, before.cpu_milli, before.memory]
        run.asked = [standing, question, offset_us, answer.status, list(answer.lines), dict(answer.files)]
        run.happenings = [one for one in run.happenings if one[0] > offset_us]
        run.plan = self._resumed(run)
        return run.plan

    def _resumed(self, run: Run) -> Plan:
        (written, files, is_script, cpu_milli, memory), question, offset_us, status, lines, shown = run.asked
        offset, argv, thread, program = question
        waiting = Plan(
            lines=tuple(Line(at, text) for at, text in written),
            files=tuple(FileChange(at, path, content) for at, path, content in files),
            question=Question(offset, tuple(argv), thread, tuple(program)),
            is_script=is_script,
            cpu_milli=cpu_milli,
            memory=memory,
        )
        recipe = run.recipe
        return resume(
            waiting,
            self.image(recipe.image),
            answer=Answer(status, tuple(lines), shown),
            offset_us=offset_us,
            around=Surroundings(recipe.env, recipe.ports, recipe.memory, recipe.files, recipe.setting, recipe.taken),
            happenings=_happenings(run, offset_us),
        )

    def happen(self, run: Run, kind: str, name: str, text: str | None = None) -> Plan:
        """Something comes to a running program from outside, now; what it will do changes with it."""
        self.happenings += 1
        run.happenings.append([self.engine.now - run.started_us, kind, name, text])
        if len(run.happenings) > _MAX_HAPPENINGS:
            latest = {one[2]: index for index, one in enumerate(run.happenings)}
            run.happenings = [one for index, one in enumerate(run.happenings) if latest[one[2]] == index]
        run.plan = None
        return self.plan(run)

    def placed(self, text: str, record: PodRecord) -> str:
        """A text of a plan, with the time, the name and the address that are true now."""
        return expand(text, self.engine.now, strftime=self.strftime, hostname=record.name, ip=record.ip)

    def strftime(self, at_us: int, format: str) -> str:
        moment = datetime.fromtimestamp(self.engine.epoch_s + at_us // SECOND, UTC)
        return moment.strftime(format)

    # Containers of a pod share its network

    def serving(self, record: PodRecord, port: int) -> ContainerRecord | None:
        """The running container of the pod that has this port open now."""
        for one in record.containers.values():
            if one.state == "running" and one.run is not None:
                age = self.engine.now - one.run.started_us
                if self.plan(one.run).answers(port, age) is not None:
                    return one
        return None


def _happenings(run: Run, since_us: int) -> tuple[Happening, ...]:
    return tuple((at, kind, name, text) for at, kind, name, text in run.happenings if at >= since_us)


def _latest(changes: tuple[FileChange, ...]) -> list[FileChange]:
    """The last change of each file: what was in between is over."""
    latest = {change.path: change for change in changes}
    return [change for change in changes if latest[change.path] is change]
