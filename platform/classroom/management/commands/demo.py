"""`manage.py demo`: makes the demonstration class and prints how to get in. Running it again is harmless."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classroom.demo import Demo, demo_make
from foundation.errors import ApplicationError


class Command(BaseCommand):
    """See the module."""

    help = "Make a demonstration class with an instructor and three learners, and print their passwords."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo = demo_make()
        except ApplicationError as refused:
            raise CommandError(refused.message) from refused
        self.stdout.write(_as_json(demo) if options["json"] else _as_text(demo))


def _as_json(demo: Demo) -> str:
    group = {"id": str(demo.group.id), "code": demo.group.code, "lesson": demo.group.lesson}
    return json.dumps({"class": group, "people": [asdict(person) for person in demo.people]})


def _as_text(demo: Demo) -> str:
    rows = [f"  {person.role:<11} {person.email:<24} {person.password}" for person in demo.people]
    return "\n".join([f"The class {demo.group.name!r} is open; its join code is {demo.group.code}.", *rows])
