"""The pages of classes: mine, a new one, joining, running one, and the wall."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.guests import person_or_guest
from accounts.look import boot_keys, look_of
from accounts.models import User
from accounts.permissions import account_required, person_required
from accounts.requests import PersonRequest
from accounts.services import GUEST_NAME, name_set
from catalog.selectors import lesson_find
from classroom import selectors, services
from classroom.forms import ClassForm, CodeForm, GuestNameForm
from classroom.models import Class
from foundation.json_body import answer, texts
from foundation.throttle import Throttle

# Codes are short enough to be said aloud, so guessing them has to be slow.
CODE_TRIES = Throttle("join-code", limit=60, window_s=600)


@require_GET
@person_required
def class_list(request: PersonRequest) -> HttpResponse:
    """The classes I run and those I learn in."""
    context = {
        "taught": [_listed(group) for group in selectors.classes_taught(user=request.user)],
        "memberships": selectors.memberships_of(user=request.user),
        "code_form": CodeForm(),
        "section": "classes",
    }
    return render(request, "classroom/list.html", context)


@require_http_methods(["GET", "POST"])
@account_required
def class_open(request: PersonRequest) -> HttpResponse:
    """Open a class."""
    form = ClassForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        group = services.class_open(instructor=request.user, **form.cleaned_data)
        return redirect("classroom:class", group.id)
    context = {"form": form, "section": "classes", "crumbs": _crumbs("Open a class")}
    return render(request, "classroom/open.html", context, status=_status(form))


@require_GET
@person_required
def class_page(request: PersonRequest, class_id: UUID) -> HttpResponse:
    """The class for its instructor: code and link to hand out, who is in, close or open again."""
    group = selectors.class_taught(user=request.user, class_id=class_id)
    context = {
        "group": group,
        "lesson": lesson_find(group.lesson),
        "join_url": _join_url(request, group),
        "cards": selectors.wall_cards(group.id),
        "section": "classes",
        "crumbs": _crumbs(group.name),
    }
    return render(request, "classroom/class.html", context)


@require_POST
@person_required
def class_close(request: PersonRequest, class_id: UUID) -> HttpResponse:
    """End the class."""
    services.class_close(by=request.user, class_id=class_id)
    messages.success(request, "The class is closed. The learners keep their clusters.")
    return redirect("classroom:class", class_id)


@require_POST
@person_required
def class_reopen(request: PersonRequest, class_id: UUID) -> HttpResponse:
    """Open it again."""
    services.class_reopen(by=request.user, class_id=class_id)
    messages.success(request, "The class is open again, under the same code.")
    return redirect("classroom:class", class_id)


@require_GET
@person_required
def wall(request: PersonRequest, class_id: UUID) -> HttpResponse:
    """Everybody's cluster at once."""
    group = selectors.class_taught(user=request.user, class_id=class_id)
    boot = {
        "class": {**selectors.wall_class(group.id), "joinUrl": _join_url(request, group)},
        "ws": f"/ws/wall/{group.id}/",
        "me": {"id": str(request.user.id), "name": request.user.name},
        "csrf": get_token(request),
        "lab": "/clusters/{lab}/",
        "settings": reverse("accounts:look"),
        **boot_keys(look_of(request)),
    }
    crumbs = [
        {"title": "Classes", "url": reverse("classroom:list")},
        {"title": group.name, "url": reverse("classroom:class", args=[group.id])},
        {"title": "Wall"},
    ]
    return render(request, "classroom/wall.html", {"group": group, "boot": boot, "crumbs": crumbs, "app_page": True})


@require_GET
def join_by_code(request: HttpRequest) -> HttpResponse:
    """From the box on the home page to the class's own address."""
    form = CodeForm(request.GET or None)
    if not form.is_valid():
        return render(request, "classroom/join.html", {"form": form, "section": "classes"}, status=_status(form))
    return redirect("classroom:join", selectors.class_by_code(_counted(request, form.cleaned_data["code"])).code)


@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Join a class: one button for whoever is signed in, a name for everybody else."""
    group = selectors.class_by_code(_counted(request, code))
    needs_name = not isinstance(request.user, User) or request.user.name == GUEST_NAME
    form = GuestNameForm(request.POST if request.method == "POST" and needs_name else None)
    if request.method == "POST" and (not needs_name or form.is_valid()):
        return _enter(request, group, form.cleaned_data["name"] if needs_name else None)
    context = {
        "group": group,
        "lesson": lesson_find(group.lesson),
        "form": form,
        "needs_name": needs_name,
        "may_join": selectors.can_join(request.user, group) or (needs_name and group.guests_allowed),
        "section": "classes",
        "crumbs": _crumbs(group.name),
    }
    return render(request, "classroom/enter.html", context, status=_status(form))


@require_POST
@person_required
def help_request(request: PersonRequest, cluster_id: UUID) -> JsonResponse:
    """A learner asks for help, or takes it back."""
    (text,) = texts(request, "text")
    return answer(help=services.help_ask(user=request.user, cluster_id=cluster_id, text=text))


def _enter(request: HttpRequest, group: Class, name: str | None) -> HttpResponse:
    if not group.guests_allowed and not isinstance(request.user, User):
        return redirect(f"{reverse('accounts:sign-in')}?next={reverse('classroom:join', args=[group.code])}")
    person = person_or_guest(request, name=name or GUEST_NAME)
    if name and person.name != name:
        name_set(user=person, name=name)
    membership = services.class_join(user=person, group=group)
    return redirect("labs:lab", membership.cluster_id)


def _counted(request: HttpRequest, code: str) -> str:
    address = request.META.get("REMOTE_ADDR", "")
    CODE_TRIES.check(address)
    if not Class.objects.filter(code=code.strip().lower()).exists():
        CODE_TRIES.count(address)
    return code


def _listed(group: Class) -> dict[str, object]:
    lesson = lesson_find(group.lesson)
    return {"group": group, "lesson_title": lesson.title if lesson else group.lesson}


def _join_url(request: HttpRequest, group: Class) -> str:
    return request.build_absolute_uri(reverse("classroom:join", args=[group.code]))


def _crumbs(title: str) -> list[dict[str, str]]:
    return [{"title": "Classes", "url": reverse("classroom:list")}, {"title": title}]


def _status(form: ClassForm | CodeForm | GuestNameForm) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
