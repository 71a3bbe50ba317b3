"""Histories stay within their limits: fewer snapshots the older they are, and no inputs that nobody can go back to."""

import pytest
from pytest_django import Settings

from accounts.models import User
from labs.models import Cluster, Journal, Outbox, Snapshot
from labs.services import cluster_create, histories_thin, history_thin, thinned

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster(guest: User, settings: Settings) -> Cluster:
    settings.DRYDOCK_LIMITS = {**settings.DRYDOCK_LIMITS, "snapshots": 4, "journal_bytes": 1_000}
    made = cluster_create(owner=guest, name="Old")
    for seq in range(1, 11):
        Journal.objects.create(
            cluster=made, timeline=1, seq=seq, t_us=seq, kind="command", rid=f"r{seq}", body="x" * 200
        )
        Snapshot.objects.create(cluster=made, timeline=1, seq=seq, t_us=seq, ev=seq, rv=seq, state=b"")
    return made


@pytest.mark.parametrize(
    ("count", "limit", "kept"),
    [(3, 4, [1, 2, 3]), (10, 4, [1, 2, 3, 7]), (100, 10, [1, 2, 3, 4, 5, 6, 25, 44, 63, 82])],
)
def test_the_older_the_fewer(count: int, limit: int, kept: list[int]) -> None:
    assert thinned(list(range(1, count + 1)), limit) == kept


def test_a_history_is_thinned_by_age_and_its_oldest_inputs_go(cluster: Cluster) -> None:
    history_thin(cluster_id=str(cluster.pk))
    assert sorted(cluster.snapshots.values_list("seq", flat=True)) == [1, 4, 8, 9, 10]
    assert sorted(cluster.journal.values_list("seq", flat=True)) == [5, 6, 7, 8, 9, 10]


def test_a_chore_finds_what_has_grown_too_large(cluster: Cluster, guest: User) -> None:
    cluster_create(owner=guest, name="New")
    assert histories_thin() == 1
    assert [(job.task, job.args) for job in Outbox.objects.all()] == [("labs.tasks.cluster_thin", [str(cluster.pk)])]
