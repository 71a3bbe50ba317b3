"""What a learner has done: checks stay passed, predictions count once and are judged when revealed, time is kept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from accounts.models import User
from catalog.lesson import Lesson
from catalog.selectors import lesson_get, step_checks
from labs.models import Cluster
from labs.services import cluster_reset
from progress import services
from progress.errors import AlreadyPredicted, NoLessonHere, NotAnOption
from progress.judging import Results, revealed_elsewhere
from progress.models import LessonProgress, StepProgress
from progress.selectors import lesson_boot, progress_find, summaries

pytestmark = pytest.mark.django_db
REF = "small/01-two-steps"
MADE = {"id": "made", "passed": True, "say": "web exists"}
NOT_MADE = {"id": "made", "passed": False, "say": "no pod web"}
OPTIONS = {"id": "where:options", "passed": True, "say": "", "values": ["node-1", "node-2"]}
ANSWER = {"id": "where:answer", "passed": True, "say": "", "values": ["node-2"]}
LANDED = {"id": "landed", "passed": True, "say": ""}


@pytest.fixture
def lesson() -> Lesson:
    return lesson_get(REF)


@pytest.fixture
def mei(account: Callable[[str], User]) -> User:
    return account("mei")


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[User, str]]:
    calls: list[tuple[User, str]] = []
    monkeypatch.setattr("classroom.services.place_changed", lambda user, lesson: calls.append((user, lesson)))
    return calls


def test_a_step_asks_for_its_checks_its_reveal_and_the_values_of_its_question() -> None:
    assert step_checks(REF, "first") == [
        {"id": "made", "state": {"resource": "pods", "name": "web"}},
        {"id": "landed", "state": {"resource": "pods", "where": [{"path": "spec.nodeName", "exists": True}]}},
        {"id": "where:options", "value": {"resource": "nodes", "path": "metadata.name"}},
        {"id": "where:answer", "value": {"resource": "pods", "path": "spec.nodeName", "newest": True}},
    ]


def test_nothing_is_asked_for_a_step_nobody_knows() -> None:
    assert step_checks(REF, "third") == []
    assert step_checks("no/lesson", "first") == []


def test_a_check_that_passed_stays_passed(mei: User) -> None:
    services.step_record(mei, REF, "first", [MADE])
    frame = services.step_record(mei, REF, "first", [NOT_MADE])
    assert frame["checks"] == [{"id": "made", "passed": True, "say": "no pod web"}]
    assert frame["done"] is True


def test_a_check_that_has_not_passed_leaves_the_step_open(mei: User) -> None:
    frame = services.step_record(mei, REF, "first", [NOT_MADE])
    assert (frame["step"], frame["done"], frame["finished"]) == ("first", False, False)


def test_a_look_without_news_costs_one_read(mei: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    services.step_record(mei, REF, "first", [MADE, OPTIONS])
    with django_assert_num_queries(1):
        services.step_record(mei, REF, "first", [MADE, OPTIONS])


def test_options_come_from_the_cluster_and_stay_once_one_is_chosen(mei: User, lesson: Lesson) -> None:
    frame = services.step_record(mei, REF, "first", [OPTIONS])
    assert [option["id"] for option in frame["question"]["options"]] == ["node-1", "node-2"]
    services.prediction_make(user=mei, lesson=lesson, question_id="where", option="node-1")
    frame = services.step_record(mei, REF, "first", [{**OPTIONS, "values": ["node-9"]}])
    assert [option["id"] for option in frame["question"]["options"]] == ["node-1", "node-2"]


@pytest.mark.parametrize(
    ("option", "right", "why"),
    [("node-2", True, "It has room."), ("node-1", False, "Look at the racks.")],
    ids=["right", "wrong"],
)
def test_a_prediction_is_judged_when_it_is_revealed_not_before(
    mei: User, lesson: Lesson, option: str, right: bool, why: str
) -> None:
    services.step_record(mei, REF, "first", [OPTIONS])
    question = services.prediction_make(user=mei, lesson=lesson, question_id="where", option=option)
    assert (question["chosen"], question["right"], question["answer"], question["why"]) == (option, None, None, None)
    question = services.step_record(mei, REF, "first", [MADE, LANDED, ANSWER])["question"]
    assert (question["right"], question["answer"], question["why"]) == (right, "node-2", why)


def test_nothing_is_revealed_to_who_has_not_predicted(mei: User) -> None:
    question = services.step_record(mei, REF, "first", [OPTIONS, MADE, LANDED, ANSWER])["question"]
    assert (question["chosen"], question["right"], question["answer"]) == (None, None, None)


def test_a_question_without_reveal_is_judged_at_once(mei: User, lesson: Lesson) -> None:
    question = services.prediction_make(user=mei, lesson=lesson, question_id="sure", option="no")
    assert (question["right"], question["answer"], question["why"]) == (False, "yes", "You should be.")


def test_the_first_prediction_counts(mei: User, lesson: Lesson) -> None:
    services.prediction_make(user=mei, lesson=lesson, question_id="sure", option="no")
    with pytest.raises(AlreadyPredicted, match="already predicted 'no'"):
        services.prediction_make(user=mei, lesson=lesson, question_id="sure", option="yes")


def test_only_an_option_can_be_predicted(mei: User, lesson: Lesson) -> None:
    with pytest.raises(NotAnOption, match="'perhaps' is none of the options: yes, no"):
        services.prediction_make(user=mei, lesson=lesson, question_id="sure", option="perhaps")
    with pytest.raises(NotAnOption, match="they are not read yet"):
        services.prediction_make(user=mei, lesson=lesson, question_id="where", option="node-1")


def test_a_later_step_may_reveal_an_earlier_question(mei: User, lesson: Lesson) -> None:
    question = replace(lesson.steps[1].question, reveal="made") if lesson.steps[1].question else None
    changed = replace(lesson, steps=(lesson.steps[0], replace(lesson.steps[1], question=question)))
    assert revealed_elsewhere(changed, Results.of([MADE])) == {"second": "yes"}
    assert revealed_elsewhere(changed, Results.of([NOT_MADE])) == {}


def test_a_cluster_that_begins_again_takes_its_lesson_with_it(mei: User) -> None:
    services.step_record(mei, REF, "first", [MADE])
    cluster_reset(cluster=Cluster.objects.create(owner=mei, name="lab", lesson=REF))
    progress = progress_find(user=mei, lesson=REF)
    assert progress is not None
    assert (progress.step, progress.finished, list(progress.steps.all())) == ("first", None, [])


def test_hints_come_one_by_one_and_end(mei: User, lesson: Lesson) -> None:
    shown = [services.hint_show(user=mei, lesson=lesson, step_id="first")["shown"] for _ in range(3)]
    assert [len(hints) for hints in shown] == [1, 2, 2]
    assert shown[0] == ["Try <code>kubectl run</code>."]


def test_a_step_of_another_lesson_is_refused(mei: User, lesson: Lesson) -> None:
    with pytest.raises(NoLessonHere, match="has no step 'third'"):
        services.step_enter(user=mei, lesson=lesson, step_id="third")


def test_time_is_counted_on_the_step_it_was_spent_on(mei: User, lesson: Lesson) -> None:
    services.lesson_open(user=mei, lesson=lesson)
    LessonProgress.objects.update(step_since=timezone.now() - timedelta(seconds=90))
    services.step_enter(user=mei, lesson=lesson, step_id="second")
    assert StepProgress.objects.get(step="first").spent_s == 90


def test_hours_away_do_not_count_as_work(mei: User, lesson: Lesson) -> None:
    services.lesson_open(user=mei, lesson=lesson)
    LessonProgress.objects.update(step_since=timezone.now() - timedelta(hours=9))
    services.step_enter(user=mei, lesson=lesson, step_id="second")
    assert StepProgress.objects.get(step="first").spent_s == 600


def test_a_lesson_is_finished_when_every_step_is_done(mei: User) -> None:
    assert services.step_record(mei, REF, "first", [MADE])["finished"] is False
    assert services.step_record(mei, REF, "second", [LANDED])["finished"] is True


def test_a_place_that_changes_is_told_once(
    mei: User, told: list[tuple[User, str]], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.step_record(mei, REF, "first", [MADE])
        services.step_record(mei, REF, "first", [MADE])
    assert told == [(mei, REF)]


def test_the_boot_data_shows_what_was_done(mei: User, lesson: Lesson) -> None:
    services.step_record(mei, REF, "first", [MADE, OPTIONS])
    boot = lesson_boot(user=mei, lesson=lesson, cluster_id=mei.pk)
    first, second = boot["steps"]
    assert (boot["minutes"], boot["minutesLeft"], boot["finished"]) == (10, 5, False)
    assert (first["done"], second["done"]) == (True, False)
    assert first["checks"][0]["passed"] is True
    assert first["html"].startswith('<p>Make <button type="button" class="chip" data-kind="pod"')
    assert first["hints"] == {"shown": [], "total": 2}
    assert boot["api"]["hint"] == f"/clusters/{mei.pk}/lesson/hint/"


def test_a_wall_reads_everybody_in_two_queries(
    account: Callable[[str], User], lesson: Lesson, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = [account(f"p{number}") for number in range(5)]
    for person in people:
        services.step_record(person, REF, "second", [])
    with django_assert_num_queries(2):
        places = summaries(users=[person.pk for person in people], lesson=lesson)
    assert {place["step"] for place in places.values()} == {2}
    assert all(place["steps"] == 2 and len(place["stepTimes"]) == 2 for place in places.values())


def test_an_account_keeps_its_own_progress_when_a_guest_is_merged(mei: User, guest: User, lesson: Lesson) -> None:
    services.step_record(mei, REF, "first", [MADE])
    services.lesson_open(user=guest, lesson=lesson)
    services.guest_merge(guest, mei)
    assert LessonProgress.objects.get(user=mei).steps.get(step="first").passed == ["made"]


def test_a_guests_progress_moves_into_the_account(mei: User, guest: User) -> None:
    services.step_record(guest, REF, "first", [MADE])
    services.guest_merge(guest, mei)
    assert LessonProgress.objects.get(user=mei).steps.get(step="first").passed == ["made"]
