"""What an instructor writes about an image, one thing a line, and the catalogue's form of it: each way and back.

Promises: `read_*` raise `BadLine` with the line, what was found and what was wanted; `told_*` give text that reads back as the same.
"""

import re
from typing import Any

Entry = dict[str, Any]

PROTOCOLS = ("http", "tcp", "udp", "grpc")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ROUTE = re.compile(r"(?P<path>/\S*)\s+(?P<status>\d{3})(?:\s+for\s+(?P<until>\d{1,6})s)?(?:\s+(?P<body>.*))?")
_NEED = re.compile(r"(?P<names>\S+)\s+(?P<exit>\d{1,3})(?:\s+(?P<log>.*))?")


class BadLine(ValueError):
    """Found and wanted, with the number of the line."""


def read_tags(text: str, size_mb: int) -> Entry:
    """`1.0, 1.1`: each tag with the size of the image."""
    tags = [one for one in re.split(r"[\s,]+", text.strip()) if one]
    for tag in tags:
        if not _TAG.fullmatch(tag):
            raise BadLine(f"found {tag!r}, wanted a tag: letters, digits, _ . and -, at most 128 of them")
    return dict.fromkeys(tags, size_mb)


def read_ports(text: str) -> list[Entry]:
    """`8080/http, 9000/tcp`; a port without a protocol is http."""
    ports = []
    for one in re.split(r"[\s,]+", text.strip()):
        if not one:
            continue
        number, _, protocol = one.partition("/")
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= 65_535:
            raise BadLine(f"found {one!r}, wanted a port from 1 to 65535, as in 8080/http")
        if (protocol or "http") not in PROTOCOLS:
            raise BadLine(f"found {one!r}, wanted one of {', '.join(PROTOCOLS)} after the slash")
        ports.append({"port": int(number), "protocol": protocol or "http"})
    return ports


def told_ports(ports: list[Entry]) -> str:
    return ", ".join(f"{port['port']}/{port['protocol']}" for port in ports)


def read_routes(text: str) -> list[Entry]:
    """`/healthz 200 for 30s ok`: path, status, until what age it is answered so, and the body."""
    return [_route(number, line) for number, line in _lines(text)]


def told_routes(routes: list[Entry]) -> str:
    return "\n".join(
        f"{one['path']} {one.get('status', 200)}"
        f"{' for ' + str(one['until_s']) + 's' if 'until_s' in one else ''} {one.get('body', '').rstrip()}".rstrip()
        for one in routes
    )


def read_needs(text: str) -> list[Entry]:
    """`DATABASE_URL 1 DATABASE_URL is not set`: a variable (or several with |), the exit code, and what it says then."""
    return [_need(number, line) for number, line in _lines(text)]


def told_needs(needs: list[Entry]) -> str:
    return "\n".join(
        f"{'|'.join(one['any_of'])} {one['exit']} {' '.join(one.get('log', ()))}".rstrip() for one in needs
    )


def _lines(text: str) -> list[tuple[int, str]]:
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _route(number: int, line: str) -> Entry:
    found = _ROUTE.fullmatch(line)
    if found is None or not 100 <= int(found["status"]) <= 599:
        raise BadLine(f"line {number}: found {line!r}, wanted a path, a status and a text, as in: /healthz 200 ok")
    route: Entry = {"path": found["path"], "status": int(found["status"]), "body": f"{found['body'] or ''}\n"}
    if found["until"]:
        route["until_s"] = int(found["until"])
    return route


def _need(number: int, line: str) -> Entry:
    found = _NEED.fullmatch(line)
    names = found["names"].split("|") if found else []
    if found is None or not all(_VARIABLE.fullmatch(name) for name in names) or not 1 <= int(found["exit"]) <= 255:
        raise BadLine(
            f"line {number}: found {line!r}, wanted a variable, an exit code from 1 to 255 and a text, "
            "as in: DATABASE_URL 1 DATABASE_URL is not set"
        )
    return {"any_of": names, "exit": int(found["exit"]), "log": [found["log"]] if found["log"] else []}
