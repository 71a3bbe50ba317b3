"""Our CEL against Google's own (`cel-expr-python`, the C++ implementation): random expressions have the same type and value, or both refuse them.

What is said of a refusal is cel-go's, of which the C++ one has other words; those are held to upstream's tables in
`tests/simulator/machinery/cel`.
"""

import datetime
import re
from typing import Any

import pytest
from hypothesis import example, given, reject
from hypothesis import strategies as st

from simulator.machinery.cel.checking import Declarations
from simulator.machinery.cel.errors import CompileError
from simulator.machinery.cel.programs import compiled
from simulator.machinery.cel.types import DYN, INT, STRING, Type
from simulator.machinery.cel.values import Duration, Timestamp
from tests.fuzzing.door import fuzzed

reference = pytest.importorskip("cel_expr_python.cel", reason="cel-expr-python has no wheel for this machine")

_DATA: dict[str, Any] = {"n": 3, "s": "ship", "x": {"a": 1, "b": "xyz", "c": [1, 2, 3], "d": {"e": None, "f": 2.5}}}
_DECLARATIONS = Declarations({"n": INT, "s": STRING, "x": DYN})
_FAILED = "an error"

_INTS = st.sampled_from(
    ["0", "1", "-1", "7", "n", "x.a", "9223372036854775807", "-9223372036854775808", "size(s)", "int('12')", "0x10"]
)
_UINTS = st.sampled_from(["0u", "1u", "18446744073709551615u", "uint(n)"])
_DOUBLES = st.sampled_from(["0.5", "-2.0", "1e3", "x.d.f", "double(n)", "1.0 / 3.0"])
_STRINGS = st.sampled_from(["''", "'a'", '"ship"', "s", "x.b", "'héé'", r"'\u00e9\n'", "r'\\d'", "string(n)", "'''t'q'''", "type(n) == int ? 'i' : ''"])  # fmt: skip
_BYTES = st.sampled_from(["b''", "b'abc'", "b'é'", "bytes(s)"])
_BOOLS = st.sampled_from(["true", "false", "has(x.a)", "has(x.q)", "has(x.d.e)", "n == 3", "s.startsWith('sh')"])
_TIMES = st.sampled_from(
    ["timestamp('2024-02-29T23:59:59Z')", "timestamp('1999-12-31T00:00:00.5+02:00')", "timestamp(0)"]
)
_DURATIONS = st.sampled_from(["duration('90m')", "duration('-1.5s')", "duration('0s')"])
_ODD = st.sampled_from(["nope", "x.q", "x.c[9]", "null", "{}", "[]", "dyn('a')", "1 / 0", "{'k': 1}['q']"])

_ATOMS = {
    "int": _INTS,
    "uint": _UINTS,
    "double": _DOUBLES,
    "string": _STRINGS,
    "bytes": _BYTES,
    "bool": _BOOLS,
    "time": _TIMES,
    "duration": _DURATIONS,
    "odd": _ODD,
}
_SCALARS = ("int", "uint", "double", "string", "bytes", "bool")
#: Kind → what makes one, of parts of the kinds named in braces.
_SHAPES = {
    "int": (
        "{int} + {int}", "{int} - {int}", "{int} * {int}", "{int} / {int}", "{int} % {int}", "-({int})", "size({string})", "({list}).size()",
        "{bool} ? {int} : {int}", "({list})[{int}]", "int({double})", "int({uint})", "int({string})", "{time}.getFullYear()", "{time}.getDayOfWeek()",
        "{duration}.getMinutes()", "{time}.getHours('Europe/Berlin')",
    ),
    "uint": ("{uint} + {uint}", "{uint} - {uint}", "{uint} * {uint}", "uint({int})", "uint({double})", "{uint} % {uint}"),
    "double": ("{double} + {double}", "{double} * {double}", "-({double})", "double({int})", "double({string})", "{double} / {double}"),
    "string": ("{string} + {string}", "string({int})", "string({uint})", "string({bool})", "string({bytes})", "string({double})"),
    "bytes": ("{bytes} + {bytes}", "bytes({string})"),
    "bool": (
        "{bool} && {bool}", "{bool} || {bool}", "!({bool})", "{int} < {int}", "{string} <= {string}", "{double} >= {double}", "{int} == {int}", "{string} != {string}",
        "{int} in {list}", "'a' in {map}", "({string}).contains({string})", "({string}).endsWith({string})", "({string}).matches('^[a-z]+$')",
        "({list}).all(i, i > {int})", "({list}).exists(i, i == {int})", "({list}).exists_one(i, i > {int})", "{list} == {list}", "{map} == {map}",
        "{bool} ? {bool} : {bool}", "{time} < {time}", "{duration} > {duration}", "dyn({int}) == dyn({double})", "dyn({uint}) < dyn({int})", "{odd} == {odd}", "{bytes} < {bytes}",
        "({map}).exists(k, k == {string})", "({map}).all(k, {bool})",
    ),
    "time": ("{time} + {duration}", "{time} - {duration}"),
    "duration": ("{time} - {time}", "{duration} + {duration}", "{duration} - {duration}"),
    "list": ("[{int}, {int}]", "[{int}]", "{list} + {list}", "({list}).map(i, i * {int})", "({list}).filter(i, i > {int})", "({list}).map(i, i > {int}, i + 1)", "x.c", "{bool} ? {list} : {list}"),
    "map": ("{{{string}: {int}}}", "{{'a': {int}, 'b': {int}}}", "{{'a': {odd}}}"),
}  # fmt: skip
_LEAST = {"list": "[{int}]", "map": "{{'a': {int}}}"}
_HOLE = re.compile(r"\{([a-z]+)\}")


