"""Kubernetes' function libraries for CEL, on top of the language: quantities, addresses, URLs, patterns, lists, sets, strings.

https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-cel-libraries; `apiserver/pkg/cel/library` and cel-go's string and math extensions. Functions get the values of
`celpy`; a method's receiver is its first argument, a library's name (`sets.contains`) is a marker in its place. Left out: optional values (`?.`,
`optional.of`), which the language underneath cannot parse, and `format.named`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import re2
from celpy import celtypes
from celpy.evaluation import CELEvalError

from simulator.machinery.cel_mutations import escape_key
from simulator.machinery.quantities import NANO, QuantityError, parse
from simulator.machinery.quantities import Quantity as Amount

Value = Any
LIBRARIES = ("sets", "math", "jsonpatch")


class Library(celtypes.MapType):
    """The marker that stands for a library's name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


#: (question) → (allowed, reason). The question has `verb`, `group`, `resource`, `subresource`, `namespace`, `name` or `path`, and `account`.
Decide = Callable[[dict[str, str]], tuple[bool, str]]


class Question(celtypes.MapType):
    """`authorizer`, and every step on the way to `check`."""

    def __init__(self, decide: Decide, asked: dict[str, str], about: dict[str, str] | None = None) -> None:
        known = {} if about is None else {_text("requestResource"): Question(decide, about)}
        super().__init__(known)
        self.decide = decide
        self.asked = asked

    def saying(self, **more: str) -> Question:
        return Question(self.decide, {**self.asked, **more})


class Verdict(celtypes.MapType):
    """What `check` gives."""

    def __init__(self, allowed: bool, reason: str) -> None:
        super().__init__()
        self.is_allowed, self.why = allowed, reason


class Quantity(celtypes.StringType):
    """A resource quantity, compared by its amount."""

    @property
    def amount(self) -> int:
        """In billionths."""
        return parse(str(self)).nanos

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.amount == other.amount

    def __hash__(self) -> int:
        return hash(self.amount)


class Address(celtypes.StringType):
    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        return ipaddress.ip_address(str(self))


class Network(celtypes.StringType):
    @property
    def interface(self) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
        return ipaddress.ip_interface(str(self))


class Url(celtypes.StringType):
    pass


def _quantity(text: Value) -> Quantity:
    try:
        parse(str(text))
    except QuantityError as error:
        raise CELEvalError(str(error)) from error
    return Quantity(text)


def _is(make: Callable[[Value], object]) -> Callable[[Value], Value]:
    def answer(text: Value) -> Value:
        try:
            make(text)
        except CELEvalError:
            return celtypes.BoolType(False)
        return celtypes.BoolType(True)

    return answer


def _ip(value: Value) -> Address:
    """`ip("10.0.0.1")`, and the address of a network."""
    if isinstance(value, Network):
        return Address(str(value.interface.ip))
    try:
        ipaddress.ip_address(str(value))
    except ValueError as error:
        raise CELEvalError(f"IP Address {str(value)!r} parse error during conversion from string: {error}") from error
    return Address(value)


def _cidr(text: Value) -> Network:
    try:
        if "/" not in str(text):
            raise ValueError("no '/'")
        ipaddress.ip_interface(str(text))
    except ValueError as error:
        raise CELEvalError(f"network address parse error during conversion from string: {error}") from error
    return Network(text)


def _url(text: Value) -> Url:
    parts = urlsplit(str(text))
    if not parts.scheme and not str(text).startswith("/"):
        raise CELEvalError(f'URL parse error during conversion from string: parse "{text}": invalid URI for request')
    return Url(text)


def _text(value: object) -> Value:
    return celtypes.StringType(str(value))


def _bool(value: object) -> Value:
    return celtypes.BoolType(bool(value))


def _int(value: int) -> Value:
    return celtypes.IntType(value)


def _list(values: list[Any]) -> Value:
    return celtypes.ListType(values)


def _contains(receiver: Value, *rest: Value) -> Value:
    if isinstance(receiver, Library):
        return _bool(all(item in rest[0] for item in rest[1]))
    return _bool(str(rest[0]) in str(receiver))


def _index_of(receiver: Value, wanted: Value, start: Value = 0) -> Value:
    if isinstance(receiver, list):
        return _int(next((index for index, item in enumerate(receiver) if item == wanted), -1))
    return _int(str(receiver).find(str(wanted), int(start)))


