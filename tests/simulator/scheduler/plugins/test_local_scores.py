"""Scores of one node alone: `imagelocality/`, `tainttoleration/`, `nodeaffinity/` of `pkg/scheduler/framework/plugins`."""

from typing import Any

import pytest

from simulator.scheduler.framework import normalize_by_maximum
from simulator.scheduler.plugins.image_locality import ImageLocality
from simulator.scheduler.plugins.node_affinity import NodeAffinity
from simulator.scheduler.plugins.taint_toleration import TaintToleration
from simulator.scheduler.pod_info import pod_info
from tests.proof.follows import follows

Obj = dict[str, Any]
MB = 1024 * 1024
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def a_pod(*images: str, init: tuple[str, ...] = (), **spec: Any) -> Obj:
    def containers(names: tuple[str, ...]) -> list[Obj]:
        return [{"name": f"c{index}", "image": image} for index, image in enumerate(names)]

    return {
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": containers(images), "initContainers": containers(init), **spec},
    }


# ImageLocality


def stored(**sizes: int) -> list[Obj]:
    """`i40=40` is an image of 40 MB with the name reg/40:latest, and with a second one."""
    return [
        {"names": [f"reg/{name[1:]}:latest", f"reg/{name[1:]}:v1"], "sizeBytes": size * MB}
        for name, size in sizes.items()
    ]


FIRST, SECOND = stored(i40=40, i300=300, i2000=2000), stored(i250=250, i10=10)
IMAGES: list[Any] = [
    pytest.param(a_pod("reg/40", "reg/250"), [FIRST, SECOND], [0, 5], id="the larger of two, each on one node"),
    pytest.param(a_pod("reg/40", "reg/300"), [FIRST, SECOND], [7, 0], id="both on one node"),
    pytest.param(a_pod("reg/2000", "reg/10"), [FIRST, SECOND], [49, 0], id="half of a very large one"),
    pytest.param(a_pod("reg/2000", "reg/10"), [FIRST, SECOND, []], [32, 0, 0], id="one more node without images"),
    pytest.param(a_pod("reg/300", init=("reg/40",)), [FIRST, SECOND], [7, 0], id="init containers count"),
    pytest.param(a_pod("reg/2000"), [FIRST, FIRST], [100, 100], id="more than 1000 MB on every node"),
    pytest.param(a_pod("reg/40:v1", "reg/300:v1"), [FIRST, SECOND], [7, 0], id="another name of the same image"),
]


@follows(
    "ImageLocality", "pkg/scheduler/framework/plugins/imagelocality/image_locality_test.go: TestImageLocalityPriority"
)
@pytest.mark.parametrize(("pod", "images", "wanted"), IMAGES)
def test_image_locality(scores: Any, view: Any, pod: Obj, images: list[list[Obj]], wanted: list[int]) -> None:
    world = view({})
    for number, found in enumerate(images):
        world.put_node({"kind": "Node", "metadata": {"name": str(number)}, "status": {"images": found}})
    assert list(scores(ImageLocality(), pod_info(pod), world).values()) == wanted


DIGEST = "root@sha256:" + "4" * 64


@follows(
    "ImageLocality", "pkg/scheduler/framework/plugins/imagelocality/image_locality_test.go: TestNormalizedImageName"
)
@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("root", "root:latest"),
        ("reg:5000/root", "reg:5000/root:latest"),
        ("root:tag", "root:tag"),
        (DIGEST, DIGEST),
    ],
    ids=["no tag", "no tag, a registry with a port", "a tag", "a digest"],
)
def test_names_of_images_are_completed(image: str, name: str) -> None:
    assert pod_info(a_pod(image)).images == (name,)


# TaintToleration


def taint(key: str, value: str, effect: str = "PreferNoSchedule") -> Obj:
    return {"key": key, "value": value, "effect": effect}


def tolerating(*pairs: tuple[str, str], effect: str = "PreferNoSchedule") -> Obj:
    return a_pod("i", tolerations=[{"key": k, "operator": "Equal", "value": v, "effect": effect} for k, v in pairs])


