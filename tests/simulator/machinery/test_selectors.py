"""Label and field selectors: reading, printing, matching, refusing."""

from __future__ import annotations

import pytest

from simulator.machinery import selectors
from simulator.machinery.selectors import SelectorError

WEB = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web,tier=front", True),
        ("app=db", False),
        ("app!=db", True),
        ("absent!=db", True),
        ("tier in (back, front)", True),
        ("tier notin (front)", False),
        ("absent notin (front)", True),
        ("app", True),
        ("!app", False),
        ("!absent", True),
        ("weight>5", True),
        ("weight<5", False),
        ("app in (web),!canary,tier", True),
        ("app=", False),
    ],
)
def test_a_selector_matches_labels(text: str, matches: bool) -> None:
    assert selectors.parse(text).matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
    ],
)
def test_an_unreadable_selector_is_refused_in_upstream_words(text: str, says: str) -> None:
    with pytest.raises(SelectorError) as refused:
        selectors.parse(text)
    assert str(refused.value) == says


def test_a_bad_key_names_the_rule_it_breaks() -> None:
    with pytest.raises(
        SelectorError, match=r'^unable to parse requirement: <nil>: Invalid value: "-x": name part must consist'
    ):
        selectors.parse("-x=y")


def test_a_selector_object_without_conditions_selects_everything_and_an_absent_one_nothing() -> None:
    assert selectors.from_label_selector({}).matches(WEB) is True
    assert selectors.from_label_selector(None).matches(WEB) is False


def test_a_selector_object_and_its_string_form_are_equal() -> None:
    from_object = selectors.from_label_selector(
        {
            "matchLabels": {"tier": "front"},
            "matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}],
        }
    )
    assert str(from_object) == "app in (db,web),tier=front"
    assert selectors.parse(str(from_object)).matches(WEB)


def test_an_unknown_expression_operator_is_refused() -> None:
    with pytest.raises(SelectorError, match=r'^"Seriously" is not a valid label selector operator$'):
        selectors.from_label_selector({"matchExpressions": [{"key": "app", "operator": "Seriously"}]})


def test_field_selectors_compare_texts_and_know_absence() -> None:
    pod = {"metadata": {"name": "a"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}}
    assert selectors.parse_fields("status.phase!=Pending,spec.nodeName=n1").matches(pod)
    assert not selectors.parse_fields("metadata.namespace=default").matches(pod)
    assert selectors.parse_fields("spec.unschedulable=false").matches({"spec": {}})
    assert selectors.parse_fields("spec.nodeName=n1").required("spec.nodeName") == "n1"


def test_a_field_a_resource_cannot_be_selected_by_is_refused() -> None:
    with pytest.raises(SelectorError, match=r"^field label not supported: spec.color$"):
        selectors.check_fields("pods", selectors.parse_fields("spec.color=red"))
    with pytest.raises(SelectorError, match=r'^"spec\.color" is not a known field selector: only "metadata.name"'):
        selectors.check_fields("configmaps", selectors.parse_fields("spec.color=red"))
    with pytest.raises(SelectorError, match=r"^invalid selector: 'foo'; can't understand 'foo'$"):
        selectors.parse_fields("foo")
