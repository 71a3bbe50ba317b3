"""The arithmetic of the recommender: the cases of kubernetes/autoscaler's own tests, and what a look from time to time must not lose."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.addons.vertical_pod_autoscaler.histogram import CPU, MEMORY, MINUTE_US, Buckets, Histogram
from simulator.addons.vertical_pod_autoscaler.observed import DAY_US, Container, Observed
from simulator.addons.vertical_pod_autoscaler.recommendation import MOST, bounds, cut, multiplier, settled_us
from tests.proof.follows import follows

UTIL = "kubernetes/autoscaler/vertical-pod-autoscaler/pkg/recommender/util"
MODEL = "kubernetes/autoscaler/vertical-pod-autoscaler/pkg/recommender/model"
LOGIC = "kubernetes/autoscaler/vertical-pod-autoscaler/pkg/recommender/logic"
HOUR_US = 3_600_000_000
START = 1_234_567_890_000_000
MIB = 1 << 20


class Linear(Buckets):
    """Buckets of one, as upstream's tests have them: easier to read."""

    @property
    def number(self) -> int:
        return 11

    def find(self, value: float) -> int:
        return min(int(value), 10)

    def start(self, bucket: int) -> float:
        return float(bucket)


LINEAR = Linear(1.0, 10.0)


@follows("Vertical Pod Autoscaler", f"{UTIL}/histogram_options_test.go: TestExponentialHistogramOptions")
def test_buckets_grow_by_their_ratio() -> None:
    buckets = Buckets(40.0, 500.0, 1.5)
    assert buckets.number == 6
    assert [buckets.start(bucket) for bucket in range(6)] == [0.0, 40.0, 100.0, 190.0, 325.0, 527.5]
    assert [buckets.find(value) for value in (-1.0, 39.99, 40.0, 100.0, 900.0)] == [0, 0, 1, 2, 5]
    assert (CPU.number, MEMORY.number) == (176, 176)


@follows("Vertical Pod Autoscaler", f"{UTIL}/histogram_test.go: TestPercentiles, TestPercentilesEmptyHistogram")
@pytest.mark.parametrize(
    ("share", "value"),
    [
        pytest.param(*each, id=str(each[0]))
        for each in [
            *((0.0, 2), (0.1, 2), (0.2, 3), (0.3, 3), (0.4, 4), (0.5, 4)),
            *((0.6, 4), (0.7, 5), (0.8, 5), (0.9, 5), (1.0, 5)),
        ]
    ],
)
def test_a_percentile_is_the_end_of_its_bucket(share: float, value: float) -> None:
    histogram = Histogram(LINEAR, HOUR_US)
    assert histogram.percentile(share) == 0.0
    for number in range(1, 5):
        histogram.add(number, number, START)
    assert histogram.percentile(share) == value


@follows("Vertical Pod Autoscaler", f"{UTIL}/histogram_test.go: TestPercentileOutOfBounds, TestEmptyHistogram")
def test_the_ends_of_a_histogram() -> None:
    histogram = Histogram(LINEAR, HOUR_US)
    histogram.add(1, 0.1, START)
    histogram.add(2, 0.2, START)
    assert (histogram.percentile(-0.1), histogram.percentile(1.1)) == (2.0, 3.0)
    histogram.add(0, 0.1, START)
    histogram.add(10, 0.2, START)
    assert (histogram.percentile(-0.1), histogram.percentile(1.1)) == (1.0, 10.0)
    for value, weight in ((0, 0.1), (1, 0.1), (2, 0.2), (10, 0.3)):
        histogram.subtract(value, weight, START)
    assert histogram.percentile(0.5) == 0.0


@follows(
    "Vertical Pod Autoscaler",
    f"{UTIL}/decaying_histogram_test.go: TestSimpleDecay, TestLongtermDecay, TestDecayingHistogramPercentiles, TestNoDecay",
)
@pytest.mark.parametrize(
    ("samples", "wanted"),
    [
        pytest.param([(2, 1000, 0), (1, 1, 20)], {0.999: 2, 1.0: 3}, id="a large weight decays, but not all of it"),
        pytest.param([(2, 1, 0), (1, 1, 101)], {1.0: 2}, id="after a hundred half-lives nothing is left"),
        pytest.param(
            [(1, 1, 0), (2, 2, 1), (3, 3, 2), (4, 4, 3)],
            {0.0: 2, 0.02: 2, 0.03: 3, 0.1: 3, 0.11: 4, 0.34: 4, 0.35: 5, 1.0: 5},
            id="an hour apart",
        ),
        pytest.param(
            [(1, 1, 0), (2, 2, 0), (3, 3, 0), (4, 4, 0)],
            {0.0: 2, 0.1: 2, 0.2: 3, 0.3: 3, 0.4: 4, 0.6: 4, 0.7: 5, 1.0: 5},
            id="at one time",
        ),
    ],
)
def test_what_lies_a_half_life_back_counts_half(
    samples: list[tuple[float, float, int]], wanted: dict[float, float]
) -> None:
    histogram = Histogram(LINEAR, HOUR_US)
    for value, weight, hours in samples:
        histogram.add(value, weight, START + hours * HOUR_US)
    assert {share: histogram.percentile(share) for share in wanted} == wanted