def _last_index_of(receiver: Value, wanted: Value) -> Value:
    if isinstance(receiver, list):
        return _int(max((index for index, item in enumerate(receiver) if item == wanted), default=-1))
    return _int(str(receiver).rfind(str(wanted)))


def _one(receiver: Value, choose: Callable[[Any], Value], name: str) -> Value:
    if not receiver:
        raise CELEvalError(f"{name} called on empty list")
    return choose(receiver)


def _extreme(choose: Callable[[Any], Value]) -> Callable[..., Value]:
    """`math.greatest(a, b)` and `math.greatest([a, b])`."""

    def answer(_: Value, *given: Value) -> Value:
        return choose(given[0] if len(given) == 1 and isinstance(given[0], list) else given)

    return answer


def _found(receiver: Value, pattern: Value) -> Value:
    found = re2.search(str(pattern), str(receiver))
    return _text(found.group(0) if found else "")


def _all_found(receiver: Value, pattern: Value, limit: Value = -1) -> Value:
    found = [_text(match.group(0)) for match in re2.finditer(str(pattern), str(receiver))]
    return _list(found if int(limit) < 0 else found[: int(limit)])


def _replace(receiver: Value, old: Value, new: Value, limit: Value = -1) -> Value:
    return _text(str(receiver).replace(str(old), str(new), int(limit)))


def _split(receiver: Value, separator: Value, limit: Value = -1) -> Value:
    text, mark, count = str(receiver), str(separator), int(limit)
    if count == 0:
        return _list([])
    if not mark:
        return _list([_text(sign) for sign in text])
    return _list([_text(part) for part in text.split(mark, count - 1 if count > 0 else -1)])


def _substring(receiver: Value, start: Value, end: Value = None) -> Value:
    text = str(receiver)
    stop = len(text) if end is None else int(end)
    if not 0 <= int(start) <= stop <= len(text):
        raise CELEvalError(f"index out of range: {int(start)}")
    return _text(text[int(start) : stop])


def _format(receiver: Value, values: Value) -> Value:
    """`"%s has %d".format(["a", 1])`."""
    text, given, out, at = str(receiver), list(values), "", 0
    while at < len(text):
        if text[at] != "%" or at + 1 == len(text):
            out, at = out + text[at], at + 1
            continue
        verb, at = text[at + 1], at + 2
        if verb == "%":
            out += "%"
        elif not given:
            raise CELEvalError(f"index {len(values)} out of range")
        else:
            out += _formatted(verb, given.pop(0))
    return _text(out)


def _formatted(verb: str, value: Value) -> str:
    match verb:
        case "s":
            return ("true" if value else "false") if isinstance(value, celtypes.BoolType) else str(value)
        case "d":
            return str(int(value))
        case "x" | "X" | "o" | "b":
            return format(int(value), verb)
        case "f":
            return f"{float(value):.6f}"
    raise CELEvalError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def _compare(one: Quantity, other: Value) -> int:
    return int(one.amount > other.amount) - int(one.amount < other.amount)


def _sum_of(one: Quantity, other: Value, sign: int) -> Quantity:
    amount = other.amount if isinstance(other, Quantity) else int(other) * NANO
    return Quantity(str(Amount(one.amount + sign * amount)))


def _family(address: Address) -> Value:
    return _int(address.ip.version)


def _contains_ip(network: Network, address: Value) -> Value:
    return _bool(_ip(address).ip in network.interface.network)


def _contains_cidr(network: Network, other: Value) -> Value:
    inner, outer = _cidr(other).interface.network, network.interface.network
    return _bool(inner.version == outer.version and inner.subnet_of(outer))  # type: ignore[arg-type]


def _host(url: Value) -> Value:
    return _text(urlsplit(str(url)).netloc.rpartition("@")[2])


def _query(url: Value) -> Value:
    pairs: dict[Any, list[Any]] = {}
    for part in urlsplit(str(url)).query.split("&"):
        name, _, value = part.partition("=")
        if name:
            pairs.setdefault(_text(name), []).append(_text(value))
    return celtypes.MapType({name: _list(values) for name, values in pairs.items()})


