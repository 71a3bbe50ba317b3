"""What both sockets share: reading messages strictly, sending in order, and counting a person's open pages."""

import logging
from collections import Counter
from typing import Any

import msgspec
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

logger = logging.getLogger(__name__)
MESSAGE_LIMIT = 64 * 1024
CLOSED_FORBIDDEN = 4403
CLOSED_TOO_MANY = 4429
CLOSED_BAD_MESSAGE = 4400

_open_sockets: Counter[str] = Counter()


class BadMessage(Exception):
    """The page sent something the wire does not know; the connection ends."""


class PageSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One page's connection. Subclasses say what `t` they know by methods called `on_<t>`."""

    person: str = ""
    is_counted = False

    async def connect(self) -> None:
        user = self.scope.get("user")
        if user is None or not user.is_authenticated:
            await self.refuse()
            return
        self.person = str(user.pk)
        if _open_sockets[self.person] >= settings.DRYDOCK_LIMITS["sockets"]:
            await self.accept()
            await self.say({"t": "bye", "reason": "too-many-sockets"})
            await self.close(CLOSED_TOO_MANY)
            return
        _open_sockets[self.person] += 1
        self.is_counted = True
        await self.opened()

    async def disconnect(self, code: int) -> None:
        if self.is_counted:
            self.is_counted = False
            _open_sockets[self.person] -= 1
            if not _open_sockets[self.person]:
                del _open_sockets[self.person]
            await self.closed()
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The door for everything a page sends."""
        try:
            message = _parsed(text_data)
            handler = getattr(self, f"on_{message['t']}", None)
            if handler is None:
                raise BadMessage(f"t: found {message['t']!r}, which this socket does not know")
            await handler(message)
        except BadMessage as error:
            logger.info("socket of %s: %s", self.person, error)
            await self.say({"t": "bye", "reason": "bad-message"})
            await self.close(CLOSED_BAD_MESSAGE)

    async def say(self, message: dict[str, Any]) -> None:
        """Send one message."""
        await self.send(text_data=msgspec.json.encode(message, enc_hook=_plain).decode())

    async def refuse(self) -> None:
        """Not for this person. Accepted first: a page is not told why a handshake fails, and would try for ever."""
        await self.accept()
        await self.say({"t": "bye", "reason": "not-yours"})
        await self.close(CLOSED_FORBIDDEN)

    async def opened(self) -> None:
        """The person is known: accept or refuse."""
        raise NotImplementedError

    async def closed(self) -> None:
        """Leave everything that `opened` joined."""
        raise NotImplementedError


def _plain(value: Any) -> str:
    """Django marks HTML as safe by a class of its own; on the wire it is a text like any other."""
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"found {type(value).__name__}, which has no place on the wire")


def _parsed(text: str | None) -> dict[str, Any]:
    if text is None or len(text) > MESSAGE_LIMIT:
        raise BadMessage(f"found {'bytes' if text is None else f'{len(text)} characters'}, wanted a short JSON text")
    try:
        message = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise BadMessage(str(error)) from error
    if not isinstance(message.get("t"), str) or not message["t"].isidentifier():
        raise BadMessage(f"t: found {message.get('t')!r}, wanted the name of a message")
    return message


def integer_or_none(message: dict[str, Any], name: str) -> int | None:
    """The field `name` of a message, which may be null or missing."""
    value = message.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise BadMessage(f"{name}: found {value!r}, wanted a whole number or null")


def text(message: dict[str, Any], name: str, limit: int = 2_000) -> str:
    """The text field `name` of a message."""
    value = message.get(name)
    if not isinstance(value, str) or len(value) > limit:
        raise BadMessage(f"{name}: wanted a text of at most {limit} characters")
    return value
