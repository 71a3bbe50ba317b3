"""Rules of custom resources about values and what functions make of them, as apiextensions-apiserver's own table evaluates and refuses them."""

from typing import Any

import pytest

from tests.proof.follows import follows
from tests.simulator.extension.rule_schemas import (
    BOOL,
    BYTE,
    DATE,
    DATETIME,
    DOUBLE,
    DURATION,
    FLOAT,
    INT,
    INT32,
    INT64,
    NUM,
    STR,
    UPSTREAM,
    Cases,
    Obj,
    a_set,
    failing,
    holding,
    judged,
    many,
    mapped,
    obj,
    objs,
    same,
    vals,
    with_rule,
)


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


LISTS: dict[str, tuple[Obj, list[Any]]] = {
    "Ints": (INT, [1, 2, 2, 3]),
    "Doubles": (DOUBLE, [1.0, 2.0, 2.0, 3.0]),
    "IntBacked": (DOUBLE, [1, 2, 2, 3]),
    "Durations": (DURATION, ["1s", "1m", "1m", "1h"]),
    "Strings": (STR, ["a", "b", "b", "c"]),
    "Dates": (DATE, ["2000-01-01", "2000-02-01", "2000-02-01", "2010-01-01"]),
}


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
CASES: Cases = {
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
