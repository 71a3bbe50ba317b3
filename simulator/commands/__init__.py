"""The commands a host may give to a cluster: a table of them, and a room for each of what they are about."""

from simulator.commands.table import Commands, unknown_cluster

__all__ = ["Commands", "unknown_cluster"]
