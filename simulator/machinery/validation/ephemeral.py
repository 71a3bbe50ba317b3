"""Rules for ephemeral containers: what they may have, and that those which are there stay as they are.

Follows `validateEphemeralContainers` and `ValidatePodEphemeralContainersUpdate` of `pkg/apis/core/validation/validation.go` (1.33).
"""

from __future__ import annotations

from typing import Any

from simulator.machinery.go_text import quoted
from simulator.machinery.validation.containers import Surroundings, image_without_padding, validate_container
from simulator.machinery.validation.field_errors import FieldError, duplicate, forbidden, not_found

Obj = dict[str, Any]
Errors = list[FieldError]

_CANNOT = "cannot be set for an Ephemeral Container"
_ALLOWED = (
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "envFrom",
    "env",
    "volumeMounts",
    "volumeDevices",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "tty",
    "targetContainerName",
)


def validate_ephemeral_containers(ephemeral: list[Obj], others: list[str], path: str, around: Surroundings) -> Errors:
    """`others` are the names of the pod's other containers."""
    errors: Errors = []
    seen = list(others)
    for index, one in enumerate(ephemeral):
        here, name, target = f"{path}[{index}]", one.get("name", ""), one.get("targetContainerName")
        errors += validate_container(one, here, around) + image_without_padding(one, here)
        if name in seen:
            errors.append(duplicate(f"{here}.name", name))
        seen.append(name)
        if target and target not in others:
            errors.append(not_found(f"{here}.targetContainerName", target))
        errors += [
            forbidden(f"{here}.{key}", _CANNOT)
            for key, value in one.items()
            if key not in _ALLOWED and value not in ({}, [], None)
        ]
        for place, mount in enumerate(one.get("volumeMounts") or ()):
            errors += [
                forbidden(f"{here}.volumeMounts[{place}].{key}", _CANNOT)
                for key in ("subPath", "subPathExpr")
                if mount.get(key)
            ]
    return errors


def kept_ephemeral_containers(new: Obj, old: Obj) -> Errors:
    """The difference, which Go prints below the second sentence, is left out."""
    path = "spec.ephemeralContainers"
    now = {one.get("name", ""): one for one in new["spec"].get("ephemeralContainers") or ()}
    errors: Errors = []
    for one in old["spec"].get("ephemeralContainers") or ():
        shown = f"existing ephemeral containers {quoted(one['name'])}"
        if one["name"] not in now:
            errors.append(forbidden(path, f"{shown} may not be removed\n"))
        elif now[one["name"]] != one:
            errors.append(forbidden(path, f"{shown} may not be changed\n"))
    return errors
