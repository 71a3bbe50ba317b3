"""What makes the pods of a StatefulSet individuals: name, ordinal, host name, labels and volume claims.

https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-identity; upstream's stateful_set_utils.go.
Everything here is computed from objects; `stateful_work` does the writing.
"""

from collections.abc import Mapping, Sequence

from simulator.controllers.kinds.objects import controller_reference, labels_of
from simulator.controllers.kinds.pods import from_template
from simulator.engine.plain import Obj

NAME_LABEL = "statefulset.kubernetes.io/pod-name"
INDEX_LABEL = "apps.kubernetes.io/pod-index"
REVISION_LABEL = "controller-revision-hash"

_MAX_INT32 = 2**31 - 1


def parent_and_ordinal(pod: Obj) -> tuple[str, int]:
    """(name of the set, ordinal) as the pod's name tells them; ("", -1) when it tells nothing."""
    parent, dash, digits = pod["metadata"]["name"].rpartition("-")
    if not dash or not digits.isdecimal():
        return "", -1
    return parent, int(digits) if int(digits) <= _MAX_INT32 else -1


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
    if mounted := volumes(owner, template["spec"], number):
        pod_spec["volumes"] = mounted
    return {**pod, "metadata": {**named, "labels": labels}, "spec": pod_spec}


def volumes(owner: Obj, pod_spec: Obj, number: int) -> list[Obj]:
    """The claims' volumes, which win over volumes of the same name, and the others."""
    claimed = _claim_volumes(owner, number)
    names = [one["name"] for one in claimed]
    return [*claimed, *(one for one in pod_spec.get("volumes") or () if one["name"] not in names)]


def has_storage(owner: Obj, pod: Obj) -> bool:
    """Every claim of this ordinal is mounted under its template's name."""
    mounted = {
        one["name"]: (one.get("persistentVolumeClaim") or {}).get("claimName")
        for one in pod["spec"].get("volumes") or ()
    }
    wanted = _claim_volumes(owner, ordinal(pod))
    return all(mounted.get(one["name"]) == one["persistentVolumeClaim"]["claimName"] for one in wanted)


def _claim_volumes(owner: Obj, number: int) -> list[Obj]:
    templates = owner["spec"].get("volumeClaimTemplates") or ()
    names = [one["metadata"]["name"] for one in templates]
    return [{"name": name, "persistentVolumeClaim": {"claimName": claim_name(owner, name, number)}} for name in names]


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
    """Owned by an earlier pod (or set) of the same name, and so about to be deleted with it."""
    first = next((reference for reference in _references(claim) if _names(reference, pod)), None)
    return first is not None and first["uid"] != pod["metadata"].get("uid", "")


def fitting_references(claim: Obj, owner: Obj, pod: Obj) -> list[Obj] | None:
    """Owners the claim must get for the set's persistentVolumeClaimRetentionPolicy; None when they are right.

    https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#persistentvolumeclaim-retention
    """
    if is_stale(claim, owner) or is_stale(claim, pod):
        return None
    ours = [one["metadata"]["uid"] for one in (owner, pod) if _owns(one, claim)]
    kept = [one for one in _references(claim) if not _names(one, owner) and not _names(one, pod)]
    if _policy(owner) != ("Retain", "Retain") and any(one.get("controller") for one in kept):
        return kept if ours else None
    wanted = _policy_owner(owner, pod)
    if ours == ([] if wanted is None else [wanted["metadata"]["uid"]]) and not _has_plain_owner(claim, owner, pod):
        return None
    if wanted is None or any(one["uid"] == wanted["metadata"]["uid"] for one in kept):
        return kept
    return [*kept, controller_reference(wanted)]


def _policy_owner(owner: Obj, pod: Obj) -> Obj | None:
    """With what the claim is to go: the surplus pod, the set, or nothing."""
    when_scaled, when_deleted = _policy(owner)
    if when_scaled == "Delete" and not is_in_range(owner, pod):
        return {"apiVersion": "v1", "kind": "Pod", "metadata": pod["metadata"]}
    return owner if when_deleted == "Delete" else None


def _policy(owner: Obj) -> tuple[str, str]:
    policy = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return policy.get("whenScaled") or "Retain", policy.get("whenDeleted") or "Retain"


def _references(claim: Obj) -> Sequence[Obj]:
    return claim["metadata"].get("ownerReferences") or ()


def _owns(obj: Obj, claim: Obj) -> bool:
    uid = obj["metadata"].get("uid")
    return uid is not None and any(one["uid"] == uid for one in _references(claim))


def _has_plain_owner(claim: Obj, owner: Obj, pod: Obj) -> bool:
    """The set or the pod owns the claim without controlling it."""
    uids = (owner["metadata"]["uid"], pod["metadata"].get("uid"))
    return any(one["uid"] in uids and not one.get("controller") for one in _references(claim))


def _names(reference: Obj, obj: Obj) -> bool:
    """Means this object or one that had its place."""
    named = (obj.get("apiVersion", "v1"), obj["kind"], obj["metadata"]["name"])
    return (reference["apiVersion"], reference["kind"], reference["name"]) == named
