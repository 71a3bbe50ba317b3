"""The rows that outlive every process: clusters, their inputs, their snapshots, and jobs not yet handed out.

Only inputs are journaled; the simulator is deterministic, so a cluster is its configuration plus its
journal, and snapshots merely shorten the replay. The hosts write these tables with hand-written
statements (see `labs.journal`); everybody else reads through `labs.selectors` and writes through
`labs.services`. All times are whole microseconds: `wall…` since 1970, the others since cluster start.
"""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Cluster(models.Model):
    """One learner's simulated cluster. `epoch`, `head` and `timeline` are the fence every append must pass."""

    class Status(models.TextChoices):
        HIBERNATED = "hibernated"
        RESIDENT = "resident"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="clusters")
    name = models.CharField(max_length=80)
    config = models.TextField(blank=True, help_text="kind-style YAML; empty means the default cluster")
    setup = models.JSONField(default=list, blank=True, help_text="commands applied before the learner's first")
    seed = models.BigIntegerField(default=1)
    lesson = models.CharField(max_length=200, null=True, blank=True, help_text="<track>/<slug>")
    sim_version = models.CharField(max_length=40, blank=True)

    status = models.CharField(max_length=12, choices=Status, default=Status.HIBERNATED)
    epoch = models.BigIntegerField(default=0, help_text="fencing number, one more at every change of owner")
    owner_host = models.CharField(max_length=80, blank=True)
    head = models.BigIntegerField(default=0, help_text="seq of the newest journal row")
    timeline = models.IntegerField(default=1, help_text="branch of history, `gen` on the wire")

    wall0 = models.BigIntegerField(default=0)
    sim0_us = models.BigIntegerField(default=0)
    speed_ppm = models.BigIntegerField(
        default=1_000_000, validators=[MinValueValidator(1_000), MaxValueValidator(100_000_000)]
    )
    paused = models.BooleanField(default=False)
    away_s = models.PositiveIntegerField(default=0, help_text="wall seconds that pass in it when nobody looks")
    mark_us = models.BigIntegerField(default=0, help_text="simulated time the owner last noted")
    wake_at = models.BigIntegerField(null=True, blank=True)
    card = models.JSONField(default=dict, blank=True, help_text="the last summary, for walls and lists")

    created = models.DateTimeField(auto_now_add=True)
    touched = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-touched"]
        indexes = [
            models.Index(fields=["owner", "-touched"]),
            models.Index(fields=["wake_at"], condition=models.Q(wake_at__isnull=False), name="cluster_wake_at"),
        ]

    def __str__(self) -> str:
        return self.name


class Journal(models.Model):
    """One input of one cluster, append only. `(cluster, timeline, seq)` orders them, `rid` makes a resend harmless."""

    class Kind(models.TextChoices):
        COMMAND = "command"
        CONTROL = "control"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="journal", db_index=False)
    timeline = models.IntegerField()
    seq = models.BigIntegerField()
    t_us = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    rid = models.CharField(max_length=64)
    actor = models.CharField(max_length=80, blank=True)
    body = models.TextField(help_text="JSON")
    digest = models.CharField(max_length=64, blank=True)
    sim_version = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "timeline", "seq"], name="journal_order"),
            models.UniqueConstraint(fields=["cluster", "rid"], name="journal_rid_once"),
        ]

    def __str__(self) -> str:
        return f"{self.cluster_id} {self.timeline}.{self.seq} {self.kind}"


class Snapshot(models.Model):
    """A cluster's whole state after journal row `seq`, as zstd(msgpack): see `labs.host.frozen`."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="snapshots", db_index=False)
    timeline = models.IntegerField()
    seq = models.BigIntegerField()
    t_us = models.BigIntegerField()
    ev = models.BigIntegerField()
    rv = models.BigIntegerField()
    sim_version = models.CharField(max_length=40, blank=True)
    state = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["cluster", "timeline", "-seq"])]

    def __str__(self) -> str:
        return f"{self.cluster_id} {self.timeline}.{self.seq}"


class Outbox(models.Model):
    """A background job owed. Written in the transaction that owes it, handed to Celery by the sweeper, then deleted."""

    task = models.CharField(max_length=120)
    args = models.JSONField(default=list)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.task
