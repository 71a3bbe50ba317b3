"""Custom resources at the API server: decoding, defaults, validation and the strategy of every kind that a definition adds.

Counterpart of `apiextensions-apiserver/pkg/apiserver/customresource_handler.go` and `pkg/registry/customresource/strategy.go` (1.33).
Objects are kept under the storage version and shown under the version of the URL (`version_conversion.py`).
"""

from collections.abc import Sequence

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery import names
from simulator.machinery.custom.definitions import Definition, Version
from simulator.machinery.custom.embedded import invalid_parts
from simulator.machinery.custom.ratcheting import ABSENT
from simulator.machinery.custom.rules import Warn, has_rules, judged
from simulator.machinery.custom.structural import BadMetadata, defaulted, pruned
from simulator.machinery.custom.validation import repeated, validate
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource
from simulator.machinery.validation import FieldError
from simulator.machinery.validation.field_errors import invalid
from simulator.machinery.validation.metadata import validate_metadata, validate_metadata_update

#: Findings after which no rule is asked (`hasBlockingErr`).
_BLOCKING = (
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
)
_NOT_CHECKED = (
    "some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_INT32_MAX = (1 << 31) - 1


def refuse_at_the_end(kinds: Kinds, resource: Resource, verb: str) -> None:
    """Raises MethodNotAllowed for a new object while the definition is being deleted."""
    definition = kinds.definition(resource.name)
    if definition is not None and definition.terminating and verb == "create":
        says = f"{verb} not allowed while custom resource definition is terminating"
        refusal = errors.method_not_supported(resource.group, resource.plural, verb)
        raise errors.StatusError(refusal.code, refusal.reason, says, refusal.details)


def decoded(
    obj: Obj,
    resource: Resource,
    version: Version,
    level: str,
    *,
    is_whole: bool = True,
    findings: Sequence[str] = (),
) -> tuple[Obj, list[str]]:
    """The object that the schema knows, with its defaults when it is whole, and warnings. Raises StatusError BadRequest."""
    try:
        kept, unknown = pruned(obj, version.schema)
    except BadMetadata as error:
        raise errors.bad_request(_refusal(resource, str(error))) from error
    says = [*findings, *(f'unknown field "{path}"' for path in unknown)]
    if says and level == "Strict":
        raise errors.bad_request(_refusal(resource, "strict decoding error: " + ", ".join(says)))
    warnings = [version.warning] if version.warning else []
    return defaulted(kept, version.schema) if is_whole else kept, warnings + (says if level == "Warn" else [])


def _refusal(resource: Resource, why: str) -> str:
    return f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}'


# Validation


def problems_of_new(obj: Obj, resource: Resource, version: Version) -> list[FieldError]:
    found = validate_metadata(obj["metadata"], namespaced=resource.namespaced, name_rule=names.dns_subdomain)
    return found + _problems(obj, version, ABSENT)


def mutated(obj: Obj, old: Obj | None, definition: Definition) -> tuple[Obj, list[FieldError]]:
    """What webhooks have made of an object, without what its schema does not know and with its defaults; and what is wrong with it."""
    version = _written_version(obj, definition)
    kept = defaulted(pruned(obj, version.schema)[0], version.schema)
    if old is None:
        return kept, problems_of_new(kept, definition.preferred, version)
    return kept, problems_of_update(kept, old, version)


def problems_of_update(obj: Obj, old: Obj, version: Version, warn: Warn = lambda _: None) -> list[FieldError]:
    """`warn` hears what rules find in parts that did not change."""
    found = validate_metadata_update(obj.get("metadata") or {}, old["metadata"])
    return found + _problems(obj, version, old, warn)


def _problems(obj: Obj, version: Version, old: object, warn: Warn = lambda _: None) -> list[FieldError]:
    """`customresource/strategy.go: Validate`: rules in CEL are not asked about objects in which something has the wrong shape."""
    found = validate(obj, version.schema, old) + _scale_problems(obj, version)
    found += invalid_parts(obj, version.schema, "") + repeated(obj, version.schema, old)
    if not has_rules(version.schema):
        return found
    if any(error.type in _BLOCKING for error in found):
        return [*found, invalid("<nil>", None, _NOT_CHECKED)]
    return found + judged(obj, version.schema, old, warn)


