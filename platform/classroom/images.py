"""Container images that instructors add: kept for their classes, and given to each cluster that begins.

Who may add images is asked of `accounts.permissions`; each instructor sees and changes their own alone.
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import may_open_classes
from classroom.errors import NoSuchImage, NotTheInstructor, TooManyImages
from classroom.models import OwnImage

MOST = 40
#: Of several instructors' images a cluster takes as many as a configuration may have.
_MOST_IN_A_CLUSTER = 80


def images_of(*, user: User) -> QuerySet[OwnImage]:
    """The images that `user` has added."""
    return OwnImage.objects.filter(instructor=user)


def image_get(*, user: User, image_id: UUID) -> OwnImage:
    """One's own image, or `NoSuchImage`."""
    found = images_of(user=user).filter(pk=image_id).first()
    if found is None:
        raise NoSuchImage("There is no image under this address, or it is not yours.")
    return found


@transaction.atomic
def image_save(*, user: User, entry: dict[str, Any], image_id: UUID | None = None) -> OwnImage:
    """Add an image, or change one; one of the same name is replaced."""
    if not may_open_classes(user):
        raise NotTheInstructor("Adding images needs an account, as opening a class does.")
    image = image_get(user=user, image_id=image_id) if image_id else None
    same = images_of(user=user).filter(path=entry["name"]).first()
    if image is not None and same is not None and same != image:
        same.delete()
    image = image or same or OwnImage(instructor=user)
    if image._state.adding and images_of(user=user).count() >= MOST:
        raise TooManyImages(f"You have {MOST} images, as many as one may have. Delete one first.")
    image.path, image.entry = entry["name"], entry
    image.save()
    return image


@transaction.atomic
def image_delete(*, user: User, image_id: UUID) -> OwnImage:
    """Clusters that have begun keep it."""
    image = image_get(user=user, image_id=image_id)
    image.delete()
    return image


def entries_for(owner: User, lesson: str | None) -> list[dict[str, Any]]:
    """What a cluster of `owner` gets besides the catalogue (setting `DRYDOCK_OWN_IMAGES`): one's own images, and in a lesson
    those of the instructors of one's open classes. Of two with one name the instructor's counts."""
    wanted = Q(instructor=owner)
    if lesson is not None:
        teachers = owner.memberships.filter(group__closed__isnull=True, group__lesson=lesson).values(
            "group__instructor"
        )
        wanted |= Q(instructor__in=teachers)
    images = OwnImage.objects.filter(wanted)
    own_first = sorted(images, key=lambda image: (image.instructor_id != owner.pk, image.path, str(image.pk)))
    return [*{image.path: image.entry for image in own_first}.values()][:_MOST_IN_A_CLUSTER]
