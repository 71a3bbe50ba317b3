"""Claims, volumes and classes: what several components must read in the same way.

Follows `component-helpers/storage/volume/` and `component-helpers/scheduling/corev1` of v1.33: which class a claim has, whether its
binding waits for a pod, which volume fits it, whom a pod's claims belong to. Promises: pure functions of objects.
"""

from collections.abc import Iterable, Iterator, Mapping

from simulator.engine.plain import Obj
from simulator.machinery import quantities
from simulator.machinery.node_terms import node_term
from simulator.machinery.selectors import from_label_selector

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_MARKS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def annotations(obj: Obj) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def with_annotations(obj: Obj, changes: Mapping[str, str | None]) -> Obj:
    """A copy with these annotations; None takes one away."""
    merged = {**annotations(obj), **changes}
    kept = {key: value for key, value in merged.items() if value is not None}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    return {**obj, "metadata": {**metadata, "annotations": kept} if kept else metadata}


# Classes


def class_name(obj: Obj) -> str:
    """The class of a claim or a volume; "" is none."""
    return str(annotations(obj).get(_BETA_CLASS) or obj["spec"].get("storageClassName") or "")


def lacks_class(claim: Obj) -> bool:
    """Nothing was said about a class, which is not the same as `storageClassName: ""`."""
    return _BETA_CLASS not in annotations(claim) and claim["spec"].get("storageClassName") is None


def is_default(storage_class: Obj) -> bool:
    return any(annotations(storage_class).get(mark) == "true" for mark in _DEFAULT_MARKS)


def default_class(classes: Iterable[Obj]) -> Obj | None:
    """The newest of those marked as default, the first by name of equally old ones."""
    marked = sorted((one for one in classes if is_default(one)), key=lambda one: str(one["metadata"]["name"]))
    return max(marked, key=lambda one: str(one["metadata"].get("creationTimestamp", "")), default=None)


def waits_for_consumer(storage_class: Obj | None) -> bool:
    return storage_class is not None and storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"


# Sizes and modes


def asked_bytes(claim: Obj) -> int:
    return quantities.value(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def volume_bytes(volume: Obj) -> int:
    return quantities.value((volume["spec"].get("capacity") or {}).get("storage", "0"))


def has_modes(claim: Obj, volume: Obj) -> bool:
    given = volume["spec"].get("accessModes") or ()
    return all(mode in given for mode in claim["spec"].get("accessModes") or ())


def has_mode(obj: Obj, mode: str) -> bool:
    return mode in (obj["spec"].get("accessModes") or ())


def same_volume_mode(claim: Obj, volume: Obj) -> bool:
    return (claim["spec"].get("volumeMode") or "Filesystem") == (volume["spec"].get("volumeMode") or "Filesystem")


# Binding


def is_bound(claim: Obj) -> bool:
    """Completely: the volume controller is done with it."""
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in annotations(claim)


def is_meant_for(volume: Obj, claim: Obj) -> bool:
    """The volume's claimRef names this claim, by uid if it has one."""
    reference = volume["spec"].get("claimRef")
    if reference is None:
        return False
    metadata = claim["metadata"]
    if (reference.get("name"), reference.get("namespace")) != (metadata["name"], metadata["namespace"]):
        return False
    return not reference.get("uid") or reference["uid"] == metadata["uid"]


def reference_to(claim: Obj) -> Obj:
    metadata = claim["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }


def mismatch(claim: Obj, volume: Obj) -> str:
    """Why a claim that asks for this volume by name cannot have it; "" when it can."""
    if asked_bytes(claim) > volume_bytes(volume):
        return "requested PV is too small"
    if class_name(claim) != class_name(volume):
        return "storageClassName does not match"
    if not same_volume_mode(claim, volume):
        return "incompatible volumeMode"
    return "" if has_modes(claim, volume) else "incompatible accessMode"


def reaches(volume: Obj, labels: Mapping[str, str], name: str = "") -> bool:
    """Whether the volume's node affinity allows a node with these labels."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required")
    if required is None:
        return True
    return any(node_term(term).matches(name, labels) for term in required.get("nodeSelectorTerms") or ())


def best_fit(
    claim: Obj,
    volumes: Iterable[Obj],
    *,
    delayed: bool = False,
    node: Obj | None = None,
    taken: Iterable[str] = (),
) -> Obj | None:
    """The smallest volume that fits (`FindMatchingVolume`); one reserved for the claim wins.

    The order of `volumes` makes no difference. `delayed`: the claim waits for a pod, so without a node only a reserved volume counts. `taken`: names given away already.
    """
    gone = frozenset(taken)
    reserved: list[tuple[str, Obj, bool]] = []
    fitting: list[tuple[int, int, str, Obj]] = []
    for volume in volumes:
        if volume["metadata"]["name"] in gone or not _is_possible(claim, volume):
            continue
        allowed = node is None or reaches(volume, node["metadata"].get("labels") or {}, node["metadata"]["name"])
        if is_meant_for(volume, claim):
            reserved.append((volume["metadata"]["name"], volume, allowed))
            continue
        if (node is None and delayed) or not allowed or not _is_free(claim, volume):
            continue
        modes = 0 if node is not None else len(volume["spec"].get("accessModes") or ())
        fitting.append((modes, volume_bytes(volume), volume["metadata"]["name"], volume))
    if reserved:
        _, volume, allowed = min(reserved, key=lambda one: one[0])
        return volume if allowed else None
    return min(fitting, key=lambda one: one[:3])[3] if fitting else None


def _is_possible(claim: Obj, volume: Obj) -> bool:
    if volume["spec"].get("claimRef") is not None and not is_meant_for(volume, claim):
        return False
    if "deletionTimestamp" in volume["metadata"] or volume_bytes(volume) < asked_bytes(claim):
        return False
    return same_volume_mode(claim, volume) and has_modes(claim, volume)


def _is_free(claim: Obj, volume: Obj) -> bool:
    if (volume.get("status") or {}).get("phase") != "Available" or class_name(volume) != class_name(claim):
        return False
    selector = claim["spec"].get("selector")
    return selector is None or from_label_selector(selector).matches(volume["metadata"].get("labels") or {})


# Pods


def claims_of(pod: Obj) -> Iterator[tuple[str, str]]:
    """(volume name, claim name) of every volume of a pod that is a claim, its own ephemeral ones too."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["name"], volume["persistentVolumeClaim"]["claimName"]
        elif "ephemeral" in volume:
            yield volume["name"], f"{pod['metadata']['name']}-{volume['name']}"


def uses(pod: Obj, claim: str) -> bool:
    return any(name == claim for _, name in claims_of(pod))


def handle_of(volume: Obj) -> tuple[str, str] | None:
    """(driver, handle) of a CSI volume."""
    source = volume["spec"].get("csi")
    return None if source is None else (source["driver"], source["volumeHandle"])


def unique_name(volume: Obj) -> str:
    """How `node.status.volumesAttached` and `volumesInUse` call a CSI volume."""
    source = volume["spec"]["csi"]
    return f"kubernetes.io/csi/{source['driver']}^{source['volumeHandle']}"
