"""Reads the process environment for the settings; a wrong value is refused by name at start, never guessed around.

Leaves `DATABASE_URL` and `REDIS_URL`, which decide between the embedded and the scaled mode, to `hosting`.
"""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"", "0", "false", "no", "off"}


def switch(name: str, default: bool) -> bool:
    """The on/off variable `name`."""
    text = os.environ.get(name)
    if text is None:
        return default
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name}: found {text!r}, wanted one of {sorted(TRUE | FALSE - {''})}")


def words(name: str, default: list[str]) -> list[str]:
    """The comma-separated variable `name`."""
    text = os.environ.get(name)
    return default if text is None else [word.strip() for word in text.split(",") if word.strip()]


def required(name: str) -> str:
    """The variable `name`, which this process cannot run without."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; these settings need it")
    return value


def secret_key(data_dir: Path) -> str:
    """The signing key: `DJANGO_SECRET_KEY`, else one made once and kept in `data_dir`, readable by its owner only."""
    given = os.environ.get("DJANGO_SECRET_KEY", "")
    if given:
        return given
    path = data_dir / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
    return key
