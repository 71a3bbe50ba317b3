"""JSON patch (RFC 6902): a list of operations, applied one after the other or not at all.

Promises: the document is never changed, what no operation touches is shared with the result, and a refusal
carries the words of the library the API server uses (`evanphx/json-patch` 4).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Edit = Callable[[Any, str], Any]

MAX_OPERATIONS = 10_000


#: What Go takes for an index; longer numbers are out of its range.
_INDEX, _NUMBER = re.compile(r"[+-]?[0-9]{1,18}"), re.compile(r"[+-]?[0-9]+")


class PatchError(ValueError):
    """The patch does not fit the object; the message is the one the API server would give."""


class TestFailed(PatchError):
    """A `test` operation found another value."""


class _NoContainer(Exception):
    """The parent of the place an operation names does not exist."""


def json_patch(document: Any, operations: Sequence[Mapping[str, Any]]) -> Any:
    """The document after all operations."""
    if not isinstance(operations, list | tuple):
        raise PatchError("the patch is not a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}")
    for operation in operations:
        op = operation.get("op") if isinstance(operation, Mapping) else None
        apply = _OPERATIONS.get(op) if isinstance(op, str) else None
        if apply is None:
            raise PatchError(f"Unexpected kind: {operation.get('op') if isinstance(operation, Mapping) else operation}")
        document = apply(document, operation)
    return document


def _add(document: Any, operation: Mapping[str, Any]) -> Any:
    path = _path(operation)
    try:
        return _edit(document, path, _inserting(operation.get("value"), "add", path))
    except _NoContainer:
        raise PatchError(f'add operation does not apply: doc is missing path: "{path}": missing value') from None


def _remove(document: Any, operation: Mapping[str, Any]) -> Any:
    path = _path(operation)
    try:
        return _edit(document, path, _deleting("remove", path))
    except _NoContainer:
        raise PatchError(f'remove operation does not apply: doc is missing path: "{path}": missing value') from None


def _replace(document: Any, operation: Mapping[str, Any]) -> Any:
    path = _path(operation)
    if path == "":
        return operation.get("value")
    try:
        return _edit(document, path, _replacing(operation.get("value"), path))
    except _NoContainer:
        raise PatchError(f"replace operation does not apply: doc is missing path: {path}: missing value") from None


def _move(document: Any, operation: Mapping[str, Any]) -> Any:
    source, path = _path(operation, "from"), _path(operation)
    value = _fetch(document, source, "move")
    document = _edit(document, source, _deleting("move", source))
    return _add(document, {"path": path, "value": value})


def _copy(document: Any, operation: Mapping[str, Any]) -> Any:
    value = _fetch(document, _path(operation, "from"), "copy")
    return _add(document, {"path": _path(operation), "value": value})


def _test(document: Any, operation: Mapping[str, Any]) -> Any:
    path, wanted = _path(operation), operation.get("value")
    try:
        found = _lookup(document, path)
    except LookupError:
        found = None
    if not same_json(found, wanted):
        raise TestFailed(f"testing value {path} failed: test failed")
    return document


_OPERATIONS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def same_json(left: Any, right: Any) -> bool:
    """Equal as JSON: 1 and true differ although Python finds them equal."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same_json(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return bool(left == right)


def _path(operation: Mapping[str, Any], key: str = "path") -> str:
    path = operation.get(key)
    if not isinstance(path, str):
        raise PatchError(f"failed to decode '{key}' from operation: missing value")
    if path and not path.startswith("/"):
        raise PatchError(
            f"{operation.get('op', 'add')} operation does not apply: doc is missing path: {path}: missing value"
        )
    return path


def _tokens(path: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def _edit(document: Any, path: str, change: Edit) -> Any:
    """A copy of the document along the path, with `change` applied to the last container."""
    tokens = _tokens(path)
    if not tokens:
        raise _NoContainer
    return _edit_at(document, tokens, change)


def _edit_at(container: Any, tokens: list[str], change: Edit) -> Any:
    if not isinstance(container, dict | list):
        raise _NoContainer
    copy = container.copy()
    if len(tokens) == 1:
        change(copy, tokens[0])
        return copy
    try:
        key = _existing_key(copy, tokens[0])
    except LookupError:
        raise _NoContainer from None
    copy[key] = _edit_at(copy[key], tokens[1:], change)
    return copy


def _existing_key(container: Any, token: str) -> Any:
    if isinstance(container, dict):
        if token not in container:
            raise LookupError(token)
        return token
    index = int(token) if _INDEX.fullmatch(token) else len(container)
    if not -len(container) <= index < len(container):
        raise LookupError(token)
    return index


def _lookup(document: Any, path: str) -> Any:
    for token in _tokens(path):
        if not isinstance(document, dict | list):
            raise LookupError(token)
        document = document[_existing_key(document, token)]
    return document


def _fetch(document: Any, path: str, verb: str) -> Any:
    try:
        if not path:  # the whole document lies in no container
            raise LookupError(path)
        return _lookup(document, path)
    except LookupError:
        raise PatchError(f"{verb} operation does not apply: doc is missing from path: {path}: missing value") from None


def _inserting(value: Any, verb: str, path: str) -> Edit:
    def change(container: Any, token: str) -> None:
        if isinstance(container, dict):
            container[token] = value
        elif token == "-":
            container.append(value)
        else:
            container.insert(_index(container, token, verb, path, limit=len(container) + 1), value)

    return change


def _deleting(verb: str, path: str) -> Edit:
    def change(container: Any, token: str) -> None:
        if isinstance(container, list):
            del container[_index(container, token, verb, path, limit=len(container))]
        elif container.pop(token, _ABSENT) is _ABSENT:
            raise PatchError(
                f"error in {verb} for path: '{path}': Unable to remove nonexistent key: {token}: missing value"
            )

    return change


_ABSENT = object()


def _replacing(value: Any, path: str) -> Edit:
    def change(container: Any, token: str) -> None:
        try:
            container[_existing_key(container, token)] = value
        except LookupError:
            raise PatchError(f"replace operation does not apply: doc is missing key: {path}: missing value") from None

    return change


def _index(container: list[Any], token: str, verb: str, path: str, *, limit: int) -> int:
    if not _INDEX.fullmatch(token):
        why = "value out of range" if _NUMBER.fullmatch(token) else "invalid syntax"
        says = f"value was not a proper array index: '{token}': strconv.Atoi: parsing \"{token}\": {why}"
        raise PatchError(f"error in {verb} for path: '{path}': {says}")
    index = int(token)
    if index < 0:
        index += limit
    if not 0 <= index < limit:
        says = f"Unable to access invalid index: {token}: invalid index referenced"
        raise PatchError(f"error in {verb} for path: '{path}': {says}")
    return index
