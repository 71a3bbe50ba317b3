"""Going back, going on from there, and comparing two futures."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster
from simulator.machinery.store import Compacted
from simulator.worlds import World, WorldError
from tests.simulator.cluster.test_same_future import CONFIG, Step, histories, play, shell

SECOND = 1_000_000
DEPLOY = shell("kubectl create deployment web --image=nginx:1.27 --replicas=3")


def wait(cluster: Cluster, seconds: float) -> None:
    play(cluster, {"wait": int(seconds * SECOND)})


def reach(cluster: Cluster, at: int) -> None:
    if at > cluster.now:
        play(cluster, {"wait": at - cluster.now})


def begun() -> Cluster:
    cluster = Cluster.create(CONFIG)
    cluster.apply(DEPLOY)
    wait(cluster, 30)
    return cluster


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=histories, back=st.floats(0, 1), seed=st.integers(1, 3))
def test_a_rewound_session_is_what_it_was_and_goes_on_as_it_did(history: list[Step], back: float, seed: int) -> None:
    """The nearest snapshot plus the journal gives every past moment; a branch without a change rejoins its future."""
    cluster = Cluster.create(CONFIG, seed=seed)
    snapshot = cluster.dump()
    journal: list[tuple[int, int, Step]] = []
    moments: list[tuple[int, str]] = []
    for number, step in enumerate(history):
        if "wait" not in step:
            journal.append((number, cluster.now, step))
        play(cluster, step)
        moments.append((cluster.now, cluster.state_hash()))
    chosen = round(back * (len(moments) - 1))
    at, recorded = moments[chosen]
    rewound = Cluster.load(snapshot)
    for number, when, step in journal:
        if number <= chosen:
            reach(rewound, when)
            play(rewound, step)
    reach(rewound, at)
    assert rewound.state_hash() == recorded
    for number, when, step in journal:
        if number > chosen:
            reach(rewound, when)
            play(rewound, step)
    reach(rewound, cluster.now)
    assert rewound.state_hash() == cluster.state_hash()
    assert rewound.compare(cluster) == {"same": True, "count": 0, "objects": []}


def test_the_difference_of_two_futures_names_exactly_the_objects_that_differ() -> None:
    one = begun()
    other = one.copy()
    other.apply(shell("kubectl create configmap only-here --from-literal=a=1"))
    other.apply(shell("kubectl label deployment web tier=front"))
    one.apply(shell("kubectl create secret generic only-there --from-literal=a=1"))
    found = one.compare(other)
    rows = [(row["how"], row["kind"], row["name"]) for row in found["objects"] if row["kind"] != "Event"]
    assert rows[:2] == [("added", "ConfigMap", "only-here"), ("changed", "Deployment", "web")]
    assert ("removed", "Secret", "only-there") in rows
    assert len(rows) == 3
    changed = next(row for row in found["objects"] if row["how"] == "changed")
    assert ["metadata.labels.tier", None, "front"] in changed["fields"]


def test_a_branch_numbers_its_revisions_above_all_that_were_used() -> None:
    cluster = begun()
    before, seen = cluster.revision, cluster.registry.store.get("deployments.apps", ("default", "web"))
    branch = cluster.copy()
    branch.renumber(before + 500)
    assert branch.compare(cluster)["same"]
    made = branch.apply({**shell("kubectl create configmap c"), "kind": "shell"})
    assert made["exit"] == 0
    assert branch.revision == before + 501
    with pytest.raises(Compacted):
        branch.registry.store.changes_since(int(seen["metadata"]["resourceVersion"]) if seen else 0)


@pytest.mark.parametrize("delay_us", [0, 500, 2_000])
def test_a_renumbered_cluster_loses_no_delivery(delay_us: int) -> None:
    cluster = begun()
    cluster.apply(shell("kubectl scale deployment web --replicas=5"))
    play(cluster, {"wait": delay_us})
    cluster.renumber(cluster.revision + 100)
    restored = cluster.copy()
    for one in (cluster, restored):
        wait(one, 30)
    ready = [pod for pod in cluster.registry.objects("pods") if pod["metadata"]["namespace"] == "default"]
    assert len(ready) == 5
    assert restored.state_hash() == cluster.state_hash()


def test_revisions_never_go_back() -> None:
    cluster = begun()
    with pytest.raises(ValueError, match="that is before the present revision"):
        cluster.renumber(3)


# ── a link is a world ──


def lesson() -> tuple[Cluster, list[tuple[int, dict[str, Any]]]]:
    """Half an hour of a learner's work."""
    cluster, deeds = Cluster.create(seed=7, epoch_s=1_760_000_000), []
    for minute in range(30):
        for line in (
            f"kubectl scale deployment web --replicas={minute % 5}",
            "kubectl get pods",
            f"kubectl label deployment web m=v{minute} --overwrite",
        ):
            command = DEPLOY if not deeds else shell(line)
            if cluster.apply(command)["changed"]:
                deeds.append((cluster.now, command))
        wait(cluster, 60)
    return cluster, deeds


def opened(world: World) -> Cluster:
    cluster = Cluster.create(world.config or None, seed=world.seed, epoch_s=world.epoch_s)
    for at, command in world.deeds:
        reach(cluster, at)
        cluster.apply(command)
    reach(cluster, world.until_us)
    return cluster


def test_a_link_of_half_an_hour_opens_the_same_world_and_is_short() -> None:
    cluster, deeds = lesson()
    text = World("", 7, 1_760_000_000, tuple(deeds), cluster.now).text()
    assert len(text) <= 2_048
    assert opened(World.read(text)).state_hash() == cluster.state_hash()


@pytest.mark.parametrize(
    "text", ["", "abc", "x" * 70_000, World("", 1, 1, (), 5).text()[:-6], "eJw9y8sNgDAMA9BVopzpAN2lqhRI"]
)
def test_a_broken_link_is_refused(text: str) -> None:
    with pytest.raises(WorldError, match="world: found"):
        World.read(text)
