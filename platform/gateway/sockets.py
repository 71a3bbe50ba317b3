"""exec over WebSocket (`v5.channel.k8s.io`, `v4.channel.k8s.io`): a command runs in a simulated container to its end.

https://kubernetes.io/docs/reference/using-api/websockets/. The first byte of a frame names its channel: 1 stdout, 2 stderr, 3 the
closing Status. Standard input is read and dropped: simulated commands take none. attach and port-forward are refused
before the upgrade; clients then say that the server does not support them.
"""

import asyncio
from typing import Any

import msgspec

from gateway.backend import Backend, Executed
from gateway.errors import Unreachable
from gateway.requests import Receive, Scope, Send, query_of, repeated
from simulator.apiserver.errors import StatusError

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io")
#: kubectl reads before it has made all of its streams, and drops frames of those that it does not know yet
#: (`client-go/tools/remotecommand/websocket.go`). A real container is never that quick.
_CLIENT_SETTLES_S = 0.2
_STDOUT, _STDERR, _ERROR = b"\x01", b"\x02", b"\x03"


async def serve_socket(scope: Scope, receive: Receive, send: Send, backend: Backend | None, path: str) -> None:
    """One connection. Without a backend (an unknown key) it is refused like everything that is no exec."""
    await receive()
    place = _place(path)
    offered = scope.get("subprotocols") or []
    protocol = next((name for name in _PROTOCOLS if name in offered), "")
    if backend is None or place is None or (offered and not protocol):
        await send({"type": "websocket.close", "code": 4404})
        return
    await send({"type": "websocket.accept", "subprotocol": protocol or None})
    namespace, pod = place
    await asyncio.sleep(_CLIENT_SETTLES_S)
    try:
        done = await backend.execute(namespace, pod, query_of(scope).get("container", ""), repeated(scope, "command"))
        await _tell(send, done)
    except StatusError as error:
        await _frame(send, _ERROR, msgspec.json.encode(error.status()))
    except Unreachable:
        await _frame(send, _ERROR, msgspec.json.encode(_failed("the cluster does not answer")))
    await send({"type": "websocket.close", "code": 1000})


def _place(path: str) -> tuple[str, str] | None:
    """(namespace, pod) of an exec URL."""
    match path.strip("/").split("/"):
        case ["api", "v1", "namespaces", namespace, "pods", pod, "exec"]:
            return namespace, pod
    return None


async def _tell(send: Send, done: Executed) -> None:
    if done.refused:
        await _frame(send, _ERROR, msgspec.json.encode(_refused(done.refused)))
        return
    if done.stdout:
        await _frame(send, _STDOUT, done.stdout.encode())
    if done.stderr:
        await _frame(send, _STDERR, done.stderr.encode())
    await _frame(send, _ERROR, msgspec.json.encode(_outcome(done.status)))


async def _frame(send: Send, channel: bytes, data: bytes) -> None:
    await send({"type": "websocket.send", "bytes": channel + data})


def _outcome(status: int) -> dict[str, Any]:
    """`kubelet/pkg/cri/streaming/remotecommand`: an exit code travels as a cause."""
    if status == 0:
        return {"metadata": {}, "status": "Success"}
    message = f"command terminated with non-zero exit code: command terminated with exit code {status}"
    causes = [{"reason": "ExitCode", "message": str(status)}]
    return {**_failed(message), "reason": "NonZeroExitCode", "details": {"causes": causes}}


def _refused(why: str) -> dict[str, Any]:
    """A command that did not start is the node's failure, not an exit code."""
    causes = [{"message": why.removeprefix("Internal error occurred: ")}]
    return {**_failed(why), "reason": "InternalError", "details": {"causes": causes}, "code": 500}


def _failed(message: str) -> dict[str, Any]:
    return {"metadata": {}, "status": "Failure", "message": message}
