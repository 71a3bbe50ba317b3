"""The kubeconfig of a cluster: download one, revoke them all. For its owner only."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_POST

from accounts.permissions import person_required
from accounts.requests import PersonRequest
from gateway import services
from gateway.inhabitants import inhabitants
from gateway.kubeconfig import kubeconfig_text
from labs.permissions import cluster_for_writing


@require_POST
@person_required
def kubeconfig(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """A file for kubectl, with a key of its own and a context for each cluster and ServiceAccount of the lab."""
    cluster = cluster_for_writing(request.user, cluster_id)
    name = slugify(cluster.name) or "cluster"
    accounts, others = async_to_sync(inhabitants)(str(cluster_id), with_tokens=request.is_secure())
    address = _address(request, cluster_id, services.key_create(cluster=cluster))
    text = kubeconfig_text(name, address, accounts=accounts, others=others)
    answer = HttpResponse(text, content_type="application/yaml")
    answer["Content-Disposition"] = f'attachment; filename="{name}.kubeconfig"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@person_required
def revoke(request: PersonRequest, cluster_id: UUID) -> HttpResponse:
    """All kubeconfigs of the cluster stop working."""
    cluster = cluster_for_writing(request.user, cluster_id)
    count = services.keys_revoke(cluster=cluster)
    messages.success(request, f"Kubeconfigs of {cluster.name} that no longer work: {count}.")
    return redirect("labs:list")


def _address(request: HttpRequest, cluster_id: UUID, key: str) -> str:
    return request.build_absolute_uri(f"/k/{cluster_id}/{key}")
