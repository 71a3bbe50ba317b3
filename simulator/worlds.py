"""A world as a text: configuration, seed and everything that was done, short enough for a link.

Promises that the same text opened anywhere gives a cluster in the same state at the same instant, and that reading a text of somebody
else never does more than build a cluster. Leaves to others: where the text travels, and how many objects a cluster may have.
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

FORMAT = 1
MOST_TEXT = 64_000
_MOST_BYTES = 4_000_000

#: (microseconds since the start, command). A command of kind `step` plays on until the store changes, `renumber` moves revisions on.
Deed = tuple[int, dict[str, Any]]


class WorldError(ValueError):
    """The text is no world, or one of another version."""


@dataclass(frozen=True, slots=True)
class World:
    config: str
    seed: int
    epoch_s: int
    deeds: tuple[Deed, ...]
    until_us: int

    def text(self) -> str:
        """For a link: letters, digits, `-` and `_`."""
        plain = [FORMAT, self.config, self.seed, self.epoch_s, self.until_us, [list(deed) for deed in self.deeds]]
        packed = zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 9)
        return urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "World":
        """Raises WorldError."""
        if len(text) > MOST_TEXT:
            raise WorldError(f"world: found {len(text):,} characters, wanted at most {MOST_TEXT:,}")
        try:
            unpacker = zlib.decompressobj()
            plain = unpacker.decompress(urlsafe_b64decode(text + "=" * (-len(text) % 4)), _MOST_BYTES)
            if not unpacker.eof:
                raise ValueError("cut off")
            version, config, seed, epoch_s, until_us, deeds = json.loads(plain)
        except (ValueError, zlib.error) as error:
            raise WorldError(f"world: found a text that cannot be unpacked ({error}), wanted a whole link") from error
        if version != FORMAT:
            raise WorldError(f"world: found version {version!r}, wanted {FORMAT}")
        if not _is_sound(config, seed, epoch_s, until_us, deeds):
            raise WorldError("world: found fields of other kinds, wanted a link that this simulator made")
        return cls(config, seed, epoch_s, tuple((at, command) for at, command in deeds), until_us)


def _is_sound(config: Any, seed: Any, epoch_s: Any, until_us: Any, deeds: Any) -> bool:
    numbers = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (seed, epoch_s, until_us))
    if not numbers or not isinstance(config, str) or not isinstance(deeds, list):
        return False
    return all(
        isinstance(deed, list) and len(deed) == 2 and isinstance(deed[0], int) and 0 <= deed[0] <= until_us
        and isinstance(deed[1], dict) for deed in deeds
    )  # fmt: skip
