"""Addresses, networks and URLs: `apiserver/pkg/cel/library/{ip,cidr,urls}.go` (1.33)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import BOOL, INT, STRING, list_of, map_of, object_type, opaque

_IN_A_PATH = "%/!$&'()*+,;:=@[]~"
IP, CIDR, URL = opaque("net.IP"), opaque("net.CIDR"), object_type("kubernetes.URL")
_Any = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Address:
    type_name: ClassVar[str] = IP.name
    ip: _Any

    def __str__(self) -> str:
        return str(self.ip)

    def __len__(self) -> int:
        """Its size in costs: bytes."""
        return len(self.ip.packed)


@dataclass(frozen=True, slots=True)
class Network:
    type_name: ClassVar[str] = CIDR.name
    interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface

    def __str__(self) -> str:
        return str(self.interface)

    @property
    def bits(self) -> int:
        return int(self.interface.network.prefixlen)


@dataclass(frozen=True, slots=True)
class Url:
    type_name: ClassVar[str] = URL.name
    text: str

    def __str__(self) -> str:
        return self.text


def _address(text: str) -> Address:
    if "%" in text:
        raise CelError(f'IP address "{text}" with zone value is not allowed')
    try:
        ip = ipaddress.ip_address(text)
    except ValueError:
        says = f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): {_why(text)}'
        raise CelError(says) from None
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        raise CelError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return Address(ip)


def _why(text: str) -> str:
    """`net/netip: ParseAddr`, the reasons that are met most."""
    if ":" not in text and "." not in text:
        return "unable to parse IP"
    if ":" in text:
        return (
            "unexpected character"
            if any(sign not in "0123456789abcdefABCDEF:." for sign in text)
            else "address string too short"
        )
    fields = text.split(".")
    for one in fields:
        if one and not one.isdigit():
            return "unexpected character"
        if len(one) > 1 and one[0] == "0":
            return "IPv4 field has octet with leading zero"
        if one.isdigit() and int(one) > 255:
            return "IPv4 field has value >255"
    if "" in fields:
        return "IPv4 field must have at least one digit"
    return "IPv4 address too long" if len(fields) > 4 else "IPv4 address too short"


def _network(text: str) -> Network:
    try:
        return Network(_prefix(text))
    except ValueError as error:
        says = "network address parse error during conversion from string"
        raise CelError(f"{says}: {says}: {error}") from None


def _prefix(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    if "/" not in text:
        raise ValueError(f"netip.ParsePrefix(\"{text}\"): no '/'")
    host, _, bits = text.rpartition("/")
    ip = _address(host).ip if "%" not in host else None
    if ip is None:
        raise ValueError(f'netip.ParsePrefix("{text}"): IPv6 zones cannot be present in a prefix')
    if not bits.isdigit() or (len(bits) > 1 and bits[0] == "0"):
        raise ValueError(f'netip.ParsePrefix("{text}"): bad bits after slash: "{bits}"')
    if int(bits) > ip.max_prefixlen:
        raise ValueError(f'netip.ParsePrefix("{text}"): prefix length out of range')
    return ipaddress.ip_interface(text)


def _is(make: Any) -> Any:
    def answer(text: str) -> bool:
        try:
            make(text)
        except CelError:
            return False
        return True

    return answer


def _is_network(text: str) -> bool:
    try:
        _prefix(text)
    except (ValueError, CelError):
        return False
    return True


def _is_global(ip: _Any) -> bool:
    is_broadcast = isinstance(ip, ipaddress.IPv4Address) and ip == ipaddress.IPv4Address("255.255.255.255")
    return not (ip.is_multicast or ip.is_loopback or ip.is_unspecified or ip.is_link_local or is_broadcast)


def _is_link_local_multicast(ip: _Any) -> bool:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip.packed[:3] == b"\xe0\x00\x00"
    return ip.packed[0] == 0xFF and ip.packed[1] & 0x0F == 0x02


def _holds_address(network: Network, address: Address) -> bool:
    return address.ip in network.interface.network


def _holds_network(network: Network, other: Network) -> bool:
    outer = network.interface.network
    return other.interface.ip in outer and network.bits <= other.bits


def url(text: str) -> Url:
    """An absolute URI or an absolute path (`url.ParseRequestURI`). Raises CelError."""
    if why := wrong_uri(text):
        raise CelError(f"URL parse error during conversion from string: {why}")
    return Url(text)


def wrong_uri(text: str) -> str:
    """What Go's `url.ParseRequestURI` says, or nothing."""
    head = f'parse "{text}": '
    if not text:
        return head + "empty url"
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in text):
        return head + "net/url: invalid control character in URL"
    scheme, colon, _ = text.partition(":")
    has_scheme = bool(colon) and scheme[:1].isalpha() and all(sign.isalnum() or sign in "+-." for sign in scheme)
    if text.startswith(":"):
        return head + "missing protocol scheme"
    if not has_scheme and not text.startswith("/"):
        return head + "invalid URI for request"
    parts = urlsplit(text)
    if " " in parts.netloc:
        return head + 'invalid character " " in host name'
    port = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    if port and not port.isdigit():
        return head + f'invalid port ":{port}" after host'
    return ""


