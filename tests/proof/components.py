"""Everything that needs a table of cases, by group, in the names in which the product shows it; and what has none yet."""

from simulator.cloud.node_controller import CloudNodeController, CloudNodeLifecycleController
from simulator.cloud.service_controller import ServiceController
from simulator.controllers import CONTROLLERS
from simulator.controllers.custom_resource_definition import CustomResourceDefinitionController
from simulator.scheduler.plugins import CLUSTER_FILTERS, CLUSTER_SCORES, FILTERS, SCORES

#: Group → its components.
COMPONENTS: dict[str, list[str]] = {
    "Controllers": sorted(each.name for each in (*CONTROLLERS, CustomResourceDefinitionController)),
    "Controllers of a cloud": sorted(
        each.name for each in (CloudNodeController, CloudNodeLifecycleController, ServiceController)
    ),
    "Plugins of the scheduler": sorted(
        {
            "DefaultPreemption",
            "SchedulingGates",
            "Scheduling queue",
            *(each.name for each in (*FILTERS, *CLUSTER_FILTERS, *SCORES, *CLUSTER_SCORES)),
        }
    ),
    "Storage drivers": [
        "external-attacher",
        "external-provisioner",
        "external-resizer",
        "external-snapshotter",
        "node-driver-registrar",
        "snapshot-controller",
    ],
    "Network": [
        "CoreDNS: records",
        "DNS tools",
        "Gateway API: GRPCRoute",
        "Gateway API: Gateway",
        "Gateway API: HTTPRoute",
        "Gateway API: ReferenceGrant",
        "HTTP clients",
        "NetworkPolicy",
        "ingress-nginx",
        "kube-proxy: choice of endpoints",
        "kube-proxy: iptables",
        "kube-proxy: ipvs",
        "kube-proxy: nftables",
    ],
    "Autoscalers": ["Cluster Autoscaler", "Vertical Pod Autoscaler"],
    "Functions and virtual machines": ["Knative Serving", "KubeVirt"],
    "Kubelet": [
        "Class of service",
        "Critical pods",
        "DNS configuration",
        "Downward API",
        "Environment",
        "Ephemeral containers",
        "Eviction",
        "Images",
        "Lifecycle hooks",
        "Node lease",
        "Node shutdown",
        "Node status",
        "Pod admission",
        "Pod conditions",
        "Pod phase",
        "Probes",
        "Resize",
        "Restart backoff",
        "Static pods",
        "Sync of a pod",
        "Termination",
        "Volume manager",
        "Volumes",
    ],
    "Admission": [
        "CertificateApproval",
        "CertificateSigning",
        "CertificateSubjectRestriction",
        "DefaultIngressClass",
        "DefaultStorageClass",
        "DefaultTolerationSeconds",
        "LimitRanger",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionWebhook",
        "NamespaceLifecycle",
        "NodeRestriction",
        "PersistentVolumeClaimResize",
        "PodSecurity",
        "Priority",
        "ResourceQuota",
        "RuntimeClass",
        "ServiceAccount",
        "StorageObjectInUseProtection",
        "TaintNodesByCondition",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionWebhook",
    ],
    "CEL": ["CEL: cost", "CEL: evaluation", "CEL: reading", "CEL: types"],
    "Authentication, authorization and objects": [
        "Access reviews",
        "Audit policy",
        "Custom resources",
        "Encryption at rest",
        "Escalation",
        "Impersonation",
        "Node authorizer",
        "RBAC",
        "Server-side apply",
        "ServiceAccount tokens",
        "TokenReview",
        "etcdctl",
    ],
}

#: No table yet. Whoever writes one takes its component out of here.
OPEN: frozenset[str] = frozenset()
