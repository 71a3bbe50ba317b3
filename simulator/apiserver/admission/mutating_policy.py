"""MutatingAdmissionPolicy (alpha in 1.33): changes in CEL to what is written, put into force by bindings.

https://kubernetes.io/docs/reference/access-authn-authz/mutating-admission-policy/; `apiserver/pkg/admission/plugin/policy/mutating`
(1.33), whose texts these are. In force when the configuration has both `featureGates: {MutatingAdmissionPolicy: true}` and
`runtimeConfig: {admissionregistration.k8s.io/v1alpha1: true}`.
"""

from dataclasses import dataclass, replace

from simulator.apiserver.admission.matching import Change, Pass
from simulator.apiserver.admission.policy_evaluation import (
    GROUP,
    Asked,
    Misconfigured,
    Undecided,
    asking_about,
    bound,
    conditions_hold,
    is_subject,
    params,
    variables,
)
from simulator.apiserver.errors import StatusError, forbidden
from simulator.engine.plain import Obj
from simulator.machinery.custom.structural import defaulted
from simulator.machinery.custom.typed import custom_schema
from simulator.machinery.decoding import check
from simulator.machinery.defaulting import default
from simulator.machinery.expressions import ExpressionError, WrongShape, apply_configuration, json_patch_of
from simulator.machinery.json_patches import PatchError, TestFailed, json_patch
from simulator.machinery.schemas import Schema, schema_for
from simulator.machinery.store import Store
from simulator.machinery.typed_values import is_list, is_map, merge, undeclared

POLICIES, BINDINGS = f"mutatingadmissionpolicies.{GROUP}", f"mutatingadmissionpolicybindings.{GROUP}"


@dataclass(frozen=True, slots=True)
class _Invocation:
    policy: Obj
    binding: Obj
    param: Obj | None

    @property
    def key(self) -> str:
        metadata = (self.param or {}).get("metadata") or {}
        names = (self.policy["metadata"]["name"], self.binding["metadata"]["name"])
        return "/".join((*names, str(metadata.get("namespace", "")), str(metadata.get("name", ""))))

    @property
    def names(self) -> tuple[str, str]:
        return self.policy["metadata"]["name"], self.binding["metadata"]["name"]


def is_watched(store: Store, resource: str) -> bool:
    return bool(store.table(BINDINGS)) and is_subject(resource)


def mutated(store: Store, change: Change, only: frozenset[str] | None = None) -> Pass:
    """One walk over all policies, or over those that must look again. Raises StatusError when one fails and that matters."""
    failures: list[tuple[Obj, str]] = []
    again: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    for one in _invocations(store, change, failures):
        known = variables(store, change, one.param)
        try:
            if not conditions_hold(one.policy, known) or (only is not None and one.key not in only):
                continue
        except Undecided as trouble:
            failures.append((one.policy, _denial(one, str(trouble))))
            continue
        before = change.obj
        change = _applied(store, one, change, failures)
        if change.obj != before:
            again, called = again | called, frozenset()
        if one.policy["spec"].get("reinvocationPolicy") == "IfNeeded":
            called = called | {one.key}
    _refuse(change, [says for policy, says in failures if policy["spec"].get("failurePolicy", "Fail") != "Ignore"])
    return Pass(change, again, called)


def _invocations(store: Store, change: Change, failures: list[tuple[Obj, str]]) -> list[_Invocation]:
    found = []
    for policy, binding in bound(store, BINDINGS, POLICIES, change):
        try:
            found += [_Invocation(policy, binding, param) for param in params(store, policy, binding, change)]
        except Misconfigured as trouble:
            failures.append((policy, _misconfigured(_Invocation(policy, binding, None), trouble)))
    return sorted(found, key=lambda one: one.names)


def _denial(one: _Invocation, why: str) -> str:
    policy, binding = one.names
    return f"policy '{policy}' with binding '{binding}' denied request: {why}"


def _misconfigured(one: _Invocation, trouble: Misconfigured) -> str:
    if trouble.is_binding:
        return _denial(one, str(trouble))
    return f'policy "{one.names[0]}" denied request: {trouble}'


