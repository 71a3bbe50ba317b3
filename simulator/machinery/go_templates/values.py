"""Go's values as they come out of decoded JSON: every number is a float, and what is not there prints as `<no value>`."""

from __future__ import annotations

from typing import Any


class _Missing:
    """The zero value of reflection: a key that is not in its map."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


def floats(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: floats(value) for key, value in data.items()}
    if isinstance(data, list):
        return [floats(value) for value in data]
    return float(data) if isinstance(data, int) and not isinstance(data, bool) else data


def type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, int):
        return "int"
    if isinstance(value, dict):
        return "map[string]interface {}"
    return "[]interface {}" if isinstance(value, list) else "<nil>"
