"""Reads the small JSON bodies the pages send. A wrong one is refused by name: what was found, what was wanted."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse

from foundation.errors import ApplicationError


class BadBody(ApplicationError):
    """The body is not the JSON object that was wanted."""

    code = "BadBody"


def texts(request: HttpRequest, *names: str) -> tuple[str, ...]:
    """The text fields `names` of the body, in that order."""
    body = _object(request)
    return tuple(_text(body, name) for name in names)


def answer(**fields: Any) -> JsonResponse:
    """`{"ok": true, …}`."""
    return JsonResponse({"ok": True, **fields})


def _object(request: HttpRequest) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise BadBody(f"The body: found something that is not JSON ({error}), wanted a JSON object.") from error
    if not isinstance(body, dict):
        raise BadBody(f"The body: found {type(body).__name__}, wanted a JSON object.")
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise BadBody(f"{name!r}: found {type(value).__name__}, wanted a text.")
    return value
