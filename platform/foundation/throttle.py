"""Counts tries in the cache, so that guessing passwords or flooding the site with guests gets slow.

Promises: a key that is over its limit is refused until the window that began with its first try has passed. The counts
are shared by all web processes when the cache is (Redis), and are per process otherwise.
"""

import hashlib
from dataclasses import dataclass

from django.core.cache import cache

from foundation.errors import TooMany


@dataclass(frozen=True)
class Throttle:
    """At most `limit` tries in `window_s` seconds for one key."""

    name: str
    limit: int
    window_s: int

    def check(self, key: str) -> None:
        """Refuse when `key` has used up its tries."""
        if int(cache.get(self._slot(key), 0)) >= self.limit:
            minutes = max(1, round(self.window_s / 60))
            raise TooMany(
                f"Too many tries in a short time. Please wait {minutes} minutes, then try again.",
                retry_after_s=self.window_s,
            )

    def count(self, key: str) -> None:
        """Note one try of `key`."""
        slot = self._slot(key)
        if not cache.add(slot, 1, self.window_s):
            try:
                cache.incr(slot)
            except ValueError:  # it ran out between the two calls
                cache.set(slot, 1, self.window_s)

    def forget(self, key: str) -> None:
        """Start afresh for `key`, after a success."""
        cache.delete(self._slot(key))

    def _slot(self, key: str) -> str:
        # Keys come from people; a digest keeps them short and free of odd characters.
        return f"throttle:{self.name}:{hashlib.sha256(key.lower().encode()).hexdigest()[:32]}"
