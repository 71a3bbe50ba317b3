"""Rules for config maps and secrets: `ValidateConfigMap` and `ValidateSecret` of `pkg/apis/core/validation` (1.33)."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import FieldError, forbidden, immutable, invalid, required, too_long

Obj = dict[str, Any]
Errors = list[FieldError]

_MAX_BYTES = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_REDACTED = "<secret contents redacted>"
#: What the Go decoder says where Python's says the first.
_JSON_WORDS = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Extra data": "after top-level value",
}


def validate_config_map(config_map: Obj) -> Errors:
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    errors: Errors = []
    for key in data:
        errors += [invalid(f"data[{key}]", key, says) for says in names.config_key(key)]
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
    for key in binary:
        errors += [invalid(f"binaryData[{key}]", key, says) for says in names.config_key(key)]
    size = sum(len(value.encode()) for value in data.values()) + sum(len(b64decode(value)) for value in binary.values())
    return [*errors, too_long("[]", _MAX_BYTES)] if size > _MAX_BYTES else errors


def validate_config_map_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if old.get("immutable"):
        errors += _still_immutable(new)
        for key in ("data", "binaryData"):
            if (new.get(key) or {}) != (old.get(key) or {}):
                errors.append(forbidden(key, _FROZEN))
    return errors + validate_config_map(new)


def _still_immutable(new: Obj) -> Errors:
    return [] if new.get("immutable") else [forbidden("immutable", _FROZEN)]


# Secrets


def validate_secret(secret: Obj) -> Errors:
    data = secret.get("data") or {}
    errors: Errors = []
    for key in data:
        errors += [invalid(f"data[{key}]", key, says) for says in names.config_key(key)]
    if sum(len(b64decode(value)) for value in data.values()) > _MAX_BYTES:
        errors.append(too_long("data", _MAX_BYTES))
    match secret.get("type", "Opaque"):
        case "kubernetes.io/service-account-token":
            annotations = (secret.get("metadata") or {}).get("annotations") or {}
            if not annotations.get("kubernetes.io/service-account.name"):
                errors.append(required("metadata.annotations[kubernetes.io/service-account.name]"))
        case "kubernetes.io/dockercfg":
            errors += _registry_login(data, ".dockercfg")
        case "kubernetes.io/dockerconfigjson":
            errors += _registry_login(data, ".dockerconfigjson")
        case "kubernetes.io/basic-auth":
            if "username" not in data and "password" not in data:
                errors += [required("data[username]"), required("data[password]")]
        case "kubernetes.io/ssh-auth":
            if not data.get("ssh-privatekey"):
                errors.append(required("data[ssh-privatekey]"))
        case "kubernetes.io/tls":
            errors += [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return errors


def _registry_login(data: Obj, key: str) -> Errors:
    if key not in data:
        return [required(f"data[{key}]")]
    problem = _json_problem(b64decode(data[key]).decode(errors="replace"))
    return [invalid(f"data[{key}]", _REDACTED, problem)] if problem else []


def _json_problem(text: str) -> str:
    """Why a text is no JSON object, in the words of Go's decoder."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            return "unexpected end of JSON input"
        return f"invalid character '{text[error.pos]}' {_JSON_WORDS.get(error.msg, 'in string literal')}"
    kinds = {str: "string", bool: "bool", int: "number", float: "number", list: "array"}
    if isinstance(found, dict) or found is None:
        return ""
    return f"json: cannot unmarshal {kinds[type(found)]} into Go value of type map[string]interface {{}}"


def validate_secret_update(new: Obj, old: Obj) -> Errors:
    errors = immutable("type", new.get("type"), old.get("type"))
    if old.get("immutable"):
        errors += _still_immutable(new)
        if (new.get("data") or {}) != (old.get("data") or {}):
            errors.append(forbidden("data", _FROZEN))
    return errors + validate_secret(new)
