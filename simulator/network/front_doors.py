"""Proxies in pods that understand HTTP: what the pods of a gateway or an ingress controller do with a request.

Stands before the sockets of the cluster: a request that reaches such a pod goes on to a backend of the route that takes it, and the trace
goes on with it. Promises: the configuration is what a controller last sent, and outlives the controller; weights are drawn from a seeded
stream; a question that is only looked at (no client) draws nothing. Leaves to others: who may send what where (the controllers decide it).

Simplified: a proxy sees endpoints at once, not when its controller next tells it; bodies of answers are not changed by filters.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.network.http_paths import HttpPath, request_of
from simulator.network.l7_matching import Chosen, Config, choose, host_rank, listener_for, say_match
from simulator.network.objects import Answer, Place, Servers

_REASONS = {
    301: "Moved Permanently", 302: "Found", 308: "Permanent Redirect", 400: "Bad Request", 404: "Not Found", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Temporarily Unavailable", 504: "Gateway Time-out",
}  # fmt: skip


class Step(NamedTuple):
    """One hop inside a proxy; kinds are `listener`, `route`, `filter`, `service` and `refused`."""

    kind: str
    say: str
    subject: str
    ok: bool = True


class ProxyAnswer(NamedTuple):
    status: int = 0
    body: str = ""
    container: str = ""
    error: str = ""
    steps: tuple[Step, ...] = ()
    """What the proxy decided."""
    onward: Any = None
    """The trace of the request that the proxy made itself."""
    location: str = ""


class Onward(Protocol):
    """The data path, for what a proxy asks itself."""

    def send(self, pod: Obj, address: str, port: int, path: str, protocol: str, *, live: bool) -> Any: ...

    def endpoints(self, namespace: str, service: str, port: int) -> "list[tuple[str, int]] | None":
        """Ready (address, port) of a service's port; None when there is no such service or port."""

    def pod(self, namespace: str, name: str) -> Obj | None: ...


class FrontDoors:
    """`network.objects.Servers` with proxies in front. An engine component: holds the proxies' configurations."""

    name = "front-doors"

    def __init__(self, engine: Engine, servers: Servers) -> None:
        self._engine = engine
        self._servers = servers
        self._configs: dict[str, Config] = {}
        """`namespace/deployment` → what its pods were told."""
        self._asked: dict[str, int] = {}
        """Backend that sleeps while nobody asks (`namespace/name`) → when it was last asked for."""
        self.wakers: list[Callable[[str], None]] = []
        """Told of a request for such a backend that has nobody to answer it; wired at assembly."""
        self.onward: Onward | None = None
        engine.register(self)

    def __getattr__(self, name: str) -> Any:
        """Everything but `connect` is as without proxies."""
        return getattr(self._servers, name)

    def program(self, key: str, config: Config) -> None:
        self._configs[key] = config

    def forget(self, key: str) -> None:
        self._configs.pop(key, None)

    def last_asked(self, key: str) -> int | None:
        """Microseconds of the cluster's clock; None: never."""
        return self._asked.get(key)

    def ask_for(self, key: str, *, sleeps: bool) -> None:
        """A request for a backend that may sleep."""
        self._asked[key] = self._engine.now
        if sleeps:
            for wake in self.wakers:
                wake(key)

    def connect(self, address: str, port: int, protocol: str, path: str, client: str) -> Answer:
        place = self._servers.place(address) if client and self._configs else None
        config = None if place is None else self._configs.get(_key(place))
        # A proxy's process holds all of its ports, whatever the layer.
        layer = protocol if config is None else "TCP"
        answer = self._servers.connect(address, port, layer, path, client)
        if answer.error or config is None or place is None or self.onward is None:
            return answer
        pod = self.onward.pod(place.namespace, place.pod)
        if pod is None:
            return answer
        return _Passage(self, self.onward, config, pod, answer.container, live=True).go(port, protocol, path)

    def planned(self, address: str, port: int, protocol: str, path: str) -> ProxyAnswer | None:
        """What a proxy at this address would do, only looked at: nothing is drawn, logged or woken. None: no proxy."""
        place = self._servers.place(address) if self._configs else None
        config = None if place is None else self._configs.get(_key(place))
        if place is None or config is None or self.onward is None:
            return None
        pod = self.onward.pod(place.namespace, place.pod)
        answer = self._servers.connect(address, port, "TCP", "", "")
        if pod is None or answer.error:
            return None
        return _Passage(self, self.onward, config, pod, answer.container, live=False).go(port, protocol, path)

    def draw(self, weights: list[int]) -> int:
        """The place of one of the weights."""
        at = self._engine.rng("front-doors").below(sum(weights))
        for index, weight in enumerate(weights):
            at -= weight
            if at < 0:
                return index
        raise AssertionError("weights ran out")

    # State

    def dump(self) -> Plain:
        return {"configs": self._configs, "asked": self._asked}

    def load(self, state: Plain) -> None:
        self._configs, self._asked = dict(state["configs"]), dict(state["asked"])


