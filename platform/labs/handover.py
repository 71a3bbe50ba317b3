"""Clusters that change hands: when a guest signs in to an account (setting `GUEST_MERGE`)."""

from accounts.models import User
from labs.models import Cluster


def guest_merge(guest: User, account: User) -> None:
    """The guest's clusters become the account's, even beyond its quota: nothing a person made is thrown away."""
    Cluster.objects.filter(owner=guest).update(owner=account)