@st.composite
def expressions(draw: st.DrawFn, kind: str, depth: int = 3) -> str:
    """Mostly of the types that fit; now and then a part is of another kind."""
    if draw(st.integers(0, 24)) == 0:
        kind = draw(st.sampled_from([*_SCALARS, "odd"]))
    if kind in _ATOMS and (depth <= 0 or kind == "odd" or draw(st.integers(0, 3)) == 0):
        return draw(_ATOMS[kind])
    shape = _LEAST[kind] if depth <= 0 else draw(st.sampled_from(_SHAPES[kind]))
    made = _HOLE.sub(lambda hole: f"({draw(expressions(hole.group(1), depth - 1))})", shape.replace("{{{", "\0{"))
    return made.replace("\0", "{").replace("{{", "{").replace("}}", "}")


@fuzzed(400)
@given(st.sampled_from(sorted(_SHAPES)).flatmap(expressions))
@example("1 + 'a'")
@example("nope + 1")
@example("9223372036854775807 + 1")
@example("dyn(1) == dyn(1.0)")
@example("(x.c).map(i, i > (1), i + 1)")
def test_our_cel_says_what_the_reference_says(text: str) -> None:
    ours, theirs = _ours(text), _theirs(text)
    if not _differ_by_design(ours, theirs):
        assert ours == theirs, text


def _ours(text: str) -> tuple[str, object]:
    """The type and the value; or where the first complaint is, and what it says."""
    try:
        program = compiled(text, _DECLARATIONS)
    except CompileError as error:
        return _complaint(str(error))
    outcome = program.run(dict(_DATA), 10**12)
    return _shown(program.type), _FAILED if outcome.error is not None else _plain(outcome.value)


def _theirs(text: str) -> tuple[str, object]:
    kinds = reference.Type
    world = reference.NewEnv(variables={"n": kinds.INT, "s": kinds.STRING, "x": kinds.DYN})
    try:
        expression = world.compile(text)
    except RuntimeError as error:
        return _complaint(str(error).removeprefix("INVALID_ARGUMENT: "))
    try:
        made = str(expression.return_type().name()).lower()
    except RuntimeError:
        reject()  # a map whose keys Python cannot be told of
    value = expression.eval(data=_DATA)
    return made, _FAILED if value.type() == kinds.ERROR else _plain(value.plain_value())


def _differ_by_design(ours: tuple[str, object], theirs: tuple[str, object]) -> bool:
    """Where Kubernetes sets the language up in another way (`apiserver/pkg/cel/environment/base.go`), or cel-go does not do as the C++
    one: lists and maps of one type, numbers compared across types, a part whose type is wrong fits everywhere."""
    (at, found), (_, wanted) = ours, theirs
    is_refused, should_be_refused = ":" in at or at == "syntax", ":" in theirs[0] or theirs[0] == "syntax"
    if is_refused and should_be_refused:
        return at != "syntax"
    if str(found).startswith("expected type"):
        return True
    if should_be_refused:
        return re.search(r"'_[<>]=?_' applied to '\((int|uint|double), (int|uint|double)\)'", str(wanted)) is not None
    if is_refused:
        return "list(" in str(found) or "map(" in str(found)
    return "dyn" in at and found == wanted


def _complaint(text: str) -> tuple[str, object]:
    """Where it is, and what."""
    found = re.search(r"ERROR: <input>:(\d+:\d+): (.*)", text)
    assert found is not None, text
    place, words = found.groups()
    return ("syntax", "") if words.startswith("Syntax error") else (place, words)


def _shown(type: Type) -> str:
    return str(type).replace("(", "<").replace(")", ">")


def _plain(value: object) -> object:
    """Told apart by type, so that 1, 1.0 and true differ."""
    match value:
        case Timestamp():
            return "timestamp", value.nanos // 1_000
        case Duration():
            return "duration", value.nanos // 1_000
        case datetime.datetime():
            since = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
            return "timestamp", since // datetime.timedelta(microseconds=1)
        case datetime.timedelta():
            return "duration", value // datetime.timedelta(microseconds=1)
        case bytes() | bytearray():
            return "bytes", bytes(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {str(_plain(key)): _plain(one) for key, one in value.items()}
        case bool() | float() | str() | None:
            return type(value).__name__, repr(value)
        case int():
            return "int", int(value)
    return repr(value)
