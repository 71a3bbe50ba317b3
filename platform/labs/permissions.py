"""The one place that decides who may do what with a cluster. Pages, API and sockets all ask here."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils.module_loading import import_string

from accounts.models import User
from labs.errors import NoSuchCluster, NotYours
from labs.models import Cluster

READ_KINDS = frozenset(
    {
        "follow",
        "complete",
        "diff-yaml",
        "read-file",
        "list-files",
        "inspect",
        "because",
        "fields",
        "check",
        "schema",
        "loops",
        "look",
        "remedies",
    }
)
"""Commands that only look; whoever may read a cluster may send them."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a person may do with a cluster, and in which role."""

    read: bool
    write: bool
    role: str
    reason: str


NONE = Access(False, False, "none", "There is no cluster under this address, or not for you.")
OWNER = Access(True, True, "owner", "")
WATCHER = Access(True, False, "watcher", "You are watching somebody else's cluster: you may look at everything.")


def cluster_access(user: User | AnonymousUser, cluster: Cluster | None) -> Access:
    """The owner may do everything, an instructor of the owner's class may look, nobody else may know it exists."""
    if cluster is None or not isinstance(user, User) or not user.is_active:
        return NONE
    if cluster.owner_id == user.pk:
        return OWNER
    return WATCHER if import_string(settings.DRYDOCK_CAN_WATCH)(user, cluster) else NONE


def clock_held(cluster_id: UUID | str) -> str:
    """Empty when the owner may turn the clock; else the name of whoever holds it for a whole class."""
    return str(import_string(settings.DRYDOCK_CLOCK_HELD)(cluster_id))


def cluster_for_reading(user: User | AnonymousUser, cluster_id: UUID | str) -> tuple[Cluster, Access]:
    """The cluster and what `user` may do with it; refused when that is nothing."""
    cluster = Cluster.objects.select_related("owner").filter(id=cluster_id).first()
    access = cluster_access(user, cluster)
    if cluster is None or not access.read:
        raise NoSuchCluster(NONE.reason)
    return cluster, access


def cluster_for_writing(user: User | AnonymousUser, cluster_id: UUID | str) -> Cluster:
    """The cluster, if `user` may change it."""
    cluster, access = cluster_for_reading(user, cluster_id)
    if not access.write:
        raise NotYours(access.reason)
    return cluster
