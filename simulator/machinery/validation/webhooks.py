"""Rules for webhook configurations: `pkg/apis/admissionregistration/validation` (1.33)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import FieldError, duplicate, invalid, not_supported, required
from simulator.machinery.validation.policies import check_expressions
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_REVIEWS = ("v1", "v1beta1")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_SCOPES = ("*", "Cluster", "Namespaced")


def validate_webhooks(configuration: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, hook in enumerate(configuration.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        errors += _hook(hook, path)
        if name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return errors


def _hook(hook: Obj, path: str) -> Errors:
    errors = _name(hook.get("name", ""), f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += _rule(rule, f"{path}.rules[{index}]")
    for key, values in (("failurePolicy", ("Fail", "Ignore")), ("matchPolicy", ("Equivalent", "Exact"))):
        if hook.get(key) is not None and hook[key] not in values:
            errors.append(not_supported(f"{path}.{key}", hook[key], values))
    if "sideEffects" not in hook:
        errors.append(required(f"{path}.sideEffects", "must specify one of None, NoneOnDryRun"))
    elif hook["sideEffects"] not in ("None", "NoneOnDryRun"):
        errors.append(not_supported(f"{path}.sideEffects", hook["sideEffects"], ("None", "NoneOnDryRun")))
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= 30:
        errors.append(invalid(f"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds"))
    errors += _versions(hook.get("admissionReviewVersions") or (), f"{path}.admissionReviewVersions")
    for key in ("namespaceSelector", "objectSelector"):
        if hook.get(key):
            errors += validate_label_selector(hook[key], f"{path}.{key}")
    errors += check_expressions(hook.get("matchConditions") or (), f"{path}.matchConditions", is_named=True)
    return errors + _client(hook.get("clientConfig") or {}, f"{path}.clientConfig")


def _name(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    errors = [invalid(path, name, says) for says in names.dns_subdomain(name)]
    if not errors and name.count(".") < 2:
        errors.append(invalid(path, name, "should be a domain with at least three segments separated by dots"))
    return errors


def _rule(rule: Obj, path: str) -> Errors:
    errors: Errors = [
        required(f"{path}.{key}")
        for key in ("operations", "apiGroups", "apiVersions", "resources")
        if not rule.get(key)
    ]
    for index, operation in enumerate(rule.get("operations") or ()):
        if operation not in _OPERATIONS:
            errors.append(not_supported(f"{path}.operations[{index}]", operation, _OPERATIONS))
    if rule.get("scope") is not None and rule["scope"] not in _SCOPES:
        errors.append(not_supported(f"{path}.scope", rule["scope"], _SCOPES))
    return errors


def _versions(versions: Any, path: str) -> Errors:
    if not versions:
        return [required(path, f"must specify one of {', '.join(_REVIEWS)}")]
    if not any(version in _REVIEWS for version in versions):
        return [invalid(path, list(versions), f"must include at least one of {', '.join(_REVIEWS)}")]
    return []


def _client(client: Obj, path: str) -> Errors:
    service, url = client.get("service"), client.get("url")
    errors = _bundle(client.get("caBundle"), f"{path}.caBundle")
    if (service is None) == (url is None):
        return [*errors, required(path, "exactly one of url or service is required")]
    if service is not None:
        errors += [
            required(f"{path}.service.{key}", f"service {key} is required")
            for key in ("name", "namespace")
            if not service.get(key)
        ]
    elif not str(url).startswith("https://"):
        says = "'https' is the only allowed URL scheme; desired format: https://host[:port]/path"
        errors.append(invalid(f"{path}.url", str(url).partition("://")[0], says))
    return errors


def _bundle(bundle: str | None, path: str) -> Errors:
    """`caBundle`, when there is one, holds certificates."""
    if not bundle:
        return []
    try:
        text = b64decode(bundle)
    except binascii.Error:
        text = b""
    if b"-----BEGIN CERTIFICATE-----" in text:
        return []
    says = "unable to load root certificates: unable to parse bytes as PEM block"
    return [invalid(path, bundle, says)]
