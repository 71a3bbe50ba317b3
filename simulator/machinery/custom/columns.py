"""The table of a custom kind: its name, and the columns that its definition asks for.

Counterpart of `apiextensions-apiserver/pkg/registry/customresource/tableconvertor/tableconvertor.go` (1.33).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from simulator.machinery.custom.definitions import Version
from simulator.machinery.jsonpath import JsonPath, JsonPathError
from simulator.machinery.tables.ages import epoch_us, since

Obj = dict[str, Any]
_NAME = {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}


def custom_table(version: Version, objects: Iterable[Obj], now_us: int) -> tuple[list[Obj], list[list[Any]]]:
    """Column definitions and rows of cells."""
    headers = [dict(_NAME), *(_header(column) for column in version.columns)]
    return headers, [[obj["metadata"]["name"], *_cells(version.columns, obj, now_us)] for obj in objects]


def _header(column: Obj) -> Obj:
    says = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": column.get("description") or says,
        "priority": column.get("priority", 0),
    }


def _cells(columns: Sequence[Obj], obj: Obj, now_us: int) -> list[Any]:
    return [_cell(column, obj, now_us) for column in columns]


def _cell(column: Obj, obj: Obj, now_us: int) -> Any:
    path = compiled(column["jsonPath"])
    try:
        found = path.values(obj)
    except JsonPathError:
        return None
    if not found:
        return None
    if column["type"] == "string":
        return path.printed(found[0])
    return _typed(column["type"], found[0], now_us)


def _typed(kind: str, value: Any, now_us: int) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "integer" if is_number:
            return int(value)
        case "number" if is_number:
            return float(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "date" if value == "":
            return "<unknown>"
        case "date" if isinstance(value, str):
            return since(value, now_us) if epoch_us(value) is not None else "<invalid>"
    return None


@lru_cache(maxsize=512)
def compiled(path: str) -> JsonPath:
    """Raises JsonPathError."""
    return JsonPath("{" + path + "}")