@follows("Vertical Pod Autoscaler", f"{LOGIC}/estimator_test.go: TestPercentileEstimator")
def test_percentiles_of_cores_and_bytes() -> None:
    cores, memory = Histogram(CPU), Histogram(MEMORY)
    for number in range(1, 4):
        cores.add(number, 1.0, START)
        memory.add(number * 1e9, 1.0, START)
    assert cores.percentile(0.2) == pytest.approx(1.0, rel=0.05)
    assert memory.percentile(0.5) == pytest.approx(2e9, rel=0.05)


@follows(
    "Vertical Pod Autoscaler", f"{LOGIC}/estimator_test.go: TestConfidenceMultiplier, TestConfidenceMultiplierNoHistory"
)
def test_confidence_grows_with_samples_and_days() -> None:
    seen = Observed(first_us=START, last_us=START + 16 * MINUTE_US, samples=9)
    assert seen.confidence() == 0.00625
    assert cut(3_140 * multiplier(0.00625, 0.1, 2.0)) == 907_460
    assert cut(3_140_000_000 * multiplier(0.00625, 0.1, 2.0)) == 907_460_000_000
    assert cut(3_140 * multiplier(0.0, 1.0, 1.0)) == MOST == 10**14
    assert cut(3_140 * multiplier(0.0, 1.0, -1.0)) == 0


@follows(
    "Vertical Pod Autoscaler",
    f"{LOGIC}/recommender_test.go: TestMinResourcesApplied, TestMinResourcesSplitAcrossContainers",
)
@pytest.mark.parametrize(
    ("containers", "cpu", "memory"),
    [pytest.param(1, 25, 250 * MIB, id="one"), pytest.param(2, 12, 125 * MIB, id="shared by two")],
)
def test_the_least_that_is_recommended(containers: int, cpu: int, memory: int) -> None:
    seen = Observed()
    seen.see({"pod": (1, 1_000_000)}, START, START)
    assert bounds("cpu", seen, containers=containers, policy={}).target == cpu
    assert bounds("memory", seen, containers=containers, policy={}).target == memory


@pytest.mark.parametrize(
    ("minutes", "lower", "upper"),
    [
        pytest.param(1, 0, MOST, id="one sample says nothing about the bounds"),
        pytest.param(2, 79, 685_916, id="two samples"),
        pytest.param(1_441, 475, 952, id="after a day"),
        pytest.param(14_401, 475, 523, id="after ten days"),
    ],
)
def test_bounds_close_in_on_the_target(minutes: int, lower: int, upper: int) -> None:
    """400m lie in the bucket that ends at 414m; 15 % more are 476m."""
    seen = Observed()
    seen.see({"pod": (400, 0)}, START, START)
    seen.see({"pod": (400, 0)}, START + (minutes - 1) * MINUTE_US, START)
    assert bounds("cpu", seen, containers=1, policy={}) == (476, max(lower, 25), upper, 476)


def test_a_policy_caps_all_but_the_uncapped_target() -> None:
    seen = Observed()
    seen.see({"pod": (400, 0)}, START, START)
    policy = {"minAllowed": {"cpu": "100m"}, "maxAllowed": {"cpu": "300m"}}
    assert bounds("cpu", seen, containers=1, policy=policy) == (300, 100, 300, 476)


# Containers


def memory_samples(seen: Observed) -> dict[int, float]:
    """Bucket → how many peaks lie in it, as of the first window's end."""
    factor = 2.0 ** (-(START + DAY_US - (seen.memory.reference_us or 0)) / DAY_US)
    return {bucket: round(weight * factor, 6) for bucket, weight in sorted(seen.memory.weights.items())}


def at(amount: int) -> int:
    return MEMORY.find(amount)


@follows("Vertical Pod Autoscaler", f"{MODEL}/container_test.go: TestAggregateContainerUsageSamples")
def test_memory_has_one_peak_a_day() -> None:
    seen, step = Observed(), DAY_US // 2
    for number, amount in enumerate((5, 10, 2)):
        seen._peak(seen.containers.setdefault("pod", Container(START)), amount * 100 * MIB, START + number * step)
    assert memory_samples(seen) == {at(1_000 * MIB): 1.0, at(200 * MIB): 2.0}


