"""A snapshot's bytes: zstd(msgpack([format, simulator's dump, recent replies])).

Replies travel along so that a command resent after a move or a crash gets its original answer.
"""

import msgspec
import zstandard

FORMAT = 1
LEVEL = 9


class UnknownFormat(ValueError):
    """The snapshot was written by a newer or damaged version; the journal before it can still be replayed."""


class Contents(msgspec.Struct, array_like=True, frozen=True):
    """What a snapshot holds: replies are `(rid, status, text)`, oldest first."""

    format: int
    sim: bytes
    replies: list[tuple[str, int, bytes]]


def freeze(sim: bytes, replies: list[tuple[str, int, bytes]]) -> bytes:
    """Encode a snapshot; `compress` follows."""
    return msgspec.msgpack.encode(Contents(FORMAT, sim, replies))


def compress(state: bytes) -> bytes:
    """Takes 10 ms for 50 pods without holding the interpreter: call it in a thread."""
    return zstandard.compress(state, LEVEL)


def thaw(state: bytes) -> Contents:
    """Decode a snapshot."""
    try:
        contents = msgspec.msgpack.decode(zstandard.decompress(state), type=Contents)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise UnknownFormat(f"snapshot of {len(state)} bytes cannot be read: {error}") from error
    if contents.format != FORMAT:
        raise UnknownFormat(f"snapshot format: found {contents.format}, wanted {FORMAT}")
    return contents
