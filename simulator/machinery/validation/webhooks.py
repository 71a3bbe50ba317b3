"""Rules for webhook configurations.

Follows `pkg/apis/admissionregistration/validation/validation.go`, `apiserver/pkg/util/webhook/validation.go` and, for
`caBundle`, `pkg/registry/admissionregistration` (1.33).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Any
from urllib.parse import urlsplit

from simulator.machinery import names
from simulator.machinery.validation.admission_rules import (
    validate_choice,
    validate_match_conditions,
    validate_rule,
)
from simulator.machinery.validation.field_errors import FieldError, duplicate, invalid, required
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_REVIEWS = ("v1", "v1beta1")
_HARMLESS = ("None", "NoneOnDryRun")
_FORM = "; desired format: https://host[/path]"


def validate_webhooks(configuration: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, hook in enumerate(configuration.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        errors += _hook(hook, path)
        errors += _versions(hook.get("admissionReviewVersions") or [], f"{path}.admissionReviewVersions")
        if name and name in seen:
            errors.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return errors


def _hook(hook: Obj, path: str) -> Errors:
    errors = _name(hook.get("name", ""), f"{path}.name")
    for index, rule in enumerate(hook.get("rules") or ()):
        errors += validate_rule(rule, f"{path}.rules[{index}]")
    errors += validate_choice(hook, "failurePolicy", ("Fail", "Ignore"), path)
    errors += validate_choice(hook, "matchPolicy", ("Equivalent", "Exact"), path)
    if hook.get("sideEffects") is None:
        errors.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(_HARMLESS)}"))
    errors += validate_choice(hook, "sideEffects", _HARMLESS, path)
    timeout = hook.get("timeoutSeconds")
    if timeout is not None and not 1 <= timeout <= 30:
        errors.append(invalid(f"{path}.timeoutSeconds", timeout, "the timeout value must be between 1 and 30 seconds"))
    for key in ("namespaceSelector", "objectSelector"):
        if hook.get(key):
            errors += validate_label_selector(hook[key], f"{path}.{key}")
    errors += validate_choice(hook, "reinvocationPolicy", ("IfNeeded", "Never"), path)
    errors += _client(hook.get("clientConfig") or {}, f"{path}.clientConfig")
    return errors + validate_match_conditions(
        hook.get("matchConditions") or (), f"{path}.matchConditions", is_hook=True
    )


def _name(name: str, path: str) -> Errors:
    if not name:
        return [required(path)]
    errors = [invalid(path, name, says) for says in names.dns_subdomain(name)]
    if not errors and name.count(".") < 2:
        errors.append(invalid(path, name, "should be a domain with at least three segments separated by dots"))
    return errors


def _versions(versions: list[str], path: str) -> Errors:
    if not versions:
        return [required(path, f"must specify one of {', '.join(_REVIEWS)}")]
    errors: Errors = []
    for index, version in enumerate(versions):
        here = f"{path}[{index}]"
        if version in versions[:index]:
            errors.append(invalid(here, version, "duplicate version"))
            continue
        errors += [invalid(here, version, says) for says in names.dns_1035_label(version)]
    if not any(version in _REVIEWS for version in versions):
        errors.append(invalid(path, versions, f"must include at least one of {', '.join(_REVIEWS)}"))
    return errors


def _client(client: Obj, path: str) -> Errors:
    service, url = client.get("service"), client.get("url")
    errors = _bundle(client.get("caBundle"), f"{path}.caBundle")
    if (service is None) == (url is None):
        return [*errors, required(path, "exactly one of url or service is required")]
    if service is not None:
        return errors + validate_webhook_service(service, f"{path}.service")
    return errors + validate_webhook_url(str(url), f"{path}.url")


def validate_webhook_url(url: str, path: str) -> Errors:
    parts = urlsplit(url)
    errors: Errors = []
    if parts.scheme != "https":
        errors.append(invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    user, _, host = parts.netloc.rpartition("@")
    if not host:
        errors.append(invalid(path, host, f"host must be provided{_FORM}"))
    for found, what in (
        (user, "user information is"),
        (parts.fragment, "fragments are"),
        (parts.query, "query parameters are"),
    ):
        if found:
            errors.append(invalid(path, found, f"{what} not permitted in the URL"))
    return errors


def validate_webhook_service(service: Obj, path: str) -> Errors:
    """Upstream passes name and namespace in each other's place, so each is missed under the other's path."""
    errors: Errors = []
    if not service.get("namespace"):
        errors.append(required(f"{path}.name", "service name is required"))
    if not service.get("name"):
        errors.append(required(f"{path}.namespace", "service namespace is required"))
    port = service.get("port", 443)
    if problems := names.port_number(port):
        errors.append(invalid(f"{path}.port", port, f"port is not valid: {', '.join(problems)}"))
    return errors + _service_path(service.get("path") or "", f"{path}.path")


def _service_path(text: str, path: str) -> Errors:
    if text in ("", "/"):
        return []
    if text == "//":
        return [invalid(path, text, "segment[0] may not be empty")]
    errors = [] if text.startswith("/") else [invalid(path, text, "must start with a '/'")]
    for index, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            errors.append(invalid(path, text, f"segment[{index}] may not be empty"))
            continue
        errors += [invalid(path, text, f"segment[{index}]: {says}") for says in names.dns_subdomain(step)]
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
