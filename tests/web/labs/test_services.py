"""What changes a cluster's row from outside its host."""

from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.services import guest_create
from labs import services
from labs.errors import BadConfig, NoSuchTemplate, Overtaken, TooManyClusters
from labs.messages import Evict, inbound
from labs.models import Cluster, Journal, Outbox, Snapshot
from labs.selectors import branches_of, cards_of, cluster_quota, clusters_of

pytestmark = pytest.mark.django_db
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + former] * 9)}]\n" for former, name in pairwise("abcdefgh")
)


@pytest.fixture
def ann() -> User:
    return guest_create(name="Ann")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """What hosts were told."""
    heard: list[tuple[str, object]] = []
    monkeypatch.setattr(services, "publish_now", lambda topic, text: heard.append((topic, inbound.decode(text))))
    return heard


def test_a_cluster_without_wishes_is_the_first_template(ann: User) -> None:
    cluster = services.cluster_create(owner=ann, name="  my   lab ")
    assert (cluster.name, cluster.config.count("role: worker"), cluster.setup) == ("my lab", 3, [])
    assert (cluster.status, cluster.epoch, cluster.timeline, cluster.head) == ("hibernated", 0, 1, 0)


def test_the_fourth_cluster_is_refused_with_what_to_do(ann: User) -> None:
    for number in range(3):
        services.cluster_create(owner=ann, name=f"lab {number}")
    assert cluster_quota(user=ann).is_full
    with pytest.raises(TooManyClusters, match=r"You have 3 clusters, as many as one may have \(3\)\. Delete one first"):
        services.cluster_create(owner=ann, name="one more")
    assert clusters_of(user=ann).count() == 3


