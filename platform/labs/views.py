"""The pages of clusters: mine, a new one, the lab, and "try it". Answers to htmx render the same list as the page."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.guests import person_or_guest
from accounts.look import boot_keys, look_of
from accounts.permissions import person_required
from accounts.requests import PersonRequest
from foundation.middleware import allow_inline_style
from labs import services
from labs.errors import NoSuchCluster
from labs.forms import ClusterForm, RenameForm
from labs.models import Cluster
from labs.permissions import Access, cluster_for_reading
from labs.selectors import cluster_quota, clusters_of
from labs.templates import TEMPLATES
from labs.worlds import world_open


@require_GET
@person_required
def cluster_list(request: PersonRequest) -> HttpResponse:
    """My clusters."""
    return render(request, "labs/list.html", _list_context(request))


@require_http_methods(["GET", "POST"])
@person_required
def cluster_new(request: PersonRequest) -> HttpResponse:
    """Make a cluster."""
    form = ClusterForm(request.POST or None, initial={"config": TEMPLATES[0].config})
    if request.method == "POST" and form.is_valid():
        cluster = services.cluster_create(owner=request.user, **form.choice())
        return redirect("labs:lab", cluster.id)
    context = {
        "form": form,
        "templates": TEMPLATES,
        "section": "clusters",
        "crumbs": [{"title": "Clusters", "url": reverse("labs:list")}, {"title": "New cluster"}],
    }
    return render(request, "labs/new.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def world(request: HttpRequest) -> HttpResponse:
    """A link that is a world. Looking at the page makes nothing; its button does."""
    if request.method == "POST":
        owner = person_or_guest(request)
        cluster = world_open(owner=owner, text=request.POST.get("world", ""))
        return redirect("labs:lab", cluster.id)
    return render(request, "labs/world.html", {"section": "clusters", "world": request.GET.get("world", "")})


@require_POST
@person_required
def cluster_rename(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """Rename."""
    cluster = _own(request, cluster_id)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _after_change(request, f"{cluster.name} keeps its name: a name has 1 to 80 characters.")
    services.cluster_rename(cluster=cluster, name=form.cleaned_data["name"])
    return _after_change(request, f"Renamed to {cluster.name}.")


@require_POST
@person_required
def cluster_run_on(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """Keep it running while its owner is away, or no longer."""
    cluster = services.cluster_run_on(cluster=_own(request, cluster_id), on=request.POST.get("on") == "1")
    minutes = cluster.away_s // 60
    said = f"{cluster.name} runs on for {minutes} minutes while you are away." if minutes else None
    return _after_change(request, said or f"{cluster.name} stands still while you are away.")


@require_POST
@person_required
def cluster_reset(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """Begin the cluster again from its configuration."""
    cluster = _own(request, cluster_id)
    services.cluster_reset(cluster=cluster, actor=str(request.user.id))
    return _after_change(request, f"{cluster.name} begins again.")


@require_POST
@person_required
def cluster_delete(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """Remove the cluster for good."""
    cluster = _own(request, cluster_id)
    services.cluster_delete(cluster=cluster)
    return _after_change(request, f"{cluster.name} is deleted.")


@require_GET
@person_required
def lab(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """The lab: diagram, terminal, editor and lesson. Somebody who may only watch gets it read-only."""
    cluster, access = cluster_for_reading(request.user, cluster_id)
    boot = _boot(request, cluster, access)
    context = {"cluster": cluster, "boot": boot, "app_page": True, "crumbs": _lab_crumbs(cluster, boot)}
    return allow_inline_style(render(request, "labs/lab.html", context))


@require_POST
def try_it(request: HttpRequest) -> HttpResponse:
    """One click from the home page to a living cluster: a guest, a first cluster, its lab."""
    person = person_or_guest(request)
    cluster = Cluster.objects.filter(owner=person, lesson=None).first()
    if cluster is None:
        cluster = services.cluster_create(owner=person, name="My first cluster", template=TEMPLATES[0].name)
    return redirect("labs:lab", cluster.id)


def _own(request: PersonRequest, cluster_id: UUID) -> Cluster:
    cluster = Cluster.objects.filter(id=cluster_id, owner=request.user).first()
    if cluster is None:
        raise NoSuchCluster("There is no cluster of yours under this address.")
    return cluster


def _after_change(request: PersonRequest, said: str) -> HttpResponse:
    messages.success(request, said)
    if not request.htmx:
        return redirect("labs:list")
    return render(request, "labs/_changed.html", {**_list_context(request), "is_changed": True})


def _list_context(request: PersonRequest) -> dict[str, Any]:
    return {
        "clusters": clusters_of(user=request.user),
        "quota": cluster_quota(user=request.user),
        "section": "clusters",
    }


def _boot(request: PersonRequest, cluster: Cluster, access: Access) -> dict[str, Any]:
    """What the lab page's script begins with; docs/architecture.md, section 3."""
    user = request.user
    boot: dict[str, Any] = {
        "cluster": {"id": str(cluster.id), "name": cluster.name},
        "me": {
            "id": str(user.id),
            "name": user.name,
            "role": access.role,
            "guest": user.is_guest,
        },
        "ws": f"/ws/labs/{cluster.id}/",
        "api": f"/api/clusters/{cluster.id}",
        "csrf": get_token(request),
        "readonly": not access.write,
        "settings": reverse("accounts:look"),
        **boot_keys(look_of(request)),
    }
    for name in settings.LAB_PAGE_PARTS:
        boot.update(import_string(name)(user, cluster))
    return boot


def _lab_crumbs(cluster: Cluster, boot: dict[str, Any]) -> list[dict[str, str]]:
    lesson, group, follow = boot.get("lesson"), boot.get("class"), boot.get("follow")
    if follow:
        return [{"title": follow["class"], "url": follow["back"]}, {"title": f"{follow['by']}’s cluster"}]
    if boot["readonly"] and group:
        return [
            {"title": "Classes", "url": reverse("classroom:list")},
            {"title": group["name"], "url": reverse("classroom:wall", args=[group["id"]])},
            {"title": cluster.owner.name},
        ]
    if lesson is None:
        return [{"title": "Clusters", "url": reverse("labs:list")}, {"title": cluster.name}]
    return [
        {"title": "Lessons", "url": reverse("catalog:list")},
        {"title": lesson["track"]["title"], "url": lesson["track"]["url"]},
        {"title": lesson["title"]},
    ]
