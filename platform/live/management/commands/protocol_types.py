"""`manage.py protocol_types`: write the wire's types for the front end."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from live.typescript import document


class Command(BaseCommand):
    help = "Write static/src/protocol/types.ts from platform/live/frames.py."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "static" / "src" / "protocol" / "types.ts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document())
        self.stdout.write(str(path))
