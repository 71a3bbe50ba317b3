"""Thresholds of eviction: how they are written, when they are met, and in which order pods go.

Cases of `pkg/kubelet/eviction/helpers_test.go` (1.33).
"""

from typing import Any

import pytest

from simulator.node.eviction_ranking import Candidate, ContainerUse, message, ranked
from simulator.node.eviction_thresholds import (
    ALLOCATABLE_MEMORY,
    DEFAULT_HARD,
    IMAGE_FS,
    MEMORY,
    NODE_FS,
    Amount,
    Observation,
    Threshold,
    ThresholdError,
    met,
    percentage,
    thresholds,
)
from tests.proof.follows import follows

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
HALF_MINUTE = 30_000_000


def part(text: str) -> Amount:
    return Amount(part=percentage(text))


@follows("Eviction", "pkg/kubelet/eviction/helpers_test.go: TestParseThresholdConfig, TestAddAllocatableThresholds")
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param(({},), [], id="no values"),
        pytest.param(
            ({MEMORY: "150Mi"}, {MEMORY: "300Mi"}, {MEMORY: "30s"}, {MEMORY: "0"}),
            [
                Threshold(MEMORY, Amount(150 * MIB)),
                Threshold(MEMORY, Amount(300 * MIB), HALF_MINUTE),
                Threshold(ALLOCATABLE_MEMORY, Amount(150 * MIB)),
            ],
            id="all values",
        ),
        pytest.param(
            ({MEMORY: "10%"}, {MEMORY: "30%"}, {MEMORY: "30s"}, {MEMORY: "5%"}),
            [
                Threshold(MEMORY, part("10%"), 0, part("5%")),
                Threshold(MEMORY, part("30%"), HALF_MINUTE, part("5%")),
                Threshold(ALLOCATABLE_MEMORY, part("10%"), 0, part("5%")),
            ],
            id="all values in percent",
        ),
        pytest.param(({MEMORY: "0%"}, {MEMORY: "0%"}, {MEMORY: "30s"}, {}), [], id="nothing of 0%"),
        pytest.param(({MEMORY: "100%"},), [], id="nothing of 100%"),
        pytest.param(
            (
                {IMAGE_FS: "150Mi", NODE_FS: "100Mi"},
                {IMAGE_FS: "300Mi", NODE_FS: "200Mi"},
                {IMAGE_FS: "30s", NODE_FS: "30s"},
                {IMAGE_FS: "2Gi", NODE_FS: "1Gi"},
            ),
            [
                Threshold(IMAGE_FS, Amount(150 * MIB), 0, Amount(2 * GIB)),
                Threshold(NODE_FS, Amount(100 * MIB), 0, Amount(GIB)),
                Threshold(IMAGE_FS, Amount(300 * MIB), HALF_MINUTE, Amount(2 * GIB)),
                Threshold(NODE_FS, Amount(200 * MIB), HALF_MINUTE, Amount(GIB)),
            ],
            id="disk",
        ),
        pytest.param(
            ({IMAGE_FS: "15%", NODE_FS: "10.5%"}, {NODE_FS: "20.5%"}, {NODE_FS: "30s"}, {NODE_FS: "5%"}),
            [
                Threshold(IMAGE_FS, part("15%")),
                Threshold(NODE_FS, part("10.5%"), 0, part("5%")),
                Threshold(NODE_FS, part("20.5%"), HALF_MINUTE, part("5%")),
            ],
            id="disk in percent",
        ),
        pytest.param(
            ({"pid.available": "100", "nodefs.inodesFree": "5%"},),
            [Threshold("nodefs.inodesFree", part("5%")), Threshold("pid.available", Amount(100))],
            id="inodes and processes",
        ),
    ],
)
def test_thresholds_as_they_are_written(given: tuple[Any, ...], wanted: list[Threshold]) -> None:
    assert thresholds(*given) == wanted


