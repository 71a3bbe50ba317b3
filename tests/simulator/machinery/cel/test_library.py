"""Kubernetes' CEL functions, with the examples of https://kubernetes.io/docs/reference/using-api/cel/."""

import pytest

from simulator.machinery.expressions import ExpressionError, evaluate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("quantity('1Gi').isGreaterThan(quantity('500Mi'))", True),
        ("quantity('50k').compareTo(quantity('50000'))", 0),
        ("quantity('1Gi') == quantity('1024Mi')", True),
        ("quantity('50k').add(quantity('20k')) == quantity('70k')", True),
        ("quantity('50k').sub(20000) == quantity('30k')", True),
        ("quantity('50k').asInteger()", 50_000),
        ("isQuantity('1.3Gi') && !isQuantity('200K ')", True),
        ("[1, 2, 3].isSorted() && ![2, 1].isSorted()", True),
        ("[1, 3].sum() == 4 && [1, 3].max() == 3 && [1, 3].min() == 1", True),
        ("['a', 'b', 'b'].indexOf('b') == 1 && ['a', 'b', 'b'].lastIndexOf('b') == 2", True),
        ("'abc 123'.find('[0-9]+')", "123"),
        ("'123 abc 456'.findAll('[0-9]+', 1)", ["123"]),
        ("url('https://example.com:80/path?k=a').getHost()", "example.com:80"),
        ("url('https://example.com:80/path').getHostname()", "example.com"),
        ("url('https://example.com/path?k=a&k=b').getQuery()['k'] == ['a', 'b']", True),
        ("isURL('https://a') && !isURL('a b')", True),
        ("ip('127.0.0.1').family() == 4 && ip('::1').isLoopback()", True),
        ("isIP('10.0.0.1') && !isIP('10.0.0.300')", True),
        ("cidr('192.168.0.0/24').containsIP('192.168.0.1')", True),
        ("cidr('192.168.0.0/24').containsCIDR('192.168.0.128/25')", True),
        ("cidr('192.168.0.1/24').masked() == cidr('192.168.0.0/24')", True),
        ("cidr('192.168.0.0/24').prefixLength()", 24),
        ("sets.contains(['a', 'b'], ['a'])", True),
        ("sets.equivalent([1, 2], [2, 1, 1]) && sets.intersects([1], [1, 2])", True),
        ("'Hello'.lowerAscii() + ' x '.trim() + 'a'.upperAscii()", "helloxA"),
        ("'a,b'.split(',').join('-')", "a-b"),
        ("'hello hello'.replace('he', 'we', 1)", "wello hello"),
        ("'tacocat'.substring(4)", "cat"),
        ("'%s has %d'.format([dyn('a'), dyn(2)])", "a has 2"),
        ("'hello'.contains('ell')", True),
    ],
)
def test_functions_answer_as_documented(expression: str, value: object) -> None:
    assert evaluate(expression, {}) == value


def test_a_wrong_quantity_is_an_error() -> None:
    with pytest.raises(ExpressionError, match="quantities must match the regular expression"):
        evaluate("quantity('ten').isLessThan(quantity('1'))", {})


def test_fields_of_objects_are_given_to_functions() -> None:
    container = {"resources": {"limits": {"memory": "2Gi"}}}
    rule = "object.spec.containers.all(c, quantity(c.resources.limits.memory).isLessThan(quantity('1Gi')))"
    assert evaluate(rule, {"object": {"spec": {"containers": [container]}}}) is False


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.5", "0.5"),
        ("100000.0", "100000"),
        ("1000000.0", "1e+06"),
        ("1234567.5", "1.2345675e+06"),
        ("0.0001", "0.0001"),
        ("0.00001", "1e-05"),
        ("-2.5e-7", "-2.5e-07"),
        ("1e100", "1e+100"),
        ("1.0 / 3.0", "0.3333333333333333"),
        ("1.0 / 0.0", "+Inf"),
    ],
)
def test_a_double_is_written_as_go_does(value: str, text: str) -> None:
    """`common/types/double.go: ConvertToType` (`%g`)."""
    assert evaluate(f"string({value})", {}) == text


@pytest.mark.parametrize("expression", ["uint(-0.5)", "-9223372036854775808 % -1", "-9223372036854775808 / -1"])
def test_what_does_not_fit_is_an_error(expression: str) -> None:
    """`common/types/overflow.go`."""
    with pytest.raises(ExpressionError, match="overflow"):
        evaluate(expression, {})
