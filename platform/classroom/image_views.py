"""The pages on which an instructor adds container images."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.permissions import account_required
from accounts.requests import PersonRequest
from classroom import images
from classroom.image_form import ImageForm


@require_GET
@account_required
def image_list(request: PersonRequest) -> HttpResponse:
    """My images."""
    rows = [
        {"image": image, "form": ImageForm.initial_of(image.entry)} for image in images.images_of(user=request.user)
    ]
    context = {"rows": rows, "section": "classes", "crumbs": _crumbs()}
    return render(request, "classroom/images.html", context)


@require_http_methods(["GET", "POST"])
@account_required
def image_edit(request: PersonRequest, image_id: UUID | None = None) -> HttpResponse:
    """A new image, or one of mine."""
    image = images.image_get(user=request.user, image_id=image_id) if image_id else None
    form = ImageForm(request.POST or None, initial=ImageForm.initial_of(image.entry) if image else None)
    if request.method == "POST" and form.is_valid():
        saved = images.image_save(user=request.user, entry=form.entry(), image_id=image_id)
        messages.success(request, f"{saved.path} is there for every cluster that begins from now on, or is reset.")
        return redirect("classroom:images")
    title = image.path if image else "Add an image"
    context = {"form": form, "image": image, "title": title, "section": "classes", "crumbs": _crumbs(title)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "classroom/image.html", context, status=status)


@require_POST
@account_required
def image_delete(request: PersonRequest, image_id: UUID) -> HttpResponse:
    """Take it out again."""
    gone = images.image_delete(user=request.user, image_id=image_id)
    messages.success(request, f"{gone.path} is gone. Clusters that have begun keep it until they are reset.")
    return redirect("classroom:images")


def _crumbs(title: str = "") -> list[dict[str, str]]:
    crumbs = [{"title": "Classes", "url": reverse("classroom:list")}]
    if title:
        return [*crumbs, {"title": "Images", "url": reverse("classroom:images")}, {"title": title}]
    return [*crumbs, {"title": "Images"}]
