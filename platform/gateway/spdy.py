"""SPDY/3.1 framing, as far as port-forward needs it: streams, data, pings.

The protocol kubectl tunnels through a WebSocket (`SPDY/3.1+portforward.k8s.io`). Only bytes in and frames out: no connection, no waiting. Flow control is
not spoken, as in the library on the other side (moby/spdystream). The dictionary for headers is that of the SPDY/3 draft.
"""

import struct
import zlib
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 0x01
_VERSION = 3
_CONTROL = 0x8000
_LONGEST_FRAME = 1 << 20
_LONGEST_HEADERS = 1 << 16

_WORDS = [
    "options",
    "head",
    "post",
    "put",
    "delete",
    "trace",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "connection",
    "content-base",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "retry-after",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "method",
    "get",
    "status",
]
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: str) -> bytes:
    return struct.pack(">I", len(text)) + text.encode()


DICTIONARY = (
    b"".join(
        map(_counted, (*_WORDS, "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"))
    )
    + _TAIL.encode()
)


class SpdyError(ValueError):
    """The other side does not speak SPDY/3.1."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`kind` is 0 for data; `stream` is the ping's number for a ping."""

    kind: int
    stream: int
    flags: int = 0
    data: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def is_last(self) -> bool:
        return bool(self.flags & FIN)


class Framing:
    """One connection's state: what is left of an unfinished frame, and the two header compressions."""

    def __init__(self) -> None:
        self._rest = b""
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises SpdyError."""
        self._rest += data
        frames: list[Frame] = []
        while len(self._rest) >= 8:
            first, second, flags_and_length = struct.unpack(">HHI", self._rest[:8])
            length = flags_and_length & 0xFFFFFF
            if length > _LONGEST_FRAME:
                raise SpdyError(f"a frame of {length} bytes, wanted at most {_LONGEST_FRAME}")
            if len(self._rest) < 8 + length:
                break
            body, self._rest = self._rest[8 : 8 + length], self._rest[8 + length :]
            frame = self._read(first, second, flags_and_length >> 24, body)
            if frame is not None:
                frames.append(frame)
        return frames

    def _read(self, first: int, second: int, flags: int, body: bytes) -> Frame | None:
        if not first & _CONTROL:
            return Frame(0, first << 16 | second, flags, body)
        if first & ~_CONTROL != _VERSION:
            raise SpdyError(f"version {first & ~_CONTROL}, wanted {_VERSION}")
        try:
            match second:
                case 1:  # SYN_STREAM
                    return Frame(SYN_STREAM, _number(body), flags, headers=self._headers(body[10:]))
                case 3 | 6:  # RST_STREAM, PING
                    return Frame(second, _number(body), flags)
                case 7:  # GOAWAY
                    return Frame(GOAWAY, 0)
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            raise SpdyError(f"a control frame cannot be read: {error}") from error
        return None

    def _headers(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block, _LONGEST_HEADERS)
        if self._inflate.unconsumed_tail:
            raise SpdyError(f"headers of more than {_LONGEST_HEADERS} bytes")
        (count,) = struct.unpack(">I", plain[:4])
        at, found = 4, {}
        for _ in range(count):
            name, at = _text(plain, at)
            found[name.lower()], at = _text(plain, at)
        return found

    # Written

    def reply(self, stream: int) -> bytes:
        """Accepts a stream."""
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, struct.pack(">I", stream) + block)

    @staticmethod
    def data(stream: int, data: bytes, *, last: bool = False) -> bytes:
        return struct.pack(">II", stream, (FIN if last else 0) << 24 | len(data)) + data

    @staticmethod
    def ping(number: int) -> bytes:
        return _control(PING, struct.pack(">I", number))


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", _CONTROL | _VERSION, kind, len(body)) + body


def _number(body: bytes) -> int:
    (found,) = struct.unpack(">I", body[:4])
    return int(found) & 0x7FFFFFFF


def _text(plain: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack(">I", plain[at : at + 4])
    return plain[at + 4 : at + 4 + length].decode(), at + 4 + length
