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

    def violations(self, pod: Obj) -> list[tuple[str, str]]:
        return findings(self.level, pod, self.minor)


_OPEN = Policy("privileged", "latest")


def violation(store: Store, pod: Obj) -> str:
    """Why the pod may not be, or nothing."""
    return _says("violates", _policy(store, pod, "enforce"), pod)


def audit_notes(store: Store, resource: str, obj: Obj) -> dict[str, str]:
    """What the audit log should know: the level that was enforced, and what the audit level finds."""
    notes: dict[str, str] = {}
    if resource == "pods":
        notes[f"{_PREFIX}enforce-policy"] = str(_policy(store, obj, "enforce"))
    pod = _pod_in(resource, obj)
    if pod and (says := _says("would violate", _policy(store, obj, "audit"), pod)):
        notes[f"{_PREFIX}audit-violations"] = says
    return notes


def warnings(store: Store, resource: str, obj: Obj, old: Obj | None) -> list[str]:
    """What the writer of a stored object should know."""
    if resource == "namespaces":
        return _about_existing_pods(store, obj, old) if old is not None else []
    pod = _pod_in(resource, obj)
    if not pod or (old is not None and resource == "pods" and old.get("spec") == obj.get("spec")):
        return []
    says = _says("would violate", _policy(store, obj, "warn"), pod)
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


def _policy(store: Store, obj: Obj, mode: str) -> Policy:
    namespace = store.get("namespaces", ("", obj["metadata"].get("namespace", "")))
    return _OPEN if namespace is None else _named(namespace, mode)


def _named(namespace: Obj, mode: str) -> Policy:
    """A level that is enforced is also warned about, unless something else is said (`api/helpers.go: PolicyToEvaluate`)."""
    labels = namespace["metadata"].get("labels") or {}
    level = labels.get(f"{_PREFIX}{mode}")
    version = labels.get(f"{_PREFIX}{mode}-version", "latest")
    found = Policy(level if level in _LEVELS else "privileged", version if _is_version(version) else "latest")
    if mode != "warn" or level is not None:
        return found
    enforced = _named(namespace, "enforce")
    if enforced.level == "privileged":
        return found
    return Policy(enforced.level, found.version if f"{_PREFIX}warn-version" in labels else enforced.version)


def _is_version(text: str) -> bool:
    return text == "latest" or (text.startswith("v1.") and text[3:].isdecimal())


def _says(verb: str, policy: Policy, pod: Obj) -> str:
    found = policy.violations(pod)
    if not found:
        return ""
    details = ", ".join(f"{reason} ({detail})" for reason, detail in found)
    return f'{verb} PodSecurity "{policy}": {details}'


def _pod_in(resource: str, obj: Obj) -> Obj | None:
    """The pod itself, or the template of pods in a workload."""
    if resource == "pods":
        return obj
    if resource not in _TEMPLATES:
        return None
    found: Obj | None = obj
    for step in _TEMPLATES[resource]:
        found = (found or {}).get(step)
    return found if found and found.get("spec") else None


def _is_relaxed(new: Policy, old: Policy) -> bool:
    return new.version == old.version and _LEVELS.index(new.level) <= _LEVELS.index(old.level)


def _about_existing_pods(store: Store, namespace: Obj, old: Obj) -> list[str]:
    """A level that is raised does not stop what runs, but says what it would no longer admit."""
    policy = _named(namespace, "enforce")
    if policy.level == "privileged" or _is_relaxed(policy, _named(old, "enforce")):
        return []
    offenders: dict[str, list[str]] = {}
    name = namespace["metadata"]["name"]
    for pod in store.in_namespace("pods", name):
        reasons = ", ".join(reason for reason, _ in policy.violations(pod))
        if reasons:
            offenders.setdefault(reasons, []).append(str(pod["metadata"]["name"]))
    if not offenders:
        return []
    lines = sorted(f"{_first_of(pods)}: {reasons}" for reasons, pods in offenders.items())
    return [f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{policy}"', *lines]


def _first_of(pods: list[str]) -> str:
    others = len(pods) - 1
    return min(pods) + (f" (and {others} other pod{'s' if others > 1 else ''})" if others else "")
