"""Label keys of affinity terms, as `pkg/registry/core/pod/strategy_test.go` has them."""

from typing import Any

import pytest

from simulator.apiserver import label_keys

Obj = dict[str, Any]
SELECTOR = {"matchLabels": {"foo": "bar"}}
LABELS = {"country": "Japan", "city": "Kyoto"}


def term(**more: Any) -> Obj:
    return {"topologyKey": "zone", "labelSelector": SELECTOR, **more}


def asks(key: str, operator: str, value: str) -> Obj:
    return {"key": key, "operator": operator, "values": [value]}


CASES: list[Any] = [
    pytest.param(term(), term(), id="no keys"),
    pytest.param(
        term(matchLabelKeys=["country"]),
        term(
            matchLabelKeys=["country"],
            labelSelector={**SELECTOR, "matchExpressions": [asks("country", "In", "Japan")]},
        ),
        id="a key to match",
    ),
    pytest.param(
        term(mismatchLabelKeys=["city"]),
        term(
            mismatchLabelKeys=["city"],
            labelSelector={**SELECTOR, "matchExpressions": [asks("city", "NotIn", "Kyoto")]},
        ),
        id="a key to differ in",
    ),
    pytest.param(
        term(matchLabelKeys=["country", "absent"], mismatchLabelKeys=["city"]),
        term(
            matchLabelKeys=["country", "absent"],
            mismatchLabelKeys=["city"],
            labelSelector={
                **SELECTOR,
                "matchExpressions": [asks("country", "In", "Japan"), asks("city", "NotIn", "Kyoto")],
            },
        ),
        id="both, and a key that the pod has no label for",
    ),
    pytest.param(
        {"topologyKey": "zone", "matchLabelKeys": ["country"]},
        {"topologyKey": "zone", "matchLabelKeys": ["country"]},
        id="without a selector nothing is meant, and nothing changes",
    ),
]


@pytest.mark.parametrize(("before", "after"), CASES)
@pytest.mark.parametrize("part", ["podAffinity", "podAntiAffinity"])
def test_keys_become_requirements(part: str, before: Obj, after: Obj) -> None:
    def affinity(one: Obj) -> Obj:
        return {
            part: {
                "requiredDuringSchedulingIgnoredDuringExecution": [one],
                "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": one}],
            }
        }

    picked = label_keys.picked({"affinity": affinity(before)}, LABELS)
    assert label_keys.merged(affinity(before), picked) == affinity(after)
