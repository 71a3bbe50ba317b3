"""The process environment is read strictly: a wrong value is refused by name."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.settings import environment


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("Yes", True), ("off", False), ("", False)], ids=["1", "Yes", "off", "empty"]
)
def test_a_switch_is_on_or_off(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("DRYDOCK_X", text)
    assert environment.switch("DRYDOCK_X", default=not value) is value


def test_a_switch_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRYDOCK_X", "perhaps")
    with pytest.raises(ImproperlyConfigured, match="DRYDOCK_X: found 'perhaps', wanted one of"):
        environment.switch("DRYDOCK_X", default=True)


def test_what_is_required_is_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRYDOCK_X", raising=False)
    with pytest.raises(ImproperlyConfigured, match="DRYDOCK_X is not set"):
        environment.required("DRYDOCK_X")


def test_words_lose_their_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRYDOCK_X", " a.example, b.example ,")
    assert environment.words("DRYDOCK_X", []) == ["a.example", "b.example"]


def test_without_an_address_the_database_is_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    entry = environment.database(tmp_path)
    assert (entry["ENGINE"], entry["NAME"]) == ("django.db.backends.sqlite3", str(tmp_path / "drydock.sqlite3"))
    assert "synchronous=FULL" in entry["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "host", "port", "name", "password"),
    [
        ("postgresql://me:p%40ss@db.example:5433/drydock", "db.example", "5433", "drydock", "p@ss"),
        ("postgres://me@/drydock?host=/run/pg&port=5434", "/run/pg", "5434", "drydock", ""),
    ],
    ids=["over the network", "by a socket"],
)
def test_the_address_of_a_database_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, host: str, port: str, name: str, password: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    entry = environment.database(tmp_path)
    assert (entry["HOST"], entry["PORT"], entry["NAME"], entry["PASSWORD"]) == (host, port, name, password)
    assert "host" not in entry["OPTIONS"]


def test_another_kind_of_database_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://me@db/drydock")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL: found scheme 'mysql', wanted postgresql://"):
        environment.database(tmp_path)


def test_the_signing_key_is_made_once_and_only_its_owner_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DJANGO_SECRET_KEY", raising=False)
    key = environment.secret_key(tmp_path)
    assert environment.secret_key(tmp_path) == key
    assert len(key) > 50
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
