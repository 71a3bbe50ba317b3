"""What the tables of the plugins share: nodes in a few words, and one plugin asked alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.framework import ClusterFilter, Score, Status
from simulator.scheduler.pod_info import PodInfo, pod_info

Obj = dict[str, Any]


def a_view(
    nodes: Mapping[str, Mapping[str, str]], placed: Sequence[tuple[str, Obj]] = (), **looks: Mapping[str, Any]
) -> ClusterView:
    """Nodes by name with their labels, the pods on them, and more of a node by field (`taints={"a": […]}`)."""
    view = ClusterView()
    for name, labels in nodes.items():
        status = {"allocatable": {"cpu": "1000", "memory": "1000Gi", "pods": "1000"}}
        spec = {field: of[name] for field, of in looks.items() if name in of}
        metadata = {"name": name, "labels": dict(labels)}
        view.put_node({"kind": "Node", "metadata": metadata, "spec": spec, "status": status})
    for number, (name, pod) in enumerate(placed):
        view.add_pod(name, f"uid-{number}", pod_info(pod), ending="deletionTimestamp" in pod["metadata"])
    return view


@pytest.fixture
def scores() -> Callable[..., dict[str, int] | None]:
    """`scores(plugin, info, view, candidates)`: points before the weight; None when the plugin has no say."""

    def ask(
        plugin: Score, info: PodInfo, view: ClusterView, candidates: Sequence[str] | None = None
    ) -> dict[str, int] | None:
        looks = {node.name: plugin.feature(info, node) for node in view.nodes}
        chosen = {name: looks[name] for name in (candidates if candidates is not None else looks)}
        prepared = plugin.prepare(info, view, _Counted(chosen, looks))
        if prepared is None:
            return None
        features = list(dict.fromkeys(chosen.values()))
        points = plugin.normalize([plugin.score(info, one, prepared) for one in features], prepared)
        by_feature = dict(zip(features, points, strict=True))
        return {name: by_feature[feature] for name, feature in chosen.items()}

    return ask


@dataclass(frozen=True)
class _Counted:
    chosen: Mapping[str, Any]
    looks: Mapping[str, Any]

    def feasible(self) -> dict[Any, int]:
        return _counted(self.chosen)

    def everywhere(self) -> dict[Any, int]:
        return _counted(self.looks)


def _counted(looks: Mapping[str, Any]) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for feature in looks.values():
        counts[feature] = counts.get(feature, 0) + 1
    return counts


@pytest.fixture
def view() -> Callable[..., ClusterView]:
    return a_view


@pytest.fixture
def verdicts() -> Callable[..., dict[str, tuple[tuple[str, ...], bool] | None]]:
    """`verdicts(plugin, info, view)`: None for a node that fits, else (reasons, whether evictions could help)."""

    def ask(plugin: ClusterFilter, info: PodInfo, view: ClusterView) -> dict[str, tuple[tuple[str, ...], bool] | None]:
        prepared = plugin.prepare_check(info, view)
        if isinstance(prepared, Status):
            return {node.name: (prepared.reasons, prepared.resolvable) for node in view.nodes}
        found = {node.name: None if prepared is None else plugin.check(info, node, prepared) for node in view.nodes}
        return {name: None if status is None else (status.reasons, status.resolvable) for name, status in found.items()}

    return ask
