"""How busy the machine is: promises in seconds are made for one with a core to spare."""

import os


def is_idle() -> bool:
    """Whether the machine has had a core to spare for a minute."""
    return os.getloadavg()[0] < (os.cpu_count() or 1) * 0.5
