"""What tests of hosting share: a migrated database to copy, clusters to put into it, and real servers where asked for."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.servers import Server, running_postgresql, running_redis

ROOT = Path(__file__).parents[3]
MakeCluster = Callable[..., str]


def migrate(**environment: str) -> None:
    """Make the tables, in a process of its own so that the settings are read afresh."""
    values = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.local", **environment}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=values, check=True)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    migrate(DRYDOCK_DATA=str(folder), DATABASE_URL="", REDIS_URL="")
    path = folder / "drydock.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def sqlite_file(migrated_sqlite: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated_sqlite, tmp_path / "drydock.sqlite3"))


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Unix sockets allow about a hundred characters of path; pytest's own folders are longer."""
    folder = Path(tempfile.mkdtemp(prefix="dd-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_server(short_folder: Path) -> Iterator[Server]:
    folder = short_folder / "redis"
    folder.mkdir()
    with running_redis(folder) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server(short_folder: Path) -> Iterator[Server]:
    folder = short_folder / "pg"
    folder.mkdir()
    with running_postgresql(folder) as server:
        migrate(DATABASE_URL=server.url, DRYDOCK_DATA=str(short_folder / "settings"))
        yield server


def insert_sqlite(path: Path, *, config: str = "", setup: str = "[]") -> str:
    """A cluster of nobody in particular: the journal does not ask who owns it."""
    cluster = uuid.uuid4()
    with sqlite3.connect(path, timeout=10) as database:
        database.execute(_INSERT.replace("%s", "?"), (cluster.hex, uuid.uuid4().hex, config, setup))
    return str(cluster)


def insert_postgresql(conninfo: str, *, config: str = "", setup: str = "[]") -> str:
    cluster = uuid.uuid4()
    with psycopg.connect(conninfo, autocommit=True) as database:
        database.execute("SET session_replication_role = replica")  # the owner need not exist
        database.execute(_INSERT.replace("'1'", "true").replace("'0'", "false"), (cluster, uuid.uuid4(), config, setup))
    return str(cluster)


_INSERT = """
INSERT INTO labs_cluster (id, owner_id, config, setup, name, seed, sim_version, status, epoch, owner_host, head, timeline, away_s,
  wall0, sim0_us, speed_ppm, paused, mark_us, card, created, touched)
VALUES (%s, %s, %s, %s, 'lab', 7, '', 'hibernated', 0, '', 0, 1, 0, 0, 0, 1000000, '0', 0, '{}',
  '2026-01-02 03:04:05+00:00', '2026-01-02 03:04:05+00:00')"""
