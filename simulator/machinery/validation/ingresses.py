"""Rules for ingresses and their classes. Follows `pkg/apis/networking/validation/validation.go` (1.33)."""

from __future__ import annotations

from typing import Any

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    forbidden,
    immutable,
    invalid,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.metadata import path_segment

Obj = dict[str, Any]
Errors = list[FieldError]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_BAD_PARTS = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDS = ("/..", "/.")
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_CONTROLLER_MAX = 250
_SCOPES = ("Cluster", "Namespace")


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def validate_new_ingress(ingress: Obj) -> Errors:
    errors = validate_ingress(ingress)
    said = ((ingress.get("metadata") or {}).get("annotations") or {}).get(_CLASS_ANNOTATION)
    name = _spec(ingress).get("ingressClassName")
    if said is not None and name is not None and said != name:
        says = "must match `ingressClassName` when both are specified"
        errors.append(invalid(f"annotations.{_CLASS_ANNOTATION}", said, says))
    return errors


def validate_ingress_update(new: Obj, old: Obj) -> Errors:
    return [] if _spec(new) is _spec(old) else validate_ingress(new)


def validate_ingress(ingress: Obj) -> Errors:
    spec = _spec(ingress)
    errors: Errors = []
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        says = "either `defaultBackend` or `rules` must be specified"
        errors.append(invalid("spec", GoText("[]networking.IngressRule(nil)"), says))
    if (backend := spec.get("defaultBackend")) is not None:
        errors += _backend(backend, "spec.defaultBackend")
    for index, rule in enumerate(spec.get("rules") or ()):
        errors += _rule(rule, f"spec.rules[{index}]")
    for index, one in enumerate(spec.get("tls") or ()):
        errors += _tls(one, f"spec.tls[{index}]")
    if (name := spec.get("ingressClassName")) is not None:
        errors += [invalid("spec.ingressClassName", name, says) for says in names.dns_subdomain(name)]
    return errors


def _host(host: str, path: str) -> Errors:
    check = names.wildcard_subdomain if "*" in host else names.dns_subdomain
    return [invalid(path, host, says) for says in check(host)]


def _rule(rule: Obj, path: str) -> Errors:
    host, http = rule.get("host", ""), rule.get("http")
    errors: Errors = []
    if host:
        if not names.ip(host):
            errors.append(invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        errors += _host(host, f"{path}.host")
    if http is None:
        return errors
    if not http.get("paths"):
        errors.append(required(f"{path}.http.paths"))
    for place, one in enumerate(http.get("paths") or ()):
        errors += _path(one, f"{path}.http.paths[{place}]")
    return errors


def _tls(one: Obj, path: str) -> Errors:
    errors: Errors = []
    for index, host in enumerate(one.get("hosts") or ()):
        errors += _host(host, f"{path}.hosts[{index}]")
    if secret := one.get("secretName"):
        errors += [invalid(f"{path}.secretName", secret, says) for says in names.dns_subdomain(secret)]
    return errors


def _path(one: Obj, where: str) -> Errors:
    kind, text, here = one.get("pathType"), one.get("path", ""), f"{where}.path"
    errors: Errors = []
    if kind is None:
        return [required(f"{where}.pathType", "pathType must be specified")]
    if kind not in _PATH_TYPES:
        errors.append(not_supported(f"{where}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (kind != "ImplementationSpecific" or text):
        errors.append(invalid(here, text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        errors += [invalid(here, text, f"must not contain '{part}'") for part in _BAD_PARTS if part in text]
        errors += [invalid(here, text, f"cannot end with '{end}'") for end in _BAD_ENDS if text.endswith(end)]
    return errors + _backend(one.get("backend") or {}, f"{where}.backend")


def _backend(backend: Obj, path: str) -> Errors:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    return _service(service, path)


def _service(service: Obj, path: str) -> Errors:
    name, port = service.get("name", ""), service.get("port") or {}
    errors: Errors = []
    if not name:
        errors.append(required(f"{path}.service.name"))
    else:
        errors += [invalid(f"{path}.service.name", name, says) for says in names.dns_1035_label(name)]
    word, number = port.get("name", ""), port.get("number", 0)
    if word and number:
        errors.append(invalid(path, "", "cannot set both port name & port number"))
    elif word:
        errors += [invalid(f"{path}.service.port.name", word, says) for says in names.port_name(word)]
    elif number:
        errors += [invalid(f"{path}.service.port.number", number, says) for says in names.port_number(number)]
    else:
        errors.append(required(path, "port name or number is required"))
    return errors


def _reference(reference: Obj, path: str) -> Errors:
    errors: Errors = []
    if (group := reference.get("apiGroup")) is not None:
        errors += [invalid(f"{path}.apiGroup", group, says) for says in names.dns_subdomain(group)]
    for key in ("kind", "name"):
        value = reference.get(key, "")
        if not value:
            errors.append(required(f"{path}.{key}"))
        else:
            errors += [invalid(f"{path}.{key}", value, says) for says in path_segment(value)]
    return errors


# Classes


def validate_ingress_class(ingress_class: Obj) -> Errors:
    spec, path = _spec(ingress_class), "spec.controller"
    controller = spec.get("controller", "")
    if not controller:
        errors = [required(path)]
    else:
        errors = [too_long(path, _CONTROLLER_MAX)] if len(controller) > _CONTROLLER_MAX else []
        errors += [invalid(path, shown, says) for shown, says in names.domain_prefixed_path(controller)]
    parameters = spec.get("parameters")
    return errors if parameters is None else errors + _parameters(parameters, "spec.parameters")


def _parameters(parameters: Obj, path: str) -> Errors:
    errors = _reference(parameters, path)
    scope, namespace, here = parameters.get("scope"), parameters.get("namespace"), f"{path}.namespace"
    if scope is None:
        return [*errors, required(f"{path}.scope")]
    if scope not in _SCOPES:
        return [*errors, not_supported(f"{path}.scope", scope, _SCOPES)]
    if scope == "Cluster":
        says = "`parameters.scope` is set to 'Cluster'"
        return errors if namespace is None else [*errors, forbidden(here, says)]
    if namespace is None:
        return [*errors, required(here, "`parameters.scope` is set to 'Namespace'")]
    return errors + [invalid(here, namespace, says) for says in names.dns_label(namespace)]


def validate_ingress_class_update(new: Obj, old: Obj) -> Errors:
    kept = immutable("spec.controller", _spec(new).get("controller"), _spec(old).get("controller"))
    return kept + validate_ingress_class(new)