def _host(one: Url) -> str:
    return urlsplit(one.text).netloc.rpartition("@")[2]


def _hostname(one: Url) -> str:
    host = _host(one)
    return host[1 : host.index("]")] if host.startswith("[") and "]" in host else host.partition(":")[0]


def _port(one: Url) -> str:
    return _host(one).rpartition("]")[2].partition(":")[2]


OVERLOADS: list[Overload] = [
    function("ip", "string_to_ip", [STRING], IP, _address),
    function("isIP", "is_ip", [STRING], BOOL, _is(_address)),
    function("ip.isCanonical", "ip_is_canonical", [STRING], BOOL, lambda text: str(_address(text)) == text),
    method("family", "ip_family", [IP], INT, lambda one: one.ip.version),
    method("isUnspecified", "ip_is_unspecified", [IP], BOOL, lambda one: one.ip.is_unspecified),
    method("isLoopback", "ip_is_loopback", [IP], BOOL, lambda one: one.ip.is_loopback),
    method("isLinkLocalMulticast", "ip_is_link_local_multicast", [IP], BOOL, lambda one: _is_link_local_multicast(one.ip)),
    method("isLinkLocalUnicast", "ip_is_link_local_unicast", [IP], BOOL, lambda one: one.ip.is_link_local),
    method("isGlobalUnicast", "ip_is_global_unicast", [IP], BOOL, lambda one: _is_global(one.ip)),
    function("cidr", "string_to_cidr", [STRING], CIDR, _network),
    function("isCIDR", "is_cidr", [STRING], BOOL, _is_network),
    method("containsIP", "cidr_contains_ip_string", [CIDR, STRING], BOOL, lambda one, text: _holds_address(one, _address(text))),
    method("containsIP", "cidr_contains_ip_ip", [CIDR, IP], BOOL, _holds_address),
    method("containsCIDR", "cidr_contains_cidr_string", [CIDR, STRING], BOOL, lambda one, text: _holds_network(one, _network(text))),
    method("containsCIDR", "cidr_contains_cidr", [CIDR, CIDR], BOOL, _holds_network),
    method("ip", "cidr_ip", [CIDR], IP, lambda one: Address(ipaddress.ip_address(one.interface.ip))),
    method("prefixLength", "cidr_prefix_length", [CIDR], INT, lambda one: one.bits),
    method("masked", "cidr_masked", [CIDR], CIDR, lambda one: Network(ipaddress.ip_interface(str(one.interface.network)))),
    function("url", "string_to_url", [STRING], URL, url),
    function("isURL", "is_url_string", [STRING], BOOL, lambda text: not wrong_uri(text)),
    method("getScheme", "url_get_scheme", [URL], STRING, lambda one: urlsplit(one.text).scheme),
    method("getHost", "url_get_host", [URL], STRING, _host),
    method("getHostname", "url_get_hostname", [URL], STRING, _hostname),
    method("getPort", "url_get_port", [URL], STRING, _port),
    method("getEscapedPath", "url_get_escaped_path", [URL], STRING, lambda one: quote(urlsplit(one.text).path, safe=_IN_A_PATH)),
    method("getQuery", "url_get_query", [URL], map_of(STRING, list_of(STRING)), lambda one: parse_qs(urlsplit(one.text).query, keep_blank_values=True)),
]  # fmt: skip
