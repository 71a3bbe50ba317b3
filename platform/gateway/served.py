"""The other side of `drydock serve`: finding the cluster, asking it, and the simulated kubectl in front of it.

    served = Served.find(kubeconfig)
    kubectl(served, ["get", "pods"], sys.stdin)

Promises: what goes wrong is told as NotServed, with what was looked for and what to do. Requests travel as the commands that the cluster journals
and traces; files are those of this machine. Leaves to others: options and printing (`config.served_commands`).
"""

import http.client
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from gateway.backend import ATTENDANT
from simulator.apiserver.aggregation import rows_of
from simulator.apiserver.errors import ApiUnavailable
from simulator.apiserver.request import Request, Response
from simulator.kubectl.call import End, ExecRefused
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

_TIMEOUT_S = 60.0
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


class NotServed(Exception):
    """There is no such cluster, or it does not do what was asked; the message says what and what to do."""


class Served:
    """One cluster that `drydock serve` holds, by its address."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.now_us = 0
        """Microseconds since 1970 on its clock, at its last answer."""

    @classmethod
    def find(cls, kubeconfig: str = "", environment: Mapping[str, str] = os.environ) -> tuple["Served", str]:
        """The cluster of the current context, and the kubeconfig that names it: the one given, `$KUBECONFIG`, or the newest that
        `drydock serve` left in the temporary folder and whose cluster answers. Raises NotServed."""
        named = kubeconfig or environment.get("KUBECONFIG", "").split(":")[0]
        if named:
            served = cls(_server_of(Path(named)))
            served.ask({"kind": "clusters"})
            return served, named
        for file in sorted(_left_behind(), key=_age, reverse=True):
            try:
                served = cls(_server_of(file))
                served.ask({"kind": "clusters"})
            except NotServed:
                continue
            return served, str(file)
        raise NotServed("no served cluster was found. Start one with `drydock serve`, or set KUBECONFIG to its file")

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        """The reply to a command. Raises NotServed."""
        told = msgspec.json.decode(self._call("POST", "command", msgspec.json.encode(command)))
        self.now_us = told["now"]
        reply: dict[str, Any] = told["reply"]
        return reply

    def snapshot(self) -> bytes:
        return self._call("GET", "snapshot")

    def restore(self, data: bytes) -> dict[str, Any]:
        """Raises NotServed, also for bytes that are no snapshot."""
        told: dict[str, Any] = msgspec.json.decode(self._call("PUT", "snapshot", data))
        return told

    def _call(self, method: str, what: str, body: bytes = b"") -> bytes:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=_TIMEOUT_S)
        try:
            connection.request(method, address.path + ATTENDANT + what, body)
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            raise NotServed(f"the cluster at {address.netloc} does not answer ({error.strerror or error})") from error
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.OK:
            return data
        raise NotServed(_why(address.netloc, answer.status, data))

    def end(self, name: str = "") -> End:
        """The cluster as the simulated kubectl reaches it."""
        return End(name, RemoteServer(self), exec_in_container=self._execute, open_shell=self._open_shell)

    def _execute(
        self, namespace: str, pod: str, container: str, command: list[str], stdin: str
    ) -> tuple[str, str, int]:
        reply = self._exec(namespace, pod, container, command, stdin=stdin)
        written = {number: "".join(text for fd, text in reply["written"] if fd == number) for number in (1, 2)}
        return written[1], written[2], int(reply["exit"])

    def _open_shell(self, namespace: str, pod: str, container: str, command: list[str]) -> dict[str, str]:
        session: dict[str, str] = self._exec(namespace, pod, container, command, shell=True)["session"]
        return session

    def _exec(self, namespace: str, pod: str, container: str, command: list[str], **more: object) -> dict[str, Any]:
        place = {"namespace": namespace, "pod": pod, "container": container}
        reply = self.ask({"kind": "exec", **place, "argv": command, **more})
        if "error" in reply:
            raise ExecRefused(reply["error"]["message"])
        if reply.get("refused"):
            raise ExecRefused(str(reply["refused"]).removeprefix("Internal error occurred: "))
        return reply


class RemoteServer:
    """`kubectl.api_client.ApiServer` at the other end of a connection."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._kinds: Kinds | None = None

    @property
    def kinds(self) -> Kinds:
        """The built-in kinds and those that the cluster defines now."""
        if self._kinds is None:
            self._kinds = Kinds()
            response = self.handle(Request("GET", _DEFINITIONS))
            for definition in response.body["items"] if response.ok else ():
                self._kinds.define(definition)
        return self._kinds

    @property
    def discovered(self) -> Kinds:
        """The same and what extension API servers serve that answer now."""
        response = self.handle(Request("GET", "/apis/apiregistration.k8s.io/v1/apiservices"))
        found: list[Resource] = []
        for service in response.body["items"] if response.ok else ():
            spec = service["spec"]
            if spec.get("service"):
                listed = self.handle(Request("GET", f"/apis/{spec['group']}/{spec['version']}"))
                found += rows_of(f"{spec['group']}/{spec['version']}", listed.body["resources"]) if listed.ok else ()
        return self.kinds.with_more(tuple(found)) if found else self.kinds

    def handle(self, request: Request) -> Response:
        """Raises ApiUnavailable, and NotServed."""
        reply = self._served.ask(
            {
                "kind": "request",
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "headers": dict(request.headers),
                "body": request.body,
            }
        )
        if "error" in reply:
            return Response(400, reply["error"]["message"])
        if reply.get("unreachable"):
            raise ApiUnavailable
        headers = dict(reply["headers"])
        warnings = tuple(headers.pop("warning", ()))
        body = reply["body"] if request.with_ownership else _without_ownership(reply["body"])
        return Response(reply["status"], body, warnings, headers)


