"""What commands need of a cluster: the part of `Cluster` that they are written against."""

from collections.abc import Sequence
from typing import Protocol

from simulator.addons.secrets_store.vault import Vault
from simulator.apiserver.registry import Registry
from simulator.apiserver.server import Server
from simulator.apiserver.storage_browser import StorageBrowser
from simulator.cloud.cloud import Cloud
from simulator.cluster_autoscaler.controller import ClusterAutoscaler
from simulator.config import ClusterConfig
from simulator.engine import Engine
from simulator.faults import Faults
from simulator.host_files import HostFiles
from simulator.kubectl.workstation import Workstation
from simulator.loops.debugger import Debugger
from simulator.narrator import Narrator
from simulator.network.datapath import Datapath
from simulator.network.questions import Questions
from simulator.node.container_exec import Execution
from simulator.node.kubelets import Kubelets
from simulator.picture import Picture
from simulator.remedies.search import Remedies
from simulator.scheduler.scheduler import Scheduler
from simulator.sessions import ContainerSessions
from simulator.yard import Yard


class Parts(Protocol):
    """What commands need of a cluster."""

    config: ClusterConfig
    engine: Engine
    registry: Registry
    server: Server
    scheduler: Scheduler
    workstation: Workstation
    sessions: ContainerSessions
    faults: Faults
    storage: StorageBrowser
    files: HostFiles
    debugger: Debugger
    narrator: Narrator
    datapath: Datapath
    network_questions: Questions
    cloud: Cloud | None
    kubelets: Kubelets
    autoscaler: ClusterAutoscaler | None
    yard: Yard
    remedies: Remedies
    vault: Vault

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Execution: ...

    @property
    def pictures(self) -> Picture: ...

    @property
    def most_nodes(self) -> int:
        """How many machines all clusters of the lab may have; 0 is no limit."""

    @property
    def nodes_together(self) -> int: ...

    @property
    def together(self) -> "Sequence[Parts]":
        """All clusters of the lab: a line of the terminal may reach each of them."""

    @property
    def zero(self) -> int: ...
