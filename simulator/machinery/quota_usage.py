"""What one object uses of a ResourceQuota: names and amounts, scopes, and what a quota demands of a pod.

Counterpart of `pkg/quota/v1/evaluator/core` and `staging/.../quota/v1/generic` (1.33). Shared by admission, which charges, and by
the controller, which counts again.

Leaves out: scope VolumeAttributesClass, resource claims.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.machinery.pod_resources import Amounts, of_container, of_pod, parsed
from simulator.machinery.quantities import NANO, Quantity, parse

Obj = dict[str, Any]

ONE = parse("1")
_ZERO = parse("0")
#: Compute names that, once limited, every container must set (`validationSet`).
_DEMANDED = ("cpu", "limits.cpu", "limits.memory", "memory", "requests.cpu", "requests.memory")
_POD_NAMES = frozenset(
    {"count/pods", "pods", "ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage", *_DEMANDED}
)
_CLASS_OF_STORAGE = ".storageclass.storage.k8s.io/"
#: Kinds with a name of their own beside `count/<resource>` (`legacyObjectCountAliases` and the services' and claims' own).
_LEGACY = ("configmaps", "resourcequotas", "replicationcontrollers", "secrets")
#: Never counted (`DefaultIgnoredResources`).
IGNORED = frozenset({"events", "bindings", "localsubjectaccessreviews.authorization.k8s.io"})


def usage(resource: str, obj: Obj, *, is_overdue: bool = False) -> Amounts:
    """Everything the object is charged for, whether or not some quota limits it.

    `is_overdue`: a pod that should have ended long ago, on a node that is lost, say; it only counts as an object.
    """
    if resource == "pods":
        return _pod(obj, is_overdue=is_overdue)
    amounts = {f"count/{resource}": ONE}
    if resource == "services":
        amounts.update(_service(obj["spec"]))
    elif resource == "persistentvolumeclaims":
        amounts.update(_claim(obj))
    elif resource in _LEGACY:
        amounts[resource] = ONE
    return amounts


def concerned(resource: str, names: Iterable[str]) -> list[str]:
    """Which of a quota's names speak of objects of this resource."""
    return [name for name in names if _speaks_of(name, resource)]


def resources_of(names: Iterable[str]) -> list[str]:
    """The resources that a quota with these names has to count, sorted."""
    found: dict[str, None] = {}
    for name in names:
        if name.startswith("count/"):
            found[name.removeprefix("count/")] = None
        elif name in _LEGACY:
            found[name] = None
        elif name.startswith("services"):
            found["services"] = None
        elif name in ("persistentvolumeclaims", "requests.storage") or _CLASS_OF_STORAGE in name:
            found["persistentvolumeclaims"] = None
        else:
            found["pods"] = None
    return sorted(found)


def matches_scopes(quota: Obj, resource: str, obj: Obj) -> bool:
    """All scopes of the quota hold for the object. Kinds other than pods match only a quota without scopes."""
    wanted = scope_terms(quota)
    return not wanted or (resource == "pods" and all(_in_scope(term, obj) for term in wanted))


def scope_terms(quota: Obj) -> list[Obj]:
    spec = quota.get("spec") or {}
    plain = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return plain + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


def missing(pod: Obj, names: Iterable[str]) -> str:
    """`must specify limits.cpu for: a,b; …` for containers that lack what a quota limits, or nothing."""
    demanded = sorted(name for name in names if name in _DEMANDED)
    spec = pod["spec"]
    containers = [*spec["containers"], *(spec.get("initContainers") or ())]
    texts = []
    for name in demanded:
        lacking = sorted({c["name"]: None for c in containers if name not in _container_names(c)})
        if lacking:
            texts.append(f"{name} for: {','.join(lacking)}")
    return f"must specify {'; '.join(texts)}" if texts else ""


