"""The API server as pods meet it: HTTPS at the address of Service `kubernetes`, with a bearer token or anonymous.

https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/. Promises: one request is one `Request` to the API server, whose answer
follows from the rights of the token's account; bytes are those of kube-apiserver, which indents for `curl` and `wget`
(`apiserver/pkg/endpoints/handlers/responsewriters/writers.go`). Left out: streams; a watch answers with what has happened so far.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import yaml

from simulator.apiserver.errors import ApiUnavailable, StatusError, bad_request
from simulator.apiserver.request import Request, Response, User
from simulator.apiserver.server import Server
from simulator.network.http_paths import HttpPath, request_of

_ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
_PORT = 6443
_ROOT = ("kube-system", "kube-root-ca.crt")
_PLAIN = "Client sent an HTTP request to an HTTPS server.\n"


class ApiDoor:
    """`node.pod_servers.ApiDoor`. Holds no state of its own."""

    def __init__(self, server: Server, managed: Mapping[str, str], is_up: Callable[[str, str], bool]) -> None:
        """`managed`: address → machine of a managed control plane; `is_up(component, machine)`."""
        self._server = server
        self._managed = managed
        self._is_up = is_up

    def machine(self, address: str) -> str:
        return self._managed.get(address, "")

    def listens(self, address: str, port: int) -> bool:
        machine = self.machine(address)
        return bool(machine) and port == _PORT and self._is_up("kube-apiserver", machine)

    def answer(self, path: str) -> tuple[int, str]:
        asked = request_of(path)
        if asked.scheme != "https":
            return 400, _PLAIN
        if asked.trust is not None and not self._is_trusted(asked.trust):
            return 0, ""
        try:
            response = self._server.handle(_request(asked))
        except StatusError as error:
            response = Response(error.code, error.status())
        except ApiUnavailable:
            return 503, ""
        return response.status, _text(response.body)

    def _is_trusted(self, authorities: str) -> bool:
        root = self._server.registry.store.get("configmaps", _ROOT)
        own = ((root or {}).get("data") or {}).get("ca.crt", "").strip()
        return bool(own) and own in authorities


def _request(asked: HttpPath) -> Request:
    """Raises StatusError for a body that cannot be read."""
    path, _, query = str(asked).partition("?")
    return Request(
        method=asked.method,
        path=path or "/",
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=asked.headers,
        body=_body(asked),
        user=_ANONYMOUS,
    )


def _body(asked: HttpPath) -> Any:
    if not asked.body:
        return None
    try:
        return yaml.safe_load(asked.body)
    except yaml.YAMLError as error:
        raise bad_request(f"error decoding the body: {error}") from None


def _text(body: Any) -> str:
    if isinstance(body, bytes):
        return body.decode()
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in body)
    return json.dumps(body, indent=2, ensure_ascii=False)
