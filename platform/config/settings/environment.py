"""Reads the process environment for the settings; a wrong value is refused by name at start, never guessed around.

`DATABASE_URL` and `REDIS_URL` decide between the embedded and the scaled mode; nothing else does.
"""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

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


def choice(name: str, among: list[str]) -> str:
    """The variable `name`, one of `among`; the first when it is not set."""
    text = os.environ.get(name) or among[0]
    if text not in among:
        raise ImproperlyConfigured(f"{name}: found {text!r}, wanted one of {among}")
    return text


def number(name: str, default: int) -> int:
    """The whole number `name`."""
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise ImproperlyConfigured(f"{name}: found {text!r}, wanted a whole number")
    return int(text)


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


def database(data_dir: Path) -> dict[str, Any]:
    """Django's database entry: PostgreSQL when `DATABASE_URL` is set, else a SQLite file in `data_dir`."""
    url = os.environ.get("DATABASE_URL", "")
    return _postgresql(url) if url else _sqlite(data_dir / "drydock.sqlite3")


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            # A transaction takes the write lock when it begins, so it waits instead of failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            # FULL: an acknowledged command survives a power cut.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def _postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL: found scheme {parts.scheme!r}, wanted postgresql://")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 0,
        "OPTIONS": options,
    }


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
