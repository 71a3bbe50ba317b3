"""How processes talk: `Bus` for messages, `Directory` for who owns what. Two versions of each, one contract.

`open_bus()` and `open_directory()` choose by the settings. Both are caches and hints only: losing everything
they hold costs time, never a command (the journal's epoch is what keeps two owners apart).
"""

from labs.bus.ports import Bus, BusUnavailable, Directory, Handler, Owner
from labs.bus.selection import open_bus, open_directory

__all__ = ["Bus", "BusUnavailable", "Directory", "Handler", "Owner", "open_bus", "open_directory"]
