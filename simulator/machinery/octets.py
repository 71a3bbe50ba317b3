"""Bytes as text: how files of any content live in a simulator whose state is text.

Promises: `bytes_of(text_of(data)) == data` for all bytes; what is ordinary UTF-8 is itself; the text can be written as JSON, as msgpack and
into PostgreSQL. Bytes that are no UTF-8, and what programs in containers write for a value that is filled in later (control characters,
`{hostname}` and `{ip}`: `workloads.log_lines`, `workloads.file_tree`), stand as characters of the last private plane, which nobody
uses; those characters themselves go byte by byte.
"""

import codecs
import re

_FIRST = 0x10F700
_KEPT_APART = re.compile(rf"[\x00-\x08{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]|\{{(?=(?:hostname|ip)\}})")
_ESCAPED = re.compile(f"[{chr(_FIRST)}-{chr(_FIRST + 0xFF)}]")
_ERRORS = "octets"


def text_of(data: bytes) -> str:
    text = data.decode("utf-8", _ERRORS) if not data.isascii() else data.decode()
    # What the decoder put in for bytes is a surrogate until here, so that it is not taken for a character of the input.
    text = _KEPT_APART.sub(lambda match: "".join(chr(_FIRST + byte) for byte in match.group().encode()), text)
    return text.translate(_FROM_SURROGATES) if not text.isascii() else text


def bytes_of(text: str) -> bytes:
    if not _ESCAPED.search(text):
        return text.encode()
    return _ESCAPED.sub(lambda match: chr(0xDC00 + ord(match.group()) - _FIRST), text).encode("utf-8", _ERRORS)


def _as_surrogates(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError):
        return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end
    assert isinstance(error, UnicodeEncodeError)
    return bytes(ord(one) - 0xDC00 for one in error.object[error.start : error.end]), error.end


codecs.register_error(_ERRORS, _as_surrogates)
_FROM_SURROGATES = {0xDC00 + byte: _FIRST + byte for byte in range(256)}
