"""Classes: who may do what, what joining gives, and which notices leave."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts.models import User
from accounts.services import guest_create
from catalog.errors import NoSuchLesson
from classroom import selectors, services
from classroom.demo import demo_make, password_of
from classroom.errors import ClassClosed, EmptyText, GuestsNotAllowed, NoSuchClass, NotAMember, NotTheInstructor
from classroom.models import Class, Membership, new_code
from classroom.page import lab_part
from labs.models import Cluster
from labs.services import cluster_create, cluster_delete
from progress.models import LessonProgress
from progress.services import step_record

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


def test_codes_are_a_word_and_four_digits() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) > 190
    assert all(word.isalpha() and len(number) == 4 for word, number in (code.split("-") for code in codes))


def test_a_guest_cannot_open_a_class(guest: User) -> None:
    with pytest.raises(NotTheInstructor, match="Opening a class needs an account"):
        services.class_open(instructor=guest, name="Mine", lesson=REF)


def test_a_class_needs_a_lesson_that_exists(jana: User) -> None:
    with pytest.raises(NoSuchLesson, match="There is no lesson 'no/such'"):
        services.class_open(instructor=jana, name="Mine", lesson="no/such")


def test_a_code_that_is_taken_is_drawn_again(jana: User, group: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter([group.code, "tide-4827"])
    monkeypatch.setattr(Class._meta.get_field("code"), "default", lambda: next(codes))
    monkeypatch.setattr(Class._meta.get_field("code"), "_get_default", lambda: next(codes))
    assert services.class_open(instructor=jana, name="Other", lesson=REF).code == "tide-4827"


@pytest.mark.parametrize(
    "written", ["{}", " {} ", "{upper}", "{spaced}"], ids=["as is", "spaces", "capitals", "no hyphen"]
)
def test_a_code_is_found_however_it_is_written(group: Class, written: str) -> None:
    text = written.format(group.code, upper=group.code.upper(), spaced=group.code.replace("-", " "))
    assert selectors.class_by_code(text) == group


def test_a_code_nobody_gave_out_is_refused() -> None:
    with pytest.raises(NoSuchClass, match=r"No class has the code 'tide-0000'\. It looks like tide-4827"):
        selectors.class_by_code("tide-0000")


def test_joining_gives_a_cluster_for_the_lesson(member: Membership) -> None:
    assert member.cluster is not None
    assert (member.cluster.owner, member.cluster.lesson) == (member.user, REF)


def test_joining_twice_leads_to_the_same_place(member: Membership, group: Class) -> None:
    again = services.class_join(user=member.user, group=group)
    assert (again.pk, again.cluster) == (member.pk, member.cluster)
    assert Cluster.objects.count() == 1


def test_a_lesson_begun_earlier_is_continued_in_the_class(group: Class, account: Account) -> None:
    tom = account("tom")
    begun = cluster_create(owner=tom, name="Mine", lesson=REF)
    assert services.class_join(user=tom, group=group).cluster == begun


def test_a_learner_whose_cluster_is_gone_gets_a_new_one(member: Membership, group: Class) -> None:
    assert member.cluster is not None
    cluster_delete(cluster=member.cluster)
    assert services.class_join(user=member.user, group=group).cluster is not None


def test_a_closed_class_takes_nobody_in(group: Class, jana: User, account: Account) -> None:
    services.class_close(by=jana, class_id=group.id)
    group.refresh_from_db()
    with pytest.raises(ClassClosed, match="The class 'Group B' is over"):
        services.class_join(user=account("tom"), group=group)


def test_a_class_may_be_for_accounts_only(group: Class, guest: User, account: Account) -> None:
    group.guests_allowed = False
    with pytest.raises(GuestsNotAllowed):
        services.class_join(user=guest, group=group)
    assert services.class_join(user=account("tom"), group=group).user.name == "Tom"


def test_only_the_instructor_of_an_open_class_watches(member: Membership, jana: User, account: Account) -> None:
    cluster = member.cluster
    assert cluster is not None
    other = cluster_create(owner=member.user, name="Private")
    assert selectors.can_watch(jana, cluster) is True
    assert selectors.can_watch(jana, other) is False
    assert selectors.can_watch(account("tom"), cluster) is False
    services.class_close(by=jana, class_id=member.group_id)
    assert selectors.can_watch(jana, cluster) is False


def test_another_instructor_cannot_touch_the_class(member: Membership, account: Account) -> None:
    tom = account("tom")
    calls: list[Callable[[], object]] = [
        lambda: services.class_close(by=tom, class_id=member.group_id),
        lambda: services.class_reopen(by=tom, class_id=member.group_id),
        lambda: services.hint_send(tom, member.id, "Look."),
        lambda: services.help_answer(tom, member.id),
    ]
    for call in calls:
        with pytest.raises(NotTheInstructor):
            call()
    assert selectors.can_teach(tom, member.group_id) is False


def test_asking_for_help_shows_on_the_wall(member: Membership, said: Said, committed: Callable[[], Any]) -> None:
    assert member.cluster_id is not None
    with committed():
        shape = services.help_ask(user=member.user, cluster_id=member.cluster_id, text=" Why Pending? ")
    assert shape is not None
    assert shape["text"] == "Why Pending?"
    assert said == [(f"n:class:{member.group_id}", {"t": "card", "card": {"id": str(member.id), "help": shape}})]
    assert selectors.wall_cards(member.group_id)[0]["help"] == shape


def test_asking_again_changes_the_words_of_the_same_request(member: Membership) -> None:
    assert member.cluster_id is not None
    first = services.help_ask(user=member.user, cluster_id=member.cluster_id, text="Why?")
    second = services.help_ask(user=member.user, cluster_id=member.cluster_id, text="Why Pending?")
    assert first is not None
    assert second is not None
    assert (second["id"], second["text"]) == (first["id"], "Why Pending?")


def test_an_empty_question_takes_the_request_back(member: Membership) -> None:
    assert member.cluster_id is not None
    services.help_ask(user=member.user, cluster_id=member.cluster_id, text="Why?")
    assert services.help_ask(user=member.user, cluster_id=member.cluster_id, text="") is None
    assert selectors.wall_cards(member.group_id)[0]["help"] is None


def test_nobody_asks_for_help_with_another_persons_cluster(member: Membership, account: Account) -> None:
    assert member.cluster_id is not None
    with pytest.raises(NotAMember):
        services.help_ask(user=account("tom"), cluster_id=member.cluster_id, text="Hello")


def test_an_answer_ends_the_request_on_both_sides(
    member: Membership, jana: User, said: Said, committed: Callable[[], Any]
) -> None:
    assert member.cluster_id is not None
    services.help_ask(user=member.user, cluster_id=member.cluster_id, text="Why?")
    with committed():
        services.help_answer(jana, member.id)
    assert said == [
        (f"n:class:{member.group_id}", {"t": "card", "card": {"id": str(member.id), "help": None}}),
        (f"n:{member.cluster_id}", {"t": "help", "help": None}),
    ]


def test_a_hint_reaches_the_lab_and_stays(
    member: Membership, jana: User, said: Said, committed: Callable[[], Any]
) -> None:
    with committed():
        hint = services.hint_send(jana, str(member.id), " Read the events. ")
    shape = selectors.hint_shape(hint)
    assert (shape["from"], shape["text"]) == ("Jana", "Read the events.")
    assert said == [(f"n:{member.cluster_id}", {"t": "hint", **shape})]
    assert member.cluster is not None
    assert lab_part(member.user, member.cluster)["class"]["hints"] == [shape]


def test_a_hint_says_something(member: Membership, jana: User) -> None:
    with pytest.raises(EmptyText):
        services.hint_send(jana, member.id, "  ")


def test_closing_tells_every_lab(member: Membership, jana: User, said: Said, committed: Callable[[], Any]) -> None:
    with committed():
        services.class_close(by=jana, class_id=member.group_id)
    assert said == [(f"n:{member.cluster_id}", {"t": "bye", "reason": "class-closed"})]


def test_a_learner_who_gets_on_moves_on_the_wall(member: Membership, said: Said, committed: Callable[[], Any]) -> None:
    with committed():
        step_record(member.user, REF, "second", [])
    (topic, notice), *_ = said
    assert topic == f"n:class:{member.group_id}"
    assert (notice["card"]["id"], notice["card"]["step"], notice["card"]["stuck"]) == (str(member.id), 2, False)


def test_five_minutes_without_progress_are_stuck(member: Membership) -> None:
    LessonProgress.objects.update(step_since=timezone.now() - timedelta(minutes=6))
    assert selectors.wall_cards(member.group_id)[0]["stuck"] is True


def test_the_wall_costs_the_same_for_many(
    group: Class, account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        services.class_join(user=account(f"p{number}"), group=group)
    with django_assert_num_queries(5):
        cards = selectors.wall_cards(group.id)
    assert [card["name"] for card in cards] == [f"P{number}" for number in range(8)]


def test_a_lab_outside_a_class_knows_of_none(account: Account) -> None:
    tom = account("tom")
    assert lab_part(tom, cluster_create(owner=tom, name="Mine")) == {"class": None, "follow": None}


def test_a_guest_who_signs_in_stays_in_the_class(group: Class, account: Account) -> None:
    guest, mei = guest_create(name="Mei"), account("mei")
    member = services.class_join(user=guest, group=group)
    services.guest_merge(guest, mei)
    assert Membership.objects.get(pk=member.pk).user == mei


def test_the_demonstration_can_be_made_twice() -> None:
    first, second = demo_make(), demo_make()
    assert first == second
    assert [person.role for person in first.people] == ["instructor", "learner", "learner", "learner"]
    assert (User.objects.count(), Class.objects.count(), Membership.objects.count()) == (4, 1, 3)
    jana = User.objects.get(email=first.people[0].email)
    assert jana.check_password(password_of(jana.email or ""))
