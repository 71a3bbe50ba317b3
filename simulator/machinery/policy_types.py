"""What the expressions of a ValidatingAdmissionPolicy get wrong about the kinds that it is about.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking; counterpart of
`apiserver/pkg/admission/plugin/policy/validating/typechecking.go` (1.33). Rules with `*` are passed over, and so are kinds beyond the tenth.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from simulator.machinery.cel.checking import Declarations
from simulator.machinery.cel.errors import CompileError
from simulator.machinery.cel.kinds import shape_of_kind
from simulator.machinery.cel.programs import compiled
from simulator.machinery.cel.scopes import VARIABLES, admission, typed
from simulator.machinery.cel.shapes import Shape
from simulator.machinery.cel.types import DYN, Type
from simulator.machinery.custom.published import schema_of
from simulator.machinery.kinds import Kinds
from simulator.machinery.schemas import schema_for

Obj = dict[str, Any]
_MOST_KINDS = 10


class _Kind(NamedTuple):
    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def __str__(self) -> str:
        """As Go prints a GroupVersionKind."""
        return f"{self.group}/{self.version}, Kind={self.kind}"


def expression_warnings(policy: Obj, kinds: Kinds) -> list[Obj]:
    """`status.typeChecking.expressionWarnings`."""
    scopes = _scopes(policy, kinds)
    found: list[Obj] = []
    for index, validation in enumerate(policy["spec"].get("validations") or ()):
        for field in ("expression", "messageExpression"):
            text = validation.get(field) or ""
            says = "\n".join(f"{kind}: {error}\n" for kind, error in _errors(text, scopes)) if text else ""
            if says:
                found.append({"fieldRef": f"spec.validations[{index}].{field}", "warning": says})
    return found


def _errors(text: str, scopes: list[tuple[_Kind, Declarations]]) -> list[tuple[_Kind, str]]:
    found = []
    for kind, scope in scopes:
        try:
            compiled(text, scope)
        except CompileError as error:
            found.append((kind, str(error)))
    return found


def _scopes(policy: Obj, kinds: Kinds) -> list[tuple[_Kind, Declarations]]:
    """What expressions may name, once for each kind."""
    spec = policy["spec"]
    params = None
    if spec.get("paramKind"):
        group, _, version = spec["paramKind"].get("apiVersion", "").rpartition("/")
        params = _shape(_Kind(group, version, spec["paramKind"].get("kind", "")), kinds)
    found = []
    for kind in types_to_check(policy, kinds):
        shape = _shape(kind, kinds)
        if shape is not None:
            found.append((kind, _scope(shape, params, spec.get("variables") or ())))
    return found


def _scope(shape: Shape, params: Shape | None, variables: Any) -> Declarations:
    base = admission(has_params=params is not None)
    known: dict[str, Type] = {"object": shape.type, "oldObject": shape.type}
    objects = shape.objects()
    if params is not None:
        known["params"] = params.type
        objects |= params.objects()
    fields: dict[str, Type] = {}
    scope = typed(base, {**known, "variables": VARIABLES}, {**objects, VARIABLES.name: fields})
    for one in variables:
        fields[one.get("name", "")] = _type(one.get("expression", ""), scope)
        scope = typed(base, {**known, "variables": VARIABLES}, {**objects, VARIABLES.name: dict(fields)})
    return scope


def _type(expression: str, scope: Declarations) -> Type:
    try:
        return compiled(expression, scope).type
    except CompileError:
        return DYN


def types_to_check(policy: Obj, kinds: Kinds) -> list[_Kind]:
    """The kinds that the policy names, sorted by group, version and kind."""
    found: dict[_Kind, None] = {}
    for rule in (policy["spec"].get("matchConstraints") or {}).get("resourceRules") or ():
        groups, versions = _named(rule.get("apiGroups")), _named(rule.get("apiVersions"))
        plurals = sorted(one for one in rule.get("resources") or () if "*" not in one and "/" not in one)
        count = 0
        for group, version, plural in ((g, v, p) for g in groups for v in versions for p in plurals):
            resource = kinds.by_path(group, version, plural)
            if resource is None:
                continue
            found[_Kind(group, version, resource.kind)] = None
            count += 1
            if count == _MOST_KINDS:
                return sorted(found)
    return sorted(found)


def _named(values: Any) -> list[str]:
    """Nothing when any of them is a wildcard."""
    given = list(values or ())
    return [] if any("*" in one for one in given) else sorted(given)


def _shape(kind: _Kind, kinds: Kinds) -> Shape | None:
    if schema_for(kind.api_version, kind.kind) is not None:
        return _built_in(kind)
    schema = schema_of(kinds, kind.api_version, kind.kind)
    found = shape_of_kind(schema) if schema is not None else None
    return found.named(f"{kind.kind}0") if found is not None else None


@lru_cache(maxsize=32)
def _built_in(kind: _Kind) -> Shape | None:
    schema = schema_for(kind.api_version, kind.kind)
    found = shape_of_kind(schema) if schema is not None else None
    return found.named(f"{kind.kind}0") if found is not None else None
