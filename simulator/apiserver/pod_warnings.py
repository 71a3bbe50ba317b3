"""What the API server warns of in pods and in workloads' templates: settings that are taken and do not mean what they seem to.

`pkg/api/pod/warnings.go`, `pkg/api/node/util.go` (1.33), whose texts these are. Pods are looked at when they are made, workloads also when their
spec changes. Left out: warnings about claims in ephemeral volumes.
"""

from collections.abc import Iterator

from simulator.engine.plain import Obj
from simulator.machinery.quantities import NANO, QuantityError, parse

#: Workload → where its template of pods lies.
_TEMPLATES = {
    "deployments.apps": "spec.template",
    "replicasets.apps": "spec.template",
    "statefulsets.apps": "spec.template",
    "daemonsets.apps": "spec.template",
    "replicationcontrollers": "spec.template",
    "jobs.batch": "spec.template",
    "cronjobs.batch": "spec.jobTemplate.spec.template",
    "podtemplates": "template",
}
_OLD_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_OLD_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_SECCOMP, _SECCOMP_OF = "seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"
_NO_SELECTOR = "a null labelSelector results in matching no pod"


def warnings(resource: str, obj: Obj, old: Obj | None) -> list[str]:
    """In upstream's order."""
    if resource == "pods":
        return list(_of_pod("", obj)) if old is None else []
    path = _TEMPLATES.get(resource)
    if path is None or (old is not None and old.get("spec") == obj.get("spec")):
        return []
    template: Obj | None = obj
    for step in path.split("."):
        template = (template or {}).get(step)
    return list(_of_pod(f"{path}.", template)) if template else []


def _of_pod(path: str, pod: Obj) -> Iterator[str]:
    spec, notes = pod.get("spec") or {}, (pod.get("metadata") or {}).get("annotations") or {}
    yield from _labels(f"{path}spec", spec)
    for key, says in _OLD_ANNOTATIONS.items():
        if key in notes:
            yield f"{path}metadata.annotations[{key}]: {says}"
    yield from _volumes(f"{path}spec.volumes", spec.get("volumes") or [])
    yield from _repeated(f"{path}spec.hostAliases", spec.get("hostAliases") or [], "ip")
    yield from _repeated(f"{path}spec.imagePullSecrets", spec.get("imagePullSecrets") or [], "name")
    yield from _fractions(f"{path}spec.overhead", spec.get("overhead") or {})
    if not (spec.get("securityContext") or {}).get("seccompProfile") and _SECCOMP in notes:
        yield f'{path}metadata.annotations[{_SECCOMP}]: non-functional in v1.27+; use the "seccompProfile" field instead'
    containers = list(_containers(f"{path}spec", spec))
    for where, container in containers:
        yield from _of_container(where, container, f"{path}metadata.annotations", notes)
    yield from _ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        yield f"{path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _affinity(f"{path}spec.affinity", spec.get("affinity") or {})


def _containers(path: str, spec: Obj) -> Iterator[tuple[str, Obj]]:
    for part in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(part) or ()):
            yield f"{path}.{part}[{index}]", container


def _old_label(key: str) -> str:
    if key not in _OLD_LABELS:
        return ""
    since, instead = _OLD_LABELS[key]
    return f'deprecated since {since}; use "{instead}" instead'


