"""A person. Guests are people too: the same row becomes an account when they stay, so their work stays theirs."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

ADDRESS_TAKEN = "This address already has an account. Sign in with it instead; your work as a guest moves over."


class Theme(models.TextChoices):
    SYSTEM = "system", "As my system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class UserManager(BaseUserManager["User"]):
    """What Django's `createsuperuser` needs; the site itself creates people through `accounts.services`."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Addresses are found whatever their capitals."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A learner, an instructor or a guest. A guest has no address and no usable password."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(
        "email address", unique=True, null=True, blank=True, error_messages={"unique": ADDRESS_TAKEN}
    )
    name = models.CharField(max_length=60)
    is_guest = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may use the admin", default=False)
    joined = models.DateTimeField(default=timezone.now, editable=False)

    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    reduced_motion = models.BooleanField("less motion", default=False)
    screen_reader = models.BooleanField("screen reader support in the terminal", default=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["joined"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="accounts_user_email",
                violation_error_message=ADDRESS_TAKEN,
            ),
            models.CheckConstraint(
                condition=models.Q(is_guest=True, email__isnull=True) | models.Q(is_guest=False, email__isnull=False),
                name="accounts_user_guest_or_address",
                violation_error_message="An account needs an email address, and a guest has none.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        self.name = " ".join(self.name.split())
        self.email = self.email.strip() if self.email else None

    def get_full_name(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        """One or two letters for the round badge in the header."""
        parts = self.name.split()
        return "".join(part[0] for part in [*parts[:1], *parts[1:][-1:]]).upper()
