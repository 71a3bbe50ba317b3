"""The only truth: inputs in order, snapshots to shorten the replay, and the fence that keeps two owners apart.

Every append names the epoch and head it builds on, and moves the head in the same statement that inserts the rows.
Whoever was replaced in between changes nothing and learns that it was fenced. `open_journal()` chooses the version
by the database in the settings.
"""

from labs.journal.ports import (
    Anchor,
    Deed,
    Entry,
    Frozen,
    Journal,
    JournalFull,
    JournalUnavailable,
    Mark,
    Outcome,
    Parting,
    Row,
)
from labs.journal.selection import open_journal

__all__ = [
    "Anchor",
    "Deed",
    "Entry",
    "Frozen",
    "Journal",
    "JournalFull",
    "JournalUnavailable",
    "Mark",
    "Outcome",
    "Parting",
    "Row",
    "open_journal",
]
