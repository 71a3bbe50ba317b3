"""A link is a world: the cluster that is opened from it is the one it was copied from."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import guest_create
from labs.errors import BadConfig, Unshareable
from labs.host.engine import Birth, reach
from labs.models import Cluster, Journal
from labs.services import cluster_create
from labs.worlds import world_open, world_text
from simulator.cluster import Cluster as Simulation
from simulator.worlds import World

pytestmark = pytest.mark.django_db
SECOND = 1_000_000


@pytest.fixture
def ann() -> User:
    return guest_create(name="Ann")


def birth(cluster: Cluster) -> Birth:
    return Birth(cluster.config, cluster.seed, int(cluster.created.timestamp()), tuple(cluster.setup))


def play(cluster: Cluster, until_us: int) -> Simulation:
    """As a host does it: birth, journal, then on to the moment."""

    rows = [*Journal.objects.filter(cluster=cluster).order_by("seq").values_list("t_us", "body")]

    async def work() -> Simulation:
        sim = await birth(cluster).make(Simulation, {"objects": 0, "clusters": 0, "nodes": 0})
        for t_us, text in rows:
            if sim.now < t_us:
                await reach(sim, t_us)
            sim.apply(json.loads(text))
        if sim.now < until_us:
            await reach(sim, until_us)
        return sim  # type: ignore[return-value]

    return asyncio.run(work())


def test_what_is_opened_from_a_link_is_in_the_same_state_at_the_same_instant(ann: User) -> None:
    mine = cluster_create(owner=ann, name="mine")
    Cluster.objects.filter(pk=mine.pk).update(created=datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC), seed=9)
    mine.refresh_from_db()
    lines = [
        "kubectl create deployment web --image=nginx:1.27 --replicas=2",
        "kubectl scale deployment web --replicas=4",
    ]
    for number, line in enumerate(lines):
        body = json.dumps({"kind": "shell", "line": line})
        Journal.objects.create(
            cluster=mine,
            timeline=1,
            seq=number + 1,
            t_us=(number + 1) * 7 * SECOND,
            kind="command",
            rid=f"r{number}",
            body=body,
        )
    text = world_text(cluster=str(mine.pk), gen=1, at_us=30 * SECOND)
    assert len(text) < 2_048
    theirs = world_open(owner=guest_create(name="Ben"), text=text)
    theirs.refresh_from_db()
    assert (theirs.sim0_us, theirs.paused) == (30 * SECOND, True)
    assert play(theirs, 30 * SECOND).state_hash() == play(mine, 30 * SECOND).state_hash()


def noted(cluster: Cluster, timeline: int, seq: int, t_us: int, body: dict[str, object]) -> None:
    kind = "control" if "op" in body else "command"
    Journal.objects.create(
        cluster=cluster, timeline=timeline, seq=seq, t_us=t_us, kind=kind, rid=f"r{seq}", body=json.dumps(body)
    )


def shell(line: str) -> dict[str, object]:
    return {"kind": "shell", "line": line}


def test_a_moment_of_a_branch_holds_the_way_to_where_it_began(ann: User) -> None:
    mine = cluster_create(owner=ann, name="mine")
    noted(mine, 1, 1, 5 * SECOND, shell("kubectl create deployment web --image=nginx:1.27 --replicas=2"))
    branching, revisions = birth(mine), list[int]()

    async def work() -> Simulation:
        sim = await branching.make(Simulation, {"objects": 0, "clusters": 0, "nodes": 0})
        await reach(sim, 5 * SECOND)
        sim.apply(shell("kubectl create deployment web --image=nginx:1.27 --replicas=2"))
        await reach(sim, 20 * SECOND)
        sim.renumber(sim.revision + 50)
        revisions.append(sim.revision)
        await reach(sim, 30 * SECOND)
        sim.apply(shell("kubectl scale deployment web --replicas=4"))
        await reach(sim, 50 * SECOND)
        return sim  # type: ignore[return-value]

    noted(mine, 1, 2, 25 * SECOND, shell("kubectl delete deployment web"))
    branch = asyncio.run(work())
    noted(mine, 2, 3, 20 * SECOND, {"op": "branch", "from": 1, "at": 20 * SECOND, "revision": revisions[0]})
    noted(mine, 2, 4, 30 * SECOND, shell("kubectl scale deployment web --replicas=4"))
    theirs = world_open(owner=guest_create(name="Ben"), text=world_text(cluster=str(mine.pk), gen=2, at_us=50 * SECOND))
    assert play(theirs, 50 * SECOND).state_hash() == branch.state_hash()


REFUSED = [
    pytest.param(
        [(1, 7, 1, {"kind": "shell", "line": "x"})], {"revision": 9}, "no longer kept", id="beginning is gone"
    ),
    pytest.param(
        [(1, 1, 5, {"kind": "shell", "line": "x"})], {"revision": 9}, "in the midst of commands", id="same instant"
    ),
    pytest.param(
        [(1, 1, 1, {"kind": "shell", "line": "x"})],
        {},
        "in the midst of commands",
        id="from before revisions were noted",
    ),
]


@pytest.mark.parametrize(("before", "noted_too", "why"), REFUSED)
def test_a_branch_whose_way_is_not_known_is_not_shared(
    ann: User, before: list[tuple[int, int, int, dict[str, object]]], noted_too: dict[str, object], why: str
) -> None:
    mine = cluster_create(owner=ann, name="mine")
    for row in before:
        noted(mine, *row)
    noted(mine, 2, 9, 5, {"op": "branch", "from": 1, "at": 5, **noted_too})
    with pytest.raises(Unshareable, match=why):
        world_text(cluster=str(mine.pk), gen=2, at_us=9)


@pytest.mark.parametrize(
    "world",
    [
        pytest.param("nonsense", id="no world"),
        pytest.param(World("", 1, 1, ((0, {"kind": "explode"}),), 5).text(), id="no command"),
        pytest.param(World("", 1, 1, (), 10**15).text(), id="too long"),
        pytest.param(World("", 1, 1, ((0, {"kind": "renumber", "revision": "9"}),), 5).text(), id="no revision"),
        pytest.param(World("kind: Nothing", 1, 1, (), 5).text(), id="no cluster"),
    ],
)
def test_a_link_that_is_no_world_makes_nothing(ann: User, world: str) -> None:
    with pytest.raises(BadConfig):
        world_open(owner=ann, text=world)
    assert not Cluster.objects.exists()


def test_the_page_of_a_link_opens_it_on_a_click_and_not_before(client: Client) -> None:
    text = World("", 1, 1_760_000_000, ((SECOND, {"kind": "shell", "line": "kubectl get pods"}),), 2 * SECOND).text()
    page = client.get("/clusters/world/", {"world": text})
    assert page.status_code == 200
    assert text in page.content.decode()
    assert not Cluster.objects.exists()
    opened = client.post("/clusters/world/", {"world": text})
    assert opened.status_code == 302
    assert opened["Location"] == f"/clusters/{Cluster.objects.get().pk}/"
