"""Python's cyclic garbage collector stands aside while much plain data is made at once: there is nothing in it to collect.

Promise: afterwards it runs as before, also when several threads do this at the same time.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Of two threads that overlap, the one that switched it off switches it on again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
