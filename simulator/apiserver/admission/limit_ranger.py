"""LimitRanger: default requests and limits, and the bounds every container, pod and claim must keep.

https://kubernetes.io/docs/concepts/policy/limit-range/; `plugin/pkg/admission/limitranger/admission.go` (1.33), whose texts these are.
Findings come in the order of names; upstream's order within one LimitRange follows Go's maps and is not fixed.
"""

from simulator.engine.plain import Obj
from simulator.machinery.pod_resources import PARTS, Amounts, of_container, of_pod, parsed
from simulator.machinery.quantities import NANO, Quantity
from simulator.machinery.store import Store

ANNOTATION = "kubernetes.io/limit-ranger"


def ranges(store: Store, namespace: str) -> tuple[Obj, ...]:
    """The LimitRanges of a namespace, by name."""
    if not store.table("limitranges"):
        return ()
    return tuple(sorted(store.in_namespace("limitranges", namespace), key=lambda found: str(found["metadata"]["name"])))


def with_defaults(found: tuple[Obj, ...], spec: Obj) -> tuple[Obj, str]:
    """The pod's spec with defaults filled in, and the note for its annotation (empty: nothing was set)."""
    note = ""
    for limit_range in found:
        spec, says = _filled(limit_range, spec)
        note = says or note
    return spec, note


def violation(found: tuple[Obj, ...], resource: str, obj: Obj) -> str:
    """Why the first offended LimitRange refuses a pod or claim, or nothing."""
    for limit_range in found:
        texts: dict[str, None] = {}
        for limit in (limit_range.get("spec") or {}).get("limits") or ():
            texts.update(dict.fromkeys(_offences(limit, resource, obj)))
        if texts:
            return next(iter(texts)) if len(texts) == 1 else f"[{', '.join(texts)}]"
    return ""


def _filled(limit_range: Obj, spec: Obj) -> tuple[Obj, str]:
    requests: dict[str, str] = {}
    limits: dict[str, str] = {}
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        if limit["type"] == "Container":
            requests.update(limit.get("defaultRequest") or {})
            limits.update(limit.get("default") or {})
    if not requests and not limits:
        return spec, ""
    notes: list[str] = []
    spec = dict(spec)
    for part, word in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(part):
            spec[part] = [_with_resources(container, requests, limits, word, notes) for container in spec[part]]
    return spec, f"LimitRanger plugin set: {'; '.join(notes)}" if notes else ""


def _with_resources(
    container: Obj, requests: dict[str, str], limits: dict[str, str], word: str, notes: list[str]
) -> Obj:
    resources = dict(container.get("resources") or {})
    for part, defaults in (("requests", requests), ("limits", limits)):
        given = resources.get(part) or {}
        added = sorted(name for name in defaults if name not in given)
        if added:
            resources[part] = {**given, **{name: defaults[name] for name in added}}
            notes.append(f"{', '.join(added)} {part.removesuffix('s')} for {word} {container['name']}")
    return {**container, "resources": resources}


def _offences(limit: Obj, resource: str, obj: Obj) -> list[str]:
    kind = limit["type"]
    if resource == "persistentvolumeclaims":
        return _claim(limit, obj) if kind == "PersistentVolumeClaim" else []
    spec = obj["spec"]
    if kind == "Pod":
        return _bounds(limit, *(of_pod(spec, part, with_overhead=False) for part in PARTS))
    if kind != "Container":
        return []
    return [
        text
        for container in (*spec["containers"], *(spec.get("initContainers") or ()))
        for text in _bounds(limit, of_container(container, "requests"), of_container(container, "limits"))
    ]


def _claim(limit: Obj, claim: Obj) -> list[str]:
    requests = parsed((claim["spec"].get("resources") or {}).get("requests"))
    kind = limit["type"]
    texts = [_least(kind, name, least, requests, {}) for name, least in sorted(parsed(limit.get("min")).items())]
    for name, most in sorted(parsed(limit.get("max")).items()):
        says = f"maximum {name} usage per {kind} is {most}"
        if name not in requests:
            texts.append(f"{says}.  No request is specified")
        elif requests[name].nanos > most.nanos:
            texts.append(f"{says}, but request is {requests[name]}")
    return [text for text in texts if text]


def _bounds(limit: Obj, requests: Amounts, limits: Amounts) -> list[str]:
    kind = limit["type"]
    texts = [_least(kind, name, least, requests, limits) for name, least in sorted(parsed(limit.get("min")).items())]
    texts += [_most(kind, name, most, requests, limits) for name, most in sorted(parsed(limit.get("max")).items())]
    ratios = sorted(parsed(limit.get("maxLimitRequestRatio")).items())
    texts += [_ratio(kind, name, most, requests, limits) for name, most in ratios]
    return [text for text in texts if text]


def _least(kind: str, name: str, least: Quantity, requests: Amounts, limits: Amounts) -> str:
    says = f"minimum {name} usage per {kind} is {least}"
    if name not in requests:
        return f"{says}.  No request is specified"
    if requests[name].nanos < least.nanos:
        return f"{says}, but request is {requests[name]}"
    if name in limits and limits[name].nanos < least.nanos:
        return f"{says}, but limit is {limits[name]}"
    return ""


def _most(kind: str, name: str, most: Quantity, requests: Amounts, limits: Amounts) -> str:
    says = f"maximum {name} usage per {kind} is {most}"
    if name not in limits:
        return f"{says}.  No limit is specified"
    if limits[name].nanos > most.nanos:
        return f"{says}, but limit is {limits[name]}"
    if name in requests and requests[name].nanos > most.nanos:
        return f"{says}, but request is {requests[name]}"
    return ""


def _ratio(kind: str, name: str, most: Quantity, requests: Amounts, limits: Amounts) -> str:
    says = f"{name} max limit to request ratio per {kind} is {most}"
    request = requests[name].nanos if name in requests else 0
    limit = limits[name].nanos if name in limits else 0
    if not request:
        return f"{says}, but no request is specified or request is 0"
    if not limit:
        return f"{says}, but no limit is specified or limit is 0"
    if limit * NANO > most.nanos * request:
        millionths = (limit * 2_000_000 + request) // (2 * request)
        return f"{says}, but provided ratio is {millionths // 1_000_000}.{millionths % 1_000_000:06d}"
    return ""
