"""How the API server reaches pods, services and kubelets for `…/proxy`: through the network like everybody else.

Pods are dialled from a control plane machine, so NetworkPolicies, broken links and dead servers are in the way as they would be. The words of a
failure are those of Go's HTTP client.
"""

from json import dumps

from simulator.apiserver.proxying import Unanswered
from simulator.apiserver.request import Request, Response
from simulator.engine.plain import Obj
from simulator.network.datapath import REFUSED, RESET, Datapath, Source, Trace
from simulator.network.http_paths import HttpPath
from simulator.node.kubelets import Kubelets

_KUBELET_PORT = 10250
_WORDS = {REFUSED: "connect: connection refused", RESET: "read: connection reset by peer"}


class ClusterReach:
    def __init__(self, datapath: Datapath, kubelets: Kubelets, machine: str) -> None:
        """`machine`: the control plane machine that calls."""
        self._datapath, self._kubelets, self._machine = datapath, kubelets, machine

    def fetch(self, address: str, port: int, path: str, request: Request, *, tls: bool) -> Response:
        body = request.body if isinstance(request.body, str) else "" if request.body is None else dumps(request.body)
        asked = HttpPath(path, host=address, method=request.method, body=body, scheme="https" if tls else "http")
        trace = self._datapath.request(Source(node=self._machine), address, port, asked)
        self._answered(trace, address, port, tls=tls)
        if request.method == "HEAD":
            return Response(trace.status, "", headers={"content-type": _kind(trace.body)})
        return Response(trace.status, trace.body, headers={"content-type": _kind(trace.body)})

    def look(self, address: str, port: int, path: str) -> tuple[int, str]:
        """(status, body) of a GET over TLS that leaves no trace. Raises Unanswered."""
        asked = HttpPath(path, host=address, scheme="https")
        trace = self._datapath.plan(Source(node=self._machine), address, port, asked)
        self._answered(trace, address, port, tls=True)
        return trace.status, trace.body

    def next_change(self, address: str, port: int) -> int | None:
        """Microseconds until whoever is behind this address answers otherwise by itself; None: never as things stand."""
        trace = self._datapath.plan(Source(node=self._machine), address, port, "")
        return self._datapath.servers.next_change(trace.endpoint) if trace.endpoint else None

    def _answered(self, trace: Trace, address: str, port: int, *, tls: bool) -> None:
        """Raises Unanswered."""
        if trace.error:
            raise Unanswered(f"dial tcp {address}:{port}: {_WORDS.get(trace.error, 'i/o timeout')}")
        if tls and not self._datapath.servers.speaks_tls(trace.endpoint, trace.endpoint_port):
            raise Unanswered("http: server gave HTTP response to HTTPS client")
        if not trace.status:
            raise Unanswered("EOF")

    def kubelet(self, node: Obj, path: str, request: Request) -> Response:
        name = node["metadata"]["name"]
        answer = self._kubelets.http(name, path, request.query)
        if answer is None:
            why = "connection refused" if self._kubelets.is_powered(name) else "no route to host"
            address = next(one["address"] for one in node["status"]["addresses"] if one["type"] == "InternalIP")
            raise Unanswered(f"dial tcp {address}:{_KUBELET_PORT}: connect: {why}")
        return answer


def _kind(body: str) -> str:
    """Simulated servers tell no Content-Type; what a browser would see in the text is good enough."""
    start = body.lstrip()[:1]
    return "text/html" if start == "<" else "application/json" if start == "{" else "text/plain; charset=utf-8"
