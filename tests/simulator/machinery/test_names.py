"""Well-formed names, and what is said about the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.machinery import names


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (names.dns_label, "a-1"),
        (names.dns_subdomain, "a.b-c.d"),
        (names.dns_1035_label, "a1"),
        (names.qualified_name, "example.com/My_name.1"),
        (names.label_value, ""),
        (names.label_value, "A_b.c-1"),
        (names.port_name, "http-2"),
        (names.environment_variable, "my.VAR-1 x"),
        (names.config_key, "app.conf"),
        (names.percent, "25%"),
        (names.ip, "2001:db8::1"),
        (names.cidr, "10.0.0.0/8"),
        (names.wildcard_subdomain, "*.example.com"),
    ],
)
def test_good_names(rule: Callable[[str], list[str]], value: str) -> None:
    assert rule(value) == []


QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@pytest.mark.parametrize(
    ("rule", "value", "says"),
    [
        (names.dns_label, "a" * 64, ["must be no more than 63 characters"]),
        (names.dns_label, "a.b", ["must not contain dots"]),
        (names.qualified_name, "-x", [f"name part {QUALIFIED}"]),
        (names.qualified_name, "a/", ["name part must be non-empty", f"name part {QUALIFIED}"]),
        (names.qualified_name, "/a", ["prefix part must be non-empty"]),
        (
            names.qualified_name,
            "a/b/c",
            [f"a qualified name {QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"],
        ),
        (names.port_name, "-80", ["must contain at least one letter (a-z)", "must not begin or end with a hyphen"]),
        (names.environment_variable, "", ["environment variable name must be non-empty"]),
        (
            names.environment_variable,
            "A=B",
            ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
        ),
        (names.ip, "10.0.0", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        (names.config_key, "..", ["must not be '..'"]),
    ],
)
def test_bad_names(rule: Callable[[str], list[str]], value: str, says: list[str]) -> None:
    assert rule(value) == says
