"""What the servers of `agnhost` answer: `netexec`, `porter`, `nettest` and `guestbook`.

Follows `test/images/agnhost/{netexec,porter,nettest,guestbook}`. Promises: pure functions of a request and of what the server has remembered; what it
wants from others (a request of its own) it says in its answer. Of `netexec`, `/shell`, `/upload`, `/exit` and `/shutdown` are left out.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

_PRIMARY, _REPLICA = "agnhost-primary", "agnhost-replica"
_BACKEND = "6379"


class Asked(NamedTuple):
    """One request, and whom it reaches."""

    path: str
    """With its query; of UDP the whole message."""
    method: str = "GET"
    body: str = ""
    client: str = ""
    """`address:port`."""
    port: int = 0
    hostname: str = ""
    address: str = ""
    """The server's own."""
    argv: tuple[str, ...] = ()
    env: Mapping[str, str] = {}  # never written to
    now: str = ""
    """The time, in RFC 3339."""
    memory: str = ""
    """What the server remembered, as JSON."""


class Wish(NamedTuple):
    """A request that the server makes itself, for its answer."""

    host: str
    port: int
    path: str
    protocol: str = "TCP"


class Got(NamedTuple):
    """What came back: an answer, or Go's words for why not."""

    body: str = ""
    error: str = ""


#: Makes a request of the server's own.
Dial = Callable[[Wish], Got]


class Said(NamedTuple):
    status: int = 200
    body: str = ""
    log: tuple[str, ...] = ()
    memory: str | None = None
    """What it remembers from now on; None: as before."""


def netexec(asked: Asked, dial: Dial) -> Said:
    parts, query = _parts(asked.path)
    match parts:
        case "/hostname" | "/hostName":
            return Said(200, asked.hostname, (f"GET {parts}",))
        case "/clientip":
            return Said(200, asked.client, ("GET /clientip",))
        case "/healthz":
            return Said(200, "", ("GET /healthz",))
        case "/echo":
            return _echo(query)
        case "/dial":
            return _dial(query, dial)
        case "/redirect":
            code, place = query.get("code") or "302", query.get("location", "")
            return Said(int(code) if code.isdigit() else 302, f'<a href="{place}">Found</a>.\n\n', ("GET /redirect",))
        case "/shell" | "/upload" | "/exit" | "/shutdown":
            return Said(501, f"drydock: {parts} is not simulated\n")
    return Said(200, "NOW: {now}", ("GET /",))


def netexec_udp(asked: Asked, dial: Dial) -> Said:
    text = asked.path.strip()
    command = text.lower()
    if command == "hostname":
        return Said(200, asked.hostname)
    if command == "clientip":
        return Said(200, asked.client)
    if command.startswith("echo "):
        return Said(200, command.split(" ", 1)[1])
    return Said(200, "", (f"Unknown udp command received: {text}",) if text else ())


def _echo(query: Mapping[str, str]) -> Said:
    message, code = query.get("msg", ""), query.get("code", "")
    log = (f"GET /echo?msg={message}&code={code}",)
    if code and not code.isdigit():
        return Said(200, f"argument 'code' must be an integer or empty, got {json.dumps(code)}\n", log)
    return Said(int(code) if code else 200, message, log)


def _dial(query: Mapping[str, str], dial: Dial) -> Said:
    host, port, request = query.get("host", ""), query.get("port", ""), query.get("request", "")
    protocol, tries = query.get("protocol", ""), query.get("tries", "")
    log = (f"GET /dial?host={host}&protocol={protocol}&port={port}&request={request}&tries={tries}",)
    if tries and not tries.isdigit():
        why = f"strconv.Atoi: parsing {json.dumps(tries)}: invalid syntax"
        return Said(400, f"tries parameter is invalid. {why}\n", log)
    if not request:
        return Said(400, "request parameter not specified. <nil>\n", log)
    if protocol.lower() not in ("", "http", "udp"):
        return Said(400, f"unsupported protocol. {protocol}\n", log)
    if not port.isdigit():
        return Said(400, f"host and/or port param are invalid. lookup tcp/{port}: unknown port\n", log)
    is_udp = protocol.lower() == "udp"
    wish = Wish(host, int(port), request if is_udp else f"/{request}", "UDP" if is_udp else "TCP")
    got = [dial(wish) for _ in range(int(tries or "1"))]
    found: dict[str, list[str]] = {}
    if errors := [one.error for one in got if one.error]:
        found["errors"] = errors
    # The original looks at the last answer only.
    if got and got[-1].body and not got[-1].error:
        found["responses"] = [one.body for one in got if not one.error]
    return Said(200, _json(found), log)


def porter(asked: Asked, dial: Dial) -> Said:
    value = next(
        (asked.env[name] for name in _port_names(asked.port) if name in asked.env),
        "",
    )
    if "--json-response" not in asked.argv:
        return Said(200, value)
    return Said(200, _json({"Method": asked.method, "Body": value}))


