"""Policy rules: what one allows, whether some cover others, and how they are written in refusals.

Follows `pkg/apis/rbac/v1/evaluation_helpers.go` and `component-helpers/auth/rbac/validation/policy_comparator.go` (1.33).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from simulator.apiserver.authorization.attributes import Attributes
from simulator.engine.plain import Obj

ALL = "*"
_PARTS = (
    ("APIGroups", "apiGroups"),
    ("Resources", "resources"),
    ("NonResourceURLs", "nonResourceURLs"),
    ("ResourceNames", "resourceNames"),
    ("Verbs", "verbs"),
)
#: What somebody must hold to make a role that gathers others.
EVERYTHING: tuple[Obj, ...] = (
    {"verbs": [ALL], "apiGroups": [ALL], "resources": [ALL]},
    {"verbs": [ALL], "nonResourceURLs": [ALL]},
)


def allows(rule: Obj, asked: Attributes) -> bool:
    if not _has(rule.get("verbs"), asked.verb):
        return False
    if not asked.resource:
        return any(_is_url(pattern, asked.path) for pattern in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames")
    return (
        _has(rule.get("apiGroups"), asked.group)
        and any(_is_resource(one, asked.combined) for one in rule.get("resources") or ())
        and (not names or asked.name in names)
    )


def uncovered(held: Sequence[Obj], wanted: Iterable[Obj]) -> list[Obj]:
    """The smallest rules within `wanted` that no rule of `held` covers, verbs of one resource put together."""
    missing = [small for rule in wanted for small in _atoms(rule) if not any(_covers(one, small) for one in held)]
    merged: dict[tuple[str, ...], Obj] = {}
    for small in missing:
        # Only rules about resources are put together (`pkg/registry/rbac/validation/policy_compact.go`).
        apart = repr(small["verbs"]) if "nonResourceURLs" in small else ""
        identity = (*(repr(small.get(key)) for _, key in _PARTS[:4]), apart)
        known = merged.get(identity)
        merged[identity] = {**known, "verbs": [*known["verbs"], *small["verbs"]]} if known else small
    return list(merged.values())


def text_of(rule: Obj) -> str:
    """`{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`."""
    parts = [f"{word}:[{' '.join(_quoted(value) for value in rule[key])}]" for word, key in _PARTS if rule.get(key)]
    return "{" + ", ".join(parts) + "}"


def _quoted(value: str) -> str:
    return f'"{value}"'


def _has(given: Sequence[str] | None, wanted: str) -> bool:
    return given is not None and (wanted in given or ALL in given)


def _is_resource(pattern: str, combined: str) -> bool:
    if pattern in (ALL, combined):
        return True
    return pattern.startswith("*/") and combined.partition("/")[2] == pattern[2:]


def _is_url(pattern: str, path: str) -> bool:
    return pattern in (ALL, path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))


def _atoms(rule: Obj) -> Iterator[Obj]:
    """One verb on one thing each."""
    verbs = rule.get("verbs") or ()
    for group, resource, verb in product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        atom: Obj = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        for name in rule.get("resourceNames") or (None,):
            yield atom if name is None else {**atom, "resourceNames": [name]}
    for url, verb in product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(held: Obj, atom: Obj) -> bool:
    if not _has(held.get("verbs"), atom["verbs"][0]):
        return False
    if "nonResourceURLs" in atom:
        return any(_is_url(pattern, atom["nonResourceURLs"][0]) for pattern in held.get("nonResourceURLs") or ())
    names = held.get("resourceNames")
    return (
        _has(held.get("apiGroups"), atom["apiGroups"][0])
        and any(_is_resource(one, atom["resources"][0]) for one in held.get("resources") or ())
        and (not names or ("resourceNames" in atom and atom["resourceNames"][0] in names))
    )
