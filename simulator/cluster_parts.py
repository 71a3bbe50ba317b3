"""What a cluster is made of, wired together: its machines and everything that runs on them and around them.

Nothing runs yet when it is made; `seed` lets it begin. Who looks at it, lets time pass and gives commands is `cluster`. The order in which parts are
made is the order of their state in a snapshot.
"""

from functools import partial
from typing import cast

from simulator.addons.assembly import assemble
from simulator.addons.metrics import objects
from simulator.addons.processes import SUPERVISOR
from simulator.addons.secrets_store.definitions import DRIVER as SECRETS_STORE
from simulator.addons.secrets_store.driver import SecretsStore
from simulator.addons.secrets_store.vault import Vault
from simulator.addons.vertical_pod_autoscaler.recommender import Recommender
from simulator.admission_calls import ClusterWebhooks
from simulator.api_door import ApiDoor
from simulator.api_reach import ClusterReach
from simulator.apiserver.disruption import evict
from simulator.apiserver.etcd import Etcd
from simulator.apiserver.etcd_members import EtcdMembers
from simulator.apiserver.etcdctl import etcdctl
from simulator.apiserver.registry import Registry
from simulator.apiserver.server import Server
from simulator.apiserver.storage_browser import StorageBrowser
from simulator.client import Client, Process
from simulator.cloud.cloud import Cloud
from simulator.cloud.ledger import Ledger
from simulator.cloud.load_balancers import KINDS, LoadBalancers
from simulator.cloud.node_controller import CloudNodeController, CloudNodeLifecycleController
from simulator.cloud.service_controller import ServiceController
from simulator.cloud.storage_flavours import storage_of
from simulator.cluster_autoscaler.controller import ClusterAutoscaler, Seams
from simulator.cluster_autoscaler.templates import template_node
from simulator.config import ClusterConfig
from simulator.control_plane_pods import ControlPlanePods
from simulator.controllers import CONTROLLERS
from simulator.controllers.apiservice_availability import ApiServiceAvailabilityController
from simulator.controllers.custom_resource_definition import CustomResourceDefinitionController
from simulator.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from simulator.controllers.persistent_volume import PersistentVolumeController
from simulator.controlplane import CLOUD_MANAGER, ControlPlane
from simulator.csi import driver as csi
from simulator.engine import Engine
from simulator.errands import Errands
from simulator.faults import Faults
from simulator.host_files import HostFiles
from simulator.kubeadm.certificates import YEAR_US
from simulator.kubeadm.crictl import Crictl
from simulator.kubeadm.machines import Machines as KubeadmMachines
from simulator.kubeadm.machines import Parts as KubeadmParts
from simulator.kubeadm.programs import Programs as KubeadmPrograms
from simulator.kubectl.call import End, ExecRefused
from simulator.kubectl.kubeconfig import omitted_of
from simulator.machine_shell import MachineShell
from simulator.machinery.resources import by_kind
from simulator.metrics_client import MetricsApis
from simulator.network.datapath import Datapath, Source
from simulator.network.faults import NetworkFaults
from simulator.network.front_doors import FrontDoors
from simulator.network.links import Links
from simulator.network.objects import ClusterNetwork, Servers
from simulator.network.onward import Onward
from simulator.network.programs import NetworkPrograms
from simulator.network.proxy import KubeProxy
from simulator.network.questions import Questions
from simulator.network.sources import Sources
from simulator.network.tools import NetworkTools
from simulator.network.traffic import Traffic
from simulator.node.addresses import node_address
from simulator.node.container_exec import Execution
from simulator.node.kubelets import Kubelets
from simulator.node.volume_files import VolumeFiles
from simulator.port_forward import forward
from simulator.scheduler.scheduler import Scheduler
from simulator.seed_objects import DNS_HOST, NAMESPACES, namespace, seed_objects, service_address
from simulator.sessions import ContainerSessions
from simulator.yard import Yard

#: The loops inside the API server that look after CustomResourceDefinitions.
EXTENSIONS = "apiextensions-apiserver"
#: The program outside a kind cluster that gives Services their load balancers.
PROVIDER = "cloud-provider-kind"
_BALANCERS = 20
#: Operating-system processes of which one stands for all of its kind.
PROCESSES = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", EXTENSIONS)


