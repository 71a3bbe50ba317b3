"""Rules for certificate signing requests. Follows `pkg/apis/certificates/validation/validation.go` (1.33)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Iterable
from typing import Any

from simulator.machinery import names
from simulator.machinery.certificates import CertificateError, read_request
from simulator.machinery.validation.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    go_slice,
    go_struct,
    invalid,
    not_supported,
    required,
    too_long,
)

Obj = dict[str, Any]
Errors = list[FieldError]

_LEAST_S = 600
_LEGACY = "kubernetes.io/legacy-unknown"
_USAGES = (
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
)
_VERDICTS = ("Approved", "Denied", "Failed")
_STATUSES = ("False", "True", "Unknown")
_DOMAIN_MAX, _LABEL_MAX = 253, 63
_FORM = "must be a fully qualified domain and path of the form 'example.com/signer-name'"


def validate_request(spec: Obj) -> Errors:
    """`validateCertificateSigningRequest`, for a new request."""
    usages, signer, life = spec.get("usages") or [], spec.get("signerName", ""), spec.get("expirationSeconds")
    errors = _text(spec.get("request") or "")
    if not usages:
        errors.append(required("spec.usages", "usages must be provided"))
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            errors.append(not_supported(f"spec.usages[{index}]", usage, _USAGES))
    errors += [
        duplicate(f"spec.usages[{index}]", usage) for index, usage in enumerate(usages) if usage in usages[:index]
    ]
    if signer == _LEGACY:
        says = "the legacy signerName is not allowed via this API version"
        errors.append(invalid("spec.signerName", signer, says))
    else:
        errors += _signer(signer, "spec.signerName")
    if life is not None and life < _LEAST_S:
        says = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(invalid("spec.expirationSeconds", life, says))
    return errors


def _text(request: str) -> Errors:
    """Go prints every byte of it."""
    shown = go_struct("[]byte") if request else go_slice("byte", None)
    try:
        read_request(b64decode(request, validate=True))
    except (CertificateError, binascii.Error) as error:
        return [invalid("spec.request", shown, str(error))]
    return []


def _signer(name: str, path: str) -> Errors:
    if not name:
        return [required(path, "signerName must be provided")]
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        return [invalid(path, name, _FORM)]
    errors = [too_long(path, _DOMAIN_MAX)] if len(domain) > _DOMAIN_MAX else []
    for label in domain.split("."):
        if problems := names.dns_label(label):
            errors += [invalid(path, domain, f'validating label "{label}": {says}') for says in problems]
            break
    if "." not in domain:
        errors.append(invalid(path, domain, "should be a domain with at least two segments separated by dots"))
    for label in rest.split("."):
        if problems := names.dns_subdomain(label):
            errors += [invalid(path, rest, f'validating label "{label}": {says}') for says in problems]
            break
    longest = 2 * _DOMAIN_MAX + _LABEL_MAX + 2
    return [*errors, too_long(path, longest)] if len(name) > longest else errors


def validate_conditions(conditions: Iterable[Obj], before: Iterable[str]) -> Errors:
    """What was decided, and that no verdict of `before` is taken back."""
    errors: Errors = []
    seen: list[str] = []
    for index, condition in enumerate(conditions):
        here, kind, status = f"status.conditions[{index}]", condition.get("type", ""), condition.get("status", "")
        allowed = ("True",) if kind in _VERDICTS else _STATUSES
        if not kind:
            errors.append(required(f"{here}.type"))
        if not status:
            errors.append(required(f"{here}.status"))
        elif status not in allowed:
            errors.append(not_supported(f"{here}.status", status, allowed))
        if {"Approved": "Denied", "Denied": "Approved"}.get(kind) in seen:
            says = "Approved and Denied conditions are mutually exclusive"
            errors.append(invalid(f"{here}.type", kind, says))
        if kind in seen:
            errors.append(duplicate(f"{here}.type", kind))
        seen.append(kind)
    return errors + [
        forbidden("status.conditions", f'updates may not remove a condition of type "{kind}"')
        for kind in _VERDICTS
        if kind in before and kind not in seen
    ]
