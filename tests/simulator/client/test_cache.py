"""The read side of a process: what it answers does not depend on when it was first asked."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.client import Cache

Ask = Callable[[Cache], list[str]]


def pod(name: str, *, owner: str = "", node: str = "", namespace: str = "default") -> Any:
    owners = [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}] if owner else []
    metadata = {"name": name, "namespace": namespace, "ownerReferences": owners, "labels": {"app": owner or "none"}}
    return {"metadata": metadata, "spec": {"nodeName": node} if node else {}}


QUESTIONS = [
    pytest.param(lambda cache: names(cache.list("pods", "default")), ["a", "c", "e"], id="of a namespace"),
    pytest.param(lambda cache: names(cache.owned("pods", "web")), ["a", "c"], id="of an owner"),
    pytest.param(lambda cache: [str(cache.owned_count("pods", "db"))], ["1"], id="how many of an owner"),
    pytest.param(lambda cache: names(cache.on_node("node-1")), ["c", "d"], id="on a node"),
    pytest.param(lambda cache: names(cache.select("pods", "default", {"app": "web"})), ["a", "c"], id="with a label"),
]


def names(objects: Any) -> list[str]:
    return [one["metadata"]["name"] for one in objects]


def changes(cache: Cache) -> None:
    for one in (
        pod("c", owner="web"),
        pod("a", owner="db"),
        pod("b", owner="web"),
        pod("d", node="node-1", namespace="other"),
        pod("c", owner="web", node="node-1"),
        pod("a", owner="web", node="node-2"),
    ):
        cache.apply("pods", (one["metadata"]["namespace"], one["metadata"]["name"]), one)
    cache.apply("pods", ("default", "b"), None)
    cache.apply("pods", ("default", "e"), pod("e", owner="db"))


@pytest.mark.parametrize(("ask", "wanted"), QUESTIONS)
def test_an_index_that_was_asked_for_late_knows_what_came_before(ask: Ask, wanted: list[str]) -> None:
    cache = Cache()
    changes(cache)
    assert ask(cache) == wanted


@pytest.mark.parametrize(("ask", "wanted"), QUESTIONS)
def test_an_index_that_was_asked_for_early_hears_of_every_change(ask: Ask, wanted: list[str]) -> None:
    cache = Cache()
    ask(cache)
    changes(cache)
    assert ask(cache) == wanted


@pytest.mark.parametrize(("ask", "wanted"), QUESTIONS)
def test_an_index_follows_a_list(ask: Ask, wanted: list[str]) -> None:
    before, after = Cache(), Cache()
    changes(before)
    ask(after)
    after.fill("pods", [(("default", one["metadata"]["name"]), one) for one in before.list("pods", "default")])
    after.apply("pods", ("other", "d"), pod("d", node="node-1", namespace="other"))
    assert ask(after) == wanted
