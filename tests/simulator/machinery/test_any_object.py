"""Bad input is answered, never a crash: well-typed nonsense of every kind through the whole machinery."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from simulator.machinery import decoding, resources, schemas, tables
from simulator.machinery.defaulting import default
from simulator.machinery.enumerations import ENUMS
from simulator.machinery.schemas import Schema
from simulator.machinery.validation import validate_create, validate_update

TEXTS = [
    "",
    "a",
    "web",
    "A_",
    "10.0.0.1",
    "a/b",
    "x" * 70,
    "25%",
    "metadata.name",
    "spec.nodeName",
    "In",
    "Exists",
    "None",
]
TEXTS += ["*/5 * * * *", "metadata.labels['a']"]
KEYS = ["a", "b/c", "x y", "cpu", "storage", ""]
LEAVES: dict[str, list[Any]] = {
    "integer": [0, 1, -1, 80, 70000, 2**31 - 1],
    "number": [1.5],
    "boolean": [True, False],
    "quantity": ["1", "500m", "1Gi", "-1", 0.5],
    "int-or-string": [0, 1, -1, "25%", "200%", "x", ""],
    "any": [{}],
}


class Nonsense:
    """Objects that fit a schema and mean nothing, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def make(self, schema: Schema, depth: int = 0, place: tuple[str, str] = ("", "")) -> Any:
        if self.random.random() < 0.03:
            return None
        if schema.values is not None:
            return {
                self.random.choice(KEYS): self.make(schema.values, depth + 1) for _ in range(self.random.randint(0, 2))
            }
        if schema.type == "object":
            return self.struct(schema, depth)
        if schema.items is not None:
            return [self.make(schema.items, depth + 1) for _ in range(self.random.randint(0, 2))]
        if schema.type == "string":
            return self.text(schema, place)
        return self.random.choice(LEAVES[schema.type])

    def struct(self, schema: Schema, depth: int) -> dict[str, Any]:
        share = 0 if depth > 9 else 0.5 if depth < 4 else 0.25
        return {
            name: self.make(child, depth + 1, (schema.go_type, name))
            for name, child in schema.properties.items()
            if self.random.random() < share
        }

    def text(self, schema: Schema, place: tuple[str, str]) -> str:
        if schema.format:
            return "YWJj" if schema.format == "byte" else "2025-10-09T08:52:00Z"
        closed = ENUMS.get(place, ("", ()))[1]
        return self.random.choice(closed if closed and self.random.random() < 0.8 else TEXTS)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_kind_of_object_gets_an_answer(seed: int) -> None:
    nonsense = Nonsense(seed)
    seen = 0
    for resource in resources.RESOURCES:
        schema = schemas.schema_for(resource.api_version, resource.kind)
        assert schema is not None
        metadata = {"name": "web", "namespace": "default"} if resource.namespaced else {"name": "web"}
        first, second = ({**(nonsense.make(schema) or {}), "metadata": metadata} for _ in range(2))
        old = default(resource.name, decoding.decode(first, resource)[0])
        new = default(resource.name, decoding.decode(second, resource)[0])
        assert default(resource.name, old) is old
        errors = validate_create(resource.name, old)
        for error in errors + validate_update(resource.name, new, old):
            assert str(error).startswith(error.path)
        if not errors:
            tables.table(resource.name, [old], 0)
        seen += 1
    assert seen == 60