class ClusterParts:
    def __init__(
        self, config: ClusterConfig, engine: Engine, *, number: int = 1, beside: "ClusterParts | None" = None
    ) -> None:
        """`beside`: the lab's first cluster."""
        self.config = config
        self.number = number
        """The how-manieth cluster of its lab."""
        self._zero: int = 0 if beside is None else beside._zero
        self.engine = engine
        self._control_planes = [node.name for node in config.control_planes]
        self.etcd = Etcd(engine, self._control_planes)
        self.registry = registry = Registry(
            engine,
            self.etcd,
            cluster_cidr=config.service_subnets,
            optional=config.optional_resources,
            gates=config.feature_gates,
        )
        self.processes = {name: Process(name, engine, registry) for name in PROCESSES}
        manager = self.processes["kube-controller-manager"]
        for controller in CONTROLLERS:
            controller(manager, Client(registry, controller.name))
        extensions = self.processes[EXTENSIONS]
        CustomResourceDefinitionController(extensions, Client(registry, CustomResourceDefinitionController.name))
        self.autoscaler: ClusterAutoscaler | None = None
        self.cloud = self._rent()
        self.scheduler = Scheduler(self.processes["kube-scheduler"], Client(registry, Scheduler.name))
        self.kubelets = Kubelets(self.processes["kubelet"], registry, config)
        self._lay_network()
        self.vault: Vault = Vault(engine) if beside is None else beside.vault
        """Outside the cluster, like the workstation."""
        self._provide_storage()
        for process in self.processes.values():
            process.wire()
        self.plane = ControlPlane(engine, registry, self.etcd, self.processes, self._control_planes)
        self.kubelets.fleet.listeners.append(ControlPlanePods(self.plane))
        registry.computed["componentstatuses"] = self.plane.statuses
        self._open_api_server()
        prefix = "" if beside is None else f"{number}-"
        self.sessions = ContainerSessions(engine, registry, self.kubelets, prefix=prefix)
        self.end = self._reached_as(omitted_of(number))
        self.server.aggregator.add(self.kubelets.metrics)
        for custom in self.kubelets.custom_metrics.backends:
            self.server.aggregator.add(custom)
        self._connect_autoscaler()
        self._equip_machines()
        self.network_questions = Questions(
            self.datapath,
            registry.objects,
            self.sources,
            self.traffic,
            engine=engine,
            nodes=self.kubelets.nodes,
            zero=lambda: self._zero,
            pod_cidrs=tuple(config.pod_subnets.split(",")),
        )

    def _lay_network(self) -> None:
        """kube-proxy, the data path, and what sends or receives there."""
        engine, registry, networking = self.engine, self.registry, self.processes["kube-proxy"]
        dns_address = service_address(self.config, DNS_HOST)
        self.proxy = KubeProxy(networking, mode=self.config.kube_proxy_mode)
        self.front_doors = FrontDoors(engine, self.kubelets.servers)
        self.datapath = Datapath(
            engine,
            self.proxy,
            ClusterNetwork(networking),
            cast(Servers, self.front_doors),
            Links(engine),
            dns_address=dns_address,
        )
        self.front_doors.onward = Onward(self.datapath, Client(registry, "data-plane"))
        for add_on in assemble(engine, registry, self.front_doors):
            self.processes[add_on.name] = add_on
        self.kubelets.connect(NetworkTools(self.datapath))
        self.sources = Sources(registry.store.get, self.kubelets.nodes)
        self.traffic = Traffic(engine, self.datapath, self.sources)
        self.balancers = self._balance()
        self._programs = NetworkPrograms(networking, self.proxy, self.kubelets.set_network)
        self._programs.listeners.extend((self.balancers.disturb, self.traffic.disturb))
        self.kubelets.fleet.listeners.append(self._programs)
        webhooks = ClusterWebhooks(registry, self.datapath, self._first_control_plane)
        registry.admission.webhooks.calls = registry.converter.calls = webhooks

    @property
    def _first_control_plane(self) -> str:
        return self._control_planes[0] if self._control_planes else ""

    def _provide_storage(self) -> None:
        """The drivers behind volumes."""
        engine, registry = self.engine, self.registry
        self.secrets = SecretsStore(engine, Client(registry, SecretsStore.name), self.vault, self.kubelets)
        self.kubelets.volumes.places.inline[SECRETS_STORE] = self.secrets
        files = VolumeFiles(self.kubelets.volumes.contents)
        driver = csi.install(registry, storage_of(self.config.flavour), self.cloud, files)
        self.processes[driver.name] = driver
        for part in self.processes["kube-controller-manager"].parts:
            if isinstance(part, PersistentVolumeController):
                part.recycler = files

    def _open_api_server(self) -> None:
        """The API server's door, for people and for pods."""
        reach = ClusterReach(self.datapath, self.kubelets, self._first_control_plane)
        for part in self.processes["kube-controller-manager"].parts:
            if isinstance(part, ApiServiceAvailabilityController):
                part.reach = reach
        self.server = Server(self.registry, self.kubelets, reach)
        managed = {node_address(index): node.name for index, node in enumerate(self.config.nodes) if node.managed}
        self.kubelets.servers.api = ApiDoor(self.server, managed, self.plane.is_up)
        self.kubelets.servers.onward = Errands(self.datapath).run

    def _reached_as(self, note: str) -> End:
        """What a kubeconfig leads to."""
        return End(
            self.config.name,
            self.server,
            note,
            self._exec,
            self.sessions.open,
            self.sessions.attach,
            partial(forward, self.registry, self.datapath),
            partial(self.datapath.request, Source()),
        )

    def _equip_machines(self) -> None:
        """What lies on the machines, and what can be done to them."""
        engine, config = self.engine, self.config
        self.files = HostFiles(self.registry, config, self.kubelets)
        self.files.shell = self._machine_shell = MachineShell(self.files, self.kubelets, self.end, engine)
        self.storage = StorageBrowser(self.registry)
        breakable = NetworkFaults(
            self.datapath,
            self._programs.tell,
            self.kubelets.nodes,
            self.kubelets.runs_kube_proxy,
            {name: process for name, process in self.processes.items() if name == PROVIDER},
            self.kubelets.set_network,
        )
        self.yard = Yard(engine, self.kubelets, self.plane, config)
        if self.cloud is not None:
            self.cloud.connect(self.yard)
        self._install_kubeadm()
        self.faults = Faults(engine, self.plane, self.kubelets, breakable, self.cloud)
        self.kubelets.fleet.outlets.append(self.faults.power)

    def _install_kubeadm(self) -> None:
        """Every machine of one's own has kubeadm and what it works with; certificates of a managed control plane are the provider's business."""
        parts = KubeadmParts(
            self.engine,
            self.registry,
            self.server,
            self.config,
            self.kubelets,
            self.files,
            self.plane,
            self.yard,
        )
        programs = KubeadmPrograms(KubeadmMachines(parts))
        if not self.config.flavour.hides_control_plane:
            self.registry.availability.certificate_ends = self.engine.born + YEAR_US
            self._machine_shell.programs["kubeadm"] = programs.kubeadm
        self._machine_shell.programs |= {
            "crictl": Crictl(self.kubelets, self.engine).run,
            "kubelet": programs.kubelet,
            "apt-get": programs.apt_get,
            "apt-mark": programs.apt_mark,
            "systemctl": programs.systemctl,
            "shutdown": programs.shutdown,
            "poweroff": programs.poweroff,
            "reboot": programs.reboot,
        }

    def _connect_autoscaler(self) -> None:
        """The autoscaler reads metrics through the API server's aggregation layer, and hears when loads change."""
        autoscaler = self.engine.component(HorizontalPodAutoscalerController.name)
        assert isinstance(autoscaler, HorizontalPodAutoscalerController)
        metrics, custom = self.kubelets.metrics, self.kubelets.custom_metrics
        apis = MetricsApis(self.server.aggregator, metrics, custom)
        autoscaler.connect(apis)
        recommender = self.engine.component(Recommender.name)
        assert isinstance(recommender, Recommender)
        recommender.connect(apis)
        self.kubelets.loads.observers.extend((autoscaler.something_happened, recommender.load_changed))
        custom.observers.append(autoscaler.something_happened)

    def _rent(self) -> Cloud | None:
        """The cloud of a managed cluster, and the manager that tells Kubernetes about it."""
        config = self.config
        if not config.flavour.is_cloud:
            return None
        cloud = Cloud(
            self.engine,
            config.flavour.provider,
            cluster=config.name,
            groups=config.groups,
            quota_cpus=config.quota_cpus,
            delay_percent=config.delay_percent,
        )
        manager = self.processes[CLOUD_MANAGER] = Process(CLOUD_MANAGER, self.engine, self.registry)
        for controller in (CloudNodeController, CloudNodeLifecycleController):
            controller(manager, Client(self.registry, controller.name), cloud)
        if any(group.min < group.max for group in config.groups):
            seams = Seams(partial(template_node, config), self._evict)
            client = Client(self.registry, ClusterAutoscaler.name)
            self.autoscaler = ClusterAutoscaler(manager, client, cloud, seams)
        return cloud

    def _evict(self, who: str, namespace: str, name: str, grace_s: int) -> None:
        evict(self.registry, who, namespace, name, {"gracePeriodSeconds": grace_s}, dry_run=False)

    def _balance(self) -> LoadBalancers:
        """Load balancers and the controller that asks for them; kind has none until somebody starts its provider."""
        if self.cloud is not None:
            ledger, kind, manager = (
                self.cloud.load_balancers,
                KINDS[self.cloud.provider.name],
                self.processes[CLOUD_MANAGER],
            )
        else:
            manager = self.processes[PROVIDER] = Process(PROVIDER, self.engine, self.registry)
            ledger, kind = Ledger("load balancers", quota=_BALANCERS), KINDS[PROVIDER]
        balancers = LoadBalancers(self.engine, ledger, kind)
        ServiceController(manager, Client(self.registry, ServiceController.name), balancers)
        balancers.connect(self.datapath)
        balancers.changed.append(self.traffic.disturb)
        self.datapath.load_balancers = balancers
        return balancers

    def seed(self) -> None:
        """What kubeadm leaves behind, and the machines that join."""
        engine, registry = self.engine, self.registry
        before = engine.cause
        engine.cause = engine.record("start", "you", note=f"cluster {self.config.name} starts", because=before)
        creator = "kubeadm"
        for name in NAMESPACES:
            registry.create(creator, "namespaces", namespace(name))
        self.plane.start()
        self.processes["kubelet"].start()
        self.processes[EXTENSIONS].start()
        self.processes[SUPERVISOR].start()
        self.processes["kube-proxy"].start()
        self.processes[csi.PROCESS].start()
        for index, node in self.config.joining:
            if self.cloud is not None:
                self.cloud.adopt(node.name, index=index, group=node.group, type=node.machine, zone=node.zone)
            self.kubelets.join(node, index)
        addresses = [
            node_address(index) for index, node in enumerate(self.config.nodes) if node.role == "control-plane"
        ]
        for resource, obj in seed_objects(self.config, addresses):
            self.server.seed(creator, resource, obj)
        for addon in self.config.addons:
            for obj in objects(addon):
                kind = by_kind(obj["apiVersion"], obj["kind"])
                assert kind is not None, obj["kind"]
                self.server.seed(creator, kind.name, obj)
        for _, node in self.config.joining:
            if node.role == "control-plane":
                for path, manifest in self.files.manifests(node.name).items():
                    self.kubelets.manifest(node.name, path, manifest)
        engine.cause = before

    def _exec(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> tuple[str, str, int]:
        done = self.execute(namespace, pod, container, command, stdin)
        if done.refused:
            raise ExecRefused(done.refused)
        return done.stdout, done.stderr, done.status

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Execution:
        """What the kubelet of the pod's node answers to `exec`. Raises StatusError."""
        found = self.registry.get("kubernetes-admin", "pods", namespace, pod)
        # A program may draw a random endpoint or write a log line: it is never only a question.
        note = f"{pod} runs {' '.join(command)}"
        self.engine.record("run", "you", verb="exec", resource="pods", namespace=namespace, name=pod, note=note[:200])
        words = [word for word in command if not word.startswith("ETCDCTL_")]
        if words[:1] == ["etcdctl"] and (found["metadata"].get("labels") or {}).get("component") == "etcd":
            members = EtcdMembers(self.etcd, self._member_address, found["spec"]["nodeName"])
            stdout, stderr, status = etcdctl(self.storage, words[1:], members)
            return Execution(status, stdout, stderr, written=((1, stdout), (2, stderr)))
        return self.kubelets.commands.execute(found, container, tuple(command), stdin)

    def _member_address(self, member: str) -> str:
        """Of its machine; a member that only a learner has named has none."""
        return self.kubelets.address(member) if member in self.kubelets.nodes() else "0.0.0.0"
