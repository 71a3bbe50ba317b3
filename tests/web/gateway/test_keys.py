"""Keys of kubeconfigs: what opens what, until when, and how soon a web process knows."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.services import guest_create
from gateway import keyring as module
from gateway.keyring import Keyring
from gateway.models import ApiKey
from gateway.selectors import key_person
from gateway.services import KEYS_KEPT, REVOKED, VALID_FOR, key_create, keys_revoke
from labs.models import Cluster
from labs.services import cluster_create


@pytest.fixture
def ann(db: None) -> User:
    return guest_create(name="Ann")


@pytest.fixture
def mine(ann: User) -> Cluster:
    return cluster_create(owner=ann, name="mine")


def person(cluster: Cluster, key: str) -> str | None:
    return key_person(cluster=str(cluster.pk), key=key)


def test_a_key_opens_its_cluster_for_its_owner_and_no_other(ann: User, mine: Cluster) -> None:
    other = cluster_create(owner=ann, name="other")
    key = key_create(cluster=mine)
    assert person(mine, key) == str(ann.pk)
    assert person(other, key) is None
    assert person(mine, key[:-1] + ("a" if key[-1] != "a" else "b")) is None
    assert person(mine, "") is None


def test_a_key_ends_after_a_week(mine: Cluster) -> None:
    key = key_create(cluster=mine)
    assert abs(ApiKey.objects.get().expires - timezone.now() - VALID_FOR) < timedelta(minutes=1)
    assert timedelta(days=7) == VALID_FOR
    ApiKey.objects.update(expires=timezone.now() - timedelta(seconds=1))
    assert person(mine, key) is None


def test_somebody_whose_account_is_closed_opens_nothing(ann: User, mine: Cluster) -> None:
    key = key_create(cluster=mine)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    assert person(mine, key) is None


def test_the_oldest_key_goes_when_there_would_be_more_than_five(mine: Cluster) -> None:
    keys = [key_create(cluster=mine) for _ in range(KEYS_KEPT + 1)]
    assert [person(mine, key) is None for key in keys] == [True, *[False] * KEYS_KEPT]


def test_only_digests_are_kept(mine: Cluster) -> None:
    key = key_create(cluster=mine)
    assert key not in {str(value) for row in ApiKey.objects.values() for value in row.values()}


def test_revoking_ends_all_keys_of_the_cluster_and_tells_every_process(
    mine: Cluster, django_capture_on_commit_callbacks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, Any]] = []
    monkeypatch.setattr("gateway.services.publish", lambda topic, payload: told.append((topic, payload)))
    keys = [key_create(cluster=mine) for _ in range(2)]
    with django_capture_on_commit_callbacks(execute=True):
        assert keys_revoke(cluster=mine) == 2
    assert [person(mine, key) for key in keys] == [None, None]
    assert told == [(REVOKED, {"cluster": str(mine.pk)})]


# What one web process knows


class Doors:
    """Stands for the database, and counts how often it is asked."""

    def __init__(self) -> None:
        self.open = {("c", "key"): "ann"}
        self.asked = 0

    def __call__(self, *, cluster: str, key: str) -> str | None:
        self.asked += 1
        return self.open.get((cluster, key))


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> Doors:
    found = Doors()

    def async_of(call: Callable[..., str | None]) -> Callable[..., Any]:
        async def ask(**words: str) -> str | None:
            return call(**words)

        return ask

    monkeypatch.setattr(module, "database_sync_to_async", async_of)
    monkeypatch.setattr(module, "key_person", found)
    return found


async def test_what_a_key_opens_is_remembered_until_it_is_revoked(doors: Doors) -> None:
    keyring = Keyring()
    assert [await keyring.person("c", "key") for _ in range(3)] == ["ann"] * 3
    assert [await keyring.person("c", "wrong") for _ in range(2)] == [None, None]
    assert doors.asked == 2
    doors.open.clear()
    keyring._hear({"cluster": "another"})
    assert await keyring.person("c", "key") == "ann"
    keyring._hear({"cluster": "c"})
    assert await keyring.person("c", "key") is None


async def test_a_stream_hears_at_once_that_its_key_was_revoked(doors: Doors) -> None:
    keyring = Keyring()
    streams = [asyncio.create_task(keyring.closed("c", "key")) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(stream.done() for stream in streams)
    doors.open.clear()
    keyring._hear({"cluster": "c"})
    await asyncio.wait_for(asyncio.gather(*streams), 1)


async def test_without_a_notice_a_key_ends_with_the_memory_of_it(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_S", 0.01)
    keyring = Keyring()
    stream = asyncio.create_task(keyring.closed("c", "key"))
    await asyncio.sleep(0)
    doors.open.clear()
    await asyncio.wait_for(stream, 1)
