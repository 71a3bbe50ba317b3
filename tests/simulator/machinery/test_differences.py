"""Differences name every field that differs, once, by the names of list entries; values are found again by their path."""

from typing import Any

import pytest

from simulator.machinery.differences import differences, leaves, value_at

POD: dict[str, Any] = {
    "metadata": {"name": "web", "labels": {"app": "web", "example.com/tier": "front"}},
    "spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "args": ["-v", "2"]}]},
}


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        pytest.param({"a": 1}, {"a": 1}, [], id="the same"),
        pytest.param({"a": 1}, {"a": 2, "b": 3}, [("a", 1, 2), ("b", None, 3)], id="changed and new"),
        pytest.param(
            {"c": [{"name": "x", "v": 1}]},
            {"c": [{"name": "y", "v": 2}, {"name": "x", "v": 1}]},
            [("c[y]", None, {"name": "y", "v": 2})],
            id="an entry put in front",
        ),
        pytest.param({"a": ["x"]}, {"a": ["x", "y"]}, [("a[1]", None, "y")], id="a list of texts"),
        pytest.param(None, {"a": 1}, [("", None, {"a": 1})], id="a new object"),
        pytest.param({"m": {"a.b/c": "1"}}, {"m": {}}, [('m["a.b/c"]', "1", None)], id="a key with dots"),
    ],
)
def test_differences(before: Any, after: Any, found: list[tuple[str, Any, Any]]) -> None:
    assert [tuple(one) for one in differences(before, after)] == found


def test_every_leaf_is_found_again_at_its_path() -> None:
    paths = dict(leaves(POD))
    assert paths["spec.containers[a].image"] == "x:1"
    assert paths['metadata.labels["example.com/tier"]'] == "front"
    assert paths["spec.containers[b].args[1]"] == "2"
    assert {path: value_at(POD, path) for path in paths} == paths


@pytest.mark.parametrize(
    "path", ["spec.nothing", "spec.containers[c].image", "metadata.name.first", "spec.containers[b].args[7]"]
)
def test_a_path_to_nowhere_has_no_value(path: str) -> None:
    assert value_at(POD, path) is None
