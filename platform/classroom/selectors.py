"""Reads about classes, and the one place that decides who may do what in one: `can_teach`, `can_watch`, `can_join`.

Card and class shapes are those of docs/architecture.md, sections 2.4 and 3. A wall is five queries, however many learn.
"""

from collections.abc import Mapping
from typing import Any, TypedDict
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.permissions import is_account
from catalog.selectors import lesson_find
from classroom.errors import NoSuchClass, NotAMember, NotTheInstructor
from classroom.models import Class, HelpRequest, Hint, Membership
from labs.models import Cluster
from progress.selectors import Summary, epoch_ms, summaries

STUCK_AFTER_S = 5 * 60
PEOPLE = User | AnonymousUser


class Help(TypedDict):
    """An open request for help."""

    id: int
    text: str
    at: int


class Card(TypedDict):
    """One learner on the wall, as far as the database knows; the hosts add the living part."""

    id: str
    lab: str | None
    name: str
    connected: bool
    step: int
    steps: int
    stepSince: int | None
    started: int | None
    finished: int | None
    stepTimes: list[int]
    help: Help | None
    stuck: bool
    last: str
    picture: None


# ── who may do what ──


def can_teach(user: PEOPLE, class_id: UUID | str) -> bool:
    """Run the class: see the wall, send hints, close it."""
    return is_account(user) and Class.objects.filter(id=class_id, instructor_id=user.pk).exists()


def can_watch(user: PEOPLE, cluster: Cluster) -> bool:
    """Look at somebody else's cluster: the instructor of an open class in which it is used, and the learners of an
    open class to which its instructor presents it."""
    if not isinstance(user, User):
        return False
    taught = Membership.objects.filter(cluster=cluster, group__instructor_id=user.pk, group__closed__isnull=True)
    return (is_account(user) and taught.exists()) or presented_to(user, cluster) is not None


def can_turn_clock(cluster_id: UUID | str) -> str:
    """Empty when the owner of a cluster may turn its clock; else who holds it for the whole class."""
    membership = _memberships_on(cluster_id).filter(group__paused__isnull=False).first()
    return (membership.group.held_by or "") if membership else ""


def can_join(user: PEOPLE, group: Class) -> bool:
    """Join with no more than a name, or only with an account."""
    return group.guests_allowed or is_account(user)


def members_of_open_classes() -> QuerySet[Membership, Any]:
    """Whom a sweep of old guests leaves alone (setting `GUESTS_KEPT`)."""
    return Membership.objects.filter(group__closed__isnull=True).values("user")


# ── classes ──


def classes_taught(*, user: User) -> QuerySet[Class]:
    """The classes `user` runs, newest first, with `learners` and `asking` counted."""
    return Class.objects.filter(instructor=user).annotate(
        learners=Count("memberships", distinct=True),
        asking=Count(
            "memberships__help_requests",
            filter=Q(memberships__help_requests__answered__isnull=True),
            distinct=True,
        ),
    )


def memberships_of(*, user: User) -> QuerySet[Membership]:
    """The classes `user` learns in, newest first."""
    return user.memberships.select_related("group", "group__instructor", "cluster").order_by("-joined")


def class_taught(*, user: PEOPLE, class_id: UUID) -> Class:
    """The class, for its instructor only."""
    group = Class.objects.select_related("instructor").filter(id=class_id).first()
    if group is None or not is_account(user):
        raise NoSuchClass("There is no class under this address.")
    if not can_teach(user, class_id):
        raise NotTheInstructor(f"Only {group.instructor.name} runs the class {group.name!r}.")
    return group


def class_by_code(code: str) -> Class:
    """The class learners join with `code`, however they write it."""
    cleaned = "-".join(code.strip().lower().replace("-", " ").split())
    group = Class.objects.select_related("instructor").filter(code=cleaned).first()
    if group is None:
        raise NoSuchClass(
            f"No class has the code {code.strip()!r}. It looks like tide-4827; ask your instructor for it."
        )
    return group


def membership_for_cluster(*, user: User, cluster_id: UUID) -> Membership:
    """The membership in which `user` works on their cluster, in the newest open class."""
    found = _memberships_on(cluster_id).filter(user=user).first()
    if found is None:
        raise NotAMember("This cluster is in no open class.")
    return found


