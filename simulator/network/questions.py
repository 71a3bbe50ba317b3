"""The network's questions from the browser, and their replies: plain JSON both ways (`docs/architecture.md` 1.6).

Promises: nothing here uses a seeded choice, and only `traffic` changes anything.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery import selectors
from simulator.network.datapath import Datapath, Source, Trace
from simulator.network.diagnosis import Diagnosis
from simulator.network.faults import Unfit
from simulator.network.findings import Finding, near_misses
from simulator.network.http_paths import HttpPath
from simulator.network.rule_text import rule_lines
from simulator.network.rule_text.names import Machine
from simulator.network.sources import Sources
from simulator.network.traffic import Traffic

Reply = dict[str, Any]
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_MAX_PODS = 500
_MAX_HOSTS = 20
#: Requests a second of one flow.
_MAX_RATE = 10_000


class Questions:
    def __init__(
        self,
        datapath: Datapath,
        objects: Callable[[str], list[Obj]],
        sources: Sources,
        traffic: Traffic,
        *,
        engine: Engine,
        nodes: Callable[[], list[str]],
        zero: Callable[[], int],
        pod_cidrs: tuple[str, ...],
    ) -> None:
        """`zero`: the engine's time at which the cluster's own time began."""
        self._path = datapath
        self._objects = objects
        self._sources = sources
        self._traffic = traffic
        self._engine = engine
        self._nodes = nodes
        self._zero = zero
        self._pod_cidrs = pod_cidrs
        self._diagnosis = Diagnosis(datapath, objects)

    def request_path(self, command: Reply) -> Reply:
        """The way one request would go, and what is in its way."""
        source = self._source(command.get("from"))
        host = command.get("host")
        if not isinstance(host, str) or not _is_host(host):
            raise Unfit("host", repr(host)[:60], "a name or an address")
        port, path, protocol = _port(command.get("port", 80)), _request(command), _protocol(command)
        trace = self._path.plan(source, host, port, path, protocol=protocol)
        return {**_trace(trace), "findings": [_finding(one) for one in self._diagnosis.explain(trace, source)]}

    def diagnose(self, command: Reply) -> Reply:
        """What is wrong with one Service."""
        namespace, name = command.get("namespace", "default"), command.get("service")
        found = self._diagnosis.service(str(namespace), str(name))
        if found is None:
            raise Unfit("service", f"{namespace}/{name}", "a Service that exists")
        return {"findings": [_finding(one) for one in found]}

    def traffic(self, command: Reply) -> Reply:
        """Starts, stops, forgets or reads continuous traffic."""
        match command.get("op", "list"):
            case "list":
                return {"flows": self._traffic.meters(self._zero())}
            case "start":
                return self._start(command)
            case "stop" | "forget" as op:
                return self._end(str(command.get("id")), forget=op == "forget")
        raise Unfit("op", repr(command.get("op"))[:40], "one of start, stop, forget, list")

    def _start(self, command: Reply) -> Reply:
        given = command.get("from", "outside")
        self._source(given)
        hosts = command.get("hosts", [command.get("host")])
        if not isinstance(hosts, list) or not 0 < len(hosts) <= _MAX_HOSTS or not all(_is_host(one) for one in hosts):
            raise Unfit("hosts", repr(hosts)[:60], f"one to {_MAX_HOSTS} names or addresses")
        rate = command.get("rate", 10)
        if isinstance(rate, bool) or not isinstance(rate, int) or not 0 < rate <= _MAX_RATE:
            raise Unfit("rate", repr(rate)[:20], f"a whole number of requests a second up to {_MAX_RATE}")
        port, path, protocol = _port(command.get("port", 80)), _path(command), _protocol(command)
        if self._traffic.is_full:
            raise Unfit("traffic", "as many flows as there may be", "one of them stopped first")
        note = f"traffic to {', '.join(hosts)} port {port} starts, {rate} a second"
        self._engine.cause = self._engine.record("command", "you", verb="start", name="traffic", note=note, because=0)
        source = given if isinstance(given, dict) else {}
        return {"id": self._traffic.start(source, hosts, port, path, protocol, rate).id}

    def _end(self, id: str, *, forget: bool) -> Reply:
        if not self._traffic.is_known(id):
            raise Unfit("id", repr(id)[:40], "a flow that was started")
        note = f"traffic {id} ends"
        self._engine.cause = self._engine.record("command", "you", verb="stop", name="traffic", note=note, because=0)
        self._traffic.stop(id)
        if forget:
            self._traffic.forget(id)
        return {"id": id}

    def node_rules(self, command: Reply) -> Reply:
        """What kube-proxy has written on a node: rules as data, and as the kernel's own tools show them."""
        node = command.get("node")
        if node not in self._nodes():
            raise Unfit("node", repr(node), f"one of the nodes {', '.join(self._nodes()[:8])}")
        rules = self._path.rules(node)
        return {
            "mode": self._path.proxy.mode,
            "running": self._path.proxy.is_running(node),
            "rules": [asdict(rule) for rule in rules],
            "text": rule_lines(self._path.proxy.mode, rules, self._machine(node)),
        }

    def _machine(self, node: str) -> Machine:
        ranges = [cidr for one in self._objects("servicecidrs.networking.k8s.io") for cidr in one["spec"]["cidrs"]]
        return Machine(self._path.servers.node_address(node), self._pod_cidrs, tuple(ranges), node)

    def select(self, command: Reply) -> Reply:
        """Pods that a selector matches, and those it misses by little, with the label that fails."""
        text, namespace = command.get("selector"), command.get("namespace", "default")
        if not isinstance(text, str):
            raise Unfit("selector", repr(text)[:60], "a label selector such as app=web,tier!=db")
        try:
            selector = selectors.parse(text)
        except selectors.SelectorError as error:
            raise Unfit("selector", f"{text[:60]!r}: {error}", "a label selector such as app=web,tier!=db") from error
        pods = [pod for pod in self._objects("pods") if pod["metadata"]["namespace"] == namespace]
        matching = [pod for pod in pods if selector.matches(pod["metadata"].get("labels"))]
        return {
            "matches": [pod["metadata"]["uid"] for pod in matching[:_MAX_PODS]],
            "near": [
                {
                    "uid": miss.pod["metadata"]["uid"],
                    "name": miss.pod["metadata"]["name"],
                    "fails": [list(f) for f in miss.fails],
                }
                for miss in near_misses(selector, pods)
            ],
        }

    def _source(self, given: object) -> Source:
        found = self._sources.find(given)
        if found is None:
            wanted = '"outside", {"pod": "namespace/name"} or {"node": name} of one that exists'
            raise Unfit("from", repr(given)[:80], wanted)
        return found


