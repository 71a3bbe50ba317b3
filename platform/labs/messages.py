"""The words that travel on the bus between web processes and cluster hosts, and their encoding (msgpack).

Promises: every `Call` may be sent again unchanged (`rid` makes a command idempotent, reads are harmless);
every `Reply` and `Frame` carries the owner's epoch, so a reader can drop what a fenced owner still says.
"""

import time
from typing import Any, Literal

import msgspec

Ask = Literal["command", "query", "clock", "view", "summary", "wake", "past"]


CLOCKS_APART_S = 60.0
"""A deadline that passed longer ago was written by a clock that shows another time: it says nothing."""


class Call(msgspec.Struct, array_like=True, tag="call", frozen=True):
    """Something asked of one cluster. `call` names the question (for its reply), `rid` the deed (for its effect)."""

    call: str
    cluster: str
    ask: Ask
    reply_to: str
    deadline: float
    rid: str = ""
    actor: str = ""
    body: dict[str, Any] = {}
    forwards: int = 0

    @property
    def is_late(self) -> bool:
        """Nobody waits for the answer any more."""
        return 0 < time.time() - self.deadline < CLOCKS_APART_S


class Touch(msgspec.Struct, array_like=True, tag="touch", frozen=True):
    """`web` still has these clusters open: as diagrams (`views`) or as cards on a wall (`cards`)."""

    web: str
    views: list[str]
    cards: list[str]


class Evict(msgspec.Struct, array_like=True, tag="evict", frozen=True):
    """The rows of `cluster` changed behind its owner: forget it and publish nothing more."""

    cluster: str


class Drain(msgspec.Struct, array_like=True, tag="drain", frozen=True):
    """Stop adopting, snapshot every cluster and give it up."""


Inbound = Call | Touch | Evict | Drain


class Reply(msgspec.Struct, array_like=True, frozen=True):
    """The answer to `call`: an HTTP status and JSON text, or the key under which a large text waits."""

    call: str
    cluster: str
    host: str
    epoch: int
    status: int
    text: bytes
    parked: str = ""


class Frame(msgspec.Struct, array_like=True, frozen=True):
    """What one tick shows on `v:{cluster}`: events `since < ev <= upto` of branch `gen`.

    `items` is the inside of a JSON array, so that frames can be merged without parsing; a frame without
    events (`since == upto`) tells of the clock. `clock` is the JSON object of the wire.
    """

    epoch: int
    gen: int
    since: int
    upto: int
    at: int
    items: bytes
    clock: bytes = b""


class CardFrame(msgspec.Struct, array_like=True, frozen=True):
    """The summary of a cluster, on `s:{cluster}`."""

    epoch: int
    cluster: str
    text: bytes


pack = msgspec.msgpack.Encoder().encode
inbound = msgspec.msgpack.Decoder(Inbound)
reply = msgspec.msgpack.Decoder(Reply)
frame = msgspec.msgpack.Decoder(Frame)
card_frame = msgspec.msgpack.Decoder(CardFrame)
encode_json = msgspec.json.Encoder().encode


def refusal(code: str, message: str, **more: Any) -> bytes:
    """The JSON of a refused call."""
    return encode_json({"ok": False, "error": {"code": code, "message": message, **more}})
