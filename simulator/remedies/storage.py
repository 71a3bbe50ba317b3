"""Changes to claims and volumes: a claim that is there, a volume that fits it, a disk less on a machine.

Against the obstacles of the scheduler's volume plugins (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding). Promises
only candidates, as `fixes` does. A change that loses what a volume holds says so and weighs the most.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery import claims as rules
from simulator.remedies.change import Change, shell
from simulator.remedies.owner import Find, Written
from simulator.scheduler.node_info import NodeInfo

PLUGIN = "VolumeBinding"
_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"
_FREED = 2


class Stores(NamedTuple):
    """What there is of storage."""

    find: Find
    classes: dict[str, Obj]
    volumes: list[Obj]
    nodes: list[Obj]

    @property
    def default(self) -> str | None:
        found = rules.default_class(self.classes.values())
        return None if found is None else str(found["metadata"]["name"])


def claims(pod: Obj, stores: Stores) -> list[Change]:
    """One change for each claim that no node can give the pod."""
    namespace = pod["metadata"]["namespace"]
    found = [_claim(namespace, name, stores.find(_CLAIMS, namespace, name), stores) for _, name in rules.claims_of(pod)]
    return [change for change in found if change is not None]


def _claim(namespace: str, name: str, claim: Obj | None, stores: Stores) -> Change | None:
    if claim is None:
        spec: Obj = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        return _made(namespace, name, spec, f"create the PersistentVolumeClaim {name}", 2.5, is_new=True)
    if "deletionTimestamp" in claim["metadata"]:
        return None
    asked = claim["spec"].get("volumeName")
    if rules.is_bound(claim):
        return _afresh(namespace, name, claim, stores, asked)
    if asked and stores.find(_VOLUMES, "", asked) is None:
        say = f"make the PersistentVolumeClaim {name} anew without asking for the volume {asked}"
        return _made(namespace, name, _without(claim, "volumeName"), say, 3.0, field="spec.volumeName")
    class_name = rules.class_name(claim)
    storage_class = stores.classes.get(class_name)
    if storage_class is not None and storage_class["provisioner"] == rules.NO_PROVISIONER:
        return _volume(claim, class_name)
    if class_name == stores.default:
        return None
    if stores.default is None:
        return _volume(claim, class_name)
    spec = {**_without(claim, "volumeName"), "storageClassName": stores.default}
    say = f"make the PersistentVolumeClaim {name} anew with the storage class {stores.default}"
    return _made(namespace, name, spec, say, 3.0, field="spec.storageClassName")


def _afresh(namespace: str, name: str, claim: Obj, stores: Stores, volume_name: str) -> Change | None:
    """Only when no machine is left that reaches the volume."""
    volume = stores.find(_VOLUMES, "", volume_name)
    if volume is not None and any(_reaches(volume, node) for node in stores.nodes):
        return None
    say = f"make the PersistentVolumeClaim {name} anew, without what {volume_name} held"
    return _made(namespace, name, _without(claim, "volumeName"), say, 6.0, field="spec.volumeName")


def _reaches(volume: Obj, node: Obj) -> bool:
    return rules.reaches(volume, node["metadata"].get("labels") or {}, node["metadata"]["name"])


def _without(claim: Obj, field: str) -> Obj:
    return {key: value for key, value in claim["spec"].items() if key != field}


def _made(
    namespace: str, name: str, spec: Obj, say: str, weight: float, *, field: str = "", is_new: bool = False
) -> Change:
    made = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    # A claim is protected for a moment after it was deleted, which `kubectl replace --force` has no patience for here.
    away = () if is_new else (shell(f"kubectl delete pvc {name} -n {namespace}"),)
    commands = (*away, shell("kubectl apply -f -", to_yaml(made)))
    return Change("claim", weight, say, f"PersistentVolumeClaim {name}", field, commands)


def _volume(claim: Obj, class_name: str) -> Change:
    """A volume by hand, as an administrator makes one for a class that provisions nothing."""
    wanted = claim["spec"]
    name = f"{claim['metadata']['name']}-by-hand"
    size = wanted["resources"]["requests"]["storage"]
    spec: Obj = {
        "capacity": {"storage": size},
        "accessModes": wanted["accessModes"],
        "storageClassName": class_name,
        "hostPath": {"path": f"/mnt/{name}"},
    }
    made = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}
    say = f"create a PersistentVolume of {size} for the claim {claim['metadata']['name']}"
    return Change("volume", 3.0, say, f"PersistentVolume {name}", "", (shell("kubectl apply -f -", to_yaml(made)),))


# What others hold


def released(pod: Obj, stores: Stores, pods: Iterable[Obj]) -> list[Change]:
    """Who uses a claim that only one pod may use gives it up."""
    namespace = pod["metadata"]["namespace"]
    alone = [name for _, name in rules.claims_of(pod) if _is_for_one(stores.find(_CLAIMS, namespace, name))]
    own = Written(pod, stores.find).uid
    found: dict[str, Change] = {}
    for other in pods:
        if other["metadata"]["namespace"] != namespace or not any(rules.uses(other, name) for name in alone):
            continue
        written = Written(other, stores.find)
        if written.uid != own:
            found[written.uid] = _gone(written)
    return list(found.values())[:1]


def _is_for_one(claim: Obj | None) -> bool:
    return claim is not None and rules.has_mode(claim, "ReadWriteOncePod")


def one_disk_less(own: Written, node: NodeInfo, pods: Iterable[Obj], find: Find) -> Iterator[Change]:
    """Workloads of others with a disk on a machine that takes no more disks."""
    seen: dict[str, None] = {}
    for pod in pods:
        uid, written = pod["metadata"]["uid"], Written(pod, find)
        if uid not in node.pods or not node.pods[uid][0].claims or written.uid == own.uid or written.uid in seen:
            continue
        if len(seen) == _FREED:
            return
        seen[written.uid] = None
        yield _gone(written)


def _gone(written: Written) -> Change:
    """A pod less of a workload; a bare pod goes."""
    metadata = written.obj["metadata"]
    target = f"{written.kind.lower()} {metadata['name']} -n {metadata['namespace']}"
    if "replicas" not in written.obj["spec"]:
        return Change("delete", 5.5, f"delete {written.about}", written.about, "", (shell(f"kubectl delete {target}"),))
    replicas = written.obj["spec"]["replicas"]
    line = f"kubectl scale {target} --replicas={max(replicas - 1, 0)}"
    say = f"scale {written.about} from {replicas} to {max(replicas - 1, 0)}"
    return Change("scale", 5.0, say, written.about, "spec.replicas", (shell(line),))
