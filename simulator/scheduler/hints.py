"""Which changes may let in a pod that was turned down before (upstream: queueing hints).

Follows `EventsToRegister` and the `isSchedulableAfter…` functions of each folder in `pkg/scheduler/framework/plugins/`. Promises: a
change that makes a plugin say yes is never missed, for nothing is retried on a timer here. Stricter than upstream in one thing:
a plugin that looks at one node only is asked about that node as it is now, so pods that would not fit stay where they are.
"""

from collections.abc import Mapping

from simulator.engine.plain import Obj
from simulator.machinery.taints import Taint
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.plugins import CLUSTER_FILTERS, FILTERS
from simulator.scheduler.pod_info import AffinityTerm, PodInfo, SpreadConstraint

_ON_ONE_NODE = {plugin.name: [one for one in FILTERS if one.name == plugin.name] for plugin in FILTERS}
_CLUSTER = frozenset(plugin.name for plugin in CLUSTER_FILTERS)

_CLAIM, _VOLUME, _CLASS, _CSI_NODE = "PersistentVolumeClaim", "PersistentVolume", "StorageClass", "CSINode"


# A pod


def pod_may_help(plugin: str, pod: PodInfo, old: PodInfo | None, new: PodInfo | None, node: NodeInfo | None) -> bool:
    """A pod on `node` came (no `old`), went (no `new`), or changed labels or requests."""
    if plugin in _ON_ONE_NODE:
        return old is not None and node is not None and _lets_in(plugin, pod, node)
    if plugin == "PodTopologySpread":
        return _spread_follows(pod, old, new)
    if plugin == "InterPodAffinity":
        return _affinity_follows(pod, old, new)
    if old is None or new is not None:
        return False
    if plugin == "VolumeRestrictions":
        return old.namespace == pod.namespace and any(claim in old.claims for claim in pod.claims)
    return plugin == "NodeVolumeLimits" and bool(old.claims)


def _lets_in(plugin: str, pod: PodInfo, node: NodeInfo) -> bool:
    return all(one.filter(pod, node) is None for one in _ON_ONE_NODE[plugin])


def _spread_follows(pod: PodInfo, old: PodInfo | None, new: PodInfo | None) -> bool:
    if any(one is not None and one.namespace != pod.namespace for one in (old, new)):
        return False
    if old is not None and new is not None:
        return any(_selects(one, old) != _selects(one, new) for one in pod.hard_spread)
    moved = old if new is None else new
    return moved is not None and all(_selects(one, moved) for one in pod.hard_spread)


def _selects(constraint: SpreadConstraint, pod: PodInfo) -> bool:
    return constraint.selector.matches(dict(pod.group[1]))


def _affinity_follows(pod: PodInfo, old: PodInfo | None, new: PodInfo | None) -> bool:
    """Company that came, or somebody that one of both sides wanted to keep away from and that went."""
    if new is not None and _all_match(pod.affinity, new) and not (old is not None and _all_match(pod.affinity, old)):
        return True
    if old is None:
        return False
    kept_away = _any_matches(pod.anti_affinity, old) or _any_matches(old.anti_affinity, pod)
    return kept_away and not (new is not None and _all_match(pod.anti_affinity, new))


def _all_match(terms: tuple[AffinityTerm, ...], pod: PodInfo) -> bool:
    return bool(terms) and all(term.matches(pod.group) for term in terms)


def _any_matches(terms: tuple[AffinityTerm, ...], pod: PodInfo) -> bool:
    return any(term.matches(pod.group) for term in terms)


# A node


def node_may_help(plugin: str, pod: PodInfo, old: NodeInfo | None, new: NodeInfo | None) -> bool:
    """A node came (no `old`), went (no `new`) or changed."""
    if plugin == "PodTopologySpread":
        return _spread_follows_node(pod, old, new)
    if new is None:
        return False
    if plugin in _ON_ONE_NODE:
        return _lets_in(plugin, pod, new) and not (old is not None and _lets_in(plugin, pod, old))
    if plugin == "InterPodAffinity":
        keys = [term.key for term in (*pod.affinity, *pod.anti_affinity)]
        return not keys or any(key in new.labels and _value(old, key) != new.labels[key] for key in keys)
    if plugin in ("VolumeBinding", "VolumeZone"):
        return old is None or old.labels != new.labels
    return plugin == "VolumeRestrictions" and old is None


def _value(node: NodeInfo | None, key: str) -> str | None:
    return None if node is None else node.labels.get(key)


def _spread_follows_node(pod: PodInfo, old: NodeInfo | None, new: NodeInfo | None) -> bool:
    keys = [one.key for one in pod.hard_spread]
    had, has = _has_all(old, keys), _has_all(new, keys)
    if old is None or new is None or had != has:
        return had or has
    return has and (any(old.labels[key] != new.labels[key] for key in keys) or _taints(old) != _taints(new))


def _has_all(node: NodeInfo | None, keys: list[str]) -> bool:
    return node is not None and all(key in node.labels for key in keys)


def _taints(node: NodeInfo) -> tuple[Taint, ...]:
    return node.taints


# Storage


def storage_may_help(plugin: str, pod: PodInfo, old: Obj | None, new: Obj | None) -> bool:
    """A claim, a volume, a class or a CSINode came, went (no `new`) or changed."""
    changed = new if new is not None else old
    if changed is None or not pod.claims or plugin not in _CLUSTER:
        return False
    kind = changed["kind"]
    if kind == _CLAIM:
        return _is_its_claim(pod, changed) and (
            plugin in ("VolumeBinding", "VolumeZone") or _came_or_went(plugin, old, new)
        )
    if new is None:
        return False
    if kind == _VOLUME:
        return plugin == "VolumeBinding" or (plugin == "VolumeZone" and _labels(old) != _labels(new))
    if kind == _CLASS:
        return _class_may_help(plugin, old, new)
    return kind == _CSI_NODE and plugin in ("VolumeBinding", "NodeVolumeLimits") and _drivers(old) != _drivers(new)


def _is_its_claim(pod: PodInfo, claim: Obj) -> bool:
    metadata = claim["metadata"]
    return metadata["namespace"] == pod.namespace and metadata["name"] in pod.claims


def _came_or_went(plugin: str, old: Obj | None, new: Obj | None) -> bool:
    return plugin in ("VolumeRestrictions", "NodeVolumeLimits") and (old is None or new is None)


def _class_may_help(plugin: str, old: Obj | None, new: Obj) -> bool:
    if plugin == "VolumeZone":
        return old is None
    return plugin == "VolumeBinding" and (old is None or old.get("allowedTopologies") != new.get("allowedTopologies"))


def _labels(obj: Obj | None) -> Mapping[str, str] | None:
    return None if obj is None else obj["metadata"].get("labels") or {}


def _drivers(csi_node: Obj | None) -> object:
    return None if csi_node is None else (csi_node.get("spec") or {}).get("drivers")
