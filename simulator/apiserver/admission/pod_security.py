"""Pod Security admission: a namespace's labels say which level its pods must keep, and which only earns a warning.

https://kubernetes.io/docs/concepts/security/pod-security-admission/; `pod-security-admission/admission/admission.go` (1.33). Only pods are
refused; a workload whose template would be is stored with a warning.
"""

from dataclasses import dataclass

from simulator.apiserver.admission.pod_standards import LATEST, findings
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_MODES = ("enforce", "audit", "warn")
#: Where a workload keeps its pod template.
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "deployments.apps": ("spec", "template"),
    "replicasets.apps": ("spec", "template"),
    "statefulsets.apps": ("spec", "template"),
    "daemonsets.apps": ("spec", "template"),
    "replicationcontrollers": ("spec", "template"),
    "jobs.batch": ("spec", "template"),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
    "podtemplates": ("template",),
}


@dataclass(frozen=True, slots=True)
class Policy:
    level: str
    version: str

    @property
    def minor(self) -> int:
        return LATEST if self.version == "latest" else int(self.version.partition(".")[2])

    def __str__(self) -> str:
        return f"{self.level}:{self.version}"

    def violations(self, spec: Obj) -> list[tuple[str, str]]:
        return findings(self.level, spec, self.minor)


def violation(store: Store, pod: Obj) -> str:
    """Why the pod may not be, or nothing."""
    return _says("violates", _policy(store, pod, "enforce"), pod["spec"])


def audit_notes(store: Store, resource: str, obj: Obj) -> dict[str, str]:
    """What the audit log should know: the level that was enforced, and what the audit level finds."""
    notes: dict[str, str] = {}
    enforced = _policy(store, obj, "enforce") if resource == "pods" else None
    if enforced is not None:
        notes[f"{_PREFIX}enforce-policy"] = str(enforced)
    spec = obj.get("spec") if resource == "pods" else _template_spec(resource, obj)
    if spec and (says := _says("would violate", _policy(store, obj, "audit"), spec)):
        notes[f"{_PREFIX}audit-violations"] = says
    return notes


def warnings(store: Store, resource: str, obj: Obj, old: Obj | None) -> list[str]:
    """What the writer of a stored object should know."""
    if resource == "namespaces":
        return _about_existing_pods(store, obj, old) if old is not None else []
    spec = obj.get("spec") if resource == "pods" else _template_spec(resource, obj)
    if not spec or (old is not None and resource == "pods" and old.get("spec") == spec):
        return []
    says = _says("would violate", _policy(store, obj, "warn"), spec)
    return [says] if says else []


def bad_labels(namespace: Obj) -> list[tuple[str, str, str]]:
    """Causes (type, message, field) for labels that name no level or no version."""
    labels = namespace["metadata"].get("labels") or {}
    causes = []
    for mode in _MODES:
        key = f"{_PREFIX}{mode}"
        if key in labels and labels[key] not in _LEVELS:
            says = f'Invalid value: "{labels[key]}": must be one of privileged, baseline, restricted'
            causes.append(("FieldValueInvalid", says, f"metadata.labels[{key}]"))
        version = f"{key}-version"
        if version in labels and not _is_version(labels[version]):
            says = f'Invalid value: "{labels[version]}": must be "latest" or "v1.x"'
            causes.append(("FieldValueInvalid", says, f"metadata.labels[{version}]"))
    return causes


def _policy(store: Store, obj: Obj, mode: str) -> Policy | None:
    namespace = store.get("namespaces", ("", obj["metadata"].get("namespace", "")))
    return _named(namespace, mode) if namespace is not None else None


def _named(namespace: Obj, mode: str) -> Policy | None:
    """None: everything is allowed."""
    labels = namespace["metadata"].get("labels") or {}
    level = labels.get(f"{_PREFIX}{mode}", "privileged")
    if level not in ("baseline", "restricted"):
        return None
    version = labels.get(f"{_PREFIX}{mode}-version", "latest")
    return Policy(level, version if _is_version(version) else "latest")


def _is_version(text: str) -> bool:
    return text == "latest" or (text.startswith("v1.") and text[3:].isdecimal())


def _says(verb: str, policy: Policy | None, spec: Obj) -> str:
    found = policy.violations(spec) if policy else []
    if not found:
        return ""
    details = ", ".join(f"{reason} ({detail})" for reason, detail in found)
    return f'{verb} PodSecurity "{policy}": {details}'


def _template_spec(resource: str, obj: Obj) -> Obj | None:
    found: Obj | None = obj
    for step in (*_TEMPLATES[resource], "spec") if resource in _TEMPLATES else ():
        found = (found or {}).get(step)
    return found if resource in _TEMPLATES else None


def _about_existing_pods(store: Store, namespace: Obj, old: Obj) -> list[str]:
    """A level that is raised does not stop what runs, but says what it would no longer admit."""
    policy = _named(namespace, "enforce")
    if policy is None or policy == _named(old, "enforce"):
        return []
    offenders: dict[str, list[str]] = {}
    name = namespace["metadata"]["name"]
    for pod in store.in_namespace("pods", name):
        reasons = ", ".join(reason for reason, _ in policy.violations(pod["spec"]))
        if reasons:
            offenders.setdefault(reasons, []).append(str(pod["metadata"]["name"]))
    if not offenders:
        return []
    lines = sorted(f"{_first_of(pods)}: {reasons}" for reasons, pods in offenders.items())
    return [f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{policy}"', *lines]


def _first_of(pods: list[str]) -> str:
    others = len(pods) - 1
    return min(pods) + (f" (and {others} other pod{'s' if others > 1 else ''})" if others else "")
