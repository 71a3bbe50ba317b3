"""Random sessions, checked after every step (`make soak` plays as many as one has time for)."""

import pytest

from simulator.cluster import Cluster
from tests.simulator.simulation.invariants import Watcher
from tests.simulator.simulation.play import play, rewind
from tests.simulator.simulation.steps import CONFIG, recovery, session, shell

SEEDS = range(1, 61)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_session_breaks_nothing(seed: int) -> None:
    play(seed)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_random_session_can_be_gone_back_in(seed: int) -> None:
    """`make soak REWINDS=200` does it two hundred times."""
    rewind(seed)


def test_a_session_is_the_same_every_time() -> None:
    assert session(7, 20) == session(7, 20)
    assert session(7, 20) != session(8, 20)
    assert play(7, length=10) == play(7, length=10)


def test_a_session_leaves_something_to_look_at() -> None:
    """So that no check passes for want of objects."""
    cluster = Cluster.create(CONFIG)
    made = [step for seed in SEEDS for step in session(seed, 25) if "create deployment" in str(step.get("line"))]
    assert len(made) > 30
    cluster.apply(shell("kubectl create deployment web --image=nginx:1.27 --replicas=3"))
    for step in recovery():
        if "wait" in step:
            cluster.advance(cluster.now + step["wait"], max_events=10**6)
        else:
            cluster.apply(step)
    assert len(cluster.registry.store.table("pods")) > 10


def test_a_pod_that_moves_and_a_change_that_nobody_heard_of_are_found() -> None:
    cluster = Cluster.create(CONFIG)
    watcher = Watcher(cluster)
    store = cluster.registry.store
    (key, pod), *_ = store.table("pods").items()
    other = {**pod, "spec": {**pod["spec"], "nodeName": "t-worker3"}}
    watcher.check(cluster)
    store.put("pods", key, other, cluster.ev)
    with pytest.raises(AssertionError, match="moved from"):
        watcher.check(cluster)
    store.table("pods")[key] = pod  # behind the log's back
    with pytest.raises(AssertionError, match="a watch of pods missed something"):
        Watcher.check(watcher, cluster)


@pytest.mark.parametrize("seed", [77, 132, 150, 260])
def test_a_restored_copy_does_not_take_equal_objects_for_changed_ones(seed: int) -> None:
    """Found by `make soak REWINDS=300`: an API server that came back, a delivery under way, nodes told apart more finely than before."""
    rewind(seed)
