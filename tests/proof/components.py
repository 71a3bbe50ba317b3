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
        {"DefaultPreemption", *(each.name for each in (*FILTERS, *CLUSTER_FILTERS, *SCORES, *CLUSTER_SCORES))}
    ),
}

#: No table yet. Whoever writes one takes its component out of here.
OPEN: frozenset[str] = frozenset(
    {
        "apiservice-availability-controller",
        "attachdetach-controller",
        "bootstrap-signer-controller",
        "certificatesigningrequest-approving-controller",
        "certificatesigningrequest-cleaner-controller",
        "certificatesigningrequest-signing-controller",
        "clusterrole-aggregation-controller",
        "crd-controller",
        "cronjob-controller",
        "daemonset-controller",
        "deployment-controller",
        "disruption-controller",
        "endpoints-controller",
        "endpointslice-controller",
        "endpointslice-mirroring-controller",
        "ephemeral-volume-controller",
        "garbage-collector-controller",
        "job-controller",
        "namespace-controller",
        "node-lifecycle-controller",
        "persistentvolume-binder-controller",
        "persistentvolume-expander-controller",
        "persistentvolume-protection-controller",
        "persistentvolumeclaim-protection-controller",
        "pod-garbage-collector-controller",
        "replicaset-controller",
        "replication-controller",
        "resourcequota-controller",
        "root-ca-certificate-publisher-controller",
        "serviceaccount-controller",
        "statefulset-controller",
        "taint-eviction-controller",
        "token-cleaner-controller",
        "ttl-after-finished-controller",
        "cloud-node-controller",
        "cloud-node-lifecycle-controller",
        "service-controller",
        "DefaultPreemption",
        "ImageLocality",
        "InterPodAffinity",
        "NodeAffinity",
        "NodeName",
        "NodePorts",
        "NodeResourcesBalancedAllocation",
        "NodeResourcesFit",
        "NodeUnschedulable",
        "NodeVolumeLimits",
        "PodTopologySpread",
        "TaintToleration",
        "VolumeBinding",
        "VolumeRestrictions",
        "VolumeZone",
    }
)
