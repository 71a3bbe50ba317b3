"""A class to look at: an instructor, learners and a class on the first lesson.

Promises: running it again changes nothing, and gives the same names and passwords. The passwords follow from this
installation's signing key, so they can be shown again without being stored, and are different everywhere.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.services import account_create
from catalog.errors import NoSuchLesson
from catalog.selectors import lesson_choices, lesson_find
from classroom.models import Class
from classroom.services import class_join, class_open

LESSON = "keeping-promises/01-when-a-node-goes-dark"
CLASS_NAME = "Cloud systems, group B"
INSTRUCTOR = ("Jana Lind", "jana@drydock.example")
LEARNERS = (
    ("Mei Tanaka", "mei@drydock.example"),
    ("Idris Okoye", "idris@drydock.example"),
    ("Lucía Romero", "lucia@drydock.example"),
)


@dataclass(frozen=True)
class Credentials:
    """What one of the people types to sign in."""

    name: str
    email: str
    password: str
    role: str


@dataclass(frozen=True)
class Demo:
    """The class and everybody in it."""

    group: Class
    people: tuple[Credentials, ...]


@transaction.atomic
def demo_make() -> Demo:
    """The demonstration class, made if it is not there yet."""
    teacher = _person(*INSTRUCTOR)
    group = Class.objects.filter(instructor=teacher, name=CLASS_NAME, closed=None).first()
    if group is None:
        group = class_open(instructor=teacher, name=CLASS_NAME, lesson=_lesson())
    for name, email in LEARNERS:
        class_join(user=_person(name, email), group=group)
    people = [_credentials(*INSTRUCTOR, "instructor"), *(_credentials(*each, "learner") for each in LEARNERS)]
    return Demo(group=group, people=tuple(people))


def password_of(email: str) -> str:
    """The password of a demonstration account here."""
    digest = hmac.digest(settings.SECRET_KEY.encode(), f"demo {email}".encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:16]


def _person(name: str, email: str) -> User:
    found = User.objects.filter(email=email).first()
    return found or account_create(email=email, name=name, password=password_of(email))


def _credentials(name: str, email: str, role: str) -> Credentials:
    return Credentials(name=name, email=email, password=password_of(email), role=role)


def _lesson() -> str:
    """The first lesson, or any other when this installation has no such one."""
    if lesson_find(LESSON):
        return LESSON
    choices = lesson_choices()
    if not choices:
        raise NoSuchLesson(
            f"A class needs a lesson: found none that can be read in {settings.LESSONS_DIR}, wanted one."
        )
    return choices[0][0]