CPU, DISK = taint("cpu-type", "arm64"), taint("disk-type", "ssd")
TAINTS: list[Any] = [
    pytest.param(
        tolerating(("foo", "bar")),
        {"a": [taint("foo", "bar")], "b": [taint("foo", "blah")]},
        {"a": 100, "b": 0},
        id="the node whose taint it tolerates",
    ),
    pytest.param(
        tolerating(("cpu-type", "arm64"), ("disk-type", "ssd")),
        {"a": [], "b": [CPU], "c": [CPU, DISK]},
        {"a": 100, "b": 100, "c": 100},
        id="taints that are all tolerated do not matter",
    ),
    pytest.param(
        tolerating(("foo", "bar")),
        {"a": [], "b": [CPU], "c": [CPU, DISK]},
        {"a": 100, "b": 50, "c": 0},
        id="the more taints the worse",
    ),
    pytest.param(
        tolerating(("cpu-type", "arm64"), ("disk-type", "ssd"), effect="NoSchedule"),
        {"a": [], "b": [taint("cpu-type", "arm64", "NoSchedule")], "c": [CPU, DISK]},
        {"a": 100, "b": 100, "c": 0},
        id="only taints and tolerations of PreferNoSchedule count",
    ),
    pytest.param(a_pod("i"), {"a": [], "b": [CPU]}, {"a": 100, "b": 0}, id="no tolerations at all"),
    pytest.param(
        a_pod("i", tolerations=[{"key": "cpu-type", "operator": "Exists"}]),
        {"a": [], "b": [CPU]},
        {"a": 100, "b": 100},
        id="a toleration without an effect tolerates every effect",
    ),
]


@follows(
    "TaintToleration",
    "pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go: TestTaintTolerationScore",
)
@pytest.mark.parametrize(("pod", "taints", "wanted"), TAINTS)
def test_taint_toleration(
    scores: Any, view: Any, pod: Obj, taints: dict[str, list[Obj]], wanted: dict[str, int]
) -> None:
    world = view({name: {} for name in taints}, taints=taints)
    assert scores(TaintToleration(), pod_info(pod), world) == wanted


# NodeAffinity


def preferring(*terms: tuple[int, dict[str, list[str]]]) -> Obj:
    found = [
        {
            "weight": weight,
            "preference": {
                "matchExpressions": [{"key": key, "operator": "In", "values": values} for key, values in wanted.items()]
            },
        }
        for weight, wanted in terms
    ]
    return a_pod("i", affinity={"nodeAffinity": {PREFERRED: found}})


NODES = {
    "1": {"foo": "bar"},
    "2": {"key": "value"},
    "3": {"az": "az1"},
    "5": {"foo": "bar", "key": "value", "az": "az1"},
}
TWO = preferring((2, {"foo": ["bar"]}))
FOUR = preferring(
    (2, {"foo": ["bar"]}), (4, {"key": ["value"]}), (5, {"foo": ["bar"], "key": ["value"], "az": ["az1"]})
)
PREFERENCES: list[Any] = [
    pytest.param(a_pod("i"), ["1", "2", "3"], None, id="no preference: no say"),
    pytest.param(preferring((2, {"no": ["where"]})), ["1", "2", "3"], {"1": 0, "2": 0, "3": 0}, id="nobody matches"),
    pytest.param(TWO, ["1", "2", "3"], {"1": 100, "2": 0, "3": 0}, id="one node matches"),
    pytest.param(FOUR, ["1", "5", "2"], {"1": 18, "5": 100, "2": 36}, id="weights add up"),
]


@follows("NodeAffinity", "pkg/scheduler/framework/plugins/nodeaffinity/node_affinity_test.go: TestNodeAffinityPriority")
@pytest.mark.parametrize(("pod", "names", "wanted"), PREFERENCES)
def test_node_affinity(scores: Any, view: Any, pod: Obj, names: list[str], wanted: dict[str, int] | None) -> None:
    assert scores(NodeAffinity(), pod_info(pod), view({name: NODES[name] for name in names})) == wanted


@pytest.mark.parametrize(
    ("scores_before", "reverse", "wanted"),
    [
        ([1, 2, 3, 4], False, [25, 50, 75, 100]),
        ([1, 2, 3, 4], True, [75, 50, 25, 0]),
        ([1000, 10, 20, 30], False, [100, 1, 2, 3]),
        ([1000, 10, 20, 30], True, [0, 99, 98, 97]),
        ([1, 1, 1, 1], False, [100, 100, 100, 100]),
        ([1, 1, 1, 1], True, [0, 0, 0, 0]),
        ([0, 0], False, [0, 0]),
        ([0, 0], True, [100, 100]),
    ],
)
def test_scaling_by_the_highest_score(scores_before: list[int], reverse: bool, wanted: list[int]) -> None:
    """`pkg/scheduler/framework/plugins/helper/normalize_score_test.go`."""
    assert normalize_by_maximum(scores_before, reverse=reverse) == wanted
