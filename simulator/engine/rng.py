"""Seeded randomness whose whole state is one integer.

SplitMix64 (Steele, Lea and Flood, 2014): fast in Python, easy to write to disk, and equal on every
platform and Python version, which the standard generator's derived methods do not promise.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1
#: Letters Kubernetes uses for generated names: no vowels, no look-alikes
#: (apimachinery `util/rand`).
SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


class Rng:
    """One stream of random numbers. Streams of one engine differ by name, so they never disturb each other."""

    __slots__ = ("state",)

    def __init__(self, state: int) -> None:
        self.state = state & _MASK

    @classmethod
    def for_stream(cls, seed: int, name: str) -> "Rng":
        digest = blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
        return cls(int.from_bytes(digest, "big"))

    def bits64(self) -> int:
        self.state = z = (self.state + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def bits128(self) -> int:
        """Two numbers of `bits64`, the first one above the second; written out, because every object takes one."""
        high = (self.state + 0x9E3779B97F4A7C15) & _MASK
        self.state = low = (high + 0x9E3779B97F4A7C15) & _MASK
        high = ((high ^ (high >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        high = ((high ^ (high >> 27)) * 0x94D049BB133111EB) & _MASK
        low = ((low ^ (low >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        low = ((low ^ (low >> 27)) * 0x94D049BB133111EB) & _MASK
        return (high ^ (high >> 31)) << 64 | (low ^ (low >> 31))

    def below(self, n: int) -> int:
        """An integer in [0, n)."""
        if n <= 0:
            raise ValueError(f"below() wants a positive bound, found {n}")
        return (self.bits64() * n) >> 64

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        if low < high:
            return low + ((self.bits64() * (high - low + 1)) >> 64)
        return low if low == high else low + self.below(high - low + 1)

    def choice(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def suffix(self, length: int) -> str:
        """A name suffix of the kind `generateName` appends."""
        bits = self.bits64()
        letters = []
        for _ in range(length):
            if bits < 27:
                bits = self.bits64()
            bits, index = divmod(bits, 27)
            letters.append(SUFFIX_LETTERS[index])
        return "".join(letters)