def is_finished(pod: Obj) -> bool:
    """Finished pods only count as objects."""
    return (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded")


def _pod(pod: Obj, *, is_overdue: bool) -> Amounts:
    amounts: Amounts = {"count/pods": ONE}
    if is_overdue or is_finished(pod):
        return amounts
    amounts["pods"] = ONE
    spec, status = pod["spec"], pod.get("status") or {}
    amounts.update(_compute(of_pod(spec, "requests", status), of_pod(spec, "limits", status)))
    return amounts


def _compute(requests: Amounts, limits: Amounts) -> Amounts:
    amounts: Amounts = {}
    for name, amount in requests.items():
        if name in ("cpu", "memory", "ephemeral-storage") or name.startswith("hugepages-"):
            amounts[name] = amount
        elif not _is_extended(f"requests.{name}"):
            continue
        amounts[f"requests.{name}"] = amount
    for name in ("cpu", "memory", "ephemeral-storage"):
        if name in limits:
            amounts[f"limits.{name}"] = limits[name]
    return amounts


def _container_names(container: Obj) -> Amounts:
    return _compute(of_container(container, "requests"), of_container(container, "limits"))


def _service(spec: Obj) -> Amounts:
    kind, ports = spec.get("type", "ClusterIP"), spec.get("ports") or []
    counted = 0
    if kind == "NodePort":
        counted = len(ports)
    elif kind == "LoadBalancer":
        allocates = spec.get("allocateLoadBalancerNodePorts") is not False
        counted = len(ports) if allocates else sum(1 for port in ports if port.get("nodePort"))
    return {
        "services": ONE,
        "services.loadbalancers": ONE if kind == "LoadBalancer" else _ZERO,
        "services.nodeports": Quantity(counted * ONE.nanos),
    }


def _claim(claim: Obj) -> Amounts:
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get("volume.beta.kubernetes.io/storage-class") or claim["spec"].get("storageClassName") or ""
    amounts: Amounts = {"persistentvolumeclaims": ONE}
    storage = _storage(claim)
    if storage is not None:
        amounts["requests.storage"] = Quantity(-(-storage.nanos // NANO) * NANO, storage.format)
    if name:
        amounts.update({f"{name}{_CLASS_OF_STORAGE}{key}": amount for key, amount in list(amounts.items())})
    return amounts


def _storage(claim: Obj) -> Quantity | None:
    asked = parsed((claim["spec"].get("resources") or {}).get("requests")).get("storage")
    given = parsed((claim.get("status") or {}).get("allocatedResources")).get("storage")
    if asked is not None and given is not None and given.nanos > asked.nanos:
        return given
    return asked


def _speaks_of(name: str, resource: str) -> bool:
    if name == f"count/{resource}":
        return True
    match resource:
        case "pods":
            return name in _POD_NAMES or name.startswith(("hugepages-", "requests.hugepages-")) or _is_extended(name)
        case "services":
            return name in ("services", "services.loadbalancers", "services.nodeports")
        case "persistentvolumeclaims":
            own = ("persistentvolumeclaims", "requests.storage")
            return name in own or name.endswith(tuple(_CLASS_OF_STORAGE + part for part in own))
    return name == resource and resource in _LEGACY


def _is_extended(name: str) -> bool:
    """`requests.example.com/gpu`: a name with a domain that is not Kubernetes' own."""
    domain, slash, _ = name.removeprefix("requests.").partition("/")
    return name.startswith("requests.") and bool(slash) and "kubernetes.io" not in domain


def _in_scope(term: Mapping[str, Any], pod: Obj) -> bool:
    spec = pod["spec"]
    is_terminating = (spec.get("activeDeadlineSeconds") or -1) >= 0
    is_best_effort = (pod.get("status") or {}).get("qosClass") == "BestEffort"
    match term["scopeName"]:
        case "Terminating":
            return is_terminating
        case "NotTerminating":
            return not is_terminating
        case "BestEffort":
            return is_best_effort
        case "NotBestEffort":
            return not is_best_effort
        case "PriorityClass":
            return _has_class(term, spec.get("priorityClassName") or "")
        case "CrossNamespacePodAffinity":
            return _crosses_namespaces(spec.get("affinity") or {})
    return False


def _has_class(term: Mapping[str, Any], name: str) -> bool:
    values = term.get("values") or ()
    match term["operator"]:
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
        case "NotIn":
            return name not in values
    return bool(name) and name in values


def _crosses_namespaces(affinity: Obj) -> bool:
    terms: list[Obj] = []
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(kind) or {}
        terms += rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
        terms += [one["podAffinityTerm"] for one in weighted]
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms)