@follows(
    "Vertical Pod Autoscaler",
    f"{MODEL}/container_test.go: TestRecordOOMIncreasedByBumpUp, TestRecordOOMDontRunAway, TestRecordOOMIncreasedByMin",
    f"{MODEL}/container_test.go: TestRecordOOMMaxedWithKnownSample, TestRecordOOMDiscardsOldSample, TestRecordOOMInNewWindow",
)
@pytest.mark.parametrize(
    ("peak", "kills", "wanted"),
    [
        pytest.param(0, [(0, 1_000)], {1_200: 1.0}, id="a fifth more"),
        pytest.param(0, [(0, 1)], {101: 1.0}, id="at least 100 MiB more"),
        pytest.param(0, [(0, 1_000), (0, 999), (0, 999)], {1_200: 1.0}, id="again: not more than before"),
        pytest.param(0, [(0, 1_000), (0, 2_000)], {2_400: 1.0}, id="again, with more"),
        pytest.param(3_000, [(0, 1_000)], {3_600: 1.0}, id="what it used counts when it is more"),
        pytest.param(1_000, [(-30 * 60, 1_000)], {1_000: 1.0}, id="one that is too old"),
        pytest.param(2_000, [(48 * 60, 1_000)], {2_000: 1.0, 1_200: 4.0}, id="two days later"),
    ],
)
def test_a_container_that_was_killed_needs_more(
    peak: int, kills: list[tuple[int, int]], wanted: dict[int, float]
) -> None:
    """In MiB; `kills`: minutes later, and what was requested. The peak of a day that is over is no measure any more."""
    seen = Observed()
    if peak:
        seen.see({"pod": (1, peak * MIB)}, START // MINUTE_US * MINUTE_US, START)
    for minutes, requested in kills:
        if minutes > DAY_US // MINUTE_US:
            seen.containers["pod"].peak = 0
        seen.killed("pod", START + minutes * MINUTE_US, requested * MIB)
    assert {bucket: round(weight) for bucket, weight in memory_samples(seen).items()} == {
        at(amount * MIB): weight for amount, weight in wanted.items()
    }


# Looking from time to time


@settings(max_examples=40, deadline=None)
@given(
    uses=st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 5_000 * MIB)), min_size=1, max_size=4),
    looks=st.lists(st.integers(1, 3_000), min_size=1, max_size=4),
)
def test_looking_from_time_to_time_loses_no_minute(uses: list[tuple[int, int]], looks: list[int]) -> None:
    """Use changes at each look; somebody else looks every minute."""
    seldom, often = Observed(), Observed()
    now = START // MINUTE_US * MINUTE_US
    for number, minutes in enumerate(looks):
        pods: dict[str, Any] = {f"pod-{place}": use for place, use in enumerate(uses[number % len(uses) :])}
        seldom.see(pods, now, now)
        for _ in range(minutes):
            often.see(pods, now, now)
            now += MINUTE_US
    seldom.see(pods, now, now)
    often.see(pods, now, now)
    assert (seldom.samples, seldom.first_us, seldom.last_us) == (often.samples, often.first_us, often.last_us)
    for one, other in ((seldom.cpu, often.cpu), (seldom.memory, often.memory)):
        assert sorted(one.weights) == sorted(other.weights)
        for bucket, weight in one.weights.items():
            assert weight == pytest.approx(other.weights[bucket], rel=1e-9)


def test_the_minute_in_which_the_target_moves_is_known_beforehand() -> None:
    seen = Observed()
    now = START // MINUTE_US * MINUTE_US
    seen.see({"pod": (800, 0)}, now, now)
    now += 60 * MINUTE_US
    seen.see({"pod": (100, 0)}, now, now)
    seen.see({"pod": (100, 0)}, now + 60 * MINUTE_US, now)
    found = settled_us(seen, now + 60 * MINUTE_US, 700 * MINUTE_US) // MINUTE_US
    places = []
    for minute in range(1, 700):
        later = Observed.restored(seen.dump())
        later.see({"pod": (100, 0)}, now + (60 + minute) * MINUTE_US, now)
        places.append([later.cpu.percentile_bucket(share) for share in (0.9, 0.5, 0.95)])
    now_places = [seen.cpu.percentile_bucket(share) for share in (0.9, 0.5, 0.95)]
    assert found == next(minute for minute, each in enumerate(places, start=1) if each != now_places)
