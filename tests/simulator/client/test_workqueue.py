"""The controller's queue: no key twice, delays, and growing waits for failures (client-go `util/workqueue`)."""

import pytest

from simulator.client.workqueue import WorkQueue
from simulator.engine import Engine


class Owner:
    """Stands for the controller that delayed keys come back to."""

    name = "owner"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.queue = WorkQueue(engine, self.name)
        self.arrivals: list[tuple[int, str]] = []
        engine.register(self)

    def delayed(self, key: str) -> None:
        self.arrivals.append((self.engine.now, key))
        self.queue.arrive(key)

    def dump(self) -> object:
        return self.queue.dump()

    def load(self, state: object) -> None:
        self.queue.load(state)


@pytest.fixture
def owner() -> Owner:
    return Owner(Engine())


def test_a_key_that_waits_is_not_added_twice_and_keeps_its_first_cause(owner: Owner) -> None:
    owner.engine.cause = 3
    owner.queue.add("default/web")
    owner.engine.cause = 4
    owner.queue.add("default/web")
    owner.queue.add("default/db")
    assert len(owner.queue) == 2
    assert owner.queue.take() == ("default/web", 3)
    assert owner.queue.take() == ("default/db", 4)


def test_the_earlier_of_two_delays_wins(owner: Owner) -> None:
    owner.queue.add_after("late", 50)
    owner.queue.add_after("late", 10)
    owner.queue.add_after("late", 90)
    owner.engine.run(100)
    assert owner.arrivals == [(10, "late")]


def test_failures_wait_5_ms_doubling_and_are_forgotten_on_success(owner: Owner) -> None:
    waits = []
    for _ in range(4):
        begun = owner.engine.now
        owner.queue.retry("default/web")
        owner.engine.run(begun + 1_000_000)
        waits.append(owner.arrivals[-1][0] - begun)
        owner.queue.take()
    assert waits == [5_000, 10_000, 20_000, 40_000]
    owner.queue.forget("default/web")
    begun = owner.engine.now
    owner.queue.retry("default/web")
    owner.engine.run(begun + 1_000_000)
    assert owner.arrivals[-1][0] - begun == 5_000


def test_a_failure_never_waits_longer_than_1000_s(owner: Owner) -> None:
    for _ in range(60):
        begun = owner.engine.now
        owner.queue.retry("k")
        owner.engine.run(begun + 1_000_000_000)
        owner.queue.take()
    assert owner.arrivals[-1][0] - begun == 1_000_000_000


def test_a_dead_process_forgets_its_plans(owner: Owner) -> None:
    owner.queue.add("a")
    owner.queue.add_after("b", 10)
    owner.queue.clear()
    owner.engine.run(100)
    assert len(owner.queue) == 0
    assert owner.arrivals == []
