"""Everything that changes a cluster's row from outside its host.

A host may own the cluster meanwhile. Whatever it must not go on with (reset, delete) raises the epoch in the same
transaction, so its next append is refused, and tells it to forget the cluster once the transaction is through.
"""

import secrets
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from catalog.lesson import Lesson
from catalog.selectors import lesson_get
from labs.bus.selection import publish_now
from labs.errors import BadConfig, NoSuchTemplate, TooManyClusters
from labs.messages import Evict, pack
from labs.models import Cluster, Journal, Outbox, Snapshot
from labs.selectors import cluster_quota
from labs.templates import TEMPLATES, template_find
from simulator.config import ConfigError, read_config


@transaction.atomic
def cluster_create(
    *, owner: User, name: str, template: str | None = None, config: str | None = None, lesson: str | None = None
) -> Cluster:
    """A new cluster from a lesson's set-up, a kind-style description or a template. It starts when first looked at."""
    User.objects.select_for_update().get(pk=owner.pk)  # two requests at once may not share the last place
    quota = cluster_quota(user=owner)
    if quota.is_full:
        raise TooManyClusters(
            f"You have {quota.used} clusters, as many as one may have ({quota.limit}). Delete one first."
        )
    begun = _lesson_fields(lesson_get(lesson)) if lesson else {"config": config or _template_config(template)}
    config_check(begun["config"])
    cluster = Cluster(owner=owner, name=" ".join(name.split()), lesson=lesson, **begun)
    cluster.full_clean(exclude=["owner"])
    cluster.save(force_insert=True)
    return cluster


@transaction.atomic
def cluster_rename(*, cluster: Cluster, name: str) -> Cluster:
    """What the owner calls it; the simulation is not touched."""
    cluster.name = " ".join(name.split())
    cluster.full_clean(exclude=["owner"])
    cluster.save(update_fields=["name", "touched"])
    return cluster


@transaction.atomic
def cluster_reset(*, cluster: Cluster, actor: str = "") -> Cluster:
    """Begin again on a new branch of history: same configuration and seed, nothing done. Old branches stay readable.

    Whoever keeps something about the cluster's past (setting `CLUSTER_RESET_LISTENERS`) begins again with it.
    """
    found = Cluster.objects.select_for_update().get(pk=cluster.pk)
    found.timeline += 1
    found.head += 1
    found.epoch += 1
    found.status, former = Cluster.Status.HIBERNATED, found.owner_host
    found.owner_host, found.wake_at = "", None
    found.wall0 = found.sim0_us = found.mark_us = 0
    found.speed_ppm, found.paused = 1_000_000, False
    found.save()
    Journal.objects.create(
        cluster=found,
        timeline=found.timeline,
        seq=found.head,
        t_us=0,
        kind=Journal.Kind.CONTROL,
        rid=f"reset-{found.timeline}-{secrets.token_hex(4)}",
        actor=actor,
        body='{"op":"reset"}',
    )
    Outbox.objects.create(task="labs.tasks.cluster_thin", args=[str(found.pk)])
    for name in settings.CLUSTER_RESET_LISTENERS:
        import_string(name)(found)
    _evict(found, former)
    return found


@transaction.atomic
def cluster_delete(*, cluster: Cluster) -> None:
    """Remove the cluster and its whole history."""
    found = Cluster.objects.select_for_update().get(pk=cluster.pk)
    _evict(found, found.owner_host)
    found.delete()


def config_check(config: str) -> None:
    """Refuse a description the simulator cannot use, with the line of the mistake."""
    if not config:
        return
    try:
        nodes = len(read_config(config).nodes)
    except ConfigError as error:
        raise BadConfig(str(error), path=error.path, line=error.line) from error
    limit = settings.DRYDOCK_LIMITS["nodes"]
    if nodes > limit:
        raise BadConfig(f"nodes: found {nodes}, wanted at most {limit}", path="nodes", line=None)


def guest_merge(guest: User, account: User) -> None:
    """Hand the guest's clusters over. The quota is not applied: nobody loses work by signing in."""
    Cluster.objects.filter(owner=guest).update(owner=account, touched=timezone.now())


def _template_config(name: str | None) -> str:
    template = template_find(name) if name else TEMPLATES[0]
    if template is None:
        known = ", ".join(each.name for each in TEMPLATES)
        raise NoSuchTemplate(f"template: found {name!r}, wanted one of {known}")
    return template.config


def _lesson_fields(lesson: Lesson) -> dict[str, Any]:
    setup = lesson.setup
    steps: list[dict[str, Any]] = [{"kind": "apply-yaml", "text": text} for text in setup.manifests]
    if setup.settle_s:
        steps.append({"kind": "settle", "seconds": setup.settle_s})
    return {"config": setup.config or _template_config(setup.template), "seed": setup.seed, "setup": steps}


def _evict(cluster: Cluster, host: str) -> None:
    name = str(cluster.pk)
    if host:
        transaction.on_commit(lambda: publish_now(f"inbox:{host}", pack(Evict(name))))


@transaction.atomic
def history_thin(*, cluster_id: str) -> None:
    """Keep the present branch of history and the one before it; of its snapshots the newest few."""
    found = Cluster.objects.filter(pk=cluster_id).first()
    if found is None:
        return
    Journal.objects.filter(cluster=found, timeline__lt=found.timeline - 1).delete()
    Snapshot.objects.filter(cluster=found, timeline__lt=found.timeline - 1).delete()
    kept = Snapshot.objects.filter(cluster=found, timeline=found.timeline).order_by("-seq", "-id")
    newest = kept.values_list("pk", flat=True)[: settings.DRYDOCK_LIMITS["snapshots"]]
    Snapshot.objects.filter(cluster=found, timeline=found.timeline).exclude(pk__in=[*newest]).delete()


def outbox_hand_out(*, limit: int = 100) -> int:
    """Give the jobs that are owed to Celery; a job is given twice rather than never. How many there were."""
    owed = list(Outbox.objects.order_by("pk")[:limit])
    for job in owed:
        current_app.send_task(job.task, args=job.args)
    Outbox.objects.filter(pk__in=[job.pk for job in owed]).delete()
    return len(owed)
