"""What a command carries, read field by field. What is not as it should be is a `BadCommand` that names it."""

from typing import Any

Command = dict[str, Any]
Reply = dict[str, Any]
#: A line longer than this is refused; manifests travel as stdin or files.
MAX_LINE = 64_000
MAX_TEXT = 1_000_000


class BadCommand(Exception):
    def __init__(self, thing: str, found: object, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing, self.found, self.wanted = thing, str(found), wanted


def text_of(command: Command, field: str, limit: int = 100, *, default: str | None = None) -> str:
    value = command.get(field, default)
    if not isinstance(value, str):
        raise BadCommand(field, repr(value)[:60], "text")
    if len(value) > limit:
        raise BadCommand(field, f"{len(value):,} characters", f"at most {limit:,}")
    return value


def strings_of(given: object, field: str) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in given.items()):
        raise BadCommand(field, repr(given)[:60], "a mapping of texts")
    return dict(given)