def _key(place: Place) -> str:
    """A pod of a Deployment is called after it: `cafe-nginx-5d8f7c-x2x9p`."""
    return f"{place.namespace}/{place.pod.rsplit('-', 2)[0]}"


class _Passage:
    """One request inside a proxy."""

    def __init__(
        self, doors: FrontDoors, onward: Onward, config: Config, pod: Obj, container: str, *, live: bool
    ) -> None:
        self._live = live
        self._doors = doors
        self._onward = onward
        self._config = config
        self._pod = pod
        self._container = container
        self._steps: list[Step] = []

    def go(self, port: int, protocol: str, path: str) -> ProxyAnswer:
        request = request_of(path)
        stream = next((one for one in self._config["listeners"] if one["port"] == port and one["is_stream"]), None)
        if stream is not None:
            return self._stream(stream, request, protocol, path)
        if not path:
            return ProxyAnswer(container=self._container)
        listener = listener_for(self._config["listeners"], port, request.host)
        if listener is None:
            return self._status(404)
        if listener["is_tls"] and request.scheme in ("http", "grpc"):
            self._step("listener", f"{listener['say']} speaks TLS only", listener["name"], ok=False)
            return self._status(400)
        self._step("listener", listener["say"], listener["name"])
        chosen = choose(_within(listener), request)
        if chosen is None:
            if (fallback := self._config.get("fallback")) is not None:
                return self._backend(fallback, request, {})
            self._step("route", f"no route takes {request.host or 'any host'}{request}", listener["name"], ok=False)
            return self._status(404)
        route = chosen.route
        subject = f"{route['namespace']}/{route['name']}"
        self._step("route", f"{route['kind']} {subject} rule {chosen.number}: {say_match(chosen.match)}", subject)
        return self._through(chosen, request)

    def _stream(self, listener: Config, request: HttpPath, protocol: str, path: str) -> ProxyAnswer:
        self._step("listener", listener["say"], listener["name"])
        routes = [one for one in listener["routes"] if _takes_name(one, request.host)]
        if not routes:
            self._step("route", "no route is attached", listener["name"], ok=False)
            return ProxyAnswer(container=self._container, error="connection refused", steps=tuple(self._steps))
        route = min(routes, key=lambda one: (one["created"], one["namespace"], one["name"]))
        subject = f"{route['namespace']}/{route['name']}"
        self._step("route", f"{route['kind']} {subject}", subject)
        backend = self._drawn(route["rules"][0]["backends"])
        return (
            self._status(502) if backend is None else self._backend(backend, request, {}, protocol=protocol, path=path)
        )

    # Filters

    def _through(self, chosen: Chosen, request: HttpPath) -> ProxyAnswer:
        rule = chosen.rule
        for one in rule["filters"]:
            if one["type"] == "RequestRedirect":
                return self._redirect(one["requestRedirect"], chosen, request)
            request = self._filtered(one, chosen, request)
        if not rule["backends"]:
            return self._broken(500, "the rule names no backend")
        backend = self._drawn(rule["backends"])
        if backend is None:
            return self._broken(500, "the weights of all backends are 0")
        for one in backend.get("filters") or ():
            request = self._filtered(one, chosen, request)
        return self._backend(backend, request, rule)

    def _filtered(self, one: Config, chosen: Chosen, request: HttpPath) -> HttpPath:
        match one["type"]:
            case "RequestHeaderModifier":
                return self._with_headers(one["requestHeaderModifier"], request)
            case "URLRewrite":
                return self._rewritten(one["urlRewrite"], chosen, request)
            case "RequestMirror":
                self._mirror(one["mirror"], request)
        return request

    def _with_headers(self, change: Config, request: HttpPath) -> HttpPath:
        headers = dict(request.headers)
        for one in change.get("set") or ():
            headers[one["name"].lower()] = one["value"]
        for one in change.get("add") or ():
            name = one["name"].lower()
            headers[name] = f"{headers[name]},{one['value']}" if name in headers else one["value"]
        for name in change.get("remove") or ():
            headers.pop(name.lower(), None)
        changed = [one["name"] for key in ("set", "add") for one in change.get(key) or ()] + list(
            change.get("remove") or ()
        )
        self._step("filter", f"request headers changed: {', '.join(changed)}", "")
        return HttpPath(str(request), host=request.host, method=request.method, headers=headers, scheme=request.scheme)

    def _rewritten(self, change: Config, chosen: Chosen, request: HttpPath) -> HttpPath:
        path = _changed_path(change.get("path") or {}, chosen.match, str(request))
        host = change.get("hostname") or request.host
        self._step("filter", f"rewritten to {host}{path}", "")
        return HttpPath(path, host=host, method=request.method, headers=request.headers, scheme=request.scheme)

    def _mirror(self, backend: Config, request: HttpPath) -> None:
        found = self._endpoint(backend) if backend.get("ok") else None
        if found is None:
            self._step("filter", f"the mirror {backend['name']} cannot be reached", backend["name"], ok=False)
            return
        self._step("filter", f"a copy goes to {backend['name']}, its answer is dropped", backend["name"])
        if self._live:
            self._onward.send(self._pod, *found, request, "TCP", live=True)

    def _redirect(self, change: Config, chosen: Chosen, request: HttpPath) -> ProxyAnswer:
        scheme = change.get("scheme") or request.scheme
        path = _changed_path(change.get("path") or {}, chosen.match, str(request))
        port = change.get("port") or {"http": 80, "https": 443}.get(scheme, 80)
        where = "" if (scheme, port) in (("http", 80), ("https", 443)) else f":{port}"
        location = change.get("url") or f"{scheme}://{change.get('hostname') or request.host}{where}{path}"
        status = change.get("statusCode", 302)
        self._step("filter", f"redirected to {location}", "")
        return ProxyAnswer(status, _page(status), self._container, steps=tuple(self._steps), location=location)

    # Backends

    def _drawn(self, backends: list[Config]) -> Config | None:
        weights = [backend.get("weight", 1) for backend in backends]
        if sum(weights) == 0:
            return None
        return backends[0] if len(backends) == 1 else backends[self._draw(weights)]

    def _draw(self, weights: list[int]) -> int:
        return self._doors.draw(weights) if self._live else next(at for at, weight in enumerate(weights) if weight)

    def _backend(
        self, backend: Config, request: HttpPath, rule: Config, *, protocol: str = "TCP", path: str | None = None
    ) -> ProxyAnswer:
        subject = f"{backend['namespace']}/{backend['name']}"
        if not backend.get("ok", True):
            return self._broken(500, f"the backend {subject} is not valid")
        found = self._endpoint(backend)
        if "activate" in backend:
            if self._live:
                self._doors.ask_for(backend["activate"], sleeps=found is None)
            if found is None:
                return self._broken(503, f"revision {subject} sleeps; the activator asks for a pod")
        if found is None:
            return self._broken(503, f"Service {subject} has no ready endpoints")
        self._step("service", f"Service {subject} port {backend['port']}: endpoint {found[0]}:{found[1]}", subject)
        onward = self._onward.send(self._pod, *found, request if path is None else path, protocol, live=self._live)
        if onward.error:
            status = 504 if "timed out" in onward.error else 502
            return ProxyAnswer(status, _page(status), self._container, steps=tuple(self._steps), onward=onward)
        return ProxyAnswer(onward.status, onward.body, self._container, steps=tuple(self._steps), onward=onward)

    def _endpoint(self, backend: Config) -> tuple[str, int] | None:
        found = self._onward.endpoints(backend["namespace"], backend["name"], backend["port"])
        if not found:
            return None
        return found[0] if len(found) == 1 else found[self._draw([1] * len(found))]

    # Ends

    def _broken(self, status: int, why: str) -> ProxyAnswer:
        self._step("refused", why, "", ok=False)
        return self._status(status)

    def _status(self, status: int) -> ProxyAnswer:
        return ProxyAnswer(status, _page(status), self._container, steps=tuple(self._steps))

    def _step(self, kind: str, say: str, subject: str, *, ok: bool = True) -> None:
        self._steps.append(Step(kind, say, subject, ok))


