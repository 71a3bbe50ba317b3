"""`matchLabelKeys` and `mismatchLabelKeys` of a new pod's affinity terms become requirements of their label selectors.

Follows `mutatePodAffinity` in `pkg/registry/core/pod/strategy.go` (stable in v1.33). A key that the pod has no label for is passed over,
and a term without a selector, which matches nothing, stays as it is. Topology spread has such keys too; the scheduler reads those.
"""

from collections.abc import Iterator, Mapping

from simulator.engine.plain import Obj

#: Labels of one pod that its terms ask for, in the order in which they do.
Picked = tuple[tuple[str, str], ...]

_OPERATORS = (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
_PARTS = ("podAffinity", "podAntiAffinity")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def picked(spec: Obj, labels: Mapping[str, str]) -> Picked:
    """What `merged` depends on besides the spec; empty for nearly every pod."""
    affinity = spec.get("affinity")
    if not affinity:
        return ()
    keys = [key for term in _terms(affinity) for name, _ in _OPERATORS for key in term.get(name) or ()]
    return tuple((key, labels[key]) for key in dict.fromkeys(keys) if key in labels)


def merged(affinity: Obj, labels: Picked) -> Obj:
    """The affinity with the keys of its terms in their selectors."""
    values = dict(labels)
    return {**affinity, **{part: _part(affinity[part], values) for part in _PARTS if affinity.get(part)}}


def _terms(affinity: Obj) -> Iterator[Obj]:
    for part in _PARTS:
        found = affinity.get(part) or {}
        yield from found.get(_REQUIRED) or ()
        yield from (one["podAffinityTerm"] for one in found.get(_PREFERRED) or ())


def _part(part: Obj, values: Mapping[str, str]) -> Obj:
    fresh = dict(part)
    if part.get(_REQUIRED):
        fresh[_REQUIRED] = [_term(term, values) for term in part[_REQUIRED]]
    if part.get(_PREFERRED):
        fresh[_PREFERRED] = [
            {**one, "podAffinityTerm": _term(one["podAffinityTerm"], values)} for one in part[_PREFERRED]
        ]
    return fresh


def _term(term: Obj, values: Mapping[str, str]) -> Obj:
    selector = term.get("labelSelector")
    wanted = [
        {"key": key, "operator": operator, "values": [values[key]]}
        for name, operator in _OPERATORS
        for key in term.get(name) or ()
        if key in values
    ]
    if selector is None or not wanted:
        return term
    return {
        **term,
        "labelSelector": {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *wanted]},
    }