@follows("Eviction", "pkg/kubelet/eviction/helpers_test.go: TestParseThresholdConfig, TestParsePercentage")
@pytest.mark.parametrize(
    ("given", "why"),
    [
        pytest.param(({"mem.available": "150Mi"},), "unsupported eviction signal mem.available", id="no such signal"),
        pytest.param(
            ({MEMORY: "150Mi", "invalid.foo": "150Mi"},), "unsupported eviction signal invalid.foo", id="one of two"
        ),
        pytest.param(
            ({MEMORY: "-150Mi"},), "eviction threshold memory.available must be positive: -150Mi", id="negative"
        ),
        pytest.param(({MEMORY: "0"},), "eviction threshold memory.available must be positive: 0", id="zero"),
        pytest.param(
            ({MEMORY: "-15%"},),
            "eviction percentage threshold memory.available must be >= 0%: -15%",
            id="negative percent",
        ),
        pytest.param(
            ({MEMORY: "150%"},), "eviction percentage threshold memory.available must be <= 100%: 150%", id="too much"
        ),
        pytest.param(
            ({}, {MEMORY: "-150Mi"}, {MEMORY: "30s"}),
            "eviction threshold memory.available must be positive: -150Mi",
            id="soft and negative",
        ),
        pytest.param(
            ({}, {MEMORY: "150Mi"}),
            "grace period must be specified for the soft eviction threshold memory.available",
            id="soft without a period",
        ),
        pytest.param(
            ({}, {MEMORY: "150Mi"}, {MEMORY: "-30s"}),
            "invalid eviction grace period specified: -30s, must be a positive value",
            id="a negative period",
        ),
        pytest.param(
            ({}, {}, {"mem.available": "30s"}), "unsupported eviction signal mem.available", id="a period of no signal"
        ),
        pytest.param(
            ({}, {}, {}, {MEMORY: "-300Mi"}),
            "negative eviction minimum reclaim specified for memory.available",
            id="a negative reclaim",
        ),
        pytest.param(
            ({}, {}, {}, {MEMORY: "-15%"}),
            "eviction percentage minimum reclaim memory.available must be positive: -15%",
            id="a negative reclaim in percent",
        ),
        pytest.param(({MEMORY: "foo%"},), 'strconv.ParseFloat: parsing "foo": invalid syntax', id="no number"),
    ],
)
def test_thresholds_that_are_refused(given: tuple[Any, ...], why: str) -> None:
    with pytest.raises(ThresholdError) as refusal:
        thresholds(*given)
    assert str(refusal.value) == why


HARD = Threshold(MEMORY, Amount(GIB), 0, Amount(500 * MIB))
PARTS = [Threshold(MEMORY, part("20%"), 0, part("5%")), Threshold(NODE_FS, part("30%"))]


@follows("Eviction", "pkg/kubelet/eviction/helpers_test.go: TestThresholdsMet, TestPercentageThresholdsMet")
@pytest.mark.parametrize(
    ("some", "seen", "with_reclaim", "wanted"),
    [
        pytest.param([], {}, False, [], id="nothing"),
        pytest.param([HARD], {}, False, [], id="nothing seen"),
        pytest.param([HARD], {MEMORY: Observation(500 * MIB, 0)}, False, [HARD], id="met"),
        pytest.param([HARD], {MEMORY: Observation(2 * GIB, 0)}, False, [], id="not met"),
        pytest.param([HARD], {MEMORY: Observation(GIB, 0)}, False, [], id="as much as it says"),
        pytest.param([HARD], {MEMORY: Observation(1075 * MIB, 0)}, True, [HARD], id="less than reclaim asks for"),
        pytest.param([HARD], {MEMORY: Observation(2 * GIB, 0)}, True, [], id="more than reclaim asks for"),
        pytest.param(
            PARTS,
            {MEMORY: Observation(100 * MIB, 1000 * MIB), NODE_FS: Observation(100 * GIB, 1000 * GIB)},
            False,
            PARTS,
            id="percent: both",
        ),
        pytest.param(
            PARTS,
            {MEMORY: Observation(300 * MIB, 1000 * MIB), NODE_FS: Observation(400 * GIB, 1000 * GIB)},
            False,
            [],
            id="percent: none",
        ),
        pytest.param(
            PARTS,
            {MEMORY: Observation(300 * MIB, 1000 * MIB), NODE_FS: Observation(100 * GIB, 1000 * GIB)},
            False,
            PARTS[1:],
            id="percent: disk",
        ),
        pytest.param(
            PARTS,
            {MEMORY: Observation(100 * MIB, 1000 * MIB), NODE_FS: Observation(400 * GIB, 1000 * GIB)},
            False,
            PARTS[:1],
            id="percent: memory",
        ),
        pytest.param(
            PARTS,
            {MEMORY: Observation(225 * MIB, 1000 * MIB)},
            True,
            PARTS[:1],
            id="percent: less than reclaim asks for",
        ),
        pytest.param(PARTS, {MEMORY: Observation(300 * MIB, 1000 * MIB)}, True, [], id="percent: reclaimed"),
    ],
)
def test_thresholds_that_are_met(
    some: list[Threshold], seen: dict[str, Observation], with_reclaim: bool, wanted: list[Threshold]
) -> None:
    assert met(some, seen, with_reclaim=with_reclaim) == wanted


@follows(
    "Eviction", "pkg/kubelet/eviction/api/types.go: GetThresholdQuantity", "pkg/kubelet/eviction/defaults_linux.go"
)
@pytest.mark.parametrize(
    ("signal", "capacity", "wanted"),
    [
        pytest.param(MEMORY, 8 * GIB, 100 * MIB, id="memory"),
        pytest.param(NODE_FS, 62_725_623_808, 6_272_562_474, id="a tenth of the disk"),
        pytest.param(IMAGE_FS, 62_725_623_808, 9_408_843_945, id="15 percent where images are"),
    ],
)
def test_how_much_a_default_threshold_is(signal: str, capacity: int, wanted: int) -> None:
    """A percentage is a float32, and the quantity that is told shows it."""
    assert next(one for one in thresholds(DEFAULT_HARD) if one.signal == signal).amount.of(capacity) == wanted


