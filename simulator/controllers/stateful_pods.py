"""What makes the pods of a StatefulSet individuals: name, ordinal, host name, labels and volume claims.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity; upstream's stateful_set_utils.go.
Everything here is computed from objects; `statefulset` does the writing.
"""

from collections.abc import Mapping, Sequence

from simulator.controllers.kinds.objects import controller_reference, labels_of
from simulator.controllers.kinds.pods import from_template
from simulator.engine.plain import Obj

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"


def parent_and_ordinal(pod: Obj) -> tuple[str, int]:
    """(name of the set, ordinal) as the pod's name tells them; ("", -1) when it tells nothing."""
    parent, dash, digits = pod["metadata"]["name"].rpartition("-")
    return (parent, int(digits)) if dash and digits.isdigit() else ("", -1)


def ordinal(pod: Obj) -> int:
    return parent_and_ordinal(pod)[1]


def first_ordinal(owner: Obj) -> int:
    return int((owner["spec"].get("ordinals") or {}).get("start") or 0)


def is_in_range(owner: Obj, pod: Obj) -> bool:
    first = first_ordinal(owner)
    return first <= ordinal(pod) < first + int(owner["spec"].get("replicas", 1))


def identity_labels(pod: Obj) -> Mapping[str, str]:
    return {NAME_LABEL: pod["metadata"]["name"], INDEX_LABEL: str(ordinal(pod))}


def has_identity(pod: Obj) -> bool:
    return bool(labels_of(pod).get(NAME_LABEL) == pod["metadata"]["name"])


def stateful_pod(owner: Obj, template: Obj, revision: str, number: int) -> Obj:
    """The pod with this ordinal, as it is to be created."""
    metadata, spec = owner["metadata"], owner["spec"]
    pod = from_template(template, metadata["namespace"], f"{metadata['name']}-", controller_reference(owner))
    named = {key: value for key, value in pod["metadata"].items() if key != "generateName"}
    named["name"] = name = f"{metadata['name']}-{number}"
    labels = {**(named.get("labels") or {}), NAME_LABEL: name, INDEX_LABEL: str(number), REVISION_LABEL: revision}
    pod_spec = {**pod["spec"], "hostname": name}
    if spec.get("serviceName"):
        pod_spec["subdomain"] = spec["serviceName"]
    if volumes := _volumes(owner, template, number):
        pod_spec["volumes"] = volumes
    return {**pod, "metadata": {**named, "labels": labels}, "spec": pod_spec}


def _volumes(owner: Obj, template: Obj, number: int) -> list[Obj]:
    """The claims' volumes, which win over volumes of the same name in the template."""
    templates = owner["spec"].get("volumeClaimTemplates") or ()
    names = [one["metadata"]["name"] for one in templates]
    claimed = [
        {"name": name, "persistentVolumeClaim": {"claimName": claim_name(owner, name, number)}} for name in names
    ]
    return [*claimed, *(one for one in template["spec"].get("volumes") or () if one["name"] not in names)]


# Volume claims


def claim_name(owner: Obj, template_name: str, number: int) -> str:
    return f"{template_name}-{owner['metadata']['name']}-{number}"


def claim_names(owner: Obj, number: int) -> list[str]:
    return [
        claim_name(owner, one["metadata"]["name"], number) for one in owner["spec"].get("volumeClaimTemplates") or ()
    ]


def claims(owner: Obj, number: int) -> list[Obj]:
    """The PersistentVolumeClaims of one ordinal. They carry the set's labels and, as yet, no owner."""
    wanted = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    made = []
    for template in owner["spec"].get("volumeClaimTemplates") or ():
        given = template["metadata"]
        metadata: Obj = {
            "name": claim_name(owner, given["name"], number),
            "namespace": owner["metadata"]["namespace"],
        }
        if labels := {**(given.get("labels") or {}), **wanted}:
            metadata["labels"] = labels
        if annotations := given.get("annotations"):
            metadata["annotations"] = annotations
        made.append(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": template["spec"]}
        )
    return made


def retains_on_scale(owner: Obj) -> bool:
    return _policy(owner)[0] == "Retain"


def is_stale(claim: Obj, pod: Obj) -> bool:
    """Owned by an earlier pod of the same name, and so about to be deleted with it."""
    uid = pod["metadata"].get("uid", "")
    return any(_names(reference, pod) and reference["uid"] != uid for reference in _references(claim))


def fitting_references(claim: Obj, owner: Obj, pod: Obj) -> list[Obj] | None:
    """Owners the claim must get for the set's persistentVolumeClaimRetentionPolicy; None when they are right.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """
    if is_stale(claim, owner) or is_stale(claim, pod):
        return None
    when_scaled, when_deleted = _policy(owner)
    is_foreign = (when_scaled, when_deleted) != ("Retain", "Retain") and _has_other_controller(claim, owner, pod)
    kept = [one for one in _references(claim) if not _names(one, owner) and not _names(one, pod)]
    wanted = kept if is_foreign else [*kept, *_policy_references(owner, pod, when_scaled, when_deleted)]
    return None if wanted == list(_references(claim)) else wanted


def _policy_references(owner: Obj, pod: Obj, when_scaled: str, when_deleted: str) -> list[Obj]:
    if when_scaled == "Delete" and not is_in_range(owner, pod):
        return [controller_reference({"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]})]
    return [controller_reference(owner)] if when_deleted == "Delete" else []


def _policy(owner: Obj) -> tuple[str, str]:
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenScaled") or "Retain", policy.get("whenDeleted") or "Retain"


def _references(claim: Obj) -> Sequence[Obj]:
    return claim["metadata"].get("ownerReferences") or ()


def _has_other_controller(claim: Obj, owner: Obj, pod: Obj) -> bool:
    return any(one.get("controller") and not _names(one, owner) and not _names(one, pod) for one in _references(claim))


def _names(reference: Obj, obj: Obj) -> bool:
    """Means this object or one that had its place: same kind and name."""
    return (reference["kind"], reference["name"]) == (obj["kind"], obj["metadata"]["name"])
