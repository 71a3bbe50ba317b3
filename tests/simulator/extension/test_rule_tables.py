"""Rules of custom resources (`x-kubernetes-validations`), as apiextensions-apiserver's own table evaluates and refuses them."""

from typing import Any

import pytest

from simulator.machinery.custom import rules
from simulator.machinery.custom.ratcheting import ABSENT
from tests.proof.follows import follows

Obj = dict[str, Any]
UPSTREAM = "staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/validation_test.go: "
RULES = "x-kubernetes-validations"

INT, NUM, STR, BOOL = ({"type": kind} for kind in ("integer", "number", "string", "boolean"))
INT32, INT64 = ({"type": "integer", "format": size} for size in ("int32", "int64"))
FLOAT, DOUBLE = ({"type": "number", "format": size} for size in ("float", "double"))
BYTE, DURATION, DATE, DATETIME = (
    {"type": "string", "format": name} for name in ("byte", "duration", "date", "date-time")
)
INT_OR_STR = {"x-kubernetes-int-or-string": True}
KEEPS = {"x-kubernetes-preserve-unknown-fields": True}


def obj(**properties: Any) -> Obj:
    return {"type": "object", "properties": properties}


def vals(*schemas: Obj) -> Obj:
    return obj(**{f"val{index + 1}": one for index, one in enumerate(schemas)})


def objs(*values: Any) -> Obj:
    return {f"val{index + 1}": one for index, one in enumerate(values)}


def many(items: Obj, **more: Any) -> Obj:
    return {"type": "array", "items": items, **more}


def a_set(items: Obj) -> Obj:
    return many(items, **{"x-kubernetes-list-type": "set"})


def a_map(keys: list[str], items: Obj) -> Obj:
    return many(items, **{"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys})


def mapped(items: Obj) -> Obj:
    return {"type": "object", "additionalProperties": items}


def nullable(schema: Obj) -> Obj:
    return {**schema, "nullable": True}


def with_rule(schema: Obj, *found: str) -> Obj:
    return {**schema, RULES: [{"rule": one} for one in found]}


def same(literal: str, *names: str) -> str:
    return " && ".join(f"self.{one} == self.{names[0]} && self.{one} == {literal}" for one in names)


def compared(low: str, middle: str, high: str, other: str) -> list[str]:
    return [
        f"double({low}) < {other}",
        f"double({middle}) == {other}",
        f"double({high}) > {other}",
        f"{low} < int({other})",
        f"{middle} == int({other})",
        f"{high} > int({other})",
        f"{low} < {other}",
        f"{low} <= {other}",
        f"{middle} <= {other}",
        f"{middle} >= {other}",
        f"{high} > {other}",
    ]


MOST, MOST32, MOST_FLOAT = 2**63 - 1, 2**31 - 1, 1.7976931348623157e308
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "foo", "generateName": "pickIt", "namespace": "xyz"}}
META = obj(name=STR, generateName=STR)
OF_POD = [
    "self.embedded.kind == 'Pod'",
    "self.embedded.apiVersion == 'v1'",
    "self.embedded.metadata.name == 'foo'",
    "self.embedded.metadata.generateName == 'pickIt'",
]
EMBEDDED = {"type": "object", "x-kubernetes-embedded-resource": True}
KV = obj(k=STR, v=STR)
AB = [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}]
LISTS: dict[str, tuple[Obj, list[Any]]] = {
    "Ints": (INT, [1, 2, 2, 3]),
    "Doubles": (DOUBLE, [1.0, 2.0, 2.0, 3.0]),
    "IntBacked": (DOUBLE, [1, 2, 2, 3]),
    "Durations": (DURATION, ["1s", "1m", "1m", "1h"]),
    "Strings": (STR, ["a", "b", "b", "c"]),
    "Dates": (DATE, ["2000-01-01", "2000-02-01", "2000-02-01", "2010-01-01"]),
}
TEXTS = ["k1", "k2"]
WORDS = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
]
NAMES = [
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "self",
    "getDate",
    "all",
    "_true",
    "underscore_underscore",
]
ODD = {
    "dot.dot": "dot__dot__dot",
    "dash-dash": "dash__dash__dash",
    "slash/slash": "slash__slash__slash",
    "double__double": "double__underscores__double",
}


def escaped() -> tuple[Obj, Obj, list[str]]:
    spelled = {word: f"__{word}__" for word in WORDS} | {name: name for name in NAMES} | ODD
    values = {name: index for index, name in enumerate(spelled)}
    return obj(**dict.fromkeys(spelled, INT)), values, [f"self.{spelled[name]} == {values[name]}" for name in spelled]


def of_lists() -> tuple[Obj, Obj, list[str]]:
    literal = {
        "Ints": ("1", "2", "3", "10"),
        "Doubles": ("1.0", "2.0", "3.0", "10.0"),
        "IntBacked": ("1.0", "2.0", "3.0", "10.0"),
        "Durations": ("duration('1s')", "duration('1m')", "duration('1h')", "duration('2m')"),
        "Strings": ("'a'", "'b'", "'c'", "'x'"),
        "Dates": tuple(
            f"timestamp('{day}T00:00:00.000Z')" for day in ("2000-01-01", "2000-02-01", "2010-01-01", "2005-02-01")
        ),
    }
    schema: Obj = {}
    values: Obj = {}
    valid: list[str] = []
    for name, (items, found) in LISTS.items():
        low, middle, high, none = literal[name]
        schema |= {f"some{name}": many(items), f"unsorted{name}": many(items), f"no{name}": many(items)}
        values |= {f"some{name}": found, f"unsorted{name}": [found[1], found[0]], f"no{name}": []}
        valid += [
            f"self.some{name}.min() == {low}",
            f"self.some{name}.max() == {high}",
            f"self.some{name}.isSorted()",
            f"self.no{name}.isSorted()",
            f"self.unsorted{name}.isSorted() == false",
            f"self.some{name}.indexOf({middle}) == 1",
            f"self.some{name}.lastIndexOf({middle}) == 2",
            f"self.some{name}.indexOf({none}) == -1",
            f"self.some{name}.lastIndexOf({none}) == -1",
        ]
    valid += [
        "self.someInts.sum() == 8",
        "self.noInts.sum() == 0",
        "self.someDoubles.sum() == 8.0",
        "self.noDoubles.sum() == 0.0",
        "self.someIntBacked.sum() == 8.0",
        "self.someDurations.sum() == duration('1h2m1s')",
        "self.noDurations.sum() == duration('0')",
        "[[1], [2]].indexOf([1]) == 0",
        "[{'a': 1}, {'b': 2}].lastIndexOf({'b': 2}) == 1",
        "([0] + self.noInts).min() == 0",
        "dyn([]).sum() == 0",
        "dyn([1, 2]).sum() == 3",
        "dyn([1.0, 2.0]).sum() == 3.0",
        "[].sum() == 0",
    ]
    return obj(**schema), values, valid