def _labels(path: str, spec: Obj) -> Iterator[str]:
    for key in sorted(spec.get("nodeSelector") or {}):
        if says := _old_label(key):
            yield f"{path}.nodeSelector[{key}]: {says}"
    nodes = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    here = f"{path}.affinity.nodeAffinity"
    required = nodes.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for index, term in enumerate(required.get("nodeSelectorTerms") or ()):
        yield from _term(f"{here}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{index}]", term)
    for index, one in enumerate(nodes.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        yield from _term(
            f"{here}.preferredDuringSchedulingIgnoredDuringExecution[{index}].preference", one["preference"]
        )
    for index, one in enumerate(spec.get("topologySpreadConstraints") or ()):
        where = f"{path}.topologySpreadConstraints[{index}]"
        if says := _old_label(one.get("topologyKey", "")):
            yield f"{where}.topologyKey: {one['topologyKey']} is {says}"
        if one.get("labelSelector") is None:
            yield f"{where}.labelSelector: {_NO_SELECTOR}"


def _term(path: str, term: Obj) -> Iterator[str]:
    for index, one in enumerate(term.get("matchExpressions") or ()):
        if says := _old_label(one["key"]):
            yield f"{path}.matchExpressions[{index}].key: {one['key']} is {says}"


def _volumes(path: str, volumes: list[Obj]) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for kind, says in _OLD_VOLUMES.items():
            if kind in volume:
                yield f"{path}[{index}].{kind}: {says}"
    sources = [
        (index, one)
        for index, volume in enumerate(volumes)
        for one in (volume.get("projected") or {}).get("sources") or ()
    ]
    tokens = {one["serviceAccountToken"].get("path") for _, one in sources if "serviceAccountToken" in one}
    for index, one in sources:
        for field, word in (("configMap", "configMap"), ("secret", "secrets"), ("downwardAPI", "downwardAPI")):
            for at, item in enumerate((one.get(field) or {}).get("items") or ()):
                if item["path"] in tokens:
                    where = f"{path}[{index}].projected.sources.{word}[{at}]"
                    yield f'{where}: has duplicated path with ServiceAccountToken "{item["path"]}"'


def _repeated(path: str, items: list[Obj], field: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        text = item.get(field, "")
        if text in seen:
            yield f'{path}[{index}].{field}: duplicate {field} "{text}"'
        seen.add(text)
    if field == "name":
        for index, item in enumerate(items):
            if not item.get("name"):
                yield f'{path}[{index}].name: invalid empty name ""'


def _fractions(path: str, amounts: Obj) -> Iterator[str]:
    for name in ("memory", "ephemeral-storage"):
        try:
            amount = parse(str(amounts[name])) if name in amounts else None
        except QuantityError:
            continue
        if amount is not None and amount.nanos % NANO:
            yield f'{path}[{name}]: fractional byte value "{amount}" is invalid, must be an integer'


def _of_container(path: str, container: Obj, notes_path: str, notes: Obj) -> Iterator[str]:
    key = f"{_SECCOMP_OF}{container['name']}"
    if key in notes and not (container.get("securityContext") or {}).get("seccompProfile"):
        yield f'{notes_path}[{key}]: non-functional in v1.27+; use the "seccompProfile" field instead'
    resources = container.get("resources") or {}
    for name in ("memory", "ephemeral-storage"):
        for part in ("limits", "requests"):
            given = resources.get(part) or {}
            yield from _fractions(f"{path}.resources.{part}", {name: given[name]} if name in given else {})
    seen: set[str] = set()
    for index, one in enumerate(container.get("env") or ()):
        name, reference = one["name"], f"$({one['name']})"
        text = one.get("value") or ""
        if name in seen and (one.get("valueFrom") is not None or text == reference or reference not in text):
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _ports(containers: list[tuple[str, Obj]]) -> Iterator[str]:
    known: dict[tuple[int, str], list[tuple[str, Obj]]] = {}
    for where, container in containers:
        for index, port in enumerate(container.get("ports") or ()):
            here = f"{where}.ports[{index}]"
            others = known.setdefault((port["containerPort"], port.get("protocol") or "TCP"), [])
            for there, other in others:
                if word := _clash(port, other):
                    yield f"{here}: {word} port definition with {there}"
            others.append((here, port))


def _clash(port: Obj, other: Obj) -> str:
    on_host, there = (one.get("hostPort") or 0 for one in (port, other))
    address, elsewhere = (one.get("hostIP") or "" for one in (port, other))
    if (address, on_host) == (elsewhere, there):
        return "duplicate"
    if not on_host or not there:
        return "overlapping"
    return "dangerously ambiguous" if on_host == there and bool(address) != bool(elsewhere) else ""


def _affinity(path: str, affinity: Obj) -> Iterator[str]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for index, term in enumerate(terms.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{kind}.requiredDuringSchedulingIgnoredDuringExecution[{index}].labelSelector: {_NO_SELECTOR}"
        for index, one in enumerate(terms.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
            if one["podAffinityTerm"].get("labelSelector") is None:
                where = f"{path}.{kind}.preferredDuringSchedulingIgnoredDuringExecution[{index}]"
                yield f"{where}.podAffinityTerm.labelSelector: {_NO_SELECTOR}"