def _is_host(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= 253


def _path(command: Reply) -> str:
    path = command.get("path", "/")
    if not isinstance(path, str) or len(path) > 2_000:
        raise Unfit("path", repr(path)[:60], "the path of a URL")
    return path


def _request(command: Reply) -> HttpPath:
    """The path with the rest of the HTTP request that is asked about."""
    path = _path(command)
    headers, method, scheme = command.get("headers", {}), command.get("method", "GET"), command.get("scheme", "http")
    if not isinstance(headers, dict) or not all(
        isinstance(one, str) for one in (*headers, *headers.values(), method, scheme)
    ):
        raise Unfit("headers", repr(headers)[:60], "a mapping of texts")
    named = {name.lower(): value for name, value in headers.items()}
    host = named.pop("host", str(command.get("host", "")))
    return HttpPath(path, host=host, method=method, headers=named, scheme=scheme)


def _protocol(command: Reply) -> str:
    protocol = command.get("protocol", "TCP")
    if protocol not in _PROTOCOLS:
        raise Unfit("protocol", repr(protocol)[:20], f"one of {', '.join(_PROTOCOLS)}")
    return str(protocol)


def _port(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 < given < 65_536:
        raise Unfit("port", repr(given)[:20], "a whole number from 1 to 65535")
    return given


def _trace(trace: Trace) -> Reply:
    return {
        "ok": trace.ok,
        "status": trace.status,
        "error": trace.error,
        "address": trace.address,
        "backend": trace.backend,
        "client": trace.client,
        "took_us": trace.took_us,
        "hops": [asdict(hop) for hop in trace.hops],
    }


def _finding(found: Finding) -> Reply:
    return asdict(found)