def some(*pods: tuple[str, int, int | None, int]) -> list[Candidate]:
    return [
        Candidate(name, priority, None if used is None else used * MIB, requested * MIB)
        for name, priority, used, requested in pods
    ]


@follows(
    "Eviction",
    "pkg/kubelet/eviction/helpers_test.go: TestOrderedByMemory, TestOrderedByPriorityMemory, TestOrderedByExceedsRequestMemory, "
    "TestOrderedByExceedsRequestDisk, TestOrderedbyPriorityDisk",
    "pkg/kubelet/eviction/helpers.go: rankMemoryPressure, rankDiskPressureFunc",
)
@pytest.mark.parametrize(
    ("pods", "wanted"),
    [
        pytest.param(
            some(
                ("best-effort-high", 0, 500, 0),
                ("best-effort-low", 0, 300, 0),
                ("burstable-high", 0, 800, 100),
                ("burstable-low", 0, 300, 100),
                ("guaranteed-high", 0, 800, 1024),
                ("guaranteed-low", 0, 200, 1024),
            ),
            "burstable-high best-effort-high best-effort-low burstable-low guaranteed-high guaranteed-low",
            id="by use above requests",
        ),
        pytest.param(
            some(
                ("above-requests-low-priority-high-usage", -1, 900, 100),
                ("above-requests-low-priority-low-usage", -1, 120, 100),
                ("above-requests-high-priority-high-usage", 1, 900, 100),
                ("above-requests-high-priority-low-usage", 1, 120, 100),
                ("below-requests-low-priority-high-usage", -1, 900, 1024),
                ("below-requests-low-priority-low-usage", -1, 100, 1024),
                ("below-requests-high-priority-high-usage", 1, 900, 1024),
                ("below-requests-high-priority-low-usage", 1, 100, 1024),
            ),
            "above-requests-low-priority-high-usage above-requests-low-priority-low-usage "
            "above-requests-high-priority-high-usage above-requests-high-priority-low-usage "
            "below-requests-low-priority-high-usage below-requests-low-priority-low-usage "
            "below-requests-high-priority-high-usage below-requests-high-priority-low-usage",
            id="beyond requests, then priority, then use",
        ),
        pytest.param(some(("below", 0, 100, 200), ("exceeds", 0, 300, 200)), "exceeds below", id="beyond its request"),
        pytest.param(some(("low", 1, 100, 0), ("high", 2, 900, 0)), "low high", id="by priority"),
        pytest.param(
            some(("running", -5, 900, 0), ("pending", 10, None, 0)), "pending running", id="nothing is known of one"
        ),
        pytest.param(
            some(("b", 0, None, 0), ("a", 0, None, 0), ("c", -1, None, 0)), "c a b", id="nothing is known of any"
        ),
        pytest.param(
            some(("exactly", 0, 200, 200), ("more", 9, 201, 200)), "more exactly", id="as much as it asked for"
        ),
    ],
)
def test_the_order_in_which_pods_go(pods: list[Candidate], wanted: str) -> None:
    assert [pod.name for pod in ranked(pods)] == wanted.split()
    assert [pod.name for pod in ranked(reversed(pods))] == wanted.split()


@follows("Eviction", "pkg/kubelet/eviction/helpers_test.go: TestEvictionMessage, TestEvictonMessageWithResourceResize")
@pytest.mark.parametrize(
    ("resource", "containers", "wanted"),
    [
        pytest.param(
            "memory",
            [("foo", 200 * KIB, "100Ki")],
            "Container foo was using 200Ki, request is 100Ki, has larger consumption of memory. ",
            id="one",
        ),
        pytest.param(
            "memory",
            [("normal-container", 400 * KIB, "300Ki"), ("init-container", 150 * KIB, "200Ki")],
            "Container normal-container was using 400Ki, request is 300Ki, has larger consumption of memory. ",
            id="one of two",
        ),
        pytest.param(
            "memory",
            [("container1", 150 * MIB, "100Mi"), ("container2", 350 * MIB, "300Mi")],
            "Container container1 was using 150Mi, request is 100Mi, has larger consumption of memory. "
            "Container container2 was using 350Mi, request is 300Mi, has larger consumption of memory. ",
            id="both",
        ),
        pytest.param("memory", [("within", 50 * MIB, "100Mi")], "", id="within its request"),
        pytest.param("memory", [], "", id="nothing is known of it"),
        pytest.param(
            "ephemeral-storage",
            [("big", 3 * GIB + 5, "0")],
            "Container big was using 3Gi, request is 0, has larger consumption of ephemeral-storage. ",
            id="disk",
        ),
    ],
)
def test_what_is_said_of_an_evicted_pod(resource: str, containers: list[tuple[str, int, str]], wanted: str) -> None:
    said = message(resource, 100 * MIB, 5 * MIB + 7, (ContainerUse(*one) for one in containers))
    head = f"The node was low on resource: {resource}. Threshold quantity: 100Mi, available: 5Mi. "
    assert said == head + wanted
