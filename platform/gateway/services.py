"""Making and revoking the keys of kubeconfigs. Every web process hears of a revocation (`gateway.keyring`)."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from gateway.models import ApiKey
from labs.models import Cluster
from labs.notices import publish

VALID_FOR = timedelta(days=7)
REVOKED = "n:api-keys"
"""The topic of notices `{"cluster": id}`."""
KEYS_KEPT = 5
"""The oldest key of a cluster goes when there would be more."""


@transaction.atomic
def key_create(*, cluster: Cluster) -> str:
    """A new key in plain text, shown this once."""
    Cluster.objects.select_for_update().get(pk=cluster.pk)
    key = secrets.token_urlsafe(24)
    ApiKey.objects.create(cluster=cluster, digest=digest_of(key), expires=timezone.now() + VALID_FOR)
    kept = ApiKey.objects.filter(cluster=cluster)[:KEYS_KEPT]
    gone, _ = ApiKey.objects.filter(cluster=cluster).exclude(pk__in=[kept_key.pk for kept_key in kept]).delete()
    if gone:
        _tell(cluster)
    return key


@transaction.atomic
def keys_revoke(*, cluster: Cluster) -> int:
    """Every kubeconfig of the cluster stops working at once; how many there were."""
    count, _ = ApiKey.objects.filter(cluster=cluster).delete()
    _tell(cluster)
    return count


def _tell(cluster: Cluster) -> None:
    transaction.on_commit(lambda: publish(REVOKED, {"cluster": str(cluster.pk)}))


def digest_of(key: str) -> str:
    """Keys are long and random, so a plain digest tells nothing and is found by an index."""
    return hashlib.sha256(key.encode()).hexdigest()
