"""Specs of pods in a snapshot: told once, and shared again when they are taken back."""

import json
from copy import deepcopy
from typing import Any

import msgspec
import pytest

from simulator.machinery.shared_specs import SharedSpecs


def pod(name: str, **spec: Any) -> Any:
    return {"kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [{"name": "web"}], **spec}, "status": {}}


def dumped(pods: list[Any]) -> Any:
    specs = SharedSpecs()
    told = [specs.told(one) for one in pods]
    return msgspec.msgpack.decode(msgspec.msgpack.encode([told, specs.dump()]))


def restored(state: Any) -> list[Any]:
    told, known = state
    specs = SharedSpecs(known)
    return [specs.taken(one) for one in told]


@pytest.mark.parametrize(
    ("pods", "told"),
    [
        pytest.param([pod("a", nodeName="n-1"), pod("b", nodeName="n-2")], 1, id="other nodes"),
        pytest.param([pod("a"), pod("b", nodeName="n-2")], 1, id="no node yet"),
        pytest.param([pod("a", priority=0), pod("b", priority=1)], 2, id="other fields"),
        pytest.param([pod("a", x=1, y=2), pod("b", y=2, x=1)], 2, id="another order of fields"),
        pytest.param(
            [pod("a", nodeName="n-1", x=1), pod("b", nodeName="n-1", x=1)], 0, id="a node before other fields"
        ),
    ],
)
def test_what_is_taken_back_is_what_was_told(pods: list[Any], told: int) -> None:
    state = dumped(pods)
    assert len(state[1]) == told
    assert json.dumps(restored(state)) == json.dumps(pods)


def test_equal_pods_make_equal_bytes_whether_or_not_they_share() -> None:
    one = pod("a", nodeName="n-1")
    sharing = [one, {**one, "metadata": {"name": "b"}}]
    assert dumped(sharing) == dumped(deepcopy(sharing)) == dumped(restored(dumped(sharing)))


def test_pods_of_one_template_share_their_containers_after_a_restore() -> None:
    first, second = restored(dumped([pod("a", nodeName="n-1"), pod("b", nodeName="n-2")]))
    assert first["spec"]["containers"] is second["spec"]["containers"]
