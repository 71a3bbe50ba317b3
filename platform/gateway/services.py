"""Making and revoking the keys of kubeconfigs."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from gateway.models import ApiKey
from labs.models import Cluster

VALID_FOR = timedelta(days=30)
KEYS_KEPT = 5
"""The oldest key of a cluster goes when there would be more."""


@transaction.atomic
def key_create(*, cluster: Cluster) -> str:
    """A new key in plain text, shown this once."""
    Cluster.objects.select_for_update().get(pk=cluster.pk)
    key = secrets.token_urlsafe(24)
    ApiKey.objects.create(cluster=cluster, digest=digest_of(key), expires=timezone.now() + VALID_FOR)
    kept = ApiKey.objects.filter(cluster=cluster)[:KEYS_KEPT]
    ApiKey.objects.filter(cluster=cluster).exclude(pk__in=[kept_key.pk for kept_key in kept]).delete()
    return key


def keys_revoke(*, cluster: Cluster) -> int:
    """Every kubeconfig of the cluster stops working; how many there were."""
    count, _ = ApiKey.objects.filter(cluster=cluster).delete()
    return count


def digest_of(key: str) -> str:
    """Keys are long and random, so a plain digest tells nothing and is found by an index."""
    return hashlib.sha256(key.encode()).hexdigest()
