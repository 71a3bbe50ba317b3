"""The lesson's part of the lab page, for `labs.views.lab` (setting `LAB_PAGE_PARTS`)."""

from typing import Any

from accounts.models import User
from catalog.selectors import lesson_find
from labs.models import Cluster
from progress.selectors import lesson_boot, progress_find


def lab_part(user: User, cluster: Cluster) -> dict[str, Any]:
    """`lesson` and `step` of the boot data: the lesson the cluster was made for, as far as its owner has come."""
    lesson = lesson_find(cluster.lesson or "")
    if lesson is None:
        return {"lesson": None, "step": None}
    progress = progress_find(user=cluster.owner, lesson=lesson.ref)
    return {
        "lesson": lesson_boot(user=cluster.owner, lesson=lesson, cluster_id=cluster.id),
        "step": progress.step if progress and lesson.step(progress.step) else lesson.steps[0].id,
    }
