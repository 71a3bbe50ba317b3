"""Which person a key speaks for."""

from django.utils import timezone

from gateway.models import ApiKey
from gateway.services import digest_of


def key_person(*, cluster: str, key: str) -> str | None:
    """The id of the cluster's owner when `key` opens it now; None for every other key."""
    found = (
        ApiKey.objects.filter(
            cluster_id=cluster, digest=digest_of(key), expires__gt=timezone.now(), cluster__owner__is_active=True
        )
        .values_list("cluster__owner_id", flat=True)
        .first()
    )
    return None if found is None else str(found)
