"""VolumeZone: a volume labelled with a zone or region is used there only.

`pkg/scheduler/framework/plugins/volumezone`. Volumes of CSI drivers say the same by node affinity; labels are for those made by hand.
"""

from simulator.scheduler.framework import Status, View
from simulator.scheduler.node_info import REGION, ZONE, NodeInfo
from simulator.scheduler.pod_info import PodInfo

REASON = "node(s) had no available volume zone"
_BETA = "failure-domain.beta.kubernetes.io"
_KEYS = (ZONE, REGION, f"{_BETA}/zone", f"{_BETA}/region")

#: (key, allowed values)
Zones = tuple[tuple[str, frozenset[str]], ...]


class VolumeZone:
    name = "VolumeZone"

    def prepare_check(self, pod: PodInfo, view: View) -> Zones | Status | None:
        found: list[tuple[str, frozenset[str]]] = []
        for name in pod.claims:
            claim = view.storage.claim(pod.namespace, name)
            bound_to = "" if claim is None else claim["spec"].get("volumeName") or ""
            volume = view.storage.volume(bound_to)
            if bound_to and volume is None:
                reason = f'persistentvolume "{bound_to}" not found'
                return Status(self.name, (reason,), resolvable=False, is_general=True)
            labels = {} if volume is None else volume["metadata"].get("labels") or {}
            found += [(key, zones) for key in _KEYS if key in labels and (zones := _zones(labels[key]))]
        return tuple(found) or None

    def check(self, pod: PodInfo, node: NodeInfo, prepared: Zones) -> Status | None:
        if not any(key in node.labels for key in _KEYS):
            return None
        if all(_label(node, key) in values for key, values in prepared):
            return None
        return Status(self.name, (REASON,), resolvable=False)


def _zones(label: str) -> frozenset[str]:
    """The zones in `a__b`; none when one of them has no name."""
    zones = [zone.strip() for zone in label.split("__")]
    return frozenset(zones) if all(zones) else frozenset()


def _label(node: NodeInfo, key: str) -> str | None:
    if key in node.labels:
        return node.labels[key]
    return node.labels.get({f"{_BETA}/zone": ZONE, f"{_BETA}/region": REGION}.get(key, key))
