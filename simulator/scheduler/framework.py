"""The extension points of the scheduling framework, and what passes between them.

Follows https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/. "Does not fit" is no error but
a `Status`; success is None. A plugin keeps nothing between two pods: what it knows comes with the call.

One thing is split finer than upstream so that identical pods can share work: Score is `feature` (what this node looks
like to this pod, a hashable value that depends on the two alone) followed by `score` (the points for that
feature). Nodes with equal features get equal points, so the scheduler scores each feature once.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.storage_view import StorageView

MAX_NODE_SCORE = 100


@dataclass(frozen=True, slots=True)
class Status:
    """Why a plugin turned a node down. `resolvable`: evicting pods from the node could change the answer."""

    plugin: str
    reasons: tuple[str, ...]
    resolvable: bool
    is_general: bool = False
    """PreFilter turned the pod down on every node at once, so the reason is told without a count."""


class View(Protocol):
    """The cluster as one scheduling cycle sees it."""

    @property
    def nodes(self) -> Sequence[NodeInfo]:
        """Every node, in the order in which the scheduler goes round them."""
        ...

    @property
    def generation(self) -> int:
        """Grows when a node comes, goes or changes what it offers."""
        ...

    def position(self, name: str) -> int | None:
        """Where in `nodes` a node is; None when it is not known."""
        ...

    @property
    def affinity_pods(self) -> int:
        """How many placed pods have pod affinity or anti-affinity of any kind."""
        ...

    def nodes_with_image(self, image: str) -> int:
        """How many nodes have an image."""
        ...

    @property
    def storage(self) -> StorageView:
        """Claims, volumes and classes."""
        ...


class Filter(Protocol):
    """Filter whose verdict depends on the pod and this one node."""

    @property
    def name(self) -> str: ...

    def filter(self, pod: PodInfo, node: NodeInfo) -> Status | None: ...


class ClusterFilter(Protocol):
    """PreFilter and Filter of a plugin whose verdict depends on pods elsewhere too."""

    @property
    def name(self) -> str: ...

    def prepare_check(self, pod: PodInfo, view: View) -> Any:
        """PreFilter: what `check` needs of the whole cluster, None to be skipped, a Status to turn every node down."""
        ...

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Any) -> Status | None: ...


class Census(Protocol):
    """How many nodes have each feature of a plugin, counted when asked for."""

    def feasible(self) -> Mapping[Any, int]: ...

    def everywhere(self) -> Mapping[Any, int]:
        """All nodes of the cluster, feasible or not."""
        ...


class Score(Protocol):
    """PreScore, Score and NormalizeScore."""

    @property
    def name(self) -> str: ...

    @property
    def weight(self) -> int: ...

    @property
    def is_settled(self) -> bool:
        """Whether what is prepared stays the same as long as the nodes do, whatever pods come and go (`View.generation`)."""
        ...

    def feature(self, pod: PodInfo, node: NodeInfo) -> Hashable: ...

    def prepare(self, pod: PodInfo, view: View, census: Census) -> Any:
        """PreScore: what the points follow from, together with the features. Hashable; None is no say about this pod."""
        ...

    def score(self, pod: PodInfo, feature: Any, prepared: Any) -> int: ...

    def normalize(self, scores: Sequence[int], prepared: Any) -> Sequence[int]:
        """Brings the scores of all features into 0 … MAX_NODE_SCORE."""
        ...


def normalize_by_maximum(scores: Sequence[int], *, reverse: bool = False) -> list[int]:
    """Scales to 0 … 100 by the highest score; `reverse` makes the lowest the best (upstream's DefaultNormalizeScore)."""
    highest = max(scores, default=0)
    if highest == 0:
        return [MAX_NODE_SCORE if reverse else score for score in scores]
    scaled = [MAX_NODE_SCORE * score // highest for score in scores]
    return [MAX_NODE_SCORE - score for score in scaled] if reverse else scaled
