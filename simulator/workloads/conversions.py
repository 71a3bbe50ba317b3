"""What the webhook servers of the catalogue make of a ConversionReview.

agnhost's `crd-conversion-webhook` is that of Kubernetes' own tests (`test/images/agnhost/crd-conversion-webhook/converter/example_converter.go`). `drydock/policy-webhook` follows the
entries of `conversions` in its policy.yaml: `{path, from, to, set: {dotted.path: CEL}, remove: [dotted.path]}`, in which `object` is what was given.
"""

from copy import deepcopy
from typing import Any

import yaml

from simulator.machinery.expressions import ExpressionError, evaluate

Obj = dict[str, Any]
_GROUP = "stable.example.com"


class _Refused(Exception):
    """The conversion fails; the text is what the server says."""


def agnhost(path: str, request: Obj) -> Obj | None:
    """None: the path is not served."""
    return _all(request, _example) if path == "/crdconvert" else None


def policy(path: str, request: Obj, text: str) -> Obj | None:
    try:
        rules = [one for one in (yaml.safe_load(text) or {}).get("conversions") or () if one.get("path", "/") == path]
    except (yaml.YAMLError, AttributeError) as error:
        return _failure(f"policy.yaml cannot be read: {error}")
    return _all(request, lambda obj, to: _ruled(rules, obj, to)) if rules else None


def _all(request: Obj, convert: Any) -> Obj:
    """The answer stands or falls as a whole."""
    try:
        found = [convert(deepcopy(obj), request["desiredAPIVersion"]) for obj in request["objects"]]
    except (_Refused, ExpressionError) as error:
        return _failure(str(error))
    return {"result": {"status": "Success"}, "convertedObjects": found}


def _failure(message: str) -> Obj:
    return {"result": {"status": "Failure", "message": message}, "convertedObjects": []}


def _example(obj: Obj, to: str) -> Obj:
    before = obj["apiVersion"]
    if (before, to) == (f"{_GROUP}/v1", f"{_GROUP}/v2"):
        _split(obj)
    elif (before, to) == (f"{_GROUP}/v2", f"{_GROUP}/v1"):
        host, port = obj.pop("host", None), obj.pop("port", None)
        if host is not None or port is not None:
            obj["hostPort"] = f"{host or ''}:{port or ''}"
    else:
        unexpected = to if before in (f"{_GROUP}/v1", f"{_GROUP}/v2") else before
        raise _Refused(f'unexpected conversion version "{unexpected}"')
    return {**obj, "apiVersion": to}


def _split(obj: Obj) -> None:
    if "hostPort" not in obj:
        return
    given = obj.pop("hostPort")
    parts = str(given).split(":")
    if len(parts) != 2:
        raise _Refused(f"invalid hostPort value `{given}`")
    obj["host"], obj["port"] = parts


def _ruled(rules: list[Obj], obj: Obj, to: str) -> Obj:
    rule = next((one for one in rules if (one.get("from"), one.get("to")) == (obj["apiVersion"], to)), None)
    if rule is None:
        raise _Refused(f"no conversion from {obj['apiVersion']} to {to}")
    values = {path: evaluate(str(text), {"object": obj}) for path, text in (rule.get("set") or {}).items()}
    for path in rule.get("remove") or ():
        _remove(obj, str(path).split("."))
    for path, value in values.items():
        _set(obj, str(path).split("."), value)
    return {**obj, "apiVersion": to}


def _remove(obj: Any, path: list[str]) -> None:
    for name in path[:-1]:
        obj = obj.get(name) if isinstance(obj, dict) else None
    if isinstance(obj, dict):
        obj.pop(path[-1], None)


def _set(obj: Obj, path: list[str], value: Any) -> None:
    for name in path[:-1]:
        obj = obj.setdefault(name, {})
    obj[path[-1]] = value
