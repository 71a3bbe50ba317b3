"""The network's questions from the browser, and their replies: plain JSON both ways (`docs/architecture.md` 1.6).

Promises: nothing here changes anything or uses a seeded choice.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery import selectors
from simulator.network.datapath import Datapath, Source, Trace
from simulator.network.diagnosis import Diagnosis
from simulator.network.faults import Unfit
from simulator.network.findings import Finding, near_misses
from simulator.network.rule_text import rule_lines

Reply = dict[str, Any]
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_MAX_PODS = 500


class Questions:
    def __init__(
        self, datapath: Datapath, objects: Callable[[str], list[Obj]], nodes: Callable[[], list[str]], *, pod_cidr: str
    ) -> None:
        self._path = datapath
        self._objects = objects
        self._nodes = nodes
        self._pod_cidr = pod_cidr
        self._diagnosis = Diagnosis(datapath, objects)

    def request_path(self, command: Reply) -> Reply:
        """The way one request would go, and what is in its way."""
        source = self.source(command.get("from"))
        host, path = command.get("host"), command.get("path", "/")
        if not isinstance(host, str) or not 0 < len(host) <= 253:
            raise Unfit("host", repr(host)[:60], "a name or an address")
        if not isinstance(path, str) or len(path) > 2_000:
            raise Unfit("path", repr(path)[:60], "the path of a URL")
        port = _port(command.get("port", 80))
        protocol = command.get("protocol", "TCP")
        if protocol not in _PROTOCOLS:
            raise Unfit("protocol", repr(protocol), f"one of {', '.join(_PROTOCOLS)}")
        trace = self._path.plan(source, host, port, path, protocol=protocol)
        return {**_trace(trace), "findings": [_finding(one) for one in self._diagnosis.explain(trace, source)]}

    def diagnose(self, command: Reply) -> Reply:
        """What is wrong with one Service."""
        namespace, name = command.get("namespace", "default"), command.get("service")
        found = self._diagnosis.service(str(namespace), str(name))
        if found is None:
            raise Unfit("service", f"{namespace}/{name}", "a Service that exists")
        return {"findings": [_finding(one) for one in found]}

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
            "text": rule_lines(
                self._path.proxy.mode,
                rules,
                node_address=self._path.servers.node_address(node),
                pod_cidr=self._pod_cidr,
            ),
        }

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

    def source(self, given: object) -> Source:
        """`{"pod": "ns/name"}`, `{"node": name}` or `"outside"`."""
        match given:
            case "outside":
                return Source()
            case {"node": str(node)} if node in self._nodes():
                return Source(node=node)
            case {"pod": str(text)}:
                namespace, _, name = text.rpartition("/")
                wanted = (namespace or "default", name)
                for pod in self._objects("pods"):
                    if (pod["metadata"]["namespace"], pod["metadata"]["name"]) == wanted:
                        return Source(pod=pod)
        raise Unfit(
            "from", repr(given)[:80], '"outside", {"pod": "namespace/name"} or {"node": name} of one that exists'
        )


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