def presented_to(user: User, cluster: Cluster) -> Class | None:
    """The open class in which `user` is shown `cluster`."""
    shown = Class.objects.filter(presented=cluster, closed__isnull=True, memberships__user=user)
    return shown.select_related("instructor").first()


def presented_shape(group: Class) -> dict[str, str] | None:
    """The cluster the class follows, as pages show it."""
    if group.presented is None or not group.is_open:
        return None
    lab = reverse("labs:lab", args=[group.presented.pk])
    return {"id": str(group.presented.pk), "name": group.presented.name, "by": group.instructor.name, "url": lab}


def led_state(group: Class) -> dict[str, Any]:
    """What the instructor does with the whole class at the moment."""
    return {"paused": group.paused is not None, "presented": presented_shape(group)}


def class_of_cluster(cluster_id: UUID | str) -> str | None:
    """The open class a cluster is used in."""
    found = _memberships_on(cluster_id).first()
    return str(found.group_id) if found else None


def _memberships_on(cluster_id: UUID | str) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(cluster_id=cluster_id, group__closed__isnull=True)
        .select_related("group", "group__instructor", "group__presented", "user")
        .order_by("-joined")
    )


# ── the wall ──


def wall_class(class_id: UUID | str) -> dict[str, Any]:
    """The class as the wall's boot data and first frame hold it; `joinUrl` is added by the view."""
    group = Class.objects.select_related("instructor", "presented").get(id=class_id)
    lesson = lesson_find(group.lesson)
    return {
        **led_state(group),
        "id": str(group.id),
        "name": group.name,
        "code": group.code,
        "openedAt": epoch_ms(group.opened),
        "open": group.is_open,
        "lesson": {
            "title": lesson.title if lesson else group.lesson,
            "steps": [step.title for step in lesson.steps] if lesson else [],
            "ids": [step.id for step in lesson.steps] if lesson else [],
        },
    }


def wall_cards(class_id: UUID | str) -> list[Card]:
    """Everybody in the class, in the order they joined."""
    group = Class.objects.get(id=class_id)
    members = list(
        group.memberships.select_related("user").prefetch_related(
            Prefetch("help_requests", HelpRequest.objects.filter(answered__isnull=True), to_attr="open_requests")
        )
    )
    lesson = lesson_find(group.lesson)
    places = summaries(users=[member.user_id for member in members], lesson=lesson) if lesson else {}
    steps = len(lesson.steps) if lesson else 0
    return [_card(member, places.get(member.user_id), steps) for member in members]


def wall_card(membership: Membership) -> Card:
    """One learner's card."""
    lesson = lesson_find(membership.group.lesson)
    places = summaries(users=[membership.user_id], lesson=lesson) if lesson else {}
    request = membership.help_requests.filter(answered__isnull=True).first()
    membership.open_requests = [request] if request else []  # type: ignore[attr-defined]
    return _card(membership, places.get(membership.user_id), len(lesson.steps) if lesson else 0)


def help_shape(request: HelpRequest | None) -> Help | None:
    """An open request as pages show it."""
    return None if request is None else {"id": request.pk, "text": request.text, "at": epoch_ms(request.asked)}


def hint_shape(hint: Hint) -> dict[str, Any]:
    """A hint as pages show it."""
    sender = hint.sender.name if hint.sender else "Your instructor"
    return {"id": hint.pk, "from": sender, "text": hint.text, "at": epoch_ms(hint.sent)}


def _card(member: Membership, place: Summary | None, steps: int) -> Card:
    requests: list[HelpRequest] = member.open_requests  # type: ignore[attr-defined]
    return {
        "id": str(member.id),
        "lab": str(member.cluster_id) if member.cluster_id else None,
        "name": member.user.name,
        "connected": False,
        "step": place["step"] if place else 1,
        "steps": steps,
        "stepSince": place["stepSince"] if place else None,
        "started": place["started"] if place else None,
        "finished": place["finished"] if place else None,
        "stepTimes": place["stepTimes"] if place else [0] * steps,
        "help": help_shape(requests[0] if requests else None),
        "stuck": is_stuck(place),
        "last": "",
        "picture": None,
    }


def is_stuck(place: Mapping[str, Any] | None) -> bool:
    """Whether somebody at this place (`stepSince`, `finished`) has got nowhere for too long."""
    if place is None or place["finished"] is not None or place["stepSince"] is None:
        return False
    return epoch_ms(timezone.now()) - int(place["stepSince"]) > STUCK_AFTER_S * 1000