class RemoteReach:
    """`kubectl.call.Reach`: every address of a kubeconfig is a cluster somewhere."""

    def __init__(self, home: Served) -> None:
        self._home = home.end()
        self._home_url = home.url

    def first(self) -> End:
        return self._home

    def end(self, address: str) -> End | None:
        if address.rstrip("/") == self._home_url:
            return self._home
        served = Served(address.rstrip("/"))
        try:
            served.ask({"kind": "clusters"})
        except NotServed:
            return None
        return served.end()


def _without_ownership(body: Any) -> Any:
    """As the terminal's server answers when nobody looks at managedFields."""
    if isinstance(body, list):
        return [_without_ownership(one) for one in body]
    if not isinstance(body, dict):
        return body
    found = {key: _without_ownership(value) if key in ("items", "object") else value for key, value in body.items()}
    metadata = found.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        found["metadata"] = {key: value for key, value in metadata.items() if key != "managedFields"}
    return found


def _server_of(kubeconfig: Path) -> str:
    """The address that the current context of a file means. Raises NotServed."""
    try:
        document = yaml.safe_load(kubeconfig.read_text())
        contexts = {entry["name"]: entry["context"] for entry in document["contexts"]}
        clusters = {entry["name"]: entry["cluster"] for entry in document["clusters"]}
        return str(clusters[contexts[document["current-context"]]["cluster"]]["server"]).rstrip("/")
    except OSError as error:
        raise NotServed(f"{kubeconfig}: {error.strerror}") from error
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise NotServed(f"{kubeconfig}: found no current context with a server, wanted a kubeconfig") from error


def _left_behind() -> list[Path]:
    return [*Path(tempfile.gettempdir()).glob("drydock-*.kubeconfig")]


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _why(where: str, status: int, data: bytes) -> str:
    try:
        message = msgspec.json.decode(data)["message"]
    except (msgspec.DecodeError, KeyError, TypeError):
        message = ""
    if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.UNAUTHORIZED):
        return f"what answers at {where} is no cluster of `drydock serve` for this kubeconfig: use kubectl itself there"
    return message or f"the cluster at {where} answered with {status}"
