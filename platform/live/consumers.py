"""The sockets of the site, by their public names."""

from live.lab import LabConsumer
from live.wall import WallConsumer

__all__ = ["LabConsumer", "WallConsumer"]
