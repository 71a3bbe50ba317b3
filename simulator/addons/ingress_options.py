"""Annotations of ingress-nginx that change where a request goes (`nginx.ingress.kubernetes.io/…`).

Follows kubernetes/ingress-nginx: `internal/ingress/annotations/` (rewrite, redirect, canary), `internal/ingress/controller/template/template.go`
(buildLocation, enforceRegexModifier) and `location.go`. Promises: pure functions of Ingress objects.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from simulator.engine.plain import Obj

_PREFIX = "nginx.ingress.kubernetes.io/"


class Options:
    """The annotations of one Ingress."""

    def __init__(self, ingress: Obj) -> None:
        self._given: Mapping[str, str] = ingress["metadata"].get("annotations") or {}

    def text(self, name: str) -> str:
        return self._given.get(_PREFIX + name, "")

    def is_on(self, name: str, *, otherwise: bool = False) -> bool:
        """As Go reads a boolean; anything else is as if it was not there."""
        given = self.text(name)
        if given in ("1", "t", "T", "true", "TRUE", "True"):
            return True
        return otherwise and given not in ("0", "f", "F", "false", "FALSE", "False")

    def number(self, name: str, *, otherwise: int) -> int:
        given = self.text(name)
        return int(given) if re.fullmatch(r"\d{1,6}", given) else otherwise

    @property
    def is_canary(self) -> bool:
        return self.is_on("canary")

    def uses_patterns(self, paths: Iterable[str]) -> bool:
        target = self.text("rewrite-target")
        return self.is_on("use-regex") or any(target and target != path for path in paths)


def match_of(path: Obj, *, is_pattern: bool) -> dict[str, Any]:
    """`buildLocation`: once one path of a host is a pattern, all are; a path of no standard type is the beginning of a text."""
    value = path.get("path") or "/"
    if is_pattern:
        return {"type": "NginxPattern", "value": value if _compiles(value) else re.escape(value)}
    kinds = {"Exact": "Exact", "Prefix": "PathPrefix"}
    return {"type": kinds.get(path.get("pathType", ""), "StringPrefix"), "value": value}


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def filters_of(options: Options, path: str, *, is_tls: bool, has_tls: bool) -> list[dict[str, Any]]:
    """What happens to a request before it goes on."""
    if not is_tls and (
        options.is_on("force-ssl-redirect") or (has_tls and options.is_on("ssl-redirect", otherwise=True))
    ):
        return [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 308}}]
    for name, code in (("temporal-redirect", 302), ("permanent-redirect", 301)):
        if url := options.text(name):
            status = options.number(f"{name}-code", otherwise=code)
            return [{"type": "RequestRedirect", "requestRedirect": {"url": url, "statusCode": status}}]
    target = options.text("rewrite-target")
    if target and target != path:
        change = {"type": "ReplaceGroups", "target": target}
        return [{"type": "URLRewrite", "urlRewrite": {"path": change}}]
    return []


def app_root(options: Options) -> dict[str, Any] | None:
    """The rule that leads from `/` to the application's own root."""
    root = options.text("app-root")
    if not root.startswith("/"):
        return None
    redirect = {"path": {"type": "ReplaceFullPath", "replaceFullPath": root}, "statusCode": 302}
    return {
        "matches": [{"path": {"type": "Exact", "value": "/"}}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": redirect}],
        "backends": [],
    }


def with_canary(rule: dict[str, Any], canary: Options, backend: dict[str, Any]) -> list[dict[str, Any]]:
    """The rule, and those that send some of its requests to the canary: by header first, then by weight."""
    total = canary.number("canary-weight-total", otherwise=100)
    weight = min(canary.number("canary-weight", otherwise=0), total)
    shared = [
        *({**one, "weight": total - weight} for one in rule["backends"]),
        {**backend, "weight": weight},
    ]
    found = [{**rule, "backends": shared if weight else rule["backends"]}]
    header, value = canary.text("canary-by-header"), canary.text("canary-by-header-value")
    if not header:
        return found
    chosen = [(value, [backend])] if value else [("always", [backend]), ("never", rule["backends"])]
    (match,) = rule["matches"]
    by_header = [
        {**rule, "matches": [{**match, "headers": [{"name": header, "value": word}]}], "backends": backends}
        for word, backends in chosen
    ]
    return [*by_header, *found]
