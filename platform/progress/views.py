"""Starting a lesson, and the small calls its panel makes while the learner works in it."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from accounts.guests import person_or_guest
from accounts.models import User
from accounts.permissions import person_required
from accounts.requests import PersonRequest
from catalog.lesson import Lesson
from catalog.selectors import lesson_find, lesson_get
from foundation.json_body import answer, texts
from labs.models import Cluster
from labs.services import cluster_create
from progress import services
from progress.errors import NoLessonHere
from progress.page import lab_part


@require_POST
def start(request: HttpRequest, track: str, slug: str) -> HttpResponse:
    """Open the lab of a lesson: the cluster begun earlier, or a new one. A visitor becomes a guest."""
    lesson = lesson_get(f"{track}/{slug}")
    person = person_or_guest(request)
    cluster = Cluster.objects.filter(owner=person, lesson=lesson.ref).first()
    if cluster is None:
        cluster = cluster_create(owner=person, name=lesson.title, lesson=lesson.ref)
        services.lesson_restart(user=person, lesson=lesson)
    return redirect("labs:lab", cluster.id)


@require_GET
@person_required
def place(request: PersonRequest, cluster_id: UUID) -> JsonResponse:
    """The lesson as the boot data holds it, with the place the learner was brought to."""
    _own_lesson(request.user, cluster_id)
    return answer(**lab_part(request.user, Cluster.objects.get(id=cluster_id)))


@require_POST
@person_required
def step(request: PersonRequest, cluster_id: UUID) -> JsonResponse:
    """The learner looks at another step."""
    (step_id,) = texts(request, "step")
    services.step_enter(user=request.user, lesson=_own_lesson(request.user, cluster_id), step_id=step_id)
    return answer()


@require_POST
@person_required
def prediction(request: PersonRequest, cluster_id: UUID) -> JsonResponse:
    """The learner predicts."""
    question_id, option = texts(request, "question", "option")
    lesson = _own_lesson(request.user, cluster_id)
    question = services.prediction_make(user=request.user, lesson=lesson, question_id=question_id, option=option)
    return answer(question=question)


@require_POST
@person_required
def hint(request: PersonRequest, cluster_id: UUID) -> JsonResponse:
    """The learner asks for the next hint."""
    (step_id,) = texts(request, "step")
    lesson = _own_lesson(request.user, cluster_id)
    return answer(hints=services.hint_show(user=request.user, lesson=lesson, step_id=step_id))


def _own_lesson(user: User, cluster_id: UUID) -> Lesson:
    """The lesson of a cluster that belongs to `user`; who only watches does not work in it."""
    cluster = Cluster.objects.filter(id=cluster_id, owner=user).first()
    lesson = lesson_find(cluster.lesson or "") if cluster else None
    if lesson is None:
        raise NoLessonHere("You have no cluster with a lesson under this address.")
    return lesson
