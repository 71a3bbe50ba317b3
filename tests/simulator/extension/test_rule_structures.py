"""Rules of custom resources about lists, maps, objects and their fields, as apiextensions-apiserver's own table evaluates and refuses them."""

import pytest

from tests.proof.follows import follows
from tests.simulator.extension.rule_schemas import (
    INT,
    INT_OR_STR,
    KEEPS,
    STR,
    UPSTREAM,
    Cases,
    Obj,
    a_map,
    a_set,
    failing,
    holding,
    judged,
    many,
    mapped,
    nullable,
    obj,
    objs,
    same,
    vals,
    with_rule,
)

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


ESCAPED = escaped()
CASES: Cases = {
    "lists": (
        vals(many(INT), many(INT)),
        objs([1, 2, 3], [1, 2, 3]),
        [
            same("[1, 2, 3]", "val1", "val2"), "1 in self.val1", "self.val2[0] in self.val1", "!(0 in self.val1)",
            "self.val1 + self.val2 == [1, 2, 3, 1, 2, 3]", "self.val1 + [4, 5] == [1, 2, 3, 4, 5]",
        ],
        {"[1, 'a', false].filter(x, string(x) == 'a')": "compilation failed: ERROR: <input>:1:5: expected type 'int' but found 'string'"},
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
}  # fmt: skip


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(("name", "rule"), holding(CASES))
def test_rules_that_hold(name: str, rule: str) -> None:
    schema, value = CASES[name][:2]
    assert judged(with_rule(schema, rule), value) == []


@follows("Custom resources", UPSTREAM + "TestValidationExpressions")
@pytest.mark.parametrize(("name", "rule"), failing(CASES))
def test_rules_that_fail(name: str, rule: str) -> None:
    schema, value, _, errors = CASES[name]
    found = judged(with_rule(schema, rule), value)
    assert len(found) == 1
    assert errors[rule] in found[0]
    assert ": Invalid value: " in found[0]
