"""The shape of checks and values: what a lesson may ask about a cluster. See docs/architecture.md, section 4.

Two kinds of test. A *state* test counts the objects that match now; a *history* test looks at what was done, by whom, in
which order. `all` and `any` combine them. Promises that whatever passes here can be sent to the simulator as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.cursor import Cursor

OPERATORS = {"is", "is_not", "in", "at_least", "at_most", "contains", "matches", "exists"}
ROW_FIELDS = {"type", "actor", "verb", "resource", "namespace", "name", "note"}
ROW_TYPES = {"command", "fault", "write", "timer"}
SELECTION = ("namespace", "name", "labels", "where")
TESTS = ("state", "history", "all", "any")

PATH = re.compile(r"""[A-Za-z][\w-]*(\.[A-Za-z][\w-]*|\[\d+\]|\[\*\]|\["[^"\]]+"\])*""")
RESOURCE = re.compile(r"[a-z]+(\.[a-z0-9.-]+)?")


def read_test(cursor: Cursor, fields: Mapping[str, Cursor]) -> dict[str, Any]:
    """The one test among `fields` of a check."""
    given = [name for name in TESTS if name in fields]
    if len(given) != 1:
        cursor.refuse("exactly one of 'state', 'history', 'all', 'any'", _named(given))
        return {}
    name = given[0]
    if name == "state":
        return {"state": _state(fields[name])}
    if name == "history":
        return {"history": _history(fields[name])}
    return {name: list(fields[name].list_of(_part, least=1))}


def read_value(cursor: Cursor) -> dict[str, Any]:
    """Texts to read from the cluster."""
    fields = cursor.fields(required=("resource", "path"), optional=(*SELECTION, "newest"))
    value = _selection(fields)
    if "path" in fields:
        value["path"] = _path(fields["path"])
    if "newest" in fields:
        value["newest"] = fields["newest"].truth()
    return value


def _part(cursor: Cursor) -> dict[str, Any]:
    return read_test(cursor, cursor.fields(optional=("state", "history")))


def _state(cursor: Cursor) -> dict[str, Any]:
    fields = cursor.fields(required=("resource",), optional=(*SELECTION, "count"))
    state = _selection(fields)
    if "count" in fields:
        state["count"] = _count(fields["count"])
    return state


def _selection(fields: Mapping[str, Cursor]) -> dict[str, Any]:
    selection: dict[str, Any] = {}
    if "resource" in fields:
        selection["resource"] = _resource(fields["resource"])
    for name in ("namespace", "name", "labels"):
        if name in fields:
            selection[name] = fields[name].text(longest=300)
    if "where" in fields:
        selection["where"] = list(fields["where"].list_of(_condition, least=1))
    return selection


def _condition(cursor: Cursor) -> dict[str, Any]:
    fields = cursor.fields(required=("path",), optional=OPERATORS)
    given = [name for name in sorted(OPERATORS) if name in fields]
    if len(given) != 1:
        cursor.refuse(f"a path and exactly one of {', '.join(sorted(OPERATORS))}", _named(given))
        return {}
    operator = given[0]
    path = _path(fields["path"]) if "path" in fields else ""
    return {"path": path, operator: _operand(operator, fields[operator])}


def _operand(operator: str, cursor: Cursor) -> Any:
    if operator == "in":
        return list(cursor.list_of(Cursor.plain, least=1))
    if operator == "exists":
        return cursor.truth()
    if operator == "matches":
        return _pattern(cursor)
    return cursor.plain()


def _history(cursor: Cursor) -> dict[str, Any]:
    fields = cursor.fields(optional=("seen", "never", "order", "since", "times"))
    given = [name for name in ("seen", "never", "order") if name in fields]
    if len(given) != 1:
        cursor.refuse("exactly one of 'seen', 'never', 'order'", _named(given))
        return {}
    name = given[0]
    history: dict[str, Any] = {
        name: list(fields[name].list_of(_row, least=2)) if name == "order" else _row(fields[name])
    }
    if "since" in fields:
        history["since"] = _row(fields["since"])
    if "times" in fields:
        if name != "seen":
            fields["times"].refuse("'times' only beside 'seen'", f"'times' beside {name!r}")
        history["times"] = _count(fields["times"])
    return history


def _row(cursor: Cursor) -> dict[str, str]:
    fields = cursor.fields(optional=ROW_FIELDS)
    if not fields:
        cursor.refuse(f"at least one of {', '.join(sorted(ROW_FIELDS))}", "an empty row")
    row = {name: field.text(longest=500) for name, field in fields.items()}
    if "type" in fields:
        row["type"] = fields["type"].word(ROW_TYPES)
    if "resource" in fields:
        row["resource"] = _resource(fields["resource"])
    return row


def _count(cursor: Cursor) -> int | dict[str, int]:
    if cursor.node is not None and cursor.node.tag.endswith(":int"):
        return cursor.number()
    fields = cursor.fields(optional=("at_least", "at_most"))
    if not fields:
        cursor.refuse("a number, or a mapping with 'at_least' or 'at_most'")
    return {name: field.number() for name, field in fields.items()}


def _path(cursor: Cursor) -> str:
    path = cursor.text(longest=300)
    if path and not PATH.fullmatch(path):
        cursor.refuse('a dotted path such as spec.containers[*].image or metadata.labels["a.b/c"]', repr(path))
    return path


def _resource(cursor: Cursor) -> str:
    resource = cursor.text(longest=100)
    if resource and not RESOURCE.fullmatch(resource):
        cursor.refuse("a resource such as 'pods' or 'deployments.apps'", repr(resource))
    return resource


def _pattern(cursor: Cursor) -> str:
    pattern = cursor.text(longest=300)
    try:
        re.compile(pattern)
    except re.error as error:
        cursor.refuse("a regular expression", f"{pattern!r} ({error})")
    return pattern


def _named(given: Sequence[str]) -> str:
    return " and ".join(repr(name) for name in given) or "none of them"
