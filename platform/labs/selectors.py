"""Reads about clusters, for pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts.models import User
from labs.models import Cluster


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
