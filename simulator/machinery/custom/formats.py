"""The formats of strings that a schema may ask for (kube-openapi `pkg/validation/strfmt/default.go`, 1.33)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_UUID = re.compile(r"(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
_HOST_NAME = re.compile(
    r"^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
)
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")
_DURATION = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|m|h|d|w)(\s*(\d+(\.\d*)?)\s*(ns|us|µs|ms|s|m|h|d|w))*"
)


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def is_fine(text: str) -> bool:
        try:
            read(text)
        except (ValueError, AddressValueError, Base64Error):
            return False
        return True

    return is_fine


def _is_cidr(text: str) -> bool:
    return "/" in text and _reads(lambda one: ip_network(one, strict=False))(text)


def _is_uri(text: str) -> bool:
    return _reads(urlsplit)(text) and bool(urlsplit(text).scheme or text.startswith("/"))


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": lambda text: _DATE_TIME.fullmatch(text) is not None,
    "date": _reads(date.fromisoformat),
    "ipv4": _reads(IPv4Address),
    "ipv6": _reads(IPv6Address),
    "cidr": _is_cidr,
    "byte": _reads(lambda text: b64decode(text, validate=True)),
    "uuid": lambda text: _UUID.match(text) is not None,
    "hostname": lambda text: len(text) <= 255 and _HOST_NAME.match(text) is not None,
    "email": lambda text: _MAIL.fullmatch(text) is not None,
    "uri": _is_uri,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
}