def _saying(word: str) -> Callable[[Question, Value], Question]:
    return lambda question, value: question.saying(**{word: str(value)})


def _check(question: Question, verb: Value) -> Verdict:
    return Verdict(*question.decide({**question.asked, "verb": str(verb)}))


FUNCTIONS: dict[str, Callable[..., Value]] = {
    # authorizer
    "group": _saying("group"),
    "resource": _saying("resource"),
    "subresource": _saying("subresource"),
    "namespace": _saying("namespace"),
    "name": _saying("name"),
    "path": _saying("path"),
    "serviceAccount": lambda question, namespace, name: question.saying(account=f"{namespace}:{name}"),
    "check": _check,
    "allowed": lambda verdict: _bool(verdict.is_allowed),
    "reason": lambda verdict: _text(verdict.why),
    "errored": lambda verdict: _bool(False),
    "error": lambda verdict: _text(""),
    # quantity
    "quantity": _quantity,
    "isQuantity": _is(_quantity),
    "isGreaterThan": lambda one, other: _bool(_compare(one, other) > 0),
    "isLessThan": lambda one, other: _bool(_compare(one, other) < 0),
    "compareTo": lambda one, other: _int(_compare(one, other)),
    "isInteger": lambda one: _bool(one.amount % NANO == 0),
    "asInteger": lambda one: _int(one.amount // NANO),
    "asApproximateFloat": lambda one: celtypes.DoubleType(one.amount / NANO),
    "sign": lambda one: _int((one.amount > 0) - (one.amount < 0)),
    "add": lambda one, other: _sum_of(one, other, 1),
    "sub": lambda one, other: _sum_of(one, other, -1),
    # addresses
    "ip": _ip,
    "isIP": _is(_ip),
    "cidr": _cidr,
    "isCIDR": _is(_cidr),
    "family": _family,
    "isLoopback": lambda address: _bool(address.ip.is_loopback),
    "isUnspecified": lambda address: _bool(address.ip.is_unspecified),
    "isGlobalUnicast": lambda address: _bool(
        not (address.ip.is_multicast or address.ip.is_loopback or address.ip.is_unspecified or address.ip.is_link_local)
    ),
    "isLinkLocalUnicast": lambda address: _bool(address.ip.is_link_local and not address.ip.is_multicast),
    "isLinkLocalMulticast": lambda address: _bool(address.ip.is_multicast and str(address.ip).startswith("224.0.0.")),
    "containsIP": _contains_ip,
    "containsCIDR": _contains_cidr,
    "masked": lambda network: Network(str(network.interface.network)),
    "prefixLength": lambda network: _int(network.interface.network.prefixlen),
    # URLs
    "url": _url,
    "isURL": _is(_url),
    "getScheme": lambda url: _text(urlsplit(str(url)).scheme),
    "getHost": _host,
    "getHostname": lambda url: _text(urlsplit(str(url)).hostname or ""),
    "getPort": lambda url: _text(urlsplit(str(url)).port or ""),
    "getEscapedPath": lambda url: _text(urlsplit(str(url)).path),
    "getQuery": _query,
    # patterns
    "find": _found,
    "findAll": _all_found,
    # lists and sets
    "isSorted": lambda items: _bool(all(one <= other for one, other in pairwise(items))),
    "sum": lambda items: sum(items, _int(0)) if items else _int(0),
    "min": lambda items: _one(items, min, "min"),
    "max": lambda items: _one(items, max, "max"),
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "contains": _contains,
    "intersects": lambda _, one, other: _bool(any(item in other for item in one)),
    "equivalent": lambda _, one, other: _bool(all(i in other for i in one) and all(i in one for i in other)),
    # strings and numbers
    "charAt": lambda text, index: _text(str(text)[int(index) : int(index) + 1]),
    "format": _format,
    "join": lambda items, mark="": _text(str(mark).join(str(item) for item in items)),
    "lowerAscii": lambda text: _text(str(text).lower()),
    "upperAscii": lambda text: _text(str(text).upper()),
    "replace": _replace,
    "split": _split,
    "substring": _substring,
    "trim": lambda text: _text(str(text).strip()),
    "reverse": lambda text: _text(str(text)[::-1]),
    "escapeKey": escape_key,
    "greatest": _extreme(max),
    "least": _extreme(min),
}