@pytest.mark.parametrize(
    ("config", "message"),
    [
        pytest.param("nodes: [", "config", id="broken YAML"),
        pytest.param("nodes:\n- role: captain\n", "role", id="an unknown role"),
        pytest.param(BOMB, "line 6.*excessive aliasing", id="a YAML bomb"),
        pytest.param(
            "nodes:\n- role: control-plane\n  labels: {a: [1]}\n", r"labels\.a: found a list of 1", id="no text"
        ),
        pytest.param(
            "nodes:\n- role: worker\n  cpu: 1e99\n", r"cpu: found 1e\+99, wanted at most 1024", id="absurd cpu"
        ),
        pytest.param("[" * 5_000, "nested too deeply", id="depth"),
        pytest.param(
            "nodes:\n- role: control-plane\n- role: worker\n  count: 60\n", "found 61, wanted at most 50", id="too many"
        ),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(ann: User, config: str, message: str) -> None:
    with pytest.raises(BadConfig, match=message):
        services.cluster_create(owner=ann, name="lab", config=config)
    assert not Cluster.objects.exists()


def test_an_unknown_template_is_refused_by_name(ann: User) -> None:
    with pytest.raises(NoSuchTemplate, match="found 'ocean', wanted one of harbour, dinghy, quorum"):
        services.cluster_create(owner=ann, name="lab", template="ocean")


def test_a_cluster_needs_a_name(ann: User) -> None:
    with pytest.raises(ValidationError):
        services.cluster_create(owner=ann, name="  ")


def test_a_reset_is_a_new_branch_and_fences_the_owner(
    ann: User, said: list[tuple[str, object]], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    Cluster.objects.filter(pk=cluster.pk).update(
        epoch=4, head=9, owner_host="h1", status="resident", sim0_us=5, mark_us=6, paused=True
    )
    with django_capture_on_commit_callbacks(execute=True):
        fresh = services.cluster_reset(cluster=cluster, actor="ann")
    assert (fresh.epoch, fresh.head, fresh.timeline, fresh.status) == (5, 10, 2, "hibernated")
    assert (fresh.sim0_us, fresh.mark_us, fresh.paused) == (0, 0, False)
    row = Journal.objects.get(cluster=cluster)
    assert (row.timeline, row.seq, row.kind, row.body) == (2, 10, "control", '{"op":"reset"}')
    assert said == [("inbox:h1", Evict(str(cluster.pk)))]


def test_a_branch_goes_on_from_its_moment_and_fences_the_owner(ann: User, said: list[tuple[str, object]]) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    Cluster.objects.filter(pk=cluster.pk).update(epoch=4, head=9, owner_host="h1", status="resident", sim0_us=90)
    for at_us in (70, 50):
        Snapshot.objects.create(cluster=cluster, timeline=2, seq=10, t_us=at_us, ev=0, rv=0, state=b"x")
    prepared = {"gen": 2, "seq": 10, "from": 1, "at": 50, "left": 90}
    fresh = services.cluster_branch(cluster=cluster, prepared=prepared, actor="ann")
    assert (fresh.epoch, fresh.head, fresh.timeline, fresh.sim0_us, fresh.mark_us) == (5, 10, 2, 50, 50)
    row = Journal.objects.get(cluster=cluster)
    assert (row.timeline, row.seq, row.t_us, row.body) == (
        2,
        10,
        50,
        '{"op":"branch","from":1,"at":50,"left":90,"revision":0}',
    )
    assert list(Snapshot.objects.values_list("t_us", flat=True)) == [50]
    assert branches_of(cluster=str(cluster.pk)) == [
        {"gen": 1, "from": None, "at": 0, "end": 90},
        {"gen": 2, "from": 1, "at": 50, "end": None},
    ]


@pytest.mark.parametrize(
    "moved", [{"head": 10}, {"timeline": 2}], ids=["a command came between", "another branch came between"]
)
def test_a_branch_that_was_overtaken_is_refused(ann: User, moved: dict[str, int]) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    Cluster.objects.filter(pk=cluster.pk).update(head=9)
    Snapshot.objects.create(cluster=cluster, timeline=2, seq=10, t_us=50, ev=0, rv=0, state=b"x")
    Cluster.objects.filter(pk=cluster.pk).update(**moved)
    with pytest.raises(Overtaken, match="went on meanwhile"):
        services.cluster_branch(cluster=cluster, prepared={"gen": 2, "seq": 10, "from": 1, "at": 50, "left": 90})


def test_a_reset_forgets_what_was_prepared_for_a_branch(ann: User) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    Snapshot.objects.create(cluster=cluster, timeline=2, seq=1, t_us=50, ev=0, rv=0, state=b"x")
    services.cluster_reset(cluster=cluster)
    assert not Snapshot.objects.exists()


def test_deleting_removes_the_history_and_tells_the_owner(
    ann: User, said: list[tuple[str, object]], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    Cluster.objects.filter(pk=cluster.pk).update(owner_host="h1")
    services.cluster_reset(cluster=cluster)
    Cluster.objects.filter(pk=cluster.pk).update(owner_host="h2")
    with django_capture_on_commit_callbacks(execute=True):
        services.cluster_delete(cluster=cluster)
    assert not Journal.objects.exists()
    assert said == [("inbox:h2", Evict(str(cluster.pk)))]


def test_a_guests_clusters_move_to_the_account(ann: User) -> None:
    account = guest_create(name="Account")
    cluster = services.cluster_create(owner=ann, name="lab")
    services.guest_merge(ann, account)
    assert [each.pk for each in clusters_of(user=account)] == [cluster.pk]


def test_old_history_is_thinned(ann: User, settings: object) -> None:
    cluster = services.cluster_create(owner=ann, name="lab")
    for _ in range(3):
        services.cluster_reset(cluster=cluster)
    for seq in range(45):
        Snapshot.objects.create(cluster=cluster, timeline=4, seq=seq, t_us=0, ev=0, rv=0, state=b"x")
    services.history_thin(cluster_id=str(cluster.pk))
    assert sorted(Journal.objects.values_list("timeline", flat=True)) == [3, 4]
    assert sorted(Snapshot.objects.values_list("seq", flat=True)) == [*range(0, 25, 2), *range(25, 45)]


def test_owed_jobs_are_handed_out_once(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(services.current_app, "send_task", lambda name, args: sent.append((name, args)))
    cluster = services.cluster_create(owner=ann, name="lab")
    services.cluster_reset(cluster=cluster)
    assert services.outbox_hand_out() == 1
    assert services.outbox_hand_out() == 0
    assert sent == [("labs.tasks.cluster_thin", [str(cluster.pk)])]
    assert not Outbox.objects.exists()


def test_only_clusters_that_ran_have_a_card(ann: User) -> None:
    ran = services.cluster_create(owner=ann, name="ran")
    fresh = services.cluster_create(owner=ann, name="fresh")
    Cluster.objects.filter(pk=ran.pk).update(card={"last": "kubectl get pods"})
    assert cards_of([str(ran.pk), str(fresh.pk)]) == {str(ran.pk): {"last": "kubectl get pods"}}
