"""Settings of everything that runs clusters: bus, broker, seams, limits. Imported last by `base`.

One code base serves a laptop and a fleet: without `REDIS_URL` the bus is in this process and the broker in
memory; with it the same processes are spread out. The database is chosen in `base`, by `DATABASE_URL`.
"""

import os
from typing import Any
from urllib.parse import urlsplit

from . import environment

REDIS_URL = os.environ.get("REDIS_URL", "")

DRYDOCK_SIM = os.environ.get("DRYDOCK_SIM", "simulator.cluster.Cluster")

# The seams to the apps above `labs` and `live`: dotted names, resolved when first needed.
DRYDOCK_CAN_WATCH = "classroom.selectors.can_watch"
DRYDOCK_CAN_TEACH = "classroom.selectors.can_teach"
DRYDOCK_CLASS_OF = "classroom.selectors.class_of_cluster"
DRYDOCK_WALL_CLASS = "classroom.selectors.wall_class"
DRYDOCK_WALL_CARDS = "classroom.selectors.wall_cards"
DRYDOCK_IS_STUCK = "classroom.selectors.is_stuck"
DRYDOCK_OWN_IMAGES = "classroom.images.entries_for"
DRYDOCK_CLOCK_HELD = "classroom.selectors.can_turn_clock"
DRYDOCK_CLASS_POINTS = "classroom.services.class_points"
DRYDOCK_CLASS_PAUSE = "classroom.services.class_pause"
DRYDOCK_CLASS_BRING = "classroom.services.class_bring"
DRYDOCK_CLASS_PRESENT = "classroom.services.class_present"
DRYDOCK_HINT_SEND = "classroom.services.hint_send"
DRYDOCK_HELP_ANSWER = "classroom.services.help_answer"
DRYDOCK_STEP_CHECKS = "catalog.selectors.step_checks"
DRYDOCK_STEP_RECORD = "progress.services.step_record"

# What the site owes and somebody has to do: every host does each, at most so often (seconds). Doing it twice does no harm.
DRYDOCK_CHORES: dict[str, int] = {
    "labs.services.outbox_hand_out": 0,
    "labs.services.histories_thin": 1_800,
    "accounts.services.guests_sweep": 3_600,
}

# Pages are asked so often (seconds) whether they are still there; one that stays silent half as long again is gone.
DRYDOCK_PING_S = environment.number("DRYDOCK_PING_S", 20)

# Each process of a fleet needs a port of its own; 0: no metrics.
DRYDOCK_METRICS_PORT = environment.number("DRYDOCK_METRICS_PORT", 0)

DRYDOCK_LIMITS: dict[str, int] = {
    "clusters": 3,
    "nodes": 50,
    "objects": 2_000,
    "commands_per_s": 20,
    "command_burst": 60,
    "body_bytes": 1_000_000,
    "sockets": 6,
    "speed_max": 20,
    "cpu_ms_per_s": 100,
    "cpu_bucket_ms": 2_000,
    "journal_bytes": 50_000_000,
    "snapshots": 40,
    "away_s": 1_800,
}


def _broker(redis_url: str) -> str:
    """Jobs live in database 1 of the same Redis, in the words Celery has for it."""
    if not redis_url:
        return "memory://localhost/"
    parts = urlsplit(redis_url)
    if parts.scheme == "unix":
        return f"redis+socket://{parts.path}?virtual_host=1"
    return parts._replace(path="/1").geturl()


CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or _broker(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 3600, "unacked_restore_interval": 5, "unacked_restore_throttle": 2}
    if REDIS_URL
    else {"polling_interval": 0.05}
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_TASK_DEFAULT_QUEUE = "jobs"
CELERY_TIMEZONE = "UTC"
