"""Rules for paths inside volumes: `validateLocalDescendingPath` and its kin of `pkg/apis/core/validation` (1.33)."""

from __future__ import annotations

from simulator.machinery.validation.field_errors import FieldError, invalid

Errors = list[FieldError]


def validate_no_backsteps(value: str, path: str) -> Errors:
    return [invalid(path, value, "must not contain '..'")] if ".." in value.split("/") else []


def validate_local_path(value: str, path: str) -> Errors:
    """Relative, and never upwards."""
    errors = [invalid(path, value, "must be a relative path")] if value.startswith("/") else []
    return errors + validate_no_backsteps(value, path)


def validate_unreserved_path(value: str, path: str) -> Errors:
    """A local path whose first name does not begin with two dots, which are the kubelet's own."""
    errors = validate_local_path(value, path)
    if value.startswith("..") and not value.startswith("../"):
        errors.append(invalid(path, value, "must not start with '..'"))
    return errors
