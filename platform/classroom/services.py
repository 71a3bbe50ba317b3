"""Everything that changes a class. Each service asks `selectors` whether the person may, writes, and tells open pages
after the transaction is through (`labs.notices`): a notice about something that was rolled back would be a lie."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import may_open_classes
from catalog.lesson import Lesson
from catalog.selectors import lesson_get
from classroom import selectors
from classroom.errors import (
    ClassClosed,
    EmptyText,
    GuestsNotAllowed,
    NoSuchStep,
    NotAMember,
    NotTheInstructor,
    NotYourCluster,
)
from classroom.models import Class, HelpRequest, Hint, Membership
from labs import notices
from labs.models import Cluster
from labs.own_images import config_with_images
from labs.services import cluster_bring, cluster_create
from labs.starting_points import StartingPoint, lesson_config, starting_point, starting_points
from progress.services import lesson_bring, lesson_open

CODE_TRIES = 5


def class_open(*, instructor: User, name: str, lesson: str, guests_allowed: bool = True) -> Class:
    """A new class with a join code of its own."""
    if not may_open_classes(instructor):
        raise NotTheInstructor("Opening a class needs an account, so that it is still yours tomorrow.")
    lesson_get(lesson)
    for _ in range(CODE_TRIES - 1):
        try:
            return _class_save(instructor, name, lesson, guests_allowed)
        except IntegrityError:  # somebody else has just drawn the same code
            continue
    return _class_save(instructor, name, lesson, guests_allowed)


@transaction.atomic
def _class_save(instructor: User, name: str, lesson: str, guests_allowed: bool) -> Class:
    group = Class(instructor=instructor, name=" ".join(name.split()), lesson=lesson, guests_allowed=guests_allowed)
    group.full_clean(validate_unique=False)
    group.save(force_insert=True)
    return group


@transaction.atomic
def class_close(*, by: User, class_id: UUID) -> None:
    """End the class: nobody joins or watches any more. Learners keep their clusters."""
    group = selectors.class_taught(user=by, class_id=class_id)
    if not group.is_open:
        return
    if group.presented is not None:
        _present(group, None)
    if group.paused is not None:
        for held in _clusters_of(group):
            _tell(f"n:{held}", {"t": "held", "by": None})
    group.closed, group.paused = timezone.now(), None
    group.save(update_fields=["closed", "paused"])
    for cluster_id in group.memberships.exclude(cluster=None).values_list("cluster_id", flat=True):
        _tell(f"n:{cluster_id}", {"t": "bye", "reason": "class-closed"})


@transaction.atomic
def class_reopen(*, by: User, class_id: UUID) -> None:
    """Go on with a closed class, under the same code."""
    group = selectors.class_taught(user=by, class_id=class_id)
    group.closed = None
    group.save(update_fields=["closed"])


@transaction.atomic
def class_join(*, user: User, group: Class) -> Membership:
    """Put `user` into the class with a cluster for its lesson. Joining again returns to the same place."""
    if not group.is_open:
        raise ClassClosed(f"The class {group.name!r} is over. Ask {group.instructor.name} to open it again.")
    if not selectors.can_join(user, group):
        raise GuestsNotAllowed(f"The class {group.name!r} is for people with an account. Sign in or make one first.")
    membership, is_new = Membership.objects.select_related("cluster").get_or_create(group=group, user=user)
    if membership.cluster is None:
        membership.cluster = _lesson_cluster(user, group.lesson)
        membership.save(update_fields=["cluster"])
    if is_new:
        _tell(f"n:class:{group.id}", {"t": "cards"})
    return membership


def _lesson_cluster(user: User, ref: str) -> Cluster:
    lesson = lesson_get(ref)
    lesson_open(user=user, lesson=lesson)
    begun = Cluster.objects.filter(owner=user, lesson=ref).first()
    return begun or cluster_create(owner=user, name=lesson.title, lesson=ref)


@transaction.atomic
def help_ask(*, user: User, cluster_id: UUID, text: str) -> selectors.Help | None:
    """Ask the instructor for help, change the words of an open request, or take it back with an empty text."""
    membership = selectors.membership_for_cluster(user=user, cluster_id=cluster_id)
    text = text.strip()
    request = membership.help_requests.filter(answered__isnull=True).first()
    if not text:
        if request is not None:
            _answered(request)
        request = None
    else:
        request = request or HelpRequest(membership=membership)
        request.text = text
        request.full_clean(exclude=["membership"])
        request.save()
    shape = selectors.help_shape(request)
    _tell_wall(membership, {"help": shape})
    return shape


@transaction.atomic
def help_answer(by: User, membership_id: UUID | str) -> None:
    """The instructor has dealt with a learner's open request."""
    membership = _taught_membership(by, membership_id)
    request = membership.help_requests.filter(answered__isnull=True).first()
    if request is not None:
        _answered(request)
    _tell_wall(membership, {"help": None})
    if membership.cluster_id:
        _tell(f"n:{membership.cluster_id}", {"t": "help", "help": None})


@transaction.atomic
def hint_send(by: User, membership_id: UUID | str, text: str) -> Hint:
    """Write to one learner; it appears in their lab at once and is still there after a reload."""
    membership = _taught_membership(by, membership_id)
    if not text.strip():
        raise EmptyText("The hint: found nothing, wanted a sentence.")
    hint = Hint(membership=membership, sender=by, text=text.strip())
    hint.full_clean(exclude=["membership", "sender"])
    hint.save()
    if membership.cluster_id:
        _tell(f"n:{membership.cluster_id}", {"t": "hint", **selectors.hint_shape(hint)})
    return hint


