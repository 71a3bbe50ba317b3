"""The ConfigMap `cluster-autoscaler-status`: what the autoscaler thinks of each node group.

Follows `cluster-autoscaler/clusterstate/api/types.go`. Upstream writes it every loop with the time of it; here it is written when something
in it has changed, with the time of that.
"""

from typing import NamedTuple

from simulator.engine.plain import Obj

NAMESPACE, NAME = "kube-system", "cluster-autoscaler-status"


class GroupState(NamedTuple):
    name: str
    ready: int
    registered: int
    coming: int
    target: int
    min: int
    max: int
    backoff: bool
    candidates: int


def status_text(groups: list[GroupState], now: str) -> str:
    """The `status` key, as YAML."""
    ready, registered = sum(one.ready for one in groups), sum(one.registered for one in groups)
    coming, candidates = sum(one.coming for one in groups), sum(one.candidates for one in groups)
    lines = [f"time: {now}", "autoscalerStatus: Running", "clusterWide:"]
    lines += _health(ready, registered, coming, indent="  ")
    lines += _activity("scaleUp", "InProgress" if coming else "NoActivity", indent="  ")
    lines += _activity("scaleDown", "CandidatesPresent" if candidates else "NoCandidates", indent="  ")
    lines.append("nodeGroups:")
    for one in groups:
        lines.append(f"- name: {one.name}")
        lines += _health(one.ready, one.registered, one.coming, indent="  ")
        lines += [f"    cloudProviderTarget: {one.target}", f"    minSize: {one.min}", f"    maxSize: {one.max}"]
        activity = "Backoff" if one.backoff else "InProgress" if one.coming else "NoActivity"
        lines += _activity("scaleUp", activity, indent="  ")
        lines += _activity("scaleDown", "CandidatesPresent" if one.candidates else "NoCandidates", indent="  ")
    return "".join(f"{line}\n" for line in lines)


def config_map(text: str, now: str) -> Obj:
    metadata = {
        "name": NAME,
        "namespace": NAMESPACE,
        "annotations": {"cluster-autoscaler.kubernetes.io/last-updated": now},
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"status": text}}


def _health(ready: int, registered: int, coming: int, *, indent: str) -> list[str]:
    counts = {"total": registered, "ready": ready, "notStarted": registered - ready, "unregistered": coming}
    lines = [f"{indent}health:", f"{indent}  status: Healthy", f"{indent}  nodeCounts:", f"{indent}    registered:"]
    return [*lines, *(f"{indent}      {name}: {count}" for name, count in counts.items())]


def _activity(what: str, status: str, *, indent: str) -> list[str]:
    return [f"{indent}{what}:", f"{indent}  status: {status}"]