def _refuse(change: Change, messages: list[str]) -> None:
    """`policy_dispatcher.go: Dispatch`: the first failure speaks, all are named."""
    if not messages:
        return
    error = forbidden(change.resource.group, change.resource.plural, change.name, "")
    details = {**error.details, "causes": [{"message": one} for one in messages]}
    raise StatusError(403, "Invalid", messages[0], details)


# Mutations


def _applied(store: Store, one: _Invocation, change: Change, failures: list[tuple[Obj, str]]) -> Change:
    """The write after the mutations of one policy; a mutation that fails is passed over."""
    for mutation in one.policy["spec"].get("mutations") or ():
        asked = asking_about(one.policy, variables(store, change, one.param), makes_objects=True)
        try:
            fresh = _patched(mutation, change, asked)
        except (Undecided, WrongShape, PatchError) as trouble:
            failures.append((one.policy, _denial(one, str(trouble))))
            continue
        change = replace(change, obj=_completed(change, fresh))
    return change


def _patched(mutation: Obj, change: Change, asked: Asked) -> Obj:
    """Raises Undecided, WrongShape, PatchError, StatusError."""
    assert change.obj is not None
    is_patch = mutation.get("patchType") == "JSONPatch"
    expression = mutation["jsonPatch" if is_patch else "applyConfiguration"]["expression"]
    plain = {name: value for name, value in asked.known.items() if name != "authorizer"}
    asks = asked.authorizer if "authorizer" in expression else None
    try:
        if is_patch:
            return _json_patched(change, json_patch_of(expression, plain, authorizer=asks, scope=asked.scope))
        return _merged(change, apply_configuration(expression, plain, authorizer=asks, scope=asked.scope))
    except WrongShape:
        raise
    except ExpressionError as error:
        raise Undecided(f"expression '{expression}' resulted in error: {error}") from error


def _json_patched(change: Change, operations: list[Obj]) -> Obj:
    """`patch/json_patch.go`: a test that fails leaves the object as it is."""
    assert change.obj is not None
    try:
        fresh: Obj = json_patch(change.obj, operations)
    except TestFailed:
        return change.obj
    except PatchError as error:
        raise PatchError(f"JSON Patch: {error}") from error
    _, problems = check(fresh, schema_for(change.resource.api_version, change.resource.kind))
    if problems:
        unknown = [one.message for one in problems if one.sort == "unknown"]
        says = f"strict decoding error: {', '.join(unknown)}" if unknown else problems[0].message
        raise StatusError(500, "InternalError", f"Internal error occurred: {says}", {"causes": [{"message": says}]})
    return fresh


def _merged(change: Change, configuration: Obj) -> Obj:
    """`patch/smd.go: ApplyStructuredMergeDiff`."""
    assert change.obj is not None
    schema = _schema(change)
    if unknown := undeclared(configuration, schema):
        where = ", ".join(f"{path}: field not declared in schema" for path in unknown)
        raise PatchError(f"error applying patch: failed to convert patch object to typed object: {where}")
    if atomics := _atomics(configuration, schema, ""):
        where = ", ".join(atomics)
        raise PatchError(
            f"error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {where}"
        )
    merged: Obj = merge(change.obj, configuration, schema)
    return merged


def _atomics(value: object, schema: Schema | None, path: str) -> list[str]:
    """`findAtomics`: what would be replaced as a whole."""
    found: list[str] = []
    if schema is None:
        return found
    if isinstance(value, dict):
        if schema.type == "object" and not is_map(value, schema):
            found.append(path)
        for name, item in value.items():
            if (inner := schema.properties.get(name)) is not None:
                found += _atomics(item, inner, f"{path}.{name}")
    elif isinstance(value, list) and schema.items is not None:
        if not is_list(value, schema):
            found.append(path)
        for index, item in enumerate(value):
            found += _atomics(item, schema.items, f"{path}[{index}]")
    return found


def _schema(change: Change) -> Schema | None:
    resource = change.resource
    return custom_schema(change.kinds, resource) or schema_for(resource.api_version, resource.kind)


def _completed(change: Change, obj: Obj) -> Obj:
    """With the defaults of its kind."""
    version = change.kinds.version(change.resource)
    if version is None:
        return default(change.resource.name, obj)
    filled: Obj = defaulted(obj, version.schema)
    return filled