# ── leading the whole class ──


@transaction.atomic
def class_pause(by: User, class_id: UUID | str, on: bool) -> list[str]:
    """Hold every learner's clock, or let it go; returns the clusters whose clocks are to be turned."""
    group = _led(by, class_id)
    group.paused = timezone.now() if on else None
    group.save(update_fields=["paused"])
    clusters = _clusters_of(group)
    for cluster_id in clusters:
        _tell(f"n:{cluster_id}", {"t": "held", "by": group.held_by})
    _tell_walls(group)
    return clusters


def class_points(by: User, class_id: UUID | str) -> list[str]:
    """The steps that learners can be brought to."""
    group = _led(by, class_id)
    return [point.step for point in starting_points(lesson_get(group.lesson))]


@transaction.atomic
def class_bring(by: User, class_id: UUID | str, step_id: str, membership_id: str | None = None) -> int:
    """Bring one learner, or everybody, to the start of a step; what they did so far is kept aside. How many were brought."""
    group = _led(by, class_id)
    lesson = lesson_get(group.lesson)
    if starting_point(lesson, step_id) is None:
        raise NoSuchStep(f"The solution of {lesson.title!r} does not lead to a step {step_id!r}.")
    members = group.memberships.exclude(cluster=None).select_related("user", "cluster")
    if membership_id is not None:
        members = members.filter(id=_taught_membership(by, membership_id).id)
    for member in members:
        assert member.cluster is not None
        point = _point_of(member.user, lesson, step_id)
        kept = cluster_bring(cluster=member.cluster, point=point, title=point.title, is_paused=group.paused is not None)
        lesson_bring(user=member.user, lesson=lesson, step_id=step_id)
        told = {"step": step_id, "title": point.title, "from": by.name, "kept": kept.name if kept else None}
        _tell(f"n:{member.cluster_id}", {"t": "brought", **told})
    return len(members)


def _point_of(learner: User, lesson: Lesson, step_id: str) -> StartingPoint:
    """The start of the step in a cluster that knows the learner's images and those of the class."""
    config = config_with_images(lesson_config(lesson), owner=learner, lesson=lesson.ref)
    point = starting_point(lesson, step_id, config)
    if point is None:
        raise NoSuchStep(
            f"With the images of this class the solution of {lesson.title!r} does not lead to {step_id!r}."
        )
    return point


@transaction.atomic
def class_present(by: User, class_id: UUID | str, cluster_id: str | None) -> None:
    """Show a cluster of one's own to the whole class, which follows it read-only; None ends that."""
    group = _led(by, class_id)
    cluster = None
    if cluster_id is not None:
        cluster = next((own for own in Cluster.objects.filter(owner=by) if str(own.pk) == cluster_id), None)
        if cluster is None:
            raise NotYourCluster("One presents a cluster of one's own: this one is not yours, or is gone.")
    _present(group, cluster)
    _tell_walls(group)


def _led(by: User, class_id: UUID | str) -> Class:
    group = selectors.class_taught(user=by, class_id=UUID(str(class_id)))
    if not group.is_open:
        raise ClassClosed(f"The class {group.name!r} is closed. Open it again first.")
    return group


def _present(group: Class, cluster: Cluster | None) -> None:
    former = group.presented
    group.presented = cluster
    group.save(update_fields=["presented"])
    for own in _clusters_of(group):
        _tell(f"n:{own}", {"t": "present", "presented": selectors.presented_shape(group)})
    if former is not None and former != cluster:
        _tell(f"n:{former.pk}", {"t": "bye", "reason": "presentation-over"})


def _clusters_of(group: Class) -> list[str]:
    return [str(pk) for pk in group.memberships.exclude(cluster=None).values_list("cluster_id", flat=True)]


def _tell_walls(group: Class) -> None:
    _tell(f"n:class:{group.id}", {"t": "class", "class": selectors.led_state(group)})


def place_changed(user: User, lesson: str) -> None:
    """Show on the walls that a learner has got on in `lesson` (setting `PROGRESS_LISTENERS`)."""
    members = Membership.objects.select_related("group", "user")
    for membership in members.filter(user=user, group__lesson=lesson, group__closed__isnull=True):
        card = selectors.wall_card(membership)
        place = {key: card[key] for key in ("step", "steps", "stepSince", "started", "finished", "stepTimes", "stuck")}
        notices.publish(f"n:class:{membership.group_id}", {"t": "card", "card": {"id": card["id"], **place}})


def guest_merge(guest: User, account: User) -> None:
    """Hand the guest's places in classes over, except where the account is a member already."""
    present = Membership.objects.filter(user=account).values("group")
    Membership.objects.filter(user=guest).exclude(group__in=present).update(user=account)


def _taught_membership(by: User, membership_id: UUID | str) -> Membership:
    membership = Membership.objects.select_related("group", "user").filter(id=membership_id).first()
    if membership is None:
        raise NotAMember("This learner is not in the class any more.")
    if not selectors.can_teach(by, membership.group_id):
        raise NotTheInstructor(f"Only the instructor of {membership.group.name!r} may do that.")
    return membership


def _answered(request: HelpRequest) -> None:
    request.answered = timezone.now()
    request.save(update_fields=["answered"])


def _tell_wall(membership: Membership, changed: dict[str, Any]) -> None:
    _tell(f"n:class:{membership.group_id}", {"t": "card", "card": {"id": str(membership.id), **changed}})


def _tell(topic: str, payload: dict[str, Any]) -> None:
    transaction.on_commit(lambda: notices.publish(topic, payload))
