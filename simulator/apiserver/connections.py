"""What admission is asked before a stream of a pod or a proxied request begins: the operation CONNECT.

`apiserver/pkg/endpoints/handlers/rest.go: ConnectResource` (1.33): the "object" are the options of the connection, read from the query, and
admission comes before anybody looks whether there is such a pod. Leaves to others: what flows in the stream.
"""

from collections.abc import Callable, Mapping, Sequence

from simulator.apiserver.admission.matching import Connection
from simulator.apiserver.paths import Target
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj

_KINDS = {
    "exec": "PodExecOptions",
    "attach": "PodAttachOptions",
    "portforward": "PodPortForwardOptions",
}
_PROXIES = {"pods": "PodProxyOptions", "services": "ServiceProxyOptions", "nodes": "NodeProxyOptions"}


def admit(registry: Registry, request: Request, target: Target) -> None:
    """Raises StatusError when a policy or a webhook refuses the connection."""
    subresource = target.subresource
    to = Connection(target.namespace or "", target.name, subresource)
    kind = _KINDS.get(subresource) or _PROXIES[target.resource.plural]
    options = {"kind": kind, "apiVersion": "v1", **_read(subresource, request.query), **_path(target)}
    registry.admission.on_connect(request.user.name, target.resource.name, to, options)


def _path(target: Target) -> Obj:
    return {"path": target.rest} if target.subresource == "proxy" and target.rest else {}


def _read(subresource: str, query: Mapping[str, str]) -> Obj:
    fields = _FIELDS.get(subresource, {})
    return {name: read(query[name]) for name, read in fields.items() if name in query}


def _is_true(text: str) -> bool:
    return text == "true"


def _numbers(text: str) -> Sequence[int]:
    return [int(part) for part in text.split(",") if part.isascii() and part.isdecimal() and len(part) < 6]


def _words(text: str) -> Sequence[str]:
    """A command is given word by word; in one value they are kept apart by what no argument can hold."""
    return text.split("\0")


_STREAMS: dict[str, Callable[[str], object]] = {
    **dict.fromkeys(("stdin", "stdout", "stderr", "tty"), _is_true),
    "container": str,
}
_FIELDS: dict[str, dict[str, Callable[[str], object]]] = {
    "exec": {**_STREAMS, "command": _words},
    "attach": _STREAMS,
    "portforward": {"ports": _numbers},
}
