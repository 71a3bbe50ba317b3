"""A class, who is in it, who asked for help and which hints were sent. Nothing here is deleted when a class closes."""

import secrets
import uuid

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

# Words that are easy to say, hear and type in a classroom, with no two that sound alike.
CODE_WORDS = (
    "anchor", "beacon", "bow", "buoy", "cargo", "coral", "crane", "delta", "dock", "ferry", "fleet", "galley",
    "gull", "harbour", "helm", "hull", "island", "jetty", "keel", "lagoon", "lantern", "mast", "oar", "pier",
    "pilot", "port", "quay", "reef", "rudder", "sail", "shore", "sonar", "stern", "tide", "tug", "wharf",
)  # fmt: skip


def new_code() -> str:
    """A join code such as `tide-4827`: 36 words x 9,000 numbers, drawn so that it cannot be foreseen."""
    return f"{secrets.choice(CODE_WORDS)}-{secrets.randbelow(9000) + 1000}"


class Class(models.Model):
    """One group working through one lesson with one instructor."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    instructor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="classes_taught")
    lesson = models.CharField(max_length=200, help_text="<track>/<slug>")
    code = models.CharField(
        max_length=20,
        unique=True,
        default=new_code,
        editable=False,
        validators=[RegexValidator(r"^[a-z]+-\d{4}$")],
    )
    guests_allowed = models.BooleanField("guests may join with a name only", default=True)
    opened = models.DateTimeField(default=timezone.now)
    closed = models.DateTimeField(null=True, blank=True)
    paused = models.DateTimeField(null=True, blank=True, help_text="since when every learner's clock is held")
    presented = models.ForeignKey(
        "labs.Cluster",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="presented_in",
        help_text="the instructor's cluster that the class follows",
    )

    class Meta:
        ordering = ["-opened"]
        verbose_name_plural = "classes"

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Learners may join, and the instructor may watch."""
        return self.closed is None

    @property
    def held_by(self) -> str | None:
        """Who holds the learners' clocks now."""
        return self.instructor.name if self.is_open and self.paused is not None else None


class Membership(models.Model):
    """One learner in one class, with the cluster they work on there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    group = models.ForeignKey(Class, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    cluster = models.ForeignKey("labs.Cluster", on_delete=models.SET_NULL, null=True, related_name="memberships")
    joined = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["joined"]
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="classroom_member_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.group}"


class HelpRequest(models.Model):
    """A learner's call for help. Open until answered by the instructor or taken back by the learner."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="help_requests")
    text = models.CharField(max_length=500)
    asked = models.DateTimeField(default=timezone.now)
    answered = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], condition=models.Q(answered__isnull=True), name="classroom_one_open_request"
            )
        ]

    def __str__(self) -> str:
        return self.text


class Hint(models.Model):
    """What an instructor wrote to one learner."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="hints")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    text = models.CharField(max_length=1000)
    sent = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["sent"]

    def __str__(self) -> str:
        return self.text


class OwnImage(models.Model):
    """A container image that an instructor adds to the simulated world: for clusters of their own and of their classes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    instructor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_images")
    path = models.CharField(max_length=255, help_text="registry and repository, without a tag")
    entry = models.JSONField(help_text="as the entries of simulator/workloads/catalog")
    changed = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["instructor", "path"], name="classroom_image_once")]

    def __str__(self) -> str:
        return self.path
