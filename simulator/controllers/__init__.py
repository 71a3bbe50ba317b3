"""kube-controller-manager: one file a controller, each bringing one kind of object nearer to what it asks for."""

from simulator.client import Controller
from simulator.controllers.admission_policy_status import AdmissionPolicyStatusController
from simulator.controllers.apiservice_availability import ApiServiceAvailabilityController
from simulator.controllers.attach_detach import AttachDetachController
from simulator.controllers.bootstrap_tokens import BootstrapSigner, TokenCleaner
from simulator.controllers.certificates import CertificateApprover, CertificateCleaner, CertificateSigner
from simulator.controllers.clusterrole_aggregation import ClusterRoleAggregationController
from simulator.controllers.cronjob import CronJobController
from simulator.controllers.daemonset import DaemonSetController
from simulator.controllers.deployment import DeploymentController
from simulator.controllers.disruption import DisruptionController
from simulator.controllers.endpoints import EndpointsController
from simulator.controllers.endpointslice import EndpointSliceController
from simulator.controllers.endpointslice_mirroring import EndpointSliceMirroringController
from simulator.controllers.ephemeral_volume import EphemeralVolumeController
from simulator.controllers.garbage_collector import GarbageCollector
from simulator.controllers.horizontal_pod_autoscaler import HorizontalPodAutoscalerController
from simulator.controllers.job import JobController
from simulator.controllers.namespace import NamespaceController
from simulator.controllers.node_lifecycle import NodeLifecycleController
from simulator.controllers.persistent_volume import PersistentVolumeController
from simulator.controllers.pod_garbage_collector import PodGarbageCollector
from simulator.controllers.replicaset import ReplicaSetController
from simulator.controllers.replication_controller import ReplicationController
from simulator.controllers.resource_quota import ResourceQuotaController
from simulator.controllers.root_ca import RootCaPublisher
from simulator.controllers.service_account import ServiceAccountController
from simulator.controllers.statefulset import StatefulSetController
from simulator.controllers.taint_eviction import TaintEvictionController
from simulator.controllers.ttl_after_finished import TtlAfterFinishedController
from simulator.controllers.volume_expand import VolumeExpandController
from simulator.controllers.volume_protection import ClaimProtectionController, VolumeProtectionController

#: Every controller of the manager, in the order in which they hear of a change.
CONTROLLERS: tuple[type[Controller], ...] = (
    NamespaceController,
    ServiceAccountController,
    RootCaPublisher,
    DeploymentController,
    ReplicaSetController,
    ReplicationController,
    DaemonSetController,
    StatefulSetController,
    JobController,
    CronJobController,
    TtlAfterFinishedController,
    DisruptionController,
    HorizontalPodAutoscalerController,
    EndpointSliceController,
    EndpointsController,
    EndpointSliceMirroringController,
    NodeLifecycleController,
    TaintEvictionController,
    ResourceQuotaController,
    ClusterRoleAggregationController,
    EphemeralVolumeController,
    PersistentVolumeController,
    AttachDetachController,
    VolumeExpandController,
    ClaimProtectionController,
    VolumeProtectionController,
    PodGarbageCollector,
    ApiServiceAvailabilityController,
    GarbageCollector,
    CertificateApprover,
    CertificateSigner,
    CertificateCleaner,
    BootstrapSigner,
    TokenCleaner,
    AdmissionPolicyStatusController,
)
