"""An instructor leads the whole class: holds the clocks, brings learners to a step, presents a cluster."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.services import guest_create
from catalog.selectors import lesson_get
from classroom import selectors, services
from classroom.errors import ClassClosed, NoSuchStep, NotTheInstructor, NotYourCluster
from classroom.images import image_save
from classroom.models import Class, Membership
from classroom.page import lab_part
from labs.host.frozen import thaw
from labs.models import Cluster, Journal, Snapshot
from labs.permissions import clock_held, cluster_access
from labs.services import cluster_create, cluster_reset
from labs.starting_points import starting_point, starting_points
from progress.models import LessonProgress
from progress.services import step_record
from simulator.cluster import Cluster as Simulated

pytestmark = pytest.mark.django_db
REF = "small/01-two-steps"
Account = Callable[[str], User]
Said = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def jana(account: Account) -> User:
    return account("jana")


@pytest.fixture
def group(jana: User) -> Class:
    return services.class_open(instructor=jana, name="Group B", lesson=REF)


@pytest.fixture
def member(group: Class, account: Account) -> Membership:
    return services.class_join(user=account("mei"), group=group)


@pytest.fixture
def committed(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> Callable[[], Any]:
    return lambda: django_capture_on_commit_callbacks(execute=True)


def worked(cluster: Cluster, line: str = "kubectl get nodes") -> None:
    """The learner did something."""
    cluster.refresh_from_db()
    cluster.head += 1
    cluster.mark_us = 9_000_000
    cluster.save()
    body = f'{{"kind":"shell","line":"{line}"}}'
    Journal.objects.create(
        cluster=cluster,
        timeline=cluster.timeline,
        seq=cluster.head,
        t_us=8_000_000,
        kind="command",
        rid="r1",
        body=body,
    )


def test_only_the_instructor_leads(member: Membership, account: Account) -> None:
    tom = account("tom")
    calls: list[Callable[[], object]] = [
        lambda: services.class_pause(tom, member.group_id, True),
        lambda: services.class_bring(tom, member.group_id, "second"),
        lambda: services.class_present(tom, member.group_id, None),
        lambda: services.class_points(tom, member.group_id),
        lambda: services.class_pause(member.user, member.group_id, True),
    ]
    for call in calls:
        with pytest.raises(NotTheInstructor):
            call()


def test_a_closed_class_is_not_led(group: Class, jana: User) -> None:
    services.class_close(by=jana, class_id=group.id)
    with pytest.raises(ClassClosed):
        services.class_pause(jana, group.id, True)


def test_a_pause_holds_every_clock_and_says_by_whom(
    member: Membership, jana: User, said: Said, committed: Callable[[], Any]
) -> None:
    assert member.cluster is not None
    with committed():
        clusters = services.class_pause(jana, member.group_id, True)
    assert clusters == [str(member.cluster_id)]
    assert clock_held(str(member.cluster_id)) == "Jana"
    assert lab_part(member.user, member.cluster)["class"]["held"] == "Jana"
    assert said == [
        (f"n:{member.cluster_id}", {"t": "held", "by": "Jana"}),
        (f"n:class:{member.group_id}", {"t": "class", "class": {"paused": True, "presented": None}}),
    ]
    services.class_pause(jana, member.group_id, False)
    assert clock_held(str(member.cluster_id)) == ""


def test_closing_a_class_lets_the_clocks_go(member: Membership, jana: User) -> None:
    services.class_pause(jana, member.group_id, True)
    services.class_close(by=jana, class_id=member.group_id)
    assert clock_held(str(member.cluster_id)) == ""


def test_the_start_of_a_step_is_what_the_solution_leaves_behind() -> None:
    first, second = starting_points(lesson_get(REF))
    assert (first.step, second.step) == ("first", "second")
    assert first.setup == ()
    assert second.setup == ({"kind": "shell", "line": "kubectl run web --image=nginx"},)
    assert second.revision > first.revision
    again = Simulated.load(thaw(second.state).sim)
    assert "web" in again.apply({"kind": "shell", "line": "kubectl get pods"})["stdout"]


def test_a_step_the_solution_does_not_lead_to_has_no_start(group: Class, jana: User) -> None:
    assert starting_point(lesson_get(REF), "third") is None
    with pytest.raises(NoSuchStep, match="does not lead to a step 'third'"):
        services.class_bring(jana, group.id, "third")


def test_a_learner_is_brought_to_a_step_and_keeps_the_former_work(
    member: Membership, jana: User, said: Said, committed: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[str] = []
    monkeypatch.setattr("labs.services.push_now", lambda queue, message: woken.append(queue))
    cluster = member.cluster
    assert cluster is not None
    worked(cluster)
    Cluster.objects.update(status=Cluster.Status.RESIDENT)
    with committed():
        assert services.class_bring(jana, member.group_id, "second") == 1
    cluster.refresh_from_db()
    kept = Cluster.objects.get(lesson=None)
    assert (kept.name, kept.owner) == ("Two steps, before The second", member.user)
    assert (kept.timeline, kept.head, kept.sim0_us, kept.paused) == (1, 1, 9_000_000, True)
    assert kept.created == cluster.created
    assert [row.rid for row in kept.journal.all()] == ["r1"]
    assert (cluster.timeline, cluster.head, cluster.epoch) == (2, 2, 1)
    assert cluster.setup[-1] == {"kind": "shell", "line": "kubectl run web --image=nginx"}
    assert [(row.seq, row.body) for row in cluster.journal.all()] == [(2, '{"op":"reset"}')]
    assert [(each.timeline, each.seq) for each in cluster.snapshots.all()] == [(2, 2)]
    assert woken == ["adopt"]
    brought = {"step": "second", "title": "The second", "from": "Jana", "kept": kept.name}
    assert (f"n:{cluster.pk}", {"t": "brought", **brought}) in said


def test_who_has_done_nothing_leaves_nothing_behind(member: Membership, jana: User) -> None:
    services.class_bring(jana, member.group_id, "second")
    services.class_bring(jana, member.group_id, "first", str(member.id))
    assert Cluster.objects.count() == 1
    assert Snapshot.objects.count() == 2


def test_the_lesson_goes_on_at_the_step_that_was_chosen(member: Membership, jana: User) -> None:
    services.class_bring(jana, member.group_id, "second", str(member.id))
    progress = LessonProgress.objects.get(user=member.user)
    assert progress.step == "second"
    assert [(row.step, row.passed, row.done is None) for row in progress.steps.all()] == [("first", ["made"], False)]
    said = step_record(member.user, REF, "second", [{"id": "landed", "passed": True, "say": ""}])
    assert said["finished"] is True


def test_a_reset_leads_back_to_the_lessons_beginning(member: Membership, jana: User) -> None:
    services.class_bring(jana, member.group_id, "second")
    assert member.cluster is not None
    assert cluster_reset(cluster=member.cluster).setup == []


def test_a_class_follows_its_instructors_cluster(
    member: Membership, jana: User, account: Account, said: Said, committed: Callable[[], Any]
) -> None:
    shown = cluster_create(owner=jana, name="Blackboard")
    with committed():
        services.class_present(jana, member.group_id, str(shown.pk))
    presented = {"id": str(shown.pk), "name": "Blackboard", "by": "Jana", "url": f"/clusters/{shown.pk}/"}
    assert said[0] == (f"n:{member.cluster_id}", {"t": "present", "presented": presented})
    access = cluster_access(member.user, shown)
    assert (access.read, access.write, access.role) == (True, False, "watcher")
    assert cluster_access(account("tom"), shown).read is False
    assert lab_part(member.user, shown)["follow"] == {
        "by": "Jana",
        "class": "Group B",
        "back": f"/clusters/{member.cluster_id}/",
    }
    assert member.cluster is not None
    assert lab_part(member.user, member.cluster)["class"]["presented"] == presented
    said.clear()
    with committed():
        services.class_present(jana, member.group_id, None)
    assert (f"n:{shown.pk}", {"t": "bye", "reason": "presentation-over"}) in said
    assert cluster_access(member.user, shown).read is False


def test_guests_of_the_class_follow_too(group: Class, jana: User) -> None:
    guest = guest_create(name="Ama")
    services.class_join(user=guest, group=group)
    shown = cluster_create(owner=jana, name="Blackboard")
    services.class_present(jana, group.id, str(shown.pk))
    assert selectors.can_watch(guest, shown) is True


@pytest.mark.parametrize("whose", ["a learner's", "nobody's", "no id"])
def test_one_presents_only_a_cluster_of_ones_own(member: Membership, jana: User, whose: str) -> None:
    given = {"a learner's": str(member.cluster_id), "nobody's": str(uuid4()), "no id": "x"}[whose]
    with pytest.raises(NotYourCluster):
        services.class_present(jana, member.group_id, given)


def test_the_images_of_the_class_are_known_where_a_learner_is_brought(member: Membership, jana: User) -> None:
    image_save(user=jana, entry={"name": "acme/shop", "tags": {"1.0": 20}})
    services.class_bring(jana, member.group_id, "second")
    again = Simulated.load(thaw(bytes(Snapshot.objects.latest("pk").state)).sim)
    assert again.apply({"kind": "shell", "line": "docker manifest inspect acme/shop:1.0"})["exit"] == 0
    assert "web" in again.apply({"kind": "shell", "line": "kubectl get pods"})["stdout"]
    assert len(starting_points(lesson_get(REF))) == 2
