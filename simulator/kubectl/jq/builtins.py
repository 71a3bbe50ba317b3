"""Functions of jq that are not written in jq: each takes the machine, its input and the values of its arguments, and gives a stream.

https://jqlang.org/manual/v1.6/#builtin-operators-and-functions. Times are UTC; patterns are RE2's, in linear time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from simulator.kubectl.jq import values
from simulator.kubectl.jq.dates import broken_down, formatted, parsed, seconds_of
from simulator.kubectl.jq.errors import JqValueError
from simulator.kubectl.jq.evaluation import Machine, Native, Place, Scope
from simulator.kubectl.jq.formats import format_as, text_in
from simulator.kubectl.jq.literals import Node
from simulator.kubectl.jq.patterns import matches
from simulator.kubectl.jq.prelude import PRELUDE
from simulator.kubectl.jq.syntax import parse_definitions


class Halted(Exception):
    """`halt` and `halt_error`."""

    def __init__(self, code: int, value: Any = None, *, says: bool = False) -> None:
        super().__init__(code)
        self.code, self.value, self.says = code, value, says


@lru_cache(maxsize=1)
def prelude() -> Scope:
    """The functions that are written in jq: read once, never changed."""
    scope = Scope()
    for name, parameters, body in parse_definitions(PRELUDE):
        scope.functions[(name, len(parameters))] = ("defined", parameters, body, scope)
    return scope


# Functions that look at places: they get their arguments as filters.


def _path(machine: Machine, place: Place, scope: Scope, argument: Node) -> Iterator[Place]:
    for path in machine.paths(argument, place[1], scope):
        yield machine.made(place, list(path))


def _getpath(machine: Machine, place: Place, scope: Scope, argument: Node) -> Iterator[Place]:
    for path in machine.run(argument, place[1], scope):
        if not isinstance(path, list):
            raise JqValueError("Path must be specified as an array")
        found = values.get_path(place[1], path)
        yield (None, found) if place[0] is None else ((*place[0], *path), found)


def _empty(machine: Machine, place: Place, scope: Scope) -> Iterator[Place]:
    return iter(())


def _first(machine: Machine, place: Place, scope: Scope, argument: Node) -> Iterator[Place]:
    for found in machine.places(argument, place, scope):
        yield found
        return


def _error(machine: Machine, place: Place, scope: Scope) -> Iterator[Place]:
    raise JqValueError(place[1])
    yield


PATH_NATIVES: dict[tuple[str, int], Native] = {
    ("path", 1): _path,
    ("getpath", 1): _getpath,
    ("empty", 0): _empty,
    ("first", 1): _first,
    ("error", 0): _error,
}


# Functions of values


def _one(act: Callable[..., Any]) -> Native:
    def native(machine: Machine, value: Any, *given: Any) -> Iterator[Any]:
        yield act(value, *given)

    return native


def _raise(value: Any, given: Any) -> Any:
    raise JqValueError(given)


def _length(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise JqValueError(f"{values.named(value)} has no length")
    return abs(value) if values.is_number(value) else len(value)


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return sorted(value)
    return _keys_unsorted(value)


def _keys_unsorted(value: Any) -> list[Any]:
    if isinstance(value, (dict, list)):
        return list(value) if isinstance(value, dict) else list(range(len(value)))
    raise JqValueError(f"{values.named(value)} has no keys")


def _has(value: Any, key: Any) -> bool:
    if isinstance(value, dict) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and values.is_number(key):
        return bool(0 <= key < len(value))
    raise JqValueError(
        f"Cannot check whether {values.type_of(value)} has a {'string' if isinstance(key, str) else values.type_of(key)} key"
    )


def _contains(value: Any, other: Any) -> bool:
    if isinstance(value, dict) and isinstance(other, dict):
        return all(key in value and _contains(value[key], each) for key, each in other.items())
    if isinstance(value, list) and isinstance(other, list):
        values.worth_comparing(len(value) * len(other))
        return all(any(_kin(each, mine) and _contains(mine, each) for mine in value) for each in other)
    if isinstance(value, str) and isinstance(other, str):
        return other in value
    if values.type_of(value) == values.type_of(other):
        return values.equal(value, other)
    raise JqValueError(f"{values.named(value)} and {values.named(other)} cannot have their containment checked")


def _kin(one: Any, other: Any) -> bool:
    return values.type_of(one) == values.type_of(other)


def _array(value: Any, why: str) -> list[Any]:
    if not isinstance(value, list):
        raise JqValueError(f"{values.named(value)} {why}")
    return value


def _keyed(value: Any, keys: Any) -> list[tuple[Any, Any]]:
    pairs = zip(keys, _array(value, "cannot be sorted, as it is not an array"), strict=True)
    return sorted(((values.order(key), each) for key, each in pairs), key=lambda pair: pair[0])


def _sort(value: Any) -> list[Any]:
    return sorted(_array(value, "cannot be sorted, as it is not an array"), key=values.order)


def _group(value: Any, keys: Any) -> list[list[Any]]:
    groups: list[list[Any]] = []
    last: Any = None
    for key, each in _keyed(value, keys):
        if groups and key == last:
            groups[-1].append(each)
        else:
            groups.append([each])
        last = key
    return groups


def _extreme(value: Any, keys: Any, *, largest: bool) -> Any:
    held, best = None, None
    for key, each in zip(map(values.order, keys), value, strict=True):
        if best is None or (key >= best if largest else key < best):
            held, best = each, key
    return held


def _range(machine: Machine, value: Any, start: Any, end: Any, step: Any) -> Iterator[Any]:
    if not all(map(values.is_number, (start, end, step))):
        raise JqValueError("Range bounds must be numeric")
    at = start
    while at < end if step > 0 else at > end:
        machine.step()
        yield values.whole(at)
        if step == 0:
            continue
        at += step


def _tonumber(value: Any) -> Any:
    if values.is_number(value):
        return value
    if not isinstance(value, str):
        raise JqValueError(f"{values.named(value)} cannot be parsed as a number")
    try:
        return values.whole(float(value)) if value.strip() == value and "_" not in value else float("x")
    except ValueError:
        raise JqValueError(
            f"Invalid numeric literal at EOF at line 1, column {len(value)} (while parsing '{value}')"
        ) from None


def _fromjson(value: Any) -> Any:
    if not isinstance(value, str):
        raise JqValueError(f"{values.named(value)} only strings can be parsed")
    try:
        return json.loads(value)
    except ValueError:
        raise JqValueError(f"Invalid JSON text (while parsing '{value}')") from None


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise JqValueError(f"{name} input must be a string")
    return value


def _split(value: Any, separator: Any) -> list[str]:
    if not (isinstance(value, str) and isinstance(separator, str)):
        raise JqValueError("split input and separator must be strings")
    return values.split(value, separator)


def _implode(value: Any) -> str:
    if not isinstance(value, list) or not all(map(values.is_number, value)):
        raise JqValueError("implode input must be an array")
    return "".join(chr(int(each)) for each in value)


def _ltrimstr(value: Any, part: Any) -> Any:
    return value.removeprefix(part) if isinstance(value, str) and isinstance(part, str) else value


def _rtrimstr(value: Any, part: Any) -> Any:
    return value.removesuffix(part) if isinstance(value, str) and isinstance(part, str) and part else value


def _starts(value: Any, part: Any) -> bool:
    if not (isinstance(value, str) and isinstance(part, str)):
        raise JqValueError("startswith() requires string inputs")
    return value.startswith(part)


def _ends(value: Any, part: Any) -> bool:
    if not (isinstance(value, str) and isinstance(part, str)):
        raise JqValueError("endswith() requires string inputs")
    return value.endswith(part)


def _reverse(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, str):
        return value[::-1]
    return list(reversed(_array(value, "cannot be reversed, as it is not an array")))


def _indices_of_text(value: Any, part: Any) -> list[int] | None:
    if value is None:
        return None
    if not isinstance(value, str) or not isinstance(part, str):
        raise JqValueError(f"Cannot determine indices of {values.type_of(part)} in {values.type_of(value)}")
    return [at for at in range(len(value)) if part and value.startswith(part, at)]


def _math(act: Callable[[float], float]) -> Native:
    def native(machine: Machine, value: Any) -> Iterator[Any]:
        if not values.is_number(value):
            raise JqValueError(f"{values.named(value)} number required")
        try:
            yield values.whole(float(act(value)))
        except (ValueError, OverflowError):
            yield value if math.isinf(value) else math.nan

    return native


def _pow(value: Any, base: Any, exponent: Any) -> Any:
    if not (values.is_number(base) and values.is_number(exponent)):
        raise JqValueError(f"{values.named(base)} number required")
    try:
        return values.whole(float(base) ** float(exponent))
    except (OverflowError, ZeroDivisionError):
        return math.inf


def _setpath(value: Any, path: Any, new: Any) -> Any:
    if not isinstance(path, list):
        raise JqValueError("Path must be specified as an array")
    return values.set_path(value, path, new)


def _delpaths(value: Any, paths: Any) -> Any:
    if not isinstance(paths, list):
        raise JqValueError("Paths must be specified as an array")
    return values.delete_paths(value, paths)


def _halt(value: Any) -> Any:
    raise Halted(0)


def _halt_error(value: Any, code: Any) -> Any:
    if not values.is_number(code):
        raise JqValueError("halt_error/1: number required")
    raise Halted(int(code), value, says=True)


def _splits_input(machine: Machine, value: Any) -> Iterator[Any]:
    yield machine.next_input()


def _debug(machine: Machine, value: Any) -> Iterator[Any]:
    machine.note(f'["DEBUG:",{values.text_of(value)}]\n')
    yield value


def _stderr(machine: Machine, value: Any) -> Iterator[Any]:
    machine.note(values.text_of(value))
    yield value


def _inputs(machine: Machine, value: Any) -> Iterator[Any]:
    while machine.inputs:
        yield machine.next_input()


def _line_number(machine: Machine, value: Any) -> Iterator[Any]:
    yield machine.line


def _now(machine: Machine, value: Any) -> Iterator[Any]:
    yield values.whole(machine.now_us / 1_000_000)


def _builtins(machine: Machine, value: Any) -> Iterator[Any]:
    known = {*NATIVES, *PATH_NATIVES, *prelude().functions}
    yield sorted(f"{name}/{count}" for name, count in known if name[0] not in "_@")


_OF_NUMBERS: dict[str, Callable[[float], float]] = {
    "floor": math.floor, "ceil": math.ceil, "sqrt": math.sqrt, "fabs": math.fabs, "trunc": math.trunc, "log": math.log,
    "round": lambda x: math.copysign(math.floor(abs(x) + 0.5), x), "log2": math.log2, "log10": math.log10, "exp": math.exp,
    "exp2": lambda x: 2.0**x, "exp10": lambda x: 10.0**x, "sin": math.sin, "cos": math.cos, "tan": math.tan,
}  # fmt: skip

NATIVES: dict[tuple[str, int], Native] = {
    ("@", 1): _one(format_as),
    ("error", 1): _one(_raise),
    ("not", 0): _one(lambda value: not values.is_true(value)),
    ("length", 0): _one(_length),
    ("utf8bytelength", 0): _one(lambda value: len(_text(value, "utf8bytelength").encode())),
    ("keys", 0): _one(_keys),
    ("keys_unsorted", 0): _one(_keys_unsorted),
    ("has", 1): _one(_has),
    ("contains", 1): _one(_contains),
    ("type", 0): _one(values.type_of),
    ("_range", 3): _range,
    ("tostring", 0): _one(text_in),
    ("tonumber", 0): _one(_tonumber),
    ("tojson", 0): _one(values.text_of),
    ("fromjson", 0): _one(_fromjson),
    ("explode", 0): _one(lambda value: list(map(ord, _text(value, "explode")))),
    ("implode", 0): _one(_implode),
    ("split", 1): _one(_split),
    ("ltrimstr", 1): _one(_ltrimstr),
    ("rtrimstr", 1): _one(_rtrimstr),
    ("startswith", 1): _one(_starts),
    ("endswith", 1): _one(_ends),
    ("reverse", 0): _one(_reverse),
    ("sort", 0): _one(_sort),
    ("_sort_by", 1): _one(lambda value, keys: [each for _, each in _keyed(value, keys)]),
    ("_group_by", 1): _one(_group),
    ("_max_by", 1): _one(lambda value, keys: _extreme(value, keys, largest=True)),
    ("_min_by", 1): _one(lambda value, keys: _extreme(value, keys, largest=False)),
    ("_indices", 1): _one(_indices_of_text),
    ("_match", 3): _one(matches),
    ("setpath", 2): _one(_setpath),
    ("delpaths", 1): _one(_delpaths),
    ("infinite", 0): _one(lambda value: math.inf),
    ("nan", 0): _one(lambda value: math.nan),
    ("isinfinite", 0): _one(lambda value: math.isinf(value)),
    ("isnan", 0): _one(lambda value: value != value),
    ("isnormal", 0): _one(lambda value: value == value and not math.isinf(value) and value != 0),
    ("pow", 2): _one(_pow),
    ("now", 0): _now,
    ("mktime", 0): _one(seconds_of),
    ("gmtime", 0): _one(broken_down),
    ("localtime", 0): _one(broken_down),
    ("strftime", 1): _one(formatted),
    ("strflocaltime", 1): _one(formatted),
    ("strptime", 1): _one(parsed),
    ("input", 0): _splits_input,
    ("inputs", 0): _inputs,
    ("input_line_number", 0): _line_number,
    ("debug", 0): _debug,
    ("stderr", 0): _stderr,
    ("input_filename", 0): _one(lambda value: None),
    ("halt", 0): _one(_halt),
    ("halt_error", 1): _one(_halt_error),
    ("builtins", 0): _builtins,
    **{(name, 0): _math(act) for name, act in _OF_NUMBERS.items()},
}

__all__ = ["NATIVES", "PATH_NATIVES", "Halted", "prelude"]
