"""Everything that changes a cluster's row from outside its host.

A host may own the cluster meanwhile. Whatever it must not go on with (reset, delete) raises the epoch in the same
transaction, so its next append is refused, and tells it to forget the cluster once the transaction is through.
"""

import json
import secrets
import time
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.db.models.functions import Length
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import User
from catalog.lesson import Lesson
from catalog.selectors import lesson_find, lesson_get
from labs.bus.selection import publish_now, push_now
from labs.errors import BadConfig, Overtaken, TooManyClusters
from labs.host.engine import sim_version
from labs.messages import Call, Evict, pack
from labs.models import Cluster, Journal, Outbox, Snapshot
from labs.own_images import config_with_images
from labs.selectors import cluster_quota
from labs.starting_points import StartingPoint, lesson_commands, lesson_config
from labs.templates import template_config
from simulator.config import read_config
from simulator.config_checks import ConfigError

WAKE_S = 10.0


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
    begun = _lesson_fields(lesson_get(lesson)) if lesson else {"config": config or template_config(template)}
    config_check(begun["config"])
    begun["config"] = config_with_images(begun["config"], owner=owner, lesson=lesson)
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
def cluster_run_on(*, cluster: Cluster, on: bool) -> Cluster:
    """Whether time passes in the cluster for a while when nobody looks. It passes when somebody comes back: until then
    nothing of it could be seen, and nothing is spent on it."""
    cluster.away_s = settings.DRYDOCK_LIMITS["away_s"] if on else 0
    cluster.save(update_fields=["away_s", "touched"])
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
    lesson = lesson_find(found.lesson or "")
    if lesson is not None:  # its instructor may have brought it to a later step
        found.setup = _lesson_fields(lesson)["setup"]
    found.config = config_with_images(found.config, owner=found.owner, lesson=found.lesson)
    found.save()
    _forget_prepared(found)
    _open_branch(found, actor)
    Outbox.objects.create(task="labs.tasks.cluster_thin", args=[str(found.pk)])
    for name in settings.CLUSTER_RESET_LISTENERS:
        import_string(name)(found)
    _evict(found, former)
    return found


@transaction.atomic
def cluster_bring(*, cluster: Cluster, point: StartingPoint, title: str, is_paused: bool = False) -> Cluster | None:
    """Go on from the start of a lesson's step, on a new branch of history. What was done on the former branch is kept aside
    as a cluster of its own, which is returned; None when nothing had been done."""
    found = Cluster.objects.select_for_update().get(pk=cluster.pk)
    is_resident, former = found.status == Cluster.Status.RESIDENT, found.owner_host
    kept = _set_aside(found, f"{found.name[:40]}, before {title}"[:80])
    found.timeline += 1
    found.head += 1
    found.epoch += 1
    found.status, found.owner_host, found.wake_at = Cluster.Status.HIBERNATED, "", None
    found.setup = list(point.setup)
    found.wall0, found.sim0_us, found.mark_us = 0, point.t_us, point.t_us
    found.speed_ppm, found.paused = 1_000_000, is_paused
    found.save()
    _forget_prepared(found)
    _open_branch(found, "")
    Snapshot.objects.create(
        cluster=found, timeline=found.timeline, seq=found.head, t_us=point.t_us, ev=point.ev, rv=point.revision,
        sim_version=sim_version(), state=point.state,
    )  # fmt: skip
    _evict(found, former)
    if is_resident:
        transaction.on_commit(lambda: _wake(found))
    return kept


def _set_aside(found: Cluster, name: str) -> Cluster | None:
    """The present branch as a cluster of its own, standing still where it was last seen. The quota is not applied."""
    rows = Journal.objects.filter(cluster=found, timeline=found.timeline)
    if not rows.filter(kind=Journal.Kind.COMMAND).exists():
        return None
    reached = max(found.mark_us, rows.order_by("-seq").values_list("t_us", flat=True)[0])
    kept = Cluster.objects.create(
        owner=found.owner, name=name, config=found.config, setup=found.setup, seed=found.seed,
        sim_version=found.sim_version, head=found.head, timeline=found.timeline, sim0_us=reached, mark_us=reached,
        paused=True, card=found.card,
    )  # fmt: skip
    Cluster.objects.filter(pk=kept.pk).update(created=found.created)  # simulated clusters count their dates from it
    Snapshot.objects.filter(cluster=found, timeline=found.timeline).update(cluster=kept)
    rows.update(cluster=kept)
    return kept


def _open_branch(found: Cluster, actor: str, body: dict[str, Any] | None = None) -> None:
    """The first row of a branch; without `body` it begins with the cluster's birth."""
    body = body or {"op": "reset"}
    Journal.objects.create(
        cluster=found,
        timeline=found.timeline,
        seq=found.head,
        t_us=body.get("at", 0),
        kind=Journal.Kind.CONTROL,
        rid=f"{body['op']}-{found.timeline}-{secrets.token_hex(4)}",
        actor=actor,
        body=json.dumps(body, separators=(",", ":")),
    )


