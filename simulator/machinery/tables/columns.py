"""What a table is made of: column definitions, and the ways in which many kinds write a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from simulator.machinery.tables.ages import since

Obj = dict[str, Any]
Cells = list[Any]
RowPrinter = Callable[[Obj, int], Cells]

NONE = "<none>"
UNSET = "<unset>"


@dataclass(frozen=True, slots=True)
class Printer:
    """The columns of one resource and the function that fills a row of them."""

    columns: tuple[Obj, ...]
    row: RowPrinter


def printer(names: str, row: RowPrinter, **types: str) -> Printer:
    """Columns from a list `Name | Ready | IP* | …`; a star marks one that only `-o wide` shows, types are `string`."""
    return Printer(tuple(_column(name.strip(), types) for name in names.split("|")), row)


def _column(name: str, types: dict[str, str]) -> Obj:
    wide = name.endswith("*")
    name = name.rstrip("*")
    key = name.lower().replace(" ", "_").replace("-", "_").replace("(s)", "s")
    return {
        "name": name,
        "type": types.get(key, "string"),
        "format": "name" if name == "Name" else "",
        "description": "",
        "priority": 1 if wide else 0,
    }


def name_of(obj: Obj) -> str:
    name: str = obj["metadata"].get("name", "")
    return name


def age(obj: Obj, now_us: int) -> str:
    return since(obj["metadata"].get("creationTimestamp"), now_us)


def spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def status(obj: Obj) -> Obj:
    return obj.get("status") or {}


def labels_text(labels: Obj | None) -> str:
    """`a=1,b=2`, sorted; `<none>` when there are none."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) if labels else NONE


_EXPRESSION = {"In": "in", "NotIn": "notin"}


def selector_text(selector: Obj | None) -> str:
    """A label selector as `metav1.FormatLabelSelector` writes it."""
    if selector is None:
        return "<error>"
    parts = [(key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        key, operator = expression["key"], expression["operator"]
        if operator in _EXPRESSION:
            parts.append((key, f"{key} {_EXPRESSION[operator]} ({','.join(sorted(expression.get('values') or ()))})"))
        else:
            parts.append((key, key if operator == "Exists" else f"!{key}"))
    return ",".join(text for _, text in sorted(parts)) or NONE


def containers_of(template: Obj) -> tuple[str, str]:
    """Names and images of a template's containers, each joined by commas."""
    containers = spec(template).get("containers") or []
    return ",".join(c["name"] for c in containers), ",".join(c.get("image", "") for c in containers)


def shortened(items: Iterable[str], limit: int, *, empty: str) -> str:
    """`a,b,c + 2 more...`: lists that would grow too wide."""
    listed = list(items)
    if not listed:
        return empty
    text = ",".join(listed[:limit])
    return text if len(listed) <= limit else f"{text} + {len(listed) - limit} more..."


def go_bool(value: Any) -> str:
    return "true" if value else "false"