def sets() -> list[str]:
    first, last = "timestamp('2000-01-01T00:00:00.000+01:00')", "timestamp('2012-01-01T00:00:00.000+01:00')"
    pairs = [
        ("1", "2"), ("true", "false"), ("1.25", "1.5"), ("{'a': 1}", "{'b': 2}"), ("[1, 2]", "[3, 4]"),
        (first, last), ("duration('1h')", "duration('2h')"), ("'a'", "'b'"),
    ]  # fmt: skip
    found = ["sets.contains(['a', 'b'], [])", "!sets.contains(['a', 'b'], ['c'])", "sets.equivalent([], [])"]
    found += ["!sets.equivalent(['a', 'b'], ['b', 'c'])", "!sets.intersects([], [])", "!sets.intersects(['a'], ['c'])"]
    for one, other in pairs:
        found += [
            f"sets.contains([{one}, {other}], [{other}])",
            f"sets.equivalent([{one}, {other}], [{other}, {one}])",
            f"sets.intersects([{one}, {other}], [{other}])",
        ]
    return found


SORTS = of_lists()
ESCAPED = escaped()
CASES: dict[str, tuple[Obj, Any, list[str], dict[str, str]]] = {
    "integers": (
        vals(INT, INT, INT32, INT32, INT64, INT64),
        objs(MOST, MOST, MOST32, MOST32, MOST, MOST),
        [
            same(str(MOST), "val1", "val2", "val5", "val6"),
            same(str(MOST32), "val3", "val4"),
            f"self.val3 + 1 == {MOST32} + 1",
            *(f"type(self.val{one}) == int" for one in (1, 3, 5)),
        ],
        {"self.val1 + 1 == 0": "integer overflow", "self.val5 + 1 == 0": "integer overflow", "1 / 0 == 1 / 0": "division by zero"},
    ),
    "numbers": (
        vals(NUM, NUM, DOUBLE, DOUBLE, DOUBLE),
        objs(MOST_FLOAT, MOST_FLOAT, MOST_FLOAT, MOST_FLOAT, 1),
        ["self.val1 == self.val3", "type(self.val1) == double", "type(self.val5) == double", "self.val5 == 1.0"],
        {},
    ),
    "numeric comparisons": (
        vals(INT, INT, INT, NUM, FLOAT, DOUBLE, NUM, FLOAT, DOUBLE),
        objs(5, 10, 15, 10.0, 10.0, 10.0, 10, 10, 10),
        [
            *(one for other in range(4, 10) for one in compared("self.val1", "self.val2", "self.val3", f"self.val{other}")),
            *compared("5", "10", "15", "10.0"),
            *compared("self.val1", "self.val2", "self.val3", "10.0"),
        ],
        {},
    ),
    "unicode strings": (
        vals(STR, STR),
        objs("Rook takes 👑", "Rook takes 👑"),
        [
            same("'Rook takes 👑'", "val1", "val2"),
            "self.val1.startsWith('Rook')", "!self.val1.startsWith('knight')", "self.val1.contains('takes')",
            "!self.val1.contains('gives')", "self.val1.endsWith('👑')", "!self.val1.endsWith('pawn')",
            "self.val1.matches('^[^0-9]*$')", "!self.val1.matches('^[0-9]*$')", "type(self.val1) == string",
            "size(self.val1) == 12", "self.val1.charAt(3) == 'k'", "self.val1.indexOf('o') == 1",
            "self.val1.indexOf('o', 2) == 2", "self.val1.replace(' ', 'x') == 'Rookxtakesx👑'",
            "self.val1.replace(' ', 'x', 1) == 'Rookxtakes 👑'", "self.val1.split(' ') == ['Rook', 'takes', '👑']",
            "self.val1.split(' ', 2) == ['Rook', 'takes 👑']", "self.val1.substring(5) == 'takes 👑'",
            "self.val1.substring(0, 4) == 'Rook'", "self.val1.substring(4, 10).trim() == 'takes'",
            "self.val1.upperAscii() == 'ROOK TAKES 👑'", "self.val1.lowerAscii() == 'rook takes 👑'",
            "'%d %s %f %s %s'.format([dyn(1), dyn('abc'), dyn(1.0), dyn(duration('1m')), dyn(timestamp('2000-01-01T00:00:00.000Z'))])"
            " == '1 abc 1.000000 60s 2000-01-01T00:00:00Z'",
            "'%o %o %o'.format([7, 8, 9]) == '7 10 11'", "'%b %b %b'.format([7, 8, 9]) == '111 1000 1001'",
        ],
        {"self.val1.matches(')')": "compile error: compilation failed: ERROR: <input>:1:19: invalid matches argument"},
    ),
    "escaped strings": (vals(STR, STR), objs("l1\nl2", "l1\nl2"), [same("'l1\\nl2'", "val1", "val2"), "self.val1 == '''l1\nl2'''"], {}),
    "bytes": (
        vals(BYTE, BYTE),
        objs("QUI=", "QUI="),
        [
            "self.val1 == self.val2", "self.val1 == b'AB'", "self.val1 == bytes('AB')", "self.val1 == b'\\x41\\x42'",
            "type(self.val1) == bytes", "size(self.val1) == 2",
        ],
        {},
    ),
    "booleans": (
        vals(BOOL, BOOL, BOOL, BOOL),
        objs(True, True, False, False),
        [same("true", "val1", "val2"), same("false", "val3", "val4"), "self.val1 != self.val4", "type(self.val1) == bool"],
        {},
    ),
    "duration format": (
        vals(DURATION, DURATION),
        objs("1h2m3s4ms", "1h2m3s4ms"),
        [
            same("duration('1h2m3s4ms')", "val1", "val2"), "self.val1 == duration('1h2m') + duration('3s4ms')",
            "self.val1.getHours() == 1", "self.val1.getMinutes() == 62", "self.val1.getSeconds() == 3723",
            "self.val1.getMilliseconds() == 3723004", "type(self.val1) == google.protobuf.Duration",
        ],
        {
            "duration('1')": "compilation failed: ERROR: <input>:1:10: invalid duration argument",
            "duration('1d')": "compilation failed: ERROR: <input>:1:10: invalid duration argument",
            "duration('1us') < duration('1nns')": "compilation failed: ERROR: <input>:1:28: invalid duration argument",
        },
    ),
    "date format": (
        vals(DATE, DATE),
        objs("1997-07-16", "1997-07-16"),
        [
            same("timestamp('1997-07-16T00:00:00.000Z')", "val1", "val2"), "self.val1.getDate() == 16",
            "self.val1.getMonth() == 06", "self.val1.getFullYear() == 1997", "type(self.val1) == google.protobuf.Timestamp",
        ],
        {},
    ),
    "date-time format": (
        vals(DATETIME, DATETIME),
        objs(*["2011-08-18T19:03:37.010000000+01:00"] * 2),
        [
            same("timestamp('2011-08-18T19:03:37.010+01:00')", "val1", "val2"),
            "self.val1 == timestamp('2011-08-18T00:00:00.000+01:00') + duration('19h3m37s10ms')",
            "self.val1.getDate('01:00') == 18", "self.val1.getMonth('01:00') == 7", "self.val1.getFullYear('01:00') == 2011",
            "self.val1.getHours('01:00') == 19", "self.val1.getMinutes('01:00') == 03", "self.val1.getSeconds('01:00') == 37",
            "self.val1.getMilliseconds('01:00') == 10", "self.val1.getHours('UTC') == 18",
            "type(self.val1) == google.protobuf.Timestamp",
        ],
        {
            "timestamp('1000-00-00T00:00:00Z')": "compilation failed: ERROR: <input>:1:11: invalid timestamp",
            "timestamp('1000-01-01T00:00:00ZZ')": "compilation failed: ERROR: <input>:1:11: invalid timestamp",
            "timestamp(-62135596801)": "compilation failed: ERROR: <input>:1:11: invalid timestamp",
        },
    ),
    "enums": (
        obj(enumStr={"type": "string", "enum": ["Pending", "Available"]}),
        {"enumStr": "Pending"},
        ["self.enumStr == 'Pending'", "self.enumStr in ['Pending', 'Available']"],
        {},
    ),
    "conversions": (
        vals(INT, NUM, NUM, NUM, BOOL, STR, BYTE, STR, DURATION, STR, DATETIME, STR, DATE),
        objs(10, 10.0, 10.49, 10.5, True, "10", "MTA=", "3723.004s", "1h2m3s4ms", *["2011-08-18T19:03:37.01+01:00"] * 2, "2011-08-18T00:00:00Z", "2011-08-18"),
        [
            *(f"int(self.val{one}) == self.val1" for one in (2, 3, 4, 6)),
            "double(self.val1) == self.val2", "double(self.val6) == self.val2", "bytes(self.val6) == self.val7",
            "string(self.val1) == self.val6", "string(self.val2) == '10'", "string(self.val3) == '10.49'",
            "string(self.val4) == '10.5'", "string(self.val5) == 'true'", "string(self.val7) == self.val6",
            "duration(self.val8) == self.val9", "string(self.val9) == self.val8", "timestamp(self.val10) == self.val11",
            "string(self.val11) == self.val10", "timestamp(self.val12) == self.val13", "string(self.val13) == self.val12",
        ],
        {},
    ),
    "lists": (
        vals(many(INT), many(INT)),
        objs([1, 2, 3], [1, 2, 3]),
        [
            same("[1, 2, 3]", "val1", "val2"), "1 in self.val1", "self.val2[0] in self.val1", "!(0 in self.val1)",
            "self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]", "self.val1 + [4, 5] == [1, 2, 3, 4, 5]",
        ],
        {"[1, 'a', false].filter(x, string(x) == 'a')": "compilation failed: ERROR: <input>:1:5: expected type 'int' but found 'string'"},
    ),
    "string lists": (
        vals(many(STR)),
        objs(["a", "b", "c"]),
        ["self.val1.join('-') == 'a-b-c'", "['a', 'b', 'c'].join('-') == 'a-b-c'", "self.val1.join() == 'abc'"],
        {},
    ),
    "listSets": (
        vals(a_set(STR), a_set(STR)),
        objs(["a", "b", "c"], ["a", "c", "b"]),
        [
            "self.val1 == ['c', 'b', 'a']", "self.val1 == self.val2", "'a' in self.val1", "self.val2[0] in self.val1",
            "!('x' in self.val1)", "self.val1 + self.val2 == ['a', 'b', 'c']", "self.val1 + ['c', 'd'] == ['a', 'b', 'c', 'd']",
            "self.val1.join('-') == 'a-b-c'", *sets(),
        ],
        {},
    ),
    "listMaps": (
        obj(objs=many(a_map(["k"], KV))),
        {"objs": [AB, AB[::-1], [{"k": "b", "v": "3"}, {"k": "a", "v": "1"}], [{"k": "c", "v": "4"}]]},
        [
            "self.objs[0] == self.objs[1]", "self.objs[0] + self.objs[2] == self.objs[2]",
            "self.objs[2] + self.objs[0] == self.objs[0]", "self.objs[0] == [self.objs[0][0], self.objs[0][1]]",
            "self.objs[0] == [self.objs[0][1], self.objs[0][0]]",
            "self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]", "size(self.objs[0] + [self.objs[3][0]]) == 3",
        ],
        {"self.objs[0] == {'k': 'a', 'v': '1'}": "no matching overload for '_==_'"},
    ),
    "maps": (
        vals(mapped(STR), mapped(STR)),
        objs({"k1": "a", "k2": "b"}, {"k2": "b", "k1": "a"}),
        ["self.val1 == self.val2", "'k1' in self.val1", "!('k3' in self.val1)", "self.val1 == {'k1': 'a', 'k2': 'b'}"],
        {"{'k1': 'a', 'k2': 1, 'k2': false}": "expected type 'string' but found 'int'"},
    ),
    "objects": (
        obj(objs=many(obj(f1=STR, f2=STR))),
        {"objs": [{"f1": "a", "f2": "b"}] * 2},
        ["self.objs[0] == self.objs[1]"],
        {"self.objs[0] == {'f1': 'a', 'f2': 'b'}": "found no matching overload for '_==_'"},
    ),
    "object access": (
        obj(a=obj(b=INT, c=INT, d=nullable(INT)), a1=obj(b1=obj(c1=INT), d2=obj(e2=INT))),
        {"a": {"b": 1, "d": None}, "a1": {"b1": {"c1": 4}}},
        [
            "has(self.a.b)", "!has(self.a.c)", "!has(self.a.d)", "has(self.a1.b1.c1)",
            "!(has(self.a1.d2) && has(self.a1.d2.e2))", "!has(self.a1.d2)",
        ],
        {
            "has(self.a.z)": "undefined field 'z'",
            "self.a['b'] == 1": "no matching overload for '_[_]'",
            "has(self.a1.d2.e2)": "no such key: d2",
        },
    ),
    "map access": (
        obj(val=mapped(INT)),
        {"val": {"b": 1, "d": 2}},
        [
            "!('a' in self.val)", "'b' in self.val", "!has(self.val.a)", "has(self.val.b)", "self.val.all(k, self.val[k] > 0)",
            "self.val.exists(k, self.val[k] > 1)", "self.val.exists_one(k, self.val[k] == 2)",
            "!self.val.exists(k, self.val[k] > 2)", "!self.val.exists_one(k, self.val[k] > 0)", "size(self.val) == 2",
            "self.val.map(k, self.val[k]).exists(v, v == 1)", "size(self.val.filter(k, self.val[k] > 1)) == 1",
        ],
        {"self.val['c'] == 1": "no such key: c"},
    ),
    "listMap access": (
        obj(listMap=a_map(["k"], obj(k=STR, v=STR, v2=STR))),
        {"listMap": [{"k": "a1", "v": "b1"}, {"k": "a2", "v": "b2"}, {"k": "a3", "v": "b3", "v2": "z"}]},
        [
            "has(self.listMap[0].v)", "self.listMap.all(m, m.k.startsWith('a'))", "self.listMap.all(m, !has(m.v2) || m.v2 == 'z')",
            "self.listMap.exists(m, m.k.endsWith('1'))", "self.listMap.exists_one(m, m.k == 'a3')",
            "!self.listMap.all(m, m.k.endsWith('1'))", "!self.listMap.exists(m, m.v == 'x')",
            "!self.listMap.exists_one(m, m.k.startsWith('a'))", "size(self.listMap.filter(m, m.k == 'a1')) == 1",
            "self.listMap.map(m, m.v).exists(v, v == 'b1')", "self.listMap.exists(m, has(m.v2) && m.v2 == 'z')",
            "!self.listMap.all(m, has(m.v2) && m.v2 != 'z')", "self.listMap.exists_one(m, has(m.v2) && m.v2 == 'z')",
            "self.listMap.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1",
            "self.listMap.exists(m, m.v2 == 'z')", "!self.listMap.all(m, m.v2 != 'z')",
        ],
        {
            "self.listMap.all(m, m.v2 == 'z')": "no such key: v2",
            "self.listMap.exists_one(m, m.v2 == 'z')": "no such key: v2",
            "self.listMap.filter(m, m.v2 == 'z').size() == 1": "no such key: v2",
            "self.listMap.map(m, m.v2).size() == 1": "no such key: v2",
            "self.listMap.map(m, m.v2 == 'z', m.v2).size() == 1": "no such key: v2",
        },
    ),
    "list access": (
        obj(array=many(INT)),
        {"array": [1, 1, 2, 2, 3, 3, 4, 5]},
        [
            "2 in self.array", "self.array.all(e, e > 0)", "self.array.exists(e, e > 2)", "self.array.exists_one(e, e > 4)",
            "!self.array.all(e, e < 2)", "!self.array.exists(e, e < 0)", "!self.array.exists_one(e, e == 2)",
            "size(self.array.filter(e, e%2 == 0)) == 3", "self.array.map(e, e * 20).filter(e, e > 50).exists(e, e == 60)",
            "size(self.array) == 8",
        ],
        {"self.array[100] == 0": "index out of bounds: 100"},
    ),
    "typemeta and objectmeta access specified": (
        obj(kind=STR, apiVersion=STR, metadata=META),
        POD,
        ["self.kind == 'Pod'", "self.apiVersion == 'v1'", "self.metadata.name == 'foo'", "self.metadata.generateName == 'pickIt'"],
        {"has(self.metadata.namespace)": "undefined field 'namespace'"},
    ),
    "typemeta and objectmeta access not specified": (
        obj(spec=obj(field1=STR)),
        {**POD, "spec": {"field1": "a"}},
        ["self.kind == 'Pod'", "self.apiVersion == 'v1'", "self.metadata.name == 'foo'", "self.spec.field1 == 'a'"],
        {"has(self.metadata.namespace)": "undefined field 'namespace'"},
    ),
    "embedded object": (
        obj(embedded=EMBEDDED),
        {"embedded": {**POD, "spec": {"field1": "a"}}},
        OF_POD,
        {"has(self.embedded.metadata.namespace)": "undefined field 'namespace'", "has(self.embedded.spec)": "undefined field 'spec'"},
    ),
    "embedded object with properties": (
        obj(embedded={**EMBEDDED, "properties": {"kind": STR, "apiVersion": STR, "metadata": META, "spec": obj(field1=STR)}}),
        {"embedded": {**POD, "spec": {"field1": "a"}}},
        [*OF_POD, "self.embedded.spec.field1 == 'a'"],
        {"has(self.embedded.metadata.namespace)": "undefined field 'namespace'"},
    ),
    "embedded object with usage of reserved keywords": (
        obj(embedded={**EMBEDDED, "properties": {"kind": STR, "apiVersion": STR, "metadata": obj(name=STR, generateName=STR, namespace=STR), "spec": obj(**{"if": STR})}}),
        {"embedded": {**POD, "spec": {"if": "reserved"}}},
        [
            "has(self.embedded.metadata.namespace)", "self.embedded.metadata.namespace == 'xyz'",
            "has(self.embedded.spec.if)", "self.embedded.spec.if == 'reserved'",
        ],
        {},
    ),
    "embedded object with preserve unknown": (
        obj(embedded={**EMBEDDED, **KEEPS}),
        {"embedded": {**POD, "spec": {"field1": "a"}}},
        [*OF_POD, "has(self.embedded)"],
        {"has(self.embedded.spec)": "undefined field 'spec'"},
    ),
    "string in intOrString": (
        obj(something=INT_OR_STR),
        {"something": "25%"},
        [
            "self.something == '25%'", "self.something != 1", "self.something == 1 || self.something == '25%'",
            "self.something == '25%' || self.something == 1", "type(self.something) == string && self.something == '25%'",
            "type(self.something) == int ? self.something == 1 : self.something == '25%'", "self.something != ['anything']",
        ],
        {},
    ),
    "int in intOrString": (
        obj(something=INT_OR_STR),
        {"something": 1},
        [
            "self.something == 1", "self.something != 'some string'", "self.something == 1 || self.something == '25%'",
            "type(self.something) == int && self.something == 1", "self.something != ['anything']",
        ],
        {},
    ),
    "null in intOrString": (
        obj(something=nullable(INT_OR_STR)),
        {"something": None},
        ["!has(self.something)"],
        {"type(self.something) == int": "no such key"},
    ),
    "percent comparison using intOrString": (
        obj(min=INT_OR_STR, current=INT, available=INT),
        {"min": "50%", "current": 5, "available": 10},
        [
            r"type(self.min) == string && self.min.matches(r'(\d+(\.\d+)?%)')",
            "type(self.min) == int ? self.current <= self.min : double(self.current) / double(self.available) >= double(self.min.replace('%', '')) / 100.0",
        ],
        {},
    ),
    "preserve unknown fields": (
        obj(
            withUnknown={"type": "object", **KEEPS},
            withUnknownList=many({"type": "object", **KEEPS}),
            withUnknownFieldList=many(obj(fieldOfUnknownType=KEEPS)),
            anyvalList=many(KEEPS),
            anyvalMap=mapped(KEEPS),
            anyvalField1=KEEPS,
        ),
        {
            "withUnknown": {"field1": "a"},
            "withUnknownList": [{"field1": "a", "field2": "b"}, {"field1": "x"}, {"field1": "x"}, {}, {}],
            "withUnknownFieldList": [{"fieldOfUnknownType": "a"}, {"fieldOfUnknownType": 1}, {"fieldOfUnknownType": 1}],
            "anyvalList": ["a", 2],
            "anyvalMap": {"k": "1"},
            "anyvalField1": 1,
        },
        [
            "has(self.withUnknown)", "self.withUnknownList.size() == 5", "self.withUnknownList[0] != self.withUnknownList[1]",
            "self.withUnknownList[1] == self.withUnknownList[2]", "self.withUnknownList[3] == self.withUnknownList[4]",
            "self.withUnknownFieldList[0] != self.withUnknownFieldList[1]",
            "self.withUnknownFieldList[1] == self.withUnknownFieldList[2]",
        ],
        {
            "has(self.withUnknown.field1)": "undefined field 'field1'",
            "has(self.anyvalList)": "undefined field 'anyvalList'",
            "has(self.anyvalMap)": "undefined field 'anyvalMap'",
            "has(self.anyvalField1)": "undefined field 'anyvalField1'",
        },
    ),
    "known and unknown fields": (
        obj(withUnknown={**obj(known=INT), **KEEPS}, withUnknownList=many({**obj(known=INT), **KEEPS})),
        {
            "withUnknown": {"known": 1, "unknown": "a"},
            "withUnknownList": [{"known": 1, "unknown": one} for one in "abb"] + [{"known": 1}, {"known": 1}, {"known": 2}],
        },
        [
            "self.withUnknown.known == 1", "self.withUnknownList[0] != self.withUnknownList[1]",
            "self.withUnknownList[1] == self.withUnknownList[2]", "self.withUnknownList[0] != self.withUnknownList[3]",
            "self.withUnknownList[0] != self.withUnknownList[5]", "self.withUnknownList[3] == self.withUnknownList[4]",
            "self.withUnknownList[4] != self.withUnknownList[5]",
        ],
        {"has(self.withUnknown.unknown)": "undefined field 'unknown'"},
    ),
    "field nullability": (
        obj(unsetPlainStr=STR, unsetNullableStr=nullable(STR), setPlainStr=STR, setNullableStr=nullable(STR), toNull=nullable(STR)),
        {"setPlainStr": "v1", "setNullableStr": "v3", "toNull": None},
        [
            "!has(self.unsetPlainStr)", "!has(self.unsetNullableStr)", "has(self.setPlainStr) && self.setPlainStr == 'v1'",
            "has(self.setNullableStr) && self.setNullableStr == 'v3'", "type(self.setNullableStr) != null_type", "!has(self.toNull)",
        ],
        {
            "self.unsetPlainStr == null": "no matching overload for '_==_' applied to '(string, null)",
            "self.unsetNullableStr == null": "no matching overload for '_==_' applied to '(string, null)",
            "self.setPlainStr != null": "no matching overload for '_!=_' applied to '(string, null)",
        },
    ),
    "null values in container types": (
        obj(m=mapped(nullable(STR)), l=many(nullable(STR)), s=a_set(nullable(STR))),
        {"m": {"a": None, "b": "not-nil"}, "l": [None, "not-nil"], "s": [None, "not-nil"]},
        [
            "self.m.size() == 2", "'a' in self.m", "type(self.m['a']) == null_type", "self.l.size() == 2",
            "type(self.l[0]) == null_type", "self.s.size() == 2", "type(self.s[0]) == null_type",
        ],
        {},
    ),
    "escaping": (
        *ESCAPED,
        {
            "self.true == 1": "Syntax error: no viable alternative at input '.true'",
            "self == 201": "found no matching overload for '_==_'",
            "self.__illegal__ == 301": "undefined field '__illegal__'",
        },
    ),
    "map keys are not escaped": (
        obj(m=mapped(INT)),
        {"m": {"@": 1, "9": 2, "int": 3, "./-": 4, "👑": 5}},
        ["self.m['@'] == 1", "self.m['9'] == 2", "self.m['int'] == 3", "self.m['./-'] == 4", "self.m['👑'] == 5"],
        {},
    ),
    "object types are not accessible": (
        obj(nestedInMap=mapped(obj(inMapField=INT)), nestedInList=many(obj(inListField=INT))),
        {"nestedInMap": {"k1": {"inMapField": 1}, "k2": {"inMapField": 2}}, "nestedInList": [{"inListField": 1}, {"inListField": 2}]},
        [
            "type(self) == type(self)", "type(self.nestedInMap['k1']) == type(self.nestedInMap['k2'])",
            "type(self.nestedInList[0]) == type(self.nestedInList[1])",
        ],
        {"string(type(self.nestedInList[0])).endsWith('.@idx')": "found no matching overload for 'string' applied to '(type"},
    ),
    "listMaps with unsupported identity characters in property names": (
        obj(objs=many(a_map(["k!", "k."], obj(**{"k!": STR, "k.": STR})))),
        {
            "objs": [
                [{"k!": "a", "k.": "1"}, {"k!": "b", "k.": "2"}],
                [{"k!": "b", "k.": "2"}, {"k!": "a", "k.": "1"}],
                [{"k!": "b", "k.": "2"}, {"k!": "c", "k.": "1"}],
                [{"k!": "b", "k.": "2"}, {"k!": "a", "k.": "3"}],
            ]
        },
        [
            "self.objs[0] == self.objs[1]", "self.objs[0][0].k__dot__ == '1'", "self.objs[0] != self.objs[2]",
            "self.objs[0] != self.objs[3]",
        ],
        {"self.objs[0][0].k! == '1'": "Syntax error: mismatched input '!' expecting"},
    ),
    "container type composition": (
        obj(
            obj=obj(field=STR), mapOfMap=mapped(mapped(STR)), mapOfObj=mapped(obj(field2=STR)),
            mapOfListMap=mapped(a_map(["k"], KV)), mapOfList=mapped(many(STR)), listMapOfObj=a_map(["k2"], obj(k2=STR, v2=STR)),
            listOfMap=many(mapped(STR)), listOfObj=many(obj(field3=STR)), listOfListMap=many(a_map(["k3"], obj(k3=STR, v3=STR))),
        ),
        {
            "obj": {"field": "a"}, "mapOfMap": {"x": {"y": "b"}}, "mapOfObj": {"k": {"field2": "c"}},
            "mapOfListMap": {"o": [{"k": "1", "v": "d"}]}, "mapOfList": {"l": ["e"]}, "listMapOfObj": [{"k2": "2", "v2": "f"}],
            "listOfMap": [{"z": "g"}], "listOfObj": [{"field3": "h"}], "listOfListMap": [[{"k3": "3", "v3": "i"}]],
        },
        [
            "self.obj.field == 'a'", "self.mapOfMap['x']['y'] == 'b'", "self.mapOfObj['k'].field2 == 'c'",
            "self.mapOfListMap['o'].exists(e, e.k == '1' && e.v == 'd')", "self.mapOfList['l'][0] == 'e'",
            "self.listMapOfObj.exists(e, e.k2 == '2' && e.v2 == 'f')", "self.listOfMap[0]['z'] == 'g'",
            "self.listOfObj[0].field3 == 'h'", "self.listOfListMap[0].exists(e, e.k3 == '3' && e.v3 == 'i')",
        ],
        {},
    ),
    "stdlib list functions": (
        *SORTS,
        {
            "self.noInts.min() == 1": "min called on empty list",
            "self.noInts.max() == 3": "max called on empty list",
            "self.noStrings.min() == 'a'": "min called on empty list",
            "['a', 'b'].sum() == 'c'": "found no matching overload for 'sum' applied to 'list(string).()",
            "[[1], [2]].min() == [1]": "found no matching overload for 'min' applied to 'list(list(int)).()",
            "[{'a': 1}, {'b': 2}].max() == {'b': 2}": "found no matching overload for 'max' applied to 'list(map(string, int)).()",
        },
    ),
    "stdlib regex functions": (
        obj(str=STR),
        {"str": "this is a 123 string 456"},
        [
            "self.str.find('[0-9]+') == '123'", "self.str.find('[0-9]+') != '456'", "self.str.find('xyz') == ''",
            "self.str.findAll('[0-9]+') == ['123', '456']", "self.str.findAll('[0-9]+', 0) == []",
            "self.str.findAll('[0-9]+', 1) == ['123']", "self.str.findAll('[0-9]+', 3) == ['123', '456']",
            "self.str.findAll('[0-9]+', -1) == ['123', '456']", "self.str.findAll('xyz') == []", "self.str.findAll('xyz', 1) == []",
        ],
        {
            "self.str.find(')') == ''": "compile error: program instantiation failed: error parsing regexp: unexpected ): `)`",
            "self.str.findAll(')') == []": "compile error: program instantiation failed: error parsing regexp: unexpected ): `)`",
            "self.str.matches('x++')": "invalid matches argument",
        },
    ),
    "URL parsing": (
        obj(url=STR),
        {"url": "https://user:pass@kubernetes.io:80/docs/home?k1=a&k2=b&k2=c#anchor"},
        [
            "url('/path').getScheme() == ''", "url('https://example.com/').getScheme() == 'https'",
            "url('https://example.com:80/').getHost() == 'example.com:80'", "url('https://[::1]:80/').getHost() == '[::1]:80'",
            "url('https://[::1]/').getHost() == '[::1]'", "url('/path').getHost() == ''",
            "url('https://127.0.0.1/').getHostname() == '127.0.0.1'", "url('https://[::1]/').getHostname() == '::1'",
            "url('https://example.com:80/').getPort() == '80'", "url('/path').getPort() == ''",
            "url('https://example.com/with space/').getEscapedPath() == '/with%20space/'",
            "url('https://example.com').getEscapedPath() == ''",
            "url('https://example.com/path?k1=a&k2=b&k2=c').getQuery() == { 'k1': ['a'], 'k2': ['b', 'c']}",
            "url('https://example.com/path?key with spaces=value with spaces').getQuery() == { 'key with spaces': ['value with spaces']}",
            "url('https://example.com/path?').getQuery() == {}", "url(self.url).getHost() == 'kubernetes.io:80'",
            "url(self.url).getEscapedPath() == '/docs/home'", "url(self.url).getQuery() == {'k1': ['a'], 'k2': ['b', 'c']}",
            "isURL('https://user:pass@example.com:80/path?query=val#fragment')", "isURL('/path') == true",
            "isURL('https://a:b:c/') == false", "isURL('../relative-path') == false",
        ],
        {},
    ),
    "authorizer is not supported for CRD Validation Rules": (
        obj(),
        {},
        [],
        {"authorizer.path('/healthz').check('get').allowed()": "undeclared reference to 'authorizer'"},
    ),
    "optionals": (
        obj(presentObj=obj(presentStr=STR), absentObj=obj(absentStr=STR), m=mapped(STR), l=many(STR)),
        {"presentObj": {"presentStr": "value"}, "m": {"k": "v"}, "l": ["a"]},
        [
            "self.?presentObj.?presentStr == optional.of('value')", "self.presentObj.?presentStr == optional.of('value')",
            "self.presentObj.?presentStr.or(optional.of('nope')) == optional.of('value')",
            "self.presentObj.?presentStr.orValue('') == 'value'", "self.presentObj.?presentStr.hasValue() == true",
            "self.presentObj.?presentStr.optMap(v, v == 'value').hasValue()", "self.?absentObj.?absentStr == optional.none()",
            "self.?absentObj.?absentStr.or(optional.of('nope')) == optional.of('nope')",
            "self.?absentObj.?absentStr.orValue('nope') == 'nope'", "self.?absentObj.?absentStr.hasValue() == false",
            "self.?absentObj.?absentStr.optMap(v, v == 'value').hasValue() == false", "self.m[?'k'] == optional.of('v')",
            "self.m[?'k'].or(optional.of('nope')) == optional.of('v')", "self.m[?'k'].orValue('') == 'v'",
            "self.m[?'k'].optMap(v, v == 'v').hasValue()", "self.m[?'x'] == optional.none()",
            "self.m[?'x'].orValue('nope') == 'nope'", "self.l[?0] == optional.of('a')", "self.l[?1] == optional.none()",
            "self.l[?1].orValue('nope') == 'nope'",
            *(
                f"optional.ofNonZeroValue({one}).hasValue()"
                for one in ("1", "uint(1)", "1.1", "'a'", "true", "['a']", "{'k': 'v'}", "timestamp('2011-08-18T00:00:00.000+01:00')", "duration('19h3m37s10ms')")
            ),
            *(
                f"optional.ofNonZeroValue({one}) == optional.none()"
                for one in ("null", "0", "uint(0)", "0.0", "''", "false", "[]", "{}", "timestamp('0001-01-01T00:00:00.000+00:00')", "duration('0s')")
            ),
            "{?'k': optional.none(), 'k2': 'v2'} == {'k2': 'v2'}", "{?'k': optional.of('v'), 'k2': 'v2'} == {'k': 'v', 'k2': 'v2'}",
            "['a', ?optional.none(), 'c'] == ['a', 'c']", "['a', ?optional.of('v'), 'c'] == ['a', 'v', 'c']",
        ],
        {"self.absentObj.?absentStr == optional.none()": "no such key: absentObj"},
    ),
    "quantity": (
        vals(STR, STR),
        objs("20", "200M"),
        [
            "isQuantity(self.val1)", "isQuantity(self.val2)", 'isQuantity("20Mi")',
            'quantity(self.val2) == quantity("0.2G") && quantity("0.2G") == quantity("200M")',
            'quantity("2M") == quantity("0.002G") && quantity("2000k") == quantity("2M")',
            'quantity(self.val1).isLessThan(quantity("100M"))', 'quantity(self.val2).isGreaterThan(quantity("50M"))',
            'quantity(self.val2).compareTo(quantity("0.2G")) == 0', 'quantity("50k").add(quantity(self.val1)) == quantity("50.02k")',
            'quantity("50k").sub(quantity(self.val1)) == quantity("49980")', "quantity(self.val1).isInteger()",
        ],
        {},
    ),
    "IP and CIDR": (
        vals(STR),
        objs("20"),
        [
            'isIP("192.168.0.1")', 'ip.isCanonical("127.0.0.1")', 'ip("192.168.0.1").family() > 0', 'ip("0.0.0.0").isUnspecified()',
            'ip("127.0.0.1").isLoopback()', 'ip("224.0.0.1").isLinkLocalMulticast()', 'ip("192.168.0.1").isGlobalUnicast()',
            'type(ip("192.168.0.1")) == net.IP', 'cidr("192.168.0.0/24").containsIP(ip("192.168.0.1"))',
            'cidr("192.168.0.0/24").containsCIDR("192.168.0.0/25")', 'cidr("2001:db8::/32").containsCIDR(cidr("2001:db8::/33"))',
            'type(cidr("2001:db8::/32").ip()) == net.IP', "cidr('192.168.0.0/24') == cidr('192.168.0.0/24').masked()",
            "cidr('192.168.0.0/16').prefixLength() == 16", "cidr('::1/128').ip().family() == 6",
        ],
        {},
    ),
}  # fmt: skip


