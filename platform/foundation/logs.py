"""Logs as JSON, one object a line, for whoever collects them (`DRYDOCK_LOG_FORMAT=json`).

What a line is about (request, cluster, owner's epoch, row) travels as fields: given to the logger as `extra`, or bound for
everything that is logged while a request is answered.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

FIELDS = ("rid", "cluster", "epoch", "seq", "host")
_bound: ContextVar[dict[str, object]] = ContextVar("bound", default={})  # noqa: B039  (never mutated: copied to be bound)


@contextmanager
def bound(**fields: object) -> Iterator[None]:
    """Every line that is logged inside carries `fields`."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


class JsonFormatter(logging.Formatter):
    """Time, level, logger and message, then the fields, then the exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_bound.get(),
            **{name: getattr(record, name) for name in FIELDS if hasattr(record, name)},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)
