"""Chooses the journal by the database in the settings."""

from django.db import connection
from psycopg.conninfo import make_conninfo

from labs.journal.ports import Journal
from labs.journal.postgresql import PostgresqlJournal
from labs.journal.sqlite import SqliteJournal


def open_journal(sim_version: str) -> Journal:
    """A journal for the running event loop, over the site's database."""
    if connection.vendor == "sqlite":
        return SqliteJournal(str(connection.settings_dict["NAME"]), sim_version)
    return PostgresqlJournal(_conninfo(), sim_version)


def _conninfo() -> str:
    described = connection.settings_dict
    wanted = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    values = {name: described[key] for name, key in wanted.items() if described[key]}
    return make_conninfo(**values)
