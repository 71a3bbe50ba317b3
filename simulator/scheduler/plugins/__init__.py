"""The default plugins, a file each, in the order in which upstream runs them.

`default_plugins.go` of v1.33 gives order and weights. Not here: dynamic resources. DefaultPreemption is `simulator.scheduler.preemption`.
"""

from simulator.scheduler.framework import ClusterFilter, Filter, Score
from simulator.scheduler.plugins.balanced_allocation import BalancedAllocation
from simulator.scheduler.plugins.image_locality import ImageLocality
from simulator.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from simulator.scheduler.plugins.node_affinity import NodeAffinity, NodeAffinityByName, NodeAffinityConflict
from simulator.scheduler.plugins.node_name import NodeName
from simulator.scheduler.plugins.node_ports import NodePorts
from simulator.scheduler.plugins.node_unschedulable import NodeUnschedulable
from simulator.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from simulator.scheduler.plugins.pod_topology_spread import PodTopologySpread
from simulator.scheduler.plugins.resources_fit import NodeResourcesFit
from simulator.scheduler.plugins.taint_toleration import TaintToleration
from simulator.scheduler.plugins.volume_binding import VolumeBinding
from simulator.scheduler.plugins.volume_restrictions import VolumeRestrictions
from simulator.scheduler.plugins.volume_zone import VolumeZone

NODE_AFFINITY = NodeAffinity()
FILTERS: tuple[Filter, ...] = (
    NodeAffinityByName(),
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NODE_AFFINITY,
    NodePorts(),
    NodeResourcesFit(),
)
VOLUME_BINDING = VolumeBinding()
CLUSTER_FILTERS: tuple[ClusterFilter, ...] = (
    NodeAffinityConflict(),
    VolumeRestrictions(),
    NodeVolumeLimits(),
    VOLUME_BINDING,
    VolumeZone(),
    PodTopologySpread(),
    InterPodAffinity(),
)
#: The one whose feature also depends on the pod's labels: it counts its like.
BY_LABELS = PodTopologySpread()
#: Scores whose feature depends on the pod and the node alone.
SCORES: tuple[Score, ...] = (
    TaintToleration(),
    NODE_AFFINITY,
    NodeResourcesFit(),
    BY_LABELS,
    BalancedAllocation(),
    ImageLocality(),
)
#: Scores that look at pods on other nodes; they have a say only when some pod has affinity.
CLUSTER_SCORES: tuple[Score, ...] = (InterPodAffinity(),)
