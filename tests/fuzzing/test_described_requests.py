"""Requests made from our own OpenAPI (schemathesis): every operation that is described, with bodies that fit and bodies that do not."""

import contextlib
import json
from typing import Any
from urllib.parse import unquote, urlencode

import msgspec
import pytest
import schemathesis
from hypothesis import given
from hypothesis.errors import Unsatisfiable
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode

from simulator.cluster import Cluster
from tests.fuzzing.door import LENGTH, Door, fuzzed


def _described() -> dict[str, Any]:
    """Group-version → its OpenAPI document."""
    cluster = Cluster.create()

    def ask(path: str) -> Any:
        body = cluster.apply({"kind": "request", "method": "GET", "path": path})["body"]
        return json.loads(body) if isinstance(body, bytes) else body

    return {place: ask(f"/openapi/v3/{place}") for place in ask("/openapi/v3")["paths"]}


DESCRIBED = _described()


@pytest.mark.parametrize("place", DESCRIBED)
def test_every_operation_answers(door: Door, place: str) -> None:
    schema = schemathesis.openapi.from_dict(DESCRIBED[place])
    operations = [found.ok() for found in schema.get_all_operations()]
    assert operations
    for number, operation in enumerate(operations):
        # Bodies take long to make, so in CI every eighth is tried with one that fits and every eighth with one that does not.
        if LENGTH > 1 or number % 8 == 1 or not operation.body:
            _try(door, operation, GenerationMode.POSITIVE)
        if operation.body and (LENGTH > 1 or number % 8 == 5):  # whatever has no body takes nearly everything
            _try(door, operation, GenerationMode.NEGATIVE)


def _try(door: Door, operation: Any, mode: GenerationMode) -> None:
    @fuzzed(1)
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        kind = b"application/merge-patch+json" if case.method.upper() == "PATCH" else b"application/json"
        door.ask(
            case.method.upper(), unquote(case.formatted_path), query=urlencode(case.query or {}).encode(),
            headers=[(b"content-type", kind)], body=b"" if isinstance(case.body, NotSet) else _encoded(case.body),
        )  # fmt: skip

    with contextlib.suppress(Unsatisfiable):  # some operations take everything: nothing that does not fit can be made
        ask()


def _encoded(body: object) -> bytes:
    try:
        return msgspec.json.encode(body)
    except (TypeError, msgspec.EncodeError, UnicodeEncodeError):
        return b""
