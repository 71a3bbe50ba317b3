"""Volumes, claims and storage classes."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events, since
from simulator.kubectl.describers.page import Page, pairs_on_one_line
from simulator.kubectl.describers.pod_templates import quantity
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.kubectl.describers.volumes import describe_volume_source
from simulator.machinery import go_text

_UNSET = "<unset>"
_MODES = (("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP"))


def _modes(modes: Sequence[str] | None) -> str:
    return ",".join(short for name, short in _MODES if name in (modes or ()))


def _finalizers(obj: Obj) -> str:
    return go_text.value(obj["metadata"].get("finalizers") or [])


def _phase(page: Page, obj: Obj, now_us: int) -> None:
    stamp = obj["metadata"].get("deletionTimestamp")
    phase = f"Terminating (lasts {since(stamp, now_us)})" if stamp else (obj.get("status") or {}).get("phase", "")
    page.raw(f"Status:\t{phase}\n")


def describe_volume(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec = obj["spec"]
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    page.raw(f"Finalizers:\t{_finalizers(obj)}\n")
    page.raw(f"StorageClass:\t{spec.get('storageClassName', '')}\n")
    _phase(page, obj, around.now_us)
    claim = spec.get("claimRef")
    page.raw(f"Claim:\t{claim.get('namespace', '') + '/' + claim.get('name', '') if claim else ''}\n")
    page.raw(f"Reclaim Policy:\t{spec.get('persistentVolumeReclaimPolicy', '')}\n")
    page.raw(f"Access Modes:\t{_modes(spec.get('accessModes'))}\n")
    if spec.get("volumeMode"):
        page.raw(f"VolumeMode:\t{spec['volumeMode']}\n")
    page.raw(f"Capacity:\t{quantity((spec.get('capacity') or {}).get('storage', '0'))}\n")
    _volume_affinity(page, (spec.get("nodeAffinity") or {}).get("required"))
    page.raw(f"Message:\t{(obj.get('status') or {}).get('message', '')}\n")
    page.raw("Source:\n")
    describe_volume_source(page, spec)
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _volume_affinity(page: Page, required: Obj | None) -> None:
    if not required:
        page.raw("Node Affinity:\t<none>\n")
        return
    page.raw("Node Affinity:\t\n")
    terms = required.get("nodeSelectorTerms") or ()
    page.line(1, "Required Terms:\t" if terms else "Required Terms:\t<none>")
    for number, term in enumerate(terms):
        expressions = term.get("matchExpressions") or ()
        if not expressions:
            page.line(2, f"Term {number}:\t<none>")
        for index, expression in enumerate(expressions):
            text = f"{expression['key']} {expression['operator'].lower()}"
            if expression.get("values"):
                text += f" [{', '.join(expression['values'])}]"
            page.line(2, f"{f'Term {number}:' if index == 0 else ''}\t{text}")


def describe_claim(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status, metadata = obj["spec"], obj.get("status") or {}, obj["metadata"]
    page.head(obj)
    page.raw(f"StorageClass:\t{spec.get('storageClassName') or ''}\n")
    _phase(page, obj, around.now_us)
    page.raw(f"Volume:\t{spec.get('volumeName', '')}\n")
    page.labels_and_annotations(obj)
    page.raw(f"Finalizers:\t{_finalizers(obj)}\n")
    bound = bool(spec.get("volumeName"))
    page.raw(f"Capacity:\t{quantity((status.get('capacity') or {}).get('storage', '0')) if bound else ''}\n")
    page.raw(f"Access Modes:\t{_modes(status.get('accessModes')) if bound else ''}\n")
    if spec.get("volumeMode"):
        page.raw(f"VolumeMode:\t{spec['volumeMode']}\n")
    if spec.get("dataSource"):
        page.raw("DataSource:\n")
        for title, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name")):
            if field in spec["dataSource"]:
                page.line(1, f"{title}:\t{spec['dataSource'][field]}")
    users = [
        pod["metadata"]["name"]
        for pod in around.items("pods", metadata["namespace"])
        for volume in pod["spec"].get("volumes") or ()
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == metadata["name"]
    ]
    for number, name in enumerate(sorted(users) or ["<none>"]):
        page.raw(f"{'Used By:' if number == 0 else ''}\t{name}\n")
    _claim_conditions(page, status.get("conditions") or [])
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _claim_conditions(page: Page, conditions: list[Obj]) -> None:
    if not conditions:
        return
    page.raw("Conditions:\n")
    page.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage")
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------")
    for one in conditions:
        probed, changed = (go_text.rfc1123z(one.get(field)) for field in ("lastProbeTime", "lastTransitionTime"))
        reason, message = one.get("reason", ""), one.get("message", "")
        page.line(1, f"{one['type']} \t{one['status']} \t{probed} \t{changed} \t{reason} \t{message}")


def describe_storage_class(obj: Obj, around: Surroundings) -> str:
    page = Page()
    annotations = obj["metadata"].get("annotations") or {}
    default = annotations.get("storageclass.kubernetes.io/is-default-class") == "true"
    page.raw(f"Name:\t{obj['metadata']['name']}\n")
    page.raw(f"IsDefaultClass:\t{'Yes' if default else 'No'}\n")
    page.raw(f"Annotations:\t{pairs_on_one_line(annotations)}\n")
    page.raw(f"Provisioner:\t{obj.get('provisioner', '')}\n")
    page.raw(f"Parameters:\t{pairs_on_one_line(obj.get('parameters'))}\n")
    expands = obj.get("allowVolumeExpansion")
    page.raw(f"AllowVolumeExpansion:\t{_UNSET if expands is None else 'True' if expands else 'False'}\n")
    options = obj.get("mountOptions") or ()
    page.raw("MountOptions:\n" if options else "MountOptions:\t<none>\n")
    for option in options:
        page.line(1, option)
    for title, field in (("ReclaimPolicy", "reclaimPolicy"), ("VolumeBindingMode", "volumeBindingMode")):
        if obj.get(field):
            page.raw(f"{title}:\t{obj[field]}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()
