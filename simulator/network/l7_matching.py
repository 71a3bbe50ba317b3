"""Which route takes a request, as a pure function of a data plane's configuration.

Follows the precedence of Gateway API (https://gateway-api.sigs.k8s.io/api-types/httproute/, `apis/v1/httproute_types.go`: HTTPRouteRule.matches)
and of Ingress (https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types): the most specific hostname, then the exact path,
the longest prefix, the method, the number of headers, the number of query parameters; then the oldest route, its name, its first rule.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from simulator.network.http_paths import HttpPath

Config = dict[str, Any]


class Chosen(NamedTuple):
    route: Config
    rule: Config
    number: int
    """The rule's place in the route, from 1."""
    match: Config


def host_rank(pattern: str, host: str, *, one_label: bool = False) -> tuple[int, int] | None:
    """How well a hostname of a listener or route fits, greater is better; None when it does not. "" fits every host.

    A wildcard stands for any number of labels in Gateway API, and for one (`one_label`) in an Ingress.
    """
    if not pattern or pattern == "*":
        return (0, 0)
    if pattern.startswith("*."):
        fits = host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
        fits = fits and not (one_label and "." in host.removesuffix(pattern[1:]))
        return (1, len(pattern)) if fits else None
    return (2, len(pattern)) if pattern == host else None


def best_host(patterns: Iterable[str], host: str, *, one_label: bool = False) -> tuple[int, int] | None:
    found = (host_rank(pattern, host, one_label=one_label) for pattern in patterns)
    ranks = [rank for rank in found if rank is not None]
    return max(ranks, default=None)


def listener_for(listeners: list[Config], port: int, host: str) -> Config | None:
    """The listener of this port whose hostname fits best."""
    found = [
        (rank, one)
        for one in listeners
        if one["port"] == port and (rank := host_rank(one["hostname"], host)) is not None
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def choose(routes: list[Config], request: HttpPath) -> Chosen | None:
    """The rule that takes the request; None when no rule does."""
    found: list[tuple[Any, Chosen]] = []
    for route in routes:
        rank = best_host(route["hostnames"] or [""], request.host, one_label=route.get("one_label", False))
        if rank is None:
            continue
        for number, rule in enumerate(route["rules"], start=1):
            for match in rule["matches"] or [{}]:
                weight = _weight(match, request)
                if weight is not None:
                    order = (route["created"], route["namespace"], route["name"], number)
                    found.append((_Preferred(rank, weight, order), Chosen(route, rule, number, match)))
    return min(found, key=lambda pair: pair[0])[1] if found else None


class _Preferred(NamedTuple):
    """Sorts the best match first."""

    host: tuple[int, int]
    weight: tuple[int, ...]
    order: tuple[str, str, str, int]

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        mine, theirs = (self.host, self.weight), (other[0], other[1])
        return mine > theirs if mine != theirs else self.order < other[2]


def _weight(match: Config, request: HttpPath) -> tuple[int, ...] | None:
    """How specific a match is, None when it does not hold."""
    path = _path_weight(match.get("path") or {"type": "PathPrefix", "value": "/"}, str(request).partition("?")[0])
    if "grpc" in match:
        path = _grpc_weight(match["grpc"], str(request))
    if path is None or match.get("method", request.method) != request.method:
        return None
    headers, params = match.get("headers") or [], match.get("queryParams") or []
    if not all(_value_fits(one, request.headers.get(one["name"].lower())) for one in headers):
        return None
    query = dict(reversed(parse_qsl(str(request).partition("?")[2], keep_blank_values=True)))
    if not all(_value_fits(one, query.get(one["name"])) for one in params):
        return None
    return (*path, int("method" in match), len(headers), len(params))


def _path_weight(wanted: Config, path: str) -> tuple[int, ...] | None:
    value = wanted["value"]
    match wanted["type"]:
        case "Exact":
            return (3, len(value)) if path == value else None
        case "RegularExpression":
            return (2, len(value)) if re.match(value, path) else None
        case "NginxPattern":
            return (2, len(value)) if re.match(value, path, re.IGNORECASE) else None
        case "StringPrefix":
            return (1, len(value)) if path.startswith(value) else None
    prefix = value.rstrip("/")
    fits = path == prefix or path.startswith(f"{prefix}/") or prefix == ""
    return (1, len(value)) if fits else None


def _grpc_weight(wanted: Config, path: str) -> tuple[int, ...] | None:
    """GRPCRoute: `/package.Service/Method`, each half exact or by pattern, more signs first."""
    service, _, method = path.strip("/").partition("/")
    for name, found in (("service", service), ("method", method)):
        text = wanted.get(name)
        if not text:
            continue
        fits = re.fullmatch(text, found) if wanted.get("type") == "RegularExpression" else text == found
        if not fits:
            return None
    return (2, len(wanted.get("service") or "") + len(wanted.get("method") or ""))


def _value_fits(wanted: Config, found: str | None) -> bool:
    if found is None:
        return False
    if wanted.get("type") == "RegularExpression":
        return re.search(wanted["value"], found) is not None
    return bool(wanted["value"] == found)


def say_match(match: Config) -> str:
    """The match in words, for a trace."""
    if "grpc" in match:
        service, method = match["grpc"].get("service") or "*", match["grpc"].get("method") or "*"
        return f"gRPC method {service}/{method}"
    path = match.get("path") or {"type": "PathPrefix", "value": "/"}
    words = {"Exact": "path", "PathPrefix": "path prefix", "StringPrefix": "path prefix"}
    said = [f"{words.get(path['type'], 'path pattern')} {path['value']}"]
    if "method" in match:
        said.append(f"method {match['method']}")
    said += [f"header {one['name']}: {one['value']}" for one in match.get("headers") or ()]
    said += [f"query {one['name']}={one['value']}" for one in match.get("queryParams") or ()]
    return ", ".join(said)