def _within(listener: Config) -> list[Config]:
    """The routes of a listener, under the hostnames that both have."""
    return [{**route, "hostnames": route["hostnames"] or [listener["hostname"]]} for route in listener["routes"]]


def _takes_name(route: Config, host: str) -> bool:
    return not route["hostnames"] or any(host_rank(one, host) is not None for one in route["hostnames"])


def _changed_path(change: Config, match: Config, path: str) -> str:
    if change.get("type") == "ReplaceFullPath":
        return str(change.get("replaceFullPath") or "/")
    if change.get("type") == "ReplaceGroups":
        return _with_groups(change["target"], (match.get("path") or {}).get("value") or "/", path)
    if change.get("type") == "ReplacePrefixMatch":
        prefix = ((match.get("path") or {}).get("value") or "/").rstrip("/")
        rest = path[len(prefix) :]
        return (change.get("replacePrefixMatch") or "").rstrip("/") + rest or "/"
    return path


def _with_groups(target: str, pattern: str, path: str) -> str:
    """nginx' `rewrite "(?i)pattern" target break`: `$1` is what the first group took, the query stays."""
    uri, mark, query = path.partition("?")
    found = re.search(pattern, uri, re.IGNORECASE)
    if found is None:
        return path
    groups = found.groups()

    def group(wanted: re.Match[str]) -> str:
        number = int(wanted[1])
        return (groups[number - 1] or "") if 0 < number <= len(groups) else ""

    return re.sub(r"\$(\d)", group, target) + mark + query


def _page(status: int) -> str:
    """The page that nginx answers with by itself."""
    title = f"{status} {_REASONS[status]}"
    return f"<html>\n<head><title>{title}</title></head>\n<body>\n<center><h1>{title}</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n"
