"""What the scheduler asks about a pod, worked out once for all pods that are alike.

A `PodInfo` has neither name nor uid: every pod with the same namespace, labels, owner and spec shares one, and
whatever is computed for one of them holds for all. Requests follow upstream's `PodRequests`: the larger of all
containers together and any init container, sidecars counted with both, plus the overhead.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery import quantities
from simulator.machinery.claims import claims_of
from simulator.machinery.node_terms import NodeTerm, node_term
from simulator.machinery.selectors import Requirement, Selector, from_label_selector
from simulator.machinery.taints import Toleration, toleration

#: What a container without a request counts for in LeastAllocated, so that such pods spread too.
_DEFAULT_MILLI_CPU = 100
_DEFAULT_MEMORY = 200 * 1024 * 1024

#: Labels of one pod as a hashable value, with its namespace.
Group = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Resources:
    milli_cpu: int = 0
    memory: int = 0
    ephemeral: int = 0
    extended: tuple[tuple[str, int], ...] = ()
    """Other resources by name, sorted."""


@dataclass(frozen=True, slots=True)
class HostPort:
    ip: str
    protocol: str
    port: int

    def conflicts(self, other: "HostPort") -> bool:
        if self.port != other.port or self.protocol != other.protocol:
            return False
        return "0.0.0.0" in (self.ip, other.ip) or self.ip == other.ip


@dataclass(frozen=True, slots=True)
class SpreadConstraint:
    key: str
    max_skew: int
    selector: Selector
    min_domains: int = 1
    honours_affinity: bool = True
    honours_taints: bool = False


@dataclass(frozen=True, slots=True)
class AffinityTerm:
    key: str
    selector: Selector | None
    """None matches no pod."""
    namespaces: frozenset[str] | None
    """None is every namespace."""
    weight: int = 0

    def matches(self, group: Group) -> bool:
        if self.selector is None or (self.namespaces is not None and group[0] not in self.namespaces):
            return False
        return self.selector.matches(dict(group[1]))


@dataclass(frozen=True, slots=True, eq=False)
class PodInfo:
    group: Group
    requests: Resources
    nonzero_cpu: int
    nonzero_memory: int
    priority: int
    never_preempts: bool
    node_name: str
    """Already asked for by name in `spec.nodeName` (only NodeName's filter reads it)."""
    tolerations: tuple[Toleration, ...]
    node_selector: tuple[Requirement, ...]
    required_terms: tuple[NodeTerm, ...] | None
    wanted_nodes: frozenset[str] | None
    """The only nodes that required terms allow by metadata.name; None when they do not ask for names."""
    preferred_terms: tuple[tuple[int, NodeTerm], ...]
    host_ports: tuple[HostPort, ...]
    images: tuple[str, ...]
    """Images of init containers and containers, one entry a container, normalised."""
    hard_spread: tuple[SpreadConstraint, ...]
    soft_spread: tuple[SpreadConstraint, ...]
    has_own_spread: bool
    affinity: tuple[AffinityTerm, ...] = ()
    anti_affinity: tuple[AffinityTerm, ...] = ()
    preferred_affinity: tuple[AffinityTerm, ...] = ()
    """Preferred terms; those of anti-affinity have a negative weight."""
    claims: tuple[str, ...] = ()
    """Names of the PersistentVolumeClaims it uses."""
    own_claims: frozenset[str] = frozenset()
    """Those of them that are made for its ephemeral volumes."""

    @property
    def namespace(self) -> str:
        return self.group[0]

    @property
    def has_affinity(self) -> bool:
        return bool(self.affinity or self.anti_affinity or self.preferred_affinity)

    def node_matches(self, name: str, labels: Mapping[str, str]) -> bool:
        """nodeSelector and required node affinity."""
        if not all(requirement.matches(labels) for requirement in self.node_selector):
            return False
        return self.required_terms is None or any(term.matches(name, labels) for term in self.required_terms)


def group_of(pod: Obj) -> Group:
    metadata = pod["metadata"]
    return metadata.get("namespace", ""), tuple(sorted((metadata.get("labels") or {}).items()))


#: The names of the namespaces that a selector chooses.
Namespaces = Callable[[Selector], Iterable[str]]


def _no_namespaces(selector: Selector) -> Iterable[str]:
    return ()


def pod_info(
    pod: Obj, default_spread: Iterable[SpreadConstraint] = (), namespaces: Namespaces = _no_namespaces
) -> PodInfo:
    """`default_spread` are the cluster's default constraints, already bound to this pod's selector."""
    spec = pod["spec"]
    affinity = spec.get("affinity") or {}
    node_affinity = affinity.get("nodeAffinity") or {}
    required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    group = group_of(pod)
    own = spec.get("topologySpreadConstraints") or ()
    terms = None if required is None else tuple(node_term(term) for term in required["nodeSelectorTerms"])
    return PodInfo(
        group=group,
        requests=pod_requests(spec),
        nonzero_cpu=_nonzero(spec, "cpu", _DEFAULT_MILLI_CPU),
        nonzero_memory=_nonzero(spec, "memory", _DEFAULT_MEMORY),
        priority=spec.get("priority") or 0,
        never_preempts=spec.get("preemptionPolicy") == "Never",
        node_name=spec.get("nodeName") or "",
        tolerations=tuple(toleration(one) for one in spec.get("tolerations") or ()),
        node_selector=tuple(
            Requirement(key, "=", (value,)) for key, value in sorted((spec.get("nodeSelector") or {}).items())
        ),
        required_terms=terms,
        wanted_nodes=_wanted_nodes(terms),
        preferred_terms=tuple(
            (one["weight"], node_term(one["preference"]))
            for one in node_affinity.get("preferredDuringSchedulingIgnoredDuringExecution") or ()
            if one["weight"]
        ),
        host_ports=tuple(_host_ports(spec)),
        images=tuple(
            _tagged(one["image"])
            for part in ("initContainers", "containers")
            for one in spec.get(part) or ()
            if one.get("image")
        ),
        hard_spread=tuple(_spread(one, group) for one in own if one["whenUnsatisfiable"] == "DoNotSchedule"),
        soft_spread=tuple(_spread(one, group) for one in own if one["whenUnsatisfiable"] == "ScheduleAnyway")
        if own
        else tuple(default_spread),
        has_own_spread=bool(own),
        affinity=_required_terms(affinity.get("podAffinity"), group[0], namespaces),
        anti_affinity=_required_terms(affinity.get("podAntiAffinity"), group[0], namespaces),
        preferred_affinity=_preferred_terms(affinity.get("podAffinity"), group[0], namespaces, 1)
        + _preferred_terms(affinity.get("podAntiAffinity"), group[0], namespaces, -1),
        claims=tuple(dict.fromkeys(name for _, name in claims_of(pod))),
        own_claims=frozenset(
            f"{pod['metadata']['name']}-{volume['name']}"
            for volume in spec.get("volumes") or ()
            if "ephemeral" in volume
        ),
    )


# Requests


def pod_requests(spec: Obj) -> Resources:
    totals = _totals(spec)
    extended = tuple(
        sorted((name, amount) for name, amount in totals.items() if name not in ("cpu", "memory", "ephemeral-storage"))
    )
    return Resources(totals.get("cpu", 0), totals.get("memory", 0), totals.get("ephemeral-storage", 0), extended)


def amount_of(name: str, quantity: str | int) -> int:
    """CPU in thousandths, everything else in whole units, rounded up as upstream does."""
    text = str(quantity)
    return quantities.milli(text) if name == "cpu" else quantities.value(text)


def _totals(spec: Obj) -> dict[str, int]:
    totals: dict[str, int] = {}
    for container in spec["containers"]:
        _add(totals, _requests(container))
    sidecars: dict[str, int] = {}
    peak: dict[str, int] = {}
    for container in spec.get("initContainers") or ():
        needed = _requests(container)
        if container.get("restartPolicy") == "Always":
            _add(totals, needed)
            _add(sidecars, needed)
            needed = dict(sidecars)
        else:
            _add(needed, sidecars)
        _raise_to(peak, needed)
    _raise_to(totals, peak)
    _add(totals, {name: amount_of(name, value) for name, value in (spec.get("overhead") or {}).items()})
    return totals


def _requests(container: Obj) -> dict[str, int]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return {name: amount_of(name, value) for name, value in requests.items()}


def _add(totals: dict[str, int], more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        totals[name] = totals.get(name, 0) + amount


def _raise_to(totals: dict[str, int], floor: Mapping[str, int]) -> None:
    for name, amount in floor.items():
        totals[name] = max(totals.get(name, 0), amount)


def _nonzero(spec: Obj, resource: str, default: int) -> int:
    """The pod's request for one resource, with a default for every container that names none."""

    def need(container: Obj) -> int:
        found = ((container.get("resources") or {}).get("requests") or {}).get(resource)
        return default if found is None else amount_of(resource, found)

    total = sum(need(container) for container in spec["containers"])
    sidecars = peak = 0
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            total += need(container)
            sidecars += need(container)
            peak = max(peak, sidecars)
        else:
            peak = max(peak, need(container) + sidecars)
    overhead = (spec.get("overhead") or {}).get(resource)
    return max(total, peak) + (0 if overhead is None else amount_of(resource, overhead))


# Parts of the spec


def _wanted_nodes(terms: tuple[NodeTerm, ...] | None) -> frozenset[str] | None:
    names = [term.names() for term in terms or ()]
    asked = [one for one in names if one is not None]
    return frozenset().union(*asked) if asked and len(asked) == len(names) else None


def _host_ports(spec: Obj) -> Iterable[HostPort]:
    for part in ("containers", "initContainers"):
        for container in spec.get(part) or ():
            if part == "initContainers" and container.get("restartPolicy") != "Always":
                continue
            for port in container.get("ports") or ():
                if port.get("hostPort"):
                    yield HostPort(port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])


def _tagged(image: str) -> str:
    return image if image.rfind(":") > image.rfind("/") else f"{image}:latest"


def _spread(raw: Obj, group: Group) -> SpreadConstraint:
    wanted = dict(raw.get("labelSelector") or {})
    labels = dict(group[1])
    keyed = [
        {"key": key, "operator": "In", "values": [labels[key]]}
        for key in raw.get("matchLabelKeys") or ()
        if key in labels
    ]
    if keyed:
        wanted["matchExpressions"] = [*(wanted.get("matchExpressions") or ()), *keyed]
    return SpreadConstraint(
        key=raw["topologyKey"],
        max_skew=raw["maxSkew"],
        selector=from_label_selector(None if raw.get("labelSelector") is None else wanted),
        min_domains=raw.get("minDomains") or 1,
        honours_affinity=(raw.get("nodeAffinityPolicy") or "Honor") == "Honor",
        honours_taints=raw.get("nodeTaintsPolicy") == "Honor",
    )


def _required_terms(raw: Obj | None, own: str, namespaces: Namespaces) -> tuple[AffinityTerm, ...]:
    terms = (raw or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(_affinity_term(term, own, namespaces) for term in terms)


def _preferred_terms(raw: Obj | None, own: str, namespaces: Namespaces, sign: int) -> tuple[AffinityTerm, ...]:
    terms = (raw or {}).get("preferredDuringSchedulingIgnoredDuringExecution") or ()
    return tuple(_affinity_term(one["podAffinityTerm"], own, namespaces, sign * one["weight"]) for one in terms)


def _affinity_term(raw: Obj, own: str, namespaces: Namespaces, weight: int = 0) -> AffinityTerm:
    selector = raw.get("labelSelector")
    return AffinityTerm(
        raw["topologyKey"],
        None if selector is None else from_label_selector(selector),
        _spoken_of(raw, own, namespaces),
        weight,
    )


def _spoken_of(raw: Obj, own: str, namespaces: Namespaces) -> frozenset[str] | None:
    """Namespaces of a term: those it lists and those its selector chooses, its own without either; None is every one."""
    listed, raw_selector = raw.get("namespaces") or (), raw.get("namespaceSelector")
    if raw_selector is None:
        return frozenset(listed or (own,))
    selector = from_label_selector(raw_selector)
    return None if selector.empty else frozenset((*listed, *namespaces(selector)))
