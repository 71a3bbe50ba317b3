"""Prefers nodes that already have the pod's images, weighed by size and by how many nodes have them."""

from collections.abc import Sequence

from simulator.scheduler.framework import MAX_NODE_SCORE, Census, View
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo

_MIB = 1024 * 1024
_FLOOR = 23 * _MIB
_CEILING_A_CONTAINER = 1000 * _MIB

#: (image, size) of the pod's images that a node has.
Present = tuple[tuple[str, int], ...]
#: (image, share of the nodes that have it).
Spread = tuple[tuple[str, float], ...]


class ImageLocality:
    name = "ImageLocality"
    weight = 1
    is_settled = True

    def feature(self, pod: PodInfo, node: NodeInfo) -> Present:
        return tuple((image, node.images[image]) for image in pod.images if image in node.images)

    def prepare(self, pod: PodInfo, view: View, census: Census) -> Spread:
        """For every image of the pod, the share of nodes that have it."""
        total = len(view.nodes)
        return tuple([(image, view.nodes_with_image(image) / total) for image in pod.images])

    def score(self, pod: PodInfo, feature: Present, prepared: Spread) -> int:
        if not feature:
            return 0
        shares = dict(prepared)
        found = sum(int(size * shares[image]) for image, size in feature)
        ceiling = _CEILING_A_CONTAINER * len(pod.images)
        return MAX_NODE_SCORE * (min(max(found, _FLOOR), ceiling) - _FLOOR) // (ceiling - _FLOOR)

    def normalize(self, scores: Sequence[int], prepared: Spread) -> Sequence[int]:
        return scores
