"""A cluster spoken to in the commands of `docs/architecture.md` section 1.6, wherever it runs.

What is the same for every cluster (discovery, OpenAPI) is answered here and costs the cluster nothing. Reading is a
question, writing a command, so that what real clients do is journaled and traced like what is typed in the terminal.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from gateway.backend import Answered, Executed, Forwarded, Shell
from gateway.errors import Unreachable
from simulator.apiserver.errors import StatusError, bad_request
from simulator.apiserver.paths import is_passed_on
from simulator.apiserver.request import Request, Response
from simulator.machinery.octets import bytes_of, text_of

#: Header fields that the API server reads.
_READ_HEADERS = (
    "accept",
    "authorization",
    "content-type",
    "if-none-match",
    "impersonate-group",
    "impersonate-uid",
    "impersonate-user",
    "upgrade",
    "user-agent",
)


class CommandBackend(ABC):
    """`ask` brings a command to the cluster and its reply back."""

    @abstractmethod
    async def ask(self, command: dict[str, Any], *, is_read: bool) -> dict[str, Any]:
        """Raises Unreachable when nobody answers, StatusError when the host refuses to ask."""

    @property
    @abstractmethod
    def moves(self) -> int: ...

    @abstractmethod
    async def changed(self, since: int, timeout_s: float) -> None: ...

    async def handle(self, request: Request) -> Response:
        command = {
            "kind": "request",
            "method": request.method,
            "path": request.path,
            "query": dict(request.query),
            "headers": {
                name: text
                for name, text in request.headers.items()
                if name in _READ_HEADERS or name.startswith("impersonate-extra-")
            },
            "body": request.body,
            **({"findings": list(request.findings)} if request.findings else {}),
        }
        try:
            is_read = request.method in ("GET", "HEAD") and not is_passed_on(request.path)
            reply = await self.ask(command, is_read=is_read)
        except StatusError as error:
            return Response(error.code, error.status())
        if "error" in reply:
            refusal = bad_request(reply["error"]["message"])
            return Response(refusal.code, refusal.status())
        if reply.get("unreachable"):
            raise Unreachable(reply["body"])
        headers = dict(reply["headers"])
        warnings = headers.pop("warning", ())
        return Response(reply["status"], reply["body"], tuple(warnings), headers)

    async def execute(self, namespace: str, pod: str, container: str, argv: Sequence[str], stdin: bytes) -> Executed:
        reply = await self._exec(namespace, pod, container, argv, stdin=text_of(stdin))
        return _executed(reply)

    async def open_shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Shell | Executed:
        reply = await self._exec(namespace, pod, container, argv, shell=True)
        if "session" not in reply:
            return _executed(reply)
        return Shell(str(reply["session"]["id"]), str(reply["session"]["prompt"]))

    async def shell_line(self, shell: Shell, line: str) -> Answered:
        reply = await self.ask({"kind": "session", "id": shell.id, "line": line}, is_read=False)
        if "error" in reply:
            raise bad_request(reply["error"]["message"])
        ended = int(reply["exit"]) if reply["done"] else None
        stderr = bytes_of(_of_command(reply["stderr"], ended or 0))
        return Answered(bytes_of(reply["stdout"]), stderr, reply["prompt"], ended)

    async def forward(self, namespace: str, pod: str, port: int, path: str) -> Forwarded:
        command = {"kind": "port-forward", "namespace": namespace, "pod": pod, "port": port, "path": path}
        reply = await self.ask(command, is_read=False)
        if "error" in reply and isinstance(reply["error"], dict):
            return Forwarded(error=str(reply["error"]["message"]))
        return Forwarded(int(reply["status"]), str(reply["body"]), str(reply["refused"]))

    async def _exec(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], **more: object
    ) -> dict[str, Any]:
        command = {
            "kind": "exec",
            "namespace": namespace,
            "pod": pod,
            "container": container,
            "argv": list(argv),
            **more,
        }
        reply = await self.ask(command, is_read=False)
        if "error" in reply:
            raise bad_request(reply["error"]["message"])
        return reply


def _executed(reply: dict[str, Any]) -> Executed:
    return Executed(reply["exit"], [(fd, bytes_of(text)) for fd, text in reply["written"]], reply["refused"])


def _of_command(stderr: str, status: int) -> str:
    """What the shell itself wrote; the last line is kubectl's, and real clients write it on their own."""
    return stderr.removesuffix(f"command terminated with exit code {status}\n")