def _each(which: int) -> list[Any]:
    return [pytest.param(name, rule, id=f"{name}: {rule}") for name, case in CASES.items() for rule in case[2 + which]]


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(("name", "rule"), _each(0))
def test_rules_that_hold(name: str, rule: str) -> None:
    schema, value = CASES[name][:2]
    assert [str(error) for error in rules.judged(value, with_rule(schema, rule))] == []


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(("name", "rule"), _each(1))
def test_rules_that_fail(name: str, rule: str) -> None:
    schema, value, _, errors = CASES[name]
    found = [str(error) for error in rules.judged(value, with_rule(schema, rule))]
    assert len(found) == 1
    assert errors[rule] in found[0]
    assert ": Invalid value: " in found[0]


def at(schema: Obj, value: Any, old: Any = ABSENT) -> list[str]:
    return [str(error) for error in rules.judged(value, schema, old)]


NO_OVERLOAD = "found no matching overload for '_==_' applied to '(int, string)'"
WRONG = "self == 'abc'"
WRONG_M, FAILING_M = with_rule(obj(m=INT), "self.m == 'abc'"), with_rule(obj(m=INT), "self.m == 2")


@follows("Custom resources", UPSTREAM + "TestValidationExpressionsAtSchemaLevels")
@pytest.mark.parametrize("has_parent", [False, True], ids=["", "parent has rule"])
@pytest.mark.parametrize(
    ("name", "schema", "value", "path", "says"),
    [
        pytest.param("f", many(with_rule(INT, WRONG)), [1], "f[0]", NO_OVERLOAD, id="under array items"),
        pytest.param(
            "f", mapped(with_rule(INT, WRONG)), {"k": 1}, "f[k]", NO_OVERLOAD, id="under additionalProperties"
        ),
        pytest.param("f", WRONG_M, {"m": 1}, "f", NO_OVERLOAD, id="under unescaped field name"),
        pytest.param("f/2", WRONG_M, {"m": 1}, "f/2", NO_OVERLOAD, id="under escaped field name"),
        pytest.param(
            "f/2",
            FAILING_M,
            {"m": 1},
            "f/2",
            'Invalid value: "object": failed rule: self.m == 2',
            id="failing, escaped",
        ),
        pytest.param("a@b", WRONG_M, {"m": 1}, "a@b", NO_OVERLOAD, id="under unescapable field name"),
        pytest.param(
            "a@b",
            FAILING_M,
            {"m": 1},
            "a@b",
            'Invalid value: "object": failed rule: self.m == 2',
            id="failing, unescapable",
        ),
    ],
)
def test_rules_at_every_level(name: str, schema: Obj, value: Any, path: str, says: str, has_parent: bool) -> None:
    whole = obj(**{name: schema})
    found = at(with_rule(whole, "1 == 1") if has_parent else whole, {name: value})
    assert len(found) == 1
    assert found[0].startswith(f"{path}: Invalid value: ")
    assert says in found[0]


