"""Chooses the bus by the settings, and speaks on it from code without an event loop."""

from functools import cache

from django.conf import settings
from redis import Redis

from labs.bus.memory import MemoryBus, MemoryDirectory, Switchboard
from labs.bus.ports import Bus, Directory
from labs.bus.redis import RedisBus, RedisDirectory


@cache
def switchboard() -> Switchboard:
    """The one switchboard of this process (embedded mode)."""
    return Switchboard()


@cache
def _client(url: str) -> Redis:
    return Redis.from_url(url)


def open_bus() -> Bus:
    """A bus for the running event loop."""
    return RedisBus(settings.REDIS_URL) if settings.REDIS_URL else MemoryBus(switchboard())


def open_directory() -> Directory:
    """A directory for the running event loop."""
    return RedisDirectory(settings.REDIS_URL) if settings.REDIS_URL else MemoryDirectory(switchboard())


def publish_now(topic: str, message: bytes) -> int:
    """Publish from a view, a service or a task; how many heard it."""
    if settings.REDIS_URL:
        return int(_client(settings.REDIS_URL).publish(topic, message))
    return switchboard().publish_now(topic, message)


def push_now(queue: str, message: bytes) -> None:
    """Append to a list from a view, a service or a task."""
    if settings.REDIS_URL:
        _client(settings.REDIS_URL).rpush(queue, message)
    else:
        switchboard().push_now(queue, message)