def _scale_problems(obj: Obj, version: Version) -> list[FieldError]:
    """`customresource/validator.go: ValidateScaleSpec`."""
    if version.scale is None:
        return []
    path = version.scale["specReplicasPath"]
    found = value_at(obj, path)
    if isinstance(found, int) and found < 0:
        return [invalid(path, found, "should be a non-negative integer")]
    if isinstance(found, int) and found > _INT32_MAX:
        return [invalid(path, found, f"should be less than or equal to {_INT32_MAX}")]
    return []


# Strategy


def prepare_create(obj: Obj, definition: Definition) -> Obj:
    """`PrepareForCreate`: generation 1, no status of the writer's own."""
    fresh = {**obj, "metadata": {**obj["metadata"], "generation": 1}}
    version = _written_version(obj, definition)
    if version.has_status:
        fresh.pop("status", None)
        return defaulted(fresh, version.schema)  # the status that nobody wrote may have a default of its own
    return fresh


def prepare_update(obj: Obj, old: Obj, metadata: Obj, definition: Definition, subresource: str) -> Obj:
    """`PrepareForUpdate` of the object or of its status; `old` is in the version of `obj`. `metadata` has what only the system writes from `old`."""
    version = _written_version(obj, definition)
    if subresource == "status":
        kept = {key: value for key, value in old.items() if key != "status"}
        if "managedFields" in metadata:
            kept["metadata"] = {**old["metadata"], "managedFields": metadata["managedFields"]}
        return {**kept, **({"status": obj["status"]} if "status" in obj else {})}
    fresh = {**obj, "metadata": metadata}
    ignored: tuple[str, ...] = ("metadata",)
    if version.has_status:
        fresh.pop("status", None)
        if "status" in old:
            fresh["status"] = old["status"]
        ignored = (*ignored, "status")
    if _without(fresh, ignored) != _without(old, ignored):
        metadata["generation"] = old["metadata"].get("generation", 0) + 1
    return fresh


def _written_version(obj: Obj, definition: Definition) -> Version:
    return definition.version(obj["apiVersion"].rpartition("/")[2])


def _without(obj: Obj, names: tuple[str, ...]) -> Obj:
    return {key: value for key, value in obj.items() if key not in names}


# Scale


def value_at(obj: Obj, path: str) -> object:
    """What a simple JSON path (`.spec.replicas`) finds, None for nothing."""
    found: object = obj
    for name in path.removeprefix(".").split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def custom_scale(obj: Obj, version: Version) -> Obj:
    """`customresource/etcd.go: scaleFromCustomResource`. Raises StatusError when the object has no replicas."""
    paths = version.scale
    assert paths is not None
    wanted = value_at(obj, paths["specReplicasPath"])
    if not isinstance(wanted, int):
        says = f"the spec replicas field {_quoted(paths['specReplicasPath'])} does not exist"
        raise errors.StatusError(500, "InternalError", f"Internal error occurred: {says}")
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    has = value_at(obj, paths["statusReplicasPath"])
    status: Obj = {"replicas": has if isinstance(has, int) else 0}
    selector = value_at(obj, paths["labelSelectorPath"]) if paths.get("labelSelectorPath") else None
    if isinstance(selector, str) and selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": status,
    }


def with_replicas(obj: Obj, version: Version, replicas: int) -> Obj:
    assert version.scale is not None
    return _set(obj, version.scale["specReplicasPath"].removeprefix(".").split("."), replicas)


def _set(obj: Obj, path: list[str], value: int) -> Obj:
    head, *rest = path
    return {**obj, head: _set(obj.get(head) or {}, rest, value) if rest else value}


def _quoted(text: str) -> str:
    return f'"{text}"'


# Definitions themselves


def new_definition(crd: Obj) -> Obj:
    """`customresourcedefinition/strategy.go: PrepareForCreate`."""
    return {**crd, "status": {"storedVersions": [_storage(crd)]}}


def changed_definition(crd: Obj) -> Obj:
    status = crd.get("status") or {}
    stored = status.get("storedVersions") or []
    if _storage(crd) in stored:
        return crd
    return {**crd, "status": {**status, "storedVersions": [*stored, _storage(crd)]}}


def _storage(crd: Obj) -> str:
    return next((str(one["name"]) for one in crd["spec"]["versions"] if one.get("storage")), "")
