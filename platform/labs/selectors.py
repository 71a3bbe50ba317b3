"""Reads about clusters, for pages."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from labs.models import Cluster, Journal


@dataclass(frozen=True, slots=True)
class Quota:
    """How many clusters a person has and may have."""

    used: int
    limit: int

    @property
    def is_full(self) -> bool:
        return self.used >= self.limit


def clusters_of(*, user: User) -> QuerySet[Cluster]:
    """The person's clusters, the last used first."""
    return Cluster.objects.filter(owner=user).order_by("-touched")


def cluster_quota(*, user: User) -> Quota:
    """What `user` has used of their quota."""
    return Quota(Cluster.objects.filter(owner=user).count(), settings.DRYDOCK_LIMITS["clusters"])


def cards_of(clusters: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The last card each cluster's owner noted, for those that ever ran."""
    found = Cluster.objects.filter(id__in=[*clusters]).values_list("id", "card")
    return {str(key): card for key, card in found if card}


def branches_of(*, cluster: str) -> list[dict[str, Any]]:
    """The branches of a cluster's history that can still be visited, oldest first: `gen`, `from` (the branch it left, or
    none), `at` (where it began) and `end` (where it was left; none for the present one)."""
    found = Cluster.objects.get(pk=cluster)
    controls = Journal.objects.filter(cluster=found, kind=Journal.Kind.CONTROL).values_list("timeline", "body")
    begun = {gen: body for gen, text in controls if (body := json.loads(text))["op"] in ("branch", "reset")}
    rows = []
    for gen in range(max(1, found.timeline - 1), found.timeline + 1):
        body, following = begun.get(gen, {}), begun.get(gen + 1, {})
        rows.append({"gen": gen, "from": body.get("from"), "at": body.get("at", 0), "end": following.get("left")})
    return rows
