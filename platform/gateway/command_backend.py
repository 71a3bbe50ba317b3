"""A cluster spoken to in the commands of `docs/architecture.md` section 1.6, wherever it runs.

What is the same for every cluster (discovery, OpenAPI) is answered here and costs the cluster nothing. Reading is a
question, writing a command, so that what real clients do is journaled and traced like what is typed in the terminal.
"""

import shlex
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from gateway.backend import Answered, Executed, Forwarded, Shell
from gateway.errors import Unreachable
from simulator.apiserver.errors import StatusError, bad_request
from simulator.apiserver.request import Request, Response

#: Header fields that the API server reads.
_READ_HEADERS = ("accept", "authorization", "content-type", "impersonate-group", "impersonate-user", "user-agent")
_NOBODY = 503


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
            "headers": {name: request.headers[name] for name in _READ_HEADERS if name in request.headers},
            "body": request.body,
        }
        try:
            reply = await self.ask(command, is_read=request.method in ("GET", "HEAD"))
        except StatusError as error:
            return Response(error.code, error.status())
        if "error" in reply:
            refusal = bad_request(reply["error"]["message"])
            return Response(refusal.code, refusal.status())
        if reply["status"] == _NOBODY and isinstance(reply["body"], str):
            raise Unreachable(reply["body"])
        headers = dict(reply["headers"])
        warnings = headers.pop("warning", ())
        return Response(reply["status"], reply["body"], tuple(warnings), headers)

    async def execute(self, namespace: str, pod: str, container: str, argv: Sequence[str], stdin: str) -> Executed:
        line = _exec_line(namespace, pod, container, argv, ("-i",) if stdin else ())
        return _executed(await self._shell(line, stdin=stdin))

    async def open_shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Shell | Executed:
        reply = await self._shell(_exec_line(namespace, pod, container, argv, ("-i", "-t")), terminal=True)
        session = reply.get("session")
        return _executed(reply) if session is None else Shell(str(session["id"]), str(session["prompt"]))

    async def shell_line(self, shell: Shell, line: str) -> Answered:
        reply = await self.ask({"kind": "session", "id": shell.id, "line": line}, is_read=False)
        if "error" in reply:
            raise bad_request(reply["error"]["message"])
        ended = int(reply["exit"]) if reply["done"] else None
        return Answered(reply["stdout"], _of_command(reply["stderr"], ended or 0), reply["prompt"], ended)

    async def forward(self, namespace: str, pod: str, port: int, path: str) -> Forwarded:
        command = {"kind": "port-forward", "namespace": namespace, "pod": pod, "port": port, "path": path}
        reply = await self.ask(command, is_read=False)
        if "error" in reply and isinstance(reply["error"], dict):
            return Forwarded(error=str(reply["error"]["message"]))
        return Forwarded(int(reply["status"]), str(reply["body"]), str(reply["refused"]))

    async def _shell(self, line: str, **more: object) -> dict[str, Any]:
        reply = await self.ask({"kind": "shell", "line": line, **more}, is_read=False)
        if "error" in reply:
            raise bad_request(reply["error"]["message"])
        return reply


def _exec_line(namespace: str, pod: str, container: str, argv: Sequence[str], flags: Sequence[str]) -> str:
    words = ["kubectl", "exec", *flags, "-n", namespace, pod, *(["-c", container] if container else []), "--", *argv]
    return shlex.join(words)


def _executed(reply: dict[str, Any]) -> Executed:
    stderr: str = reply["stderr"]
    if reply["exit"] and stderr.startswith(_NOT_STARTED):
        return Executed(reply["exit"], "", "", refused=stderr.removeprefix("error: ").rstrip("\n"))
    return Executed(reply["exit"], reply["stdout"], _of_command(stderr, reply["exit"]))


#: How our kubectl says that the container runtime could not start a command.
_NOT_STARTED = "error: Internal error occurred: "


def _of_command(stderr: str, status: int) -> str:
    """What the command itself wrote; the last line is kubectl's, and real clients write it on their own."""
    return stderr.removesuffix(f"command terminated with exit code {status}\n")