def _port_names(port: int) -> Sequence[str]:
    return [f"SERVE_{kind}PORT_{port}" for kind in ("", "TCP_", "UDP_", "TLS_")]


def ports_of(env: Mapping[str, str]) -> list[tuple[int, str]]:
    """(port, protocol) that `porter` serves, in the order of the variables."""
    kinds = {"SERVE_PORT_": "http", "SERVE_TCP_PORT_": "http", "SERVE_UDP_PORT_": "udp", "SERVE_TLS_PORT_": "https"}
    found = []
    for name in sorted(env):
        for prefix, protocol in kinds.items():
            if name.startswith(prefix) and name[len(prefix) :].isdigit():
                found.append((int(name[len(prefix) :]), protocol))
    return found


def nettest(asked: Asked, dial: Dial) -> Said:
    path, _ = _parts(asked.path)
    state: dict[str, Any] = json.loads(asked.memory or "{}") or {
        "Hostname": asked.hostname,
        "Sent": None,
        "Received": None,
        "Errors": None,
        "Log": None,
        "StillContactingPeers": True,
    }
    if path == "/read":
        return Said(200, json.dumps(state, indent="\t"))
    if path == "/status":
        return Said(200, "running")
    if path != "/write":
        return Said(404, "404 page not found\n")
    try:
        source = str(json.loads(asked.body or "null").get("Source", ""))
    except (ValueError, AttributeError):
        source = ""
    if source:
        received = state["Received"] or {}
        state["Received"] = dict(sorted({**received, source: received.get(source, 0) + 1}.items()))
    else:
        state["Errors"] = [*(state["Errors"] or ()), f"{asked.hostname}: Got request with no source"]
    return Said(200, _json({"Hostname": asked.hostname}) + "\n", memory=_json(state))


def guestbook(asked: Asked, dial: Dial) -> Said:
    path, query = _parts(asked.path)
    state: dict[str, Any] = json.loads(asked.memory or "{}") or {"store": {}, "replicas": []}
    key, value = query.get("key", ""), query.get("value", "")
    primary = _option(asked.argv, "--replicaof")
    if primary and not state.get("registered"):
        state = _register(state, primary, _option(asked.argv, "--backend-port") or _BACKEND, asked.address, dial)
    match path:
        case "/register":
            replica = query.get("host", "")
            state["replicas"].append(replica)
            log = (f"GET /register?host={replica}", f"Node '{replica}' registered.")
            return Said(200, _json({"data": state["store"]}), log, _json(state))
        case "/get":
            found = state["store"].get(key, "") if key else state["store"]
            return Said(200, _json({"data": found}), (f"GET /get?key={key}",), _json(state))
        case "/set":
            return _set(state, key, value, dial)
        case "/guestbook":
            return _guest(query.get("cmd", "").lower(), key, value, dial)
    return Said(404, "404 page not found\n")


def _register(state: dict[str, Any], primary: str, port: str, address: str, dial: Dial) -> dict[str, Any]:
    """A replica takes over what the primary has, and is told of what comes. The original does so when it starts, this one when it is first asked."""
    got = dial(Wish(primary, int(port), f"/register?host={address}"))
    if got.error:
        return state
    return {**state, "store": json.loads(got.body)["data"], "registered": True}


def _option(argv: Sequence[str], name: str) -> str:
    for word, after in pairwise([*argv, ""]):
        if word == name:
            return after
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _set(state: dict[str, Any], key: str, value: str, dial: Dial) -> Said:
    log = (f"GET /set?key={key}&value={value}",)
    if not key:
        return Said(400, "cannot set with empty key.\n", log)
    state["store"] = dict(sorted({**state["store"], key: value}.items()))
    for replica in state["replicas"]:
        got = dial(Wish(replica, int(_BACKEND), f"/set?key={key}&value={value}"))
        if got.error:
            why = f"encountered error while propagating to replica '{replica}': {got.error}\n"
            return Said(417, why, log, _json(state))
    return Said(200, _json({"message": "Updated"}), log, _json(state))


def _guest(command: str, key: str, value: str, dial: Dial) -> Said:
    log = (f"GET /guestbook?cmd={command}&key={key}&value={value}",)
    if command not in ("get", "set"):
        return Said(400, f"unsupported cmd: '{command}'\n", log)
    if command == "set" and not key:
        return Said(400, "cannot set with empty key.\n", log)
    host = _REPLICA if command == "get" else _PRIMARY
    got = dial(Wish(host, int(_BACKEND), f"/{command}?key={key}&value={value}"))
    return Said(417, f"encountered error: {got.error}\n", log) if got.error else Said(200, got.body, log)


def _parts(path: str) -> tuple[str, dict[str, str]]:
    parts = urlsplit(path)
    return parts.path, {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}


def _json(value: object) -> str:
    """As Go's `json.Marshal` writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