@transaction.atomic
def cluster_branch(*, cluster: Cluster, prepared: dict[str, Any], actor: str = "") -> Cluster:
    """Go on from a past moment on a new branch of history, whose first state the host has kept (`prepared`, its answer).

    Raises `Overtaken` when something was done in the cluster between the two.
    """
    found = Cluster.objects.select_for_update().get(pk=cluster.pk)
    timeline, seq, at_us = prepared["gen"], prepared["seq"], prepared["at"]
    if (found.timeline + 1, found.head + 1) != (timeline, seq):
        raise Overtaken("The cluster went on meanwhile. Try again.")
    opening = Snapshot.objects.filter(cluster=found, timeline=timeline, seq=seq, t_us=at_us).order_by("pk").last()
    if opening is None:
        raise Overtaken("The moment is no longer kept. Try again.")
    found.timeline, found.head, found.epoch = timeline, seq, found.epoch + 1
    found.status, former = Cluster.Status.HIBERNATED, found.owner_host
    found.owner_host, found.wake_at = "", None
    found.wall0, found.sim0_us, found.mark_us = 0, at_us, at_us
    found.speed_ppm, found.paused = 1_000_000, False
    found.save()
    _forget_prepared(found, opening)
    _open_branch(
        found,
        actor,
        {"op": "branch", "from": prepared["from"], "at": at_us, "left": prepared["left"], "revision": opening.rv},
    )
    Outbox.objects.create(task="labs.tasks.cluster_thin", args=[str(found.pk)])
    _evict(found, former)
    return found


def _forget_prepared(found: Cluster, opening: Snapshot | None = None) -> None:
    """Of the states prepared for the branch that begins only `opening` counts: others are of branches never begun."""
    prepared = Snapshot.objects.filter(cluster=found, timeline=found.timeline)
    (prepared if opening is None else prepared.exclude(pk=opening.pk)).delete()


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


def _lesson_fields(lesson: Lesson) -> dict[str, Any]:
    setup = lesson.setup
    return {"config": lesson_config(lesson), "seed": setup.seed, "setup": lesson_commands(lesson)}


def _wake(cluster: Cluster) -> None:
    """Somebody had it open: let it be there again before they ask."""
    call = Call(call="", cluster=str(cluster.pk), ask="wake", reply_to="", deadline=time.time() + WAKE_S)
    push_now("adopt", pack(call))


def _evict(cluster: Cluster, host: str) -> None:
    name = str(cluster.pk)
    if host:
        transaction.on_commit(lambda: publish_now(f"inbox:{host}", pack(Evict(name))))


@transaction.atomic
def history_thin(*, cluster_id: str) -> None:
    """Keep the present branch of history and the one before it; of its snapshots the newest, and fewer the older they
    are. Inputs before the oldest snapshot go when all of them together are too large."""
    found = Cluster.objects.filter(pk=cluster_id).first()
    if found is None:
        return
    Journal.objects.filter(cluster=found, timeline__lt=found.timeline - 1).delete()
    Snapshot.objects.filter(cluster=found, timeline__lt=found.timeline - 1).delete()
    branch = Snapshot.objects.filter(cluster=found, timeline=found.timeline)
    newest_first = list(branch.order_by("-seq", "-id").values_list("pk", flat=True))
    kept = thinned(newest_first, settings.DRYDOCK_LIMITS["snapshots"])
    opening = newest_first[-1:]  # a branch that began elsewhere can only be replayed from it
    branch.exclude(pk__in=[*kept, *opening]).delete()
    oldest = branch.exclude(pk__in=opening).order_by("seq").values_list("seq", flat=True).first()
    rows = Journal.objects.filter(cluster=found, timeline=found.timeline)
    size = rows.aggregate(size=Sum(Length("body")))["size"] or 0
    if oldest is not None and size > settings.DRYDOCK_LIMITS["journal_bytes"]:
        rows.filter(seq__lte=oldest).delete()


def thinned(newest_first: list[int], limit: int) -> list[int]:
    """The newer half of what may stay as it is; of what is older, evenly as many as there is room for."""
    near, far = newest_first[: limit // 2], newest_first[limit // 2 :]
    room = limit - len(near)
    every = max(1, -(-len(far) // room))
    return [*near, *far[::every]]


def histories_thin(*, limit: int = 50) -> int:
    """Owe a thinning to every cluster whose history has grown too large. How many there were; a chore of the hosts."""
    limits = settings.DRYDOCK_LIMITS
    many = Snapshot.objects.values("cluster").annotate(n=Count("id")).filter(n__gt=limits["snapshots"])
    large = Journal.objects.values("cluster").annotate(n=Sum(Length("body"))).filter(n__gt=limits["journal_bytes"])
    found = {row["cluster"] for rows in (many, large) for row in rows[:limit]}
    Outbox.objects.bulk_create(Outbox(task="labs.tasks.cluster_thin", args=[str(pk)]) for pk in sorted(found))
    return len(found)


def outbox_hand_out(*, limit: int = 100) -> int:
    """Give the jobs that are owed to Celery; a job is given twice rather than never. How many there were."""
    owed = list(Outbox.objects.order_by("pk")[:limit])
    for job in owed:
        current_app.send_task(job.task, args=job.args)
    Outbox.objects.filter(pk__in=[job.pk for job in owed]).delete()
    return len(owed)
