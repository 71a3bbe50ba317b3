"""All kubelets of the cluster behind one face: what assembly, faults, logs, pictures and the network use.

One part of the process `kubelet` hears of pods and hands each change to the pod's worker (`pod_workers`). Everything remembered is
in the fleet's records, and is dumped and loaded here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Response
from simulator.client import Client, Process
from simulator.cloud.flavours import Flavour
from simulator.cloud.storage_flavours import storage_of
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node.addresses import second_address, second_cidr
from simulator.node.container_commands import ContainerCommands
from simulator.node.container_exec import ContainerExec
from simulator.node.container_logs import ContainerLogs
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.container_starts import ContainerStarts
from simulator.node.custom_metrics import CustomMetrics
from simulator.node.eviction import EvictionManager
from simulator.node.file_systems import FileSystems
from simulator.node.fleet import WORKERS, Fleet, Network
from simulator.node.image_pulls import ImagePulls
from simulator.node.kubelet_api import KubeletApi
from simulator.node.loads import Loads
from simulator.node.machine_facts import Machine, node_spec
from simulator.node.machines import Machines
from simulator.node.node_shutdown import NodeShutdown
from simulator.node.node_status import VERSION
from simulator.node.pod_servers import PodServers
from simulator.node.pod_workers import PodWorkers
from simulator.node.prober import Prober
from simulator.node.processes import Processes
from simulator.node.records import PodRecord, Recipes, Run, dump_node, dump_pod, load_node, load_pod
from simulator.node.resource_metrics import ResourceMetrics
from simulator.node.static_pods import StaticPods
from simulator.node.timing import SECOND
from simulator.node.usage import Usage, Use
from simulator.node.volume_manager import VolumeManager
from simulator.workloads.image_catalog import catalog
from simulator.workloads.images import ImageName
from simulator.workloads.oci import document


class ClusterConfig(Protocol):
    @property
    def pod_subnet(self) -> str: ...
    @property
    def allow_unknown_images(self) -> bool: ...
    @property
    def images(self) -> tuple[dict[str, Any], ...]: ...
    @property
    def flavour(self) -> Flavour: ...
    @property
    def nodes(self) -> Sequence[Machine]: ...
    @property
    def cni(self) -> str: ...
    @property
    def is_dual(self) -> bool: ...


class Kubelets:
    name = "kubelets"
    watches: Mapping[str, str] = {
        "pods": "on_pod",
        "nodes": "on_node",
        "configmaps": "on_config_map",
        "secrets": "on_secret",
        "persistentvolumeclaims": "on_claim",
    }

    def __init__(self, process: Process, registry: Registry, config: ClusterConfig) -> None:
        self._config = config
        known = catalog().with_images(config.images).allowing_generic(config.allow_unknown_images)
        self._registry = registry
        self._fleet = fleet = Fleet(process, Client(registry, "kubelet"), known)
        self._engine = fleet.engine
        self.volumes = VolumeManager(fleet, storage_of(config.flavour))
        """What lies in volumes, and who has mounted them."""
        self._runtime = ContainerRuntime(fleet, self.volumes)
        self._prober = Prober(fleet, self._runtime)
        eviction = EvictionManager(fleet)
        processes = Processes(fleet, self._runtime, FileSystems(fleet, self._runtime, eviction.free_disk))
        programs = ContainerExec(fleet, self._runtime.files, processes)
        self._runtime.kernel = lambda pod, record, one, argv: processes.ask(pod, record, one, argv, argv[0])
        self._runtime.used = eviction.used
        self._runtime.wrote = self._prober.disturb
        self._machines = Machines(fleet, self._runtime, registry, self.volumes)
        self._shutdown = NodeShutdown(fleet, self._machines)
        self._logs = logs = ContainerLogs(fleet)
        self.pulls = ImagePulls(fleet)
        """Which image pull runs for whom; pictures observe it."""
        starts = ContainerStarts(fleet, self._runtime, self.pulls, self._prober, self.volumes)
        self._static = StaticPods(fleet)
        self._workers = PodWorkers(fleet, self._runtime, starts, logs, self.volumes)
        self.servers = PodServers(fleet, self._runtime)
        """The sockets of the cluster by address, for the network's data path."""
        self.commands = ContainerCommands(
            fleet, programs, runtime=self._runtime, starts=starts, prober=self._prober, volumes=self.volumes,
            servers=self.servers,
        )  # fmt: skip
        """What people, and hooks, run in containers that run already."""
        self._runtime.hooks = self.commands.hook
        self.loads = Loads(fleet, self._runtime)
        """What is asked of workloads beyond idling."""
        self._usage = Usage(fleet, self.loads)
        self.custom_metrics = CustomMetrics(fleet, self.loads, registry)
        self.metrics = ResourceMetrics(fleet, self._usage, registry)
        self._http = KubeletApi(fleet, registry, self._usage, self.logs)
        fleet.engine.register(self)
        process.add(self)
        process.add(self.loads)

    # Machines

    def join(self, node: Machine, index: int, *, boots: bool = False) -> None:
        """A new machine; `index` is its number in the cluster, from which its addresses follow. `boots`: it is switched on now."""
        spec = node_spec(node, index, self._config.flavour, self._config.pod_subnet, alone=len(self._config.nodes) == 1)
        spec = replace(spec, cni=self._config.cni)
        if self._config.is_dual:
            spec = replace(spec, address6=second_address(spec.address), pod_cidr6=second_cidr(spec.pod_cidr))
        self._machines.join(spec, boots=boots)

    # Images that are brought, not pulled

    def image_id(self, image: str) -> str | None:
        """The ID of an image that exists; None for one that nobody has."""
        return self.pulls.image_id(image)

    def image_document(self, name: ImageName) -> Obj | None:
        """What the image's registry answers for its name: an index or a manifest (`workloads.oci`)."""
        return document(self._fleet.catalog, name)

    def has_image(self, node: str, image: str) -> bool:
        return self.pulls.has(node, image)

    def load_image(self, node: str, image: str) -> None:
        """Puts an image on a machine at once, as `kind load` does."""
        self.pulls.bring(node, image)

    def nodes(self) -> list[str]:
        return list(self._fleet.nodes)

    def address(self, node: str) -> str:
        return str(self._fleet.nodes[node].spec["address"])

    def is_powered(self, node: str) -> bool:
        found = self._fleet.nodes.get(node)
        return found is not None and found.powered

    def is_kubelet_running(self, node: str) -> bool:
        return self._fleet.nodes[node].kubelet

    def power_off(self, node: str) -> None:
        self._machines.power_off(node)

    def power_on(self, node: str) -> None:
        self._machines.power_on(node)

    def shut_down(self, node: str, *, reboots: bool = False) -> None:
        """The machine goes down in good order: its kubelet may end the pods first, if it is configured to."""
        self._shutdown.begin(node, reboots=reboots)

    def configure(self, node: str, text: str | None) -> None:
        """The file that the kubelet of a machine reads when it starts next; None: there is none."""
        record = self._fleet.nodes.get(node)
        if record is not None:
            self._machines.configure(record, text)

    def why_not_started(self, node: str) -> str:
        """What the kubelet said when it ended by itself, as long as it cannot start; "" otherwise."""
        return str(self._fleet.nodes[node].broken)

    def network_plugin(self, node: str) -> str:
        return self._fleet.nodes[node].cni

    def set_network(self, node: str, plugin: str) -> None:
        """Puts a network plugin's configuration on the machine; "" takes it away."""
        self._machines.set_network(node, plugin)

    def stop_kubelet(self, node: str) -> None:
        self._machines.stop_kubelet(node)

    def start_kubelet(self, node: str) -> None:
        self._machines.start_kubelet(node)

    def reset(self, node: str) -> None:
        """What `kubeadm reset` does to a machine."""
        self._machines.reset(node)

    def bootstrap(self, node: str) -> None:
        """A machine that was reset gets what a kubelet needs, and starts it."""
        self._fleet.nodes[node].bootstrapped = True
        self._machines.start_kubelet(node)

    def is_bootstrapped(self, node: str) -> bool:
        return self._fleet.nodes[node].bootstrapped

    def kubelet_version(self, node: str) -> str:
        return self._fleet.nodes[node].version or VERSION

    def set_kubelet_version(self, node: str, version: str) -> None:
        """Of the program that starts next; a kubelet that runs stays what it is."""
        self._fleet.nodes[node].version = version

    # Static pods

    def manifest(self, node: str, path: str, given: Obj | str | None) -> None:
        """A file in the machine's directory of manifests is there (parsed or as text), or is gone (None)."""
        record = self._fleet.nodes[node]
        if given is None:
            self._static.remove(record, path)
        elif isinstance(given, str):
            self._static.read(record, path, given)
        else:
            self._static.place(record, path, given)
        if record.kubelet:
            self._engine.schedule(0, WORKERS, "read_manifests", node, record.epoch)

    # Containers

    @property
    def fleet(self) -> Fleet:
        """The records, for the network's data path; read only."""
        return self._fleet

    def connect(self, network: Network) -> None:
        """What programs in containers ask their questions."""
        self._fleet.network = network

    def first_container(self, namespace: str, pod: str) -> str:
        """The name of a pod's first container; "" when there is no such pod on any node."""
        record = self._find(namespace, pod)
        return "" if record is None else next((one.name for one in record.containers.values() if one.kind == "app"), "")

    def is_running(self, namespace: str, pod: str, container: str) -> bool:
        record = self._find(namespace, pod)
        one = record.containers.get(container) if record is not None else None
        return one is not None and one.state == "running"

    def runs_kube_proxy(self, node: str) -> bool:
        """Whether a container of kube-proxy runs on the machine."""
        records = [self._fleet.pods[uid] for uid in self._fleet.nodes[node].pods]
        return any(
            one.state == "running" and "/kube-proxy:" in one.image for r in records for one in r.containers.values()
        )

    def runs_image(self, node: str, repository: str) -> bool:
        """Whether a container of that image runs on the machine."""
        records = [self._fleet.pods[uid] for uid in self._fleet.nodes[node].pods]
        return any(
            one.state == "running" and one.image.rpartition(":")[0] == repository
            for record in records
            for one in record.containers.values()
        )

    def holds(self, volume: str) -> bool:
        return self._fleet.contents.has(volume)

    def fill(self, volume: str, files: dict[str, str]) -> None:
        """A driver writes what a mounted volume holds from now on."""
        self._fleet.contents.replace(volume, files)

    def runtime_pods(self, node: str) -> list[PodRecord]:
        """What the container runtime of a machine knows of, whether or not a kubelet asks it."""
        found = self._fleet.nodes.get(node)
        return [] if found is None else [self._fleet.pods[uid] for uid in found.pods]

    def runtime_images(self, node: str) -> dict[str, int]:
        """Full name → bytes."""
        found = self._fleet.nodes.get(node)
        return {} if found is None else dict(found.images)

    def runtime_lines(self, record: PodRecord, run: Run, limit: int) -> list[str]:
        """The last lines of an instance of a container."""
        return [line.text for line in self._logs.lines(record, run, limit=limit)]

    def kill_process(self, namespace: str, pod: str, container: str) -> None:
        """SIGKILL to the container's first process, as the kernel or a person would send it."""
        record = self._find(namespace, pod)
        if record is not None and container in record.containers:
            self._runtime.kill(record, record.containers[container])
            self._prober.disturb(record)

    def logs(self, pod: Obj, container: str, query: Mapping[str, str]) -> str:
        """What `GET …/log` answers. Raises StatusError."""
        return self._logs.read(pod, container, query)

    def http(self, node: str, path: str, query: Mapping[str, str]) -> Response | None:
        """What the kubelet of a machine answers on port 10250; None when none runs there. Raises StatusError."""
        found = self._fleet.nodes.get(node)
        return self._http.answer(found, path, query) if found is not None and found.kubelet and found.powered else None

    def usage(self, namespace: str, pod: str) -> tuple[int, int]:
        """(milli-CPU, bytes) that a pod's running containers use now."""
        running = self.container_usage(namespace, pod).values()
        return sum(cpu for cpu, _ in running), sum(memory for _, memory in running)

    def container_usage(self, namespace: str, pod: str) -> dict[str, tuple[int, int]]:
        """(milli-CPU, bytes) of each running container: the CPU limit throttles, the memory limit has killed before."""
        return {use.container: (use.cpu // 1_000_000, use.memory) for use in self.uses(namespace, pod)}

    def uses(self, namespace: str, pod: str) -> list[Use]:
        """What each running container of a pod has used over the last second."""
        record = self._find(namespace, pod)
        return [] if record is None else self._usage.of_pod(record.uid, self._engine.now, SECOND)

    def _find(self, namespace: str, name: str) -> PodRecord | None:
        pod = self._fleet.cache.get("pods", namespace, name)
        return None if pod is None else self._fleet.record_of(pod)

    # What the watch tells

    def on_start(self) -> None:
        """The process `kubelet` stands for all kubelets; a single one is stopped through its machine."""

    def on_stop(self) -> None:
        """See `on_start`."""

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        self._workers.updates.hear(old, new)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        self.volumes.node_changed(old, new)

    def on_config_map(self, old: Obj | None, new: Obj | None) -> None:
        self.volumes.source_changed("configmaps", old, new)

    def on_secret(self, old: Obj | None, new: Obj | None) -> None:
        self.volumes.source_changed("secrets", old, new)

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        self.volumes.claim_changed(new)

    # State

    def dump(self) -> Plain:
        recipes = Recipes()
        return {
            "nodes": [dump_node(node) for node in self._fleet.nodes.values()],
            "pods": [self._dumped(record, recipes) for record in self._fleet.pods.values()],
            "recipes": recipes.dump(),
            "contents": self._fleet.contents.dump(),
        }

    def load(self, state: Plain) -> None:
        self._fleet.nodes = {node["name"]: load_node(node) for node in state["nodes"]}
        recipes = Recipes.load(state["recipes"])
        self._fleet.pods = {pod["uid"]: self._loaded(pod, recipes) for pod in state["pods"]}
        self._fleet.contents.load(state["contents"])
        self._fleet.index_addresses()

    def _dumped(self, record: PodRecord, recipes: Recipes) -> Plain:
        """Of a status last written that is still what the API server holds only the fields' names are told."""
        state, status = dump_pod(record, recipes), self._stored_status(record.namespace, record.name, record.uid)
        if record.written and record.written.items() <= status.items():
            state["written"] = list(record.written)
        return state

    def _loaded(self, state: Plain, recipes: Recipes) -> PodRecord:
        record = load_pod(state, recipes)
        if isinstance(record.written, list):
            status = self._stored_status(record.namespace, record.name, record.uid)
            record.written = {name: status[name] for name in record.written}
        return record

    def _stored_status(self, namespace: str, name: str, uid: str) -> Obj:
        pod = self._registry.store.get("pods", (namespace, name))
        return (pod.get("status") or {}) if pod is not None and pod["metadata"]["uid"] == uid else {}
