"""Where pods without a node wait, in exact virtual time."""

import pytest

from simulator.scheduler.queue import ACTIVE, BACKING_OFF, SchedulingQueue, Waiting
from tests.proof.follows import follows

SECOND = 1_000_000


def waiting(name: str, priority: int = 0) -> Waiting:
    return Waiting(uid=name, key=("default", name), priority=priority, cause=0)


def popped(queue: SchedulingQueue, now: int = 0) -> list[str]:
    names = []
    while (pod := queue.pop(now)) is not None:
        names.append(pod.uid)
    return names


@follows("Scheduling queue", "pkg/scheduler/framework/plugins/queuesort/priority_sort_test.go: TestLess")
def test_higher_priority_goes_first_then_arrival() -> None:
    queue = SchedulingQueue()
    for name, priority in (("first", 0), ("urgent", 10), ("second", 0)):
        queue.add(waiting(name, priority))
    assert popped(queue) == ["urgent", "first", "second"]


def test_a_pod_that_failed_is_not_tried_again_until_something_happens() -> None:
    queue = SchedulingQueue()
    queue.add(waiting("web"))
    pod = queue.pop(0)
    assert pod is not None
    queue.fail(pod, ("NodeResourcesFit",), 0)
    assert queue.pop(3600 * SECOND) is None
    queue.wake(pod, 3600 * SECOND, cause=7)
    assert (pod.place, pod.cause) == (ACTIVE, 7)
    assert popped(queue) == ["web"]


@follows("Scheduling queue", "pkg/scheduler/backend/queue/scheduling_queue_test.go: TestCalculateBackoffDuration")
@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (9, 10)], ids=lambda value: str(value)
)
def test_backoff_doubles_from_one_second_to_ten(attempts: int, seconds: int) -> None:
    queue = SchedulingQueue()
    pod = waiting("web")
    pod.attempts, pod.tried_at = attempts, 100
    assert queue.backoff_end(pod) == 100 + seconds * SECOND


def test_active_pods_go_before_a_pod_that_backs_off() -> None:
    queue = SchedulingQueue()
    queue.add(waiting("again"))
    again = queue.pop(0)
    assert again is not None
    queue.fail(again, (), 0)
    queue.wake(again, SECOND // 2, cause=0)
    assert again.place == BACKING_OFF
    queue.add(waiting("fresh"))
    assert popped(queue, SECOND // 2) == ["fresh", "again"]


def test_a_removed_pod_is_forgotten() -> None:
    queue = SchedulingQueue()
    queue.add(waiting("web"))
    queue.remove("web")
    assert queue.is_idle
    assert queue.pop(0) is None


def test_a_restored_queue_has_the_same_future() -> None:
    queue = SchedulingQueue()
    for name in ("a", "b", "c", "d"):
        queue.add(waiting(name, priority=name == "c"))
    first = queue.pop(0)
    assert first is not None
    queue.fail(first, ("NodeResourcesFit",), 0)
    second = queue.pop(0)
    assert second is not None
    queue.fail(second, (), 0)
    queue.wake(second, 1, cause=0)

    restored = SchedulingQueue()
    restored.load(queue.dump())

    assert restored.dump() == queue.dump()
    assert popped(restored, 2) == popped(queue, 2) == ["b", "d", "a"]


def test_it_knows_how_many_wait_to_be_tried() -> None:
    queue = SchedulingQueue()
    for name in ("one", "two", "three"):
        queue.add(waiting(name))
    assert queue.active == 3
    tried, held = queue.pop(0), queue.pop(0)
    assert tried is not None
    assert held is not None
    assert queue.active == 1
    queue.fail(tried, ("NodeResourcesFit",), 0)
    restored = SchedulingQueue()
    restored.load(queue.dump())
    assert (queue.active, restored.active) == (1, 1)
    queue.wake(tried, 0, 0)
    queue.let_go(held.uid, 0)
    assert queue.active == 3
    queue.remove("three")
    assert queue.active == 2
