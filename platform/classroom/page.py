"""The class's part of the lab page, for `labs.views.lab` (setting `LAB_PAGE_PARTS`)."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from classroom import selectors
from classroom.errors import NotAMember
from classroom.models import Class
from labs.models import Cluster


def lab_part(user: User, cluster: Cluster) -> dict[str, Any]:
    """`class` of the boot data: the open class the cluster's owner works in with it, or None."""
    presented = selectors.presented_to(user, cluster) if cluster.owner_id != user.pk else None
    if presented is not None:
        return {"class": None, "follow": _follow(user, presented)}
    try:
        membership = selectors.membership_for_cluster(user=cluster.owner, cluster_id=cluster.id)
    except NotAMember:
        return {"class": None, "follow": None}
    group = membership.group
    request = membership.help_requests.filter(answered__isnull=True).first()
    return {
        "follow": None,
        "class": {
            "held": group.held_by,
            "presented": selectors.presented_shape(group),
            "id": str(group.id),
            "name": group.name,
            "instructor": group.instructor.name,
            "help": selectors.help_shape(request),
            "helpApi": reverse("classroom:help", args=[cluster.id]),
            "hints": [selectors.hint_shape(hint) for hint in membership.hints.select_related("sender")],
        },
    }


def _follow(user: User, group: Class) -> dict[str, Any]:
    """Whose cluster this is, and the way back to one's own."""
    own = group.memberships.filter(user=user).first()
    back = reverse("labs:lab", args=[own.cluster_id]) if own and own.cluster_id else reverse("home")
    return {"by": group.instructor.name, "class": group.name, "back": back}
