"""The class's part of the lab page, for `labs.views.lab` (setting `LAB_PAGE_PARTS`)."""

from typing import Any

from django.urls import reverse

from accounts.models import User
from classroom import selectors
from classroom.errors import NotAMember
from labs.models import Cluster


def lab_part(user: User, cluster: Cluster) -> dict[str, Any]:
    """`class` of the boot data: the open class the cluster's owner works in with it, or None."""
    try:
        membership = selectors.membership_for_cluster(user=cluster.owner, cluster_id=cluster.id)
    except NotAMember:
        return {"class": None}
    group = membership.group
    request = membership.help_requests.filter(answered__isnull=True).first()
    return {
        "class": {
            "id": str(group.id),
            "name": group.name,
            "instructor": group.instructor.name,
            "help": selectors.help_shape(request),
            "helpApi": reverse("classroom:help", args=[cluster.id]),
            "hints": [selectors.hint_shape(hint) for hint in membership.hints.select_related("sender")],
        }
    }