def said(rule: str, message: str) -> Obj:
    return {RULES: [{"rule": rule, "message": message}]}


NOT_VALUE = {"rule": 'self == "value2" || self != "value"', "message": "must be value2 or not value"}
OF_FIVE = {"rule": "self.size() == 5", "message": "len must be 5"}
BOTH_KEYS = said("self.key == 'value' && self.key2 == 'value2'", "key must be 'value' and key2 must be 'value2'")
DIFFER = said("self.key != self.key2", "key must not be equal to key2")
KEYS = obj(key=STR, key2=STR)
SELECTOR = obj(matchExpressions=many(obj(key=STR, operator=STR, values=many(STR))))


@follows("Custom resources", UPSTREAM + "TestValidationExpressionsAtSchemaLevels")
@pytest.mark.parametrize(
    ("schema", "value", "says"),
    [
        pytest.param(
            {**KEYS, "allOf": [BOTH_KEYS, DIFFER]},
            {"key": "value", "key2": "value"},
            [
                'Invalid value: "object": key must be \'value\' and key2 must be \'value2\'',
                'Invalid value: "object": key must not be equal to key2',
            ],
            id="allOf rule",
        ),
        *(
            pytest.param(with_rule({**KEYS, where: found}, "true"), {"key": "value", "key2": "value"}, [], id=f"{where} rule ignored")
            for where, found in (("anyOf", [BOTH_KEYS, DIFFER]), ("oneOf", [BOTH_KEYS, DIFFER]), ("not", BOTH_KEYS))
        ),
        pytest.param(
            obj(myList=many(STR, allOf=[{"items": {RULES: [OF_FIVE]}}, {"items": {RULES: [NOT_VALUE]}}])),
            {"myList": ["value", "value2"]},
            [
                'myList[0]: Invalid value: "string": must be value2 or not value',
                'myList[1]: Invalid value: "string": len must be 5',
            ],
            id="allOf.items",
        ),
        pytest.param(
            obj(myProperty={**mapped(STR), "allOf": [{"additionalProperties": {RULES: [NOT_VALUE, OF_FIVE]}}]}),
            {"myProperty": {"key": "value", "key2": "value2"}},
            [
                'myProperty[key2]: Invalid value: "string": len must be 5',
                'myProperty[key]: Invalid value: "string": must be value2 or not value',
            ],
            id="allOf.additionalProperties",
        ),
        pytest.param(
            {**KEYS, "allOf": [{"properties": {"key": {RULES: [NOT_VALUE]}, "key2": {RULES: [OF_FIVE]}}}]},
            {"key": "value", "key2": "value2"},
            [
                'key2: Invalid value: "string": len must be 5',
                'key: Invalid value: "string": must be value2 or not value',
            ],
            id="allOf.properties",
        ),
        pytest.param(
            with_rule(SELECTOR, 'self.matchExpressions.all(rule, (rule.operator != "In" && rule.operator != "NotIn") || ((has(rule.values) && size(rule.values) > 0)))'),
            {"matchExpressions": [{"key": "tier", "operator": "In", "values": []}]},
            ["failed rule"],
            id="matchExpressions - values must be specified",
        ),
        pytest.param(
            with_rule(SELECTOR, 'self.matchExpressions.all(rule, size(rule.key) <= 63 && rule.key.matches("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"))'),
            {"matchExpressions": [{"key": "badkey!", "operator": "Exists", "values": []}]},
            ["failed rule"],
            id="matchExpressions - invalid label value",
        ),
    ],
)  # fmt: skip
def test_rules_below_alternatives(schema: Obj, value: Any, says: list[str]) -> None:
    found = sorted(at(schema, value))
    assert len(found) == len(says), found
    assert all(wanted in one for wanted, one in zip(says, found, strict=True)), found


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param(STR, "exists", id="skipped transition rule for nil old primitive"),
        pytest.param(many(STR), [], id="skipped transition rule for nil old array"),
        pytest.param(obj(f=STR), {"f": "exists"}, id="skipped transition rule for nil old object"),
    ],
)
def test_rules_about_a_change_are_skipped_for_what_is_new(schema: Obj, value: Any) -> None:
    whole = obj(it=with_rule(schema, "oldSelf == self && false"))
    assert at(whole, {"it": value}) == []
    assert at(whole, {"it": value}, {"it": None}) == []
    assert len(at(whole, {"it": value}, {"it": value})) <= 1
