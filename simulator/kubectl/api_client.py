"""The API server as kubectl sees it: paths, queries, bodies and the three shapes of an answer.

Promises: every call is one HTTP request of the form a real kubectl sends; a refusal is raised as `ApiRefusal`, no
answer as `Unreachable`. Nothing is cached and nothing is retried.

Objects that come back belong to the server and are never changed here or above.

Leaves to others: what the server does (`ApiServer`) and all printing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from simulator.apiserver.errors import ApiUnavailable, CertificateExpired
from simulator.apiserver.request import Request, Response
from simulator.engine.plain import Obj
from simulator.kubectl.errors import ApiRefusal, Unreachable, Unverified
from simulator.kubectl.request_log import RequestLog
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

AS_TABLE = (
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
)
AS_JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

USER_AGENT = "kubectl/v1.33.1 (linux/amd64) kubernetes/8adc0f0"

Query = Mapping[str, str]


NOBODYS_HOST = "localhost:8080"
"""Where kubectl looks without a kubeconfig; on a workstation nothing listens there."""


class ApiServer(Protocol):
    """The seam to the API server. Raises `ApiUnavailable` when nobody answers."""

    @property
    def kinds(self) -> Kinds:
        """What the server itself serves."""

    @property
    def discovered(self) -> Kinds:
        """What a client's discovery finds: the same and what extension API servers serve."""

    def handle(self, request: Request) -> Response: ...


class Listener(Protocol):
    """Who listens at an address."""

    @property
    def server(self) -> ApiServer: ...


class ApiClient:
    """Requests on behalf of one command."""

    def __init__(
        self,
        end: Listener | None,
        *,
        known: Kinds,
        host: str,
        command: str,
        identity: Mapping[str, str] | None = None,
        with_ownership: bool = False,
        is_logged: bool = False,
        certificate: str = "",
        log: RequestLog | None = None,
    ) -> None:
        """`end`: who listens there, None for nobody; `known`: the kinds that a client without a server knows of.

        `identity`: headers that say who asks; without any, whoever holds the first kubeconfig.

        `with_ownership`: managedFields are going to be shown. `is_logged`: the audit log may tell of it.
        """
        self._is_logged = is_logged
        self._certificate = certificate
        self._log = log
        self._with_ownership = with_ownership
        self._server = None if end is None or host == NOBODYS_HOST else end.server
        self.end = end
        """Who is spoken to."""
        self._known = known
        self._found: Kinds | None = None
        self._identity = dict(identity or {})
        self._host = host
        self._command = command
        self.warnings: list[str] = []

    @property
    def kinds(self) -> Kinds:
        if self._found is None:
            self._found = self._known if self._server is None else self._server.discovered
        return self._found

    # Reading

    def get(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        *,
        query: Query | None = None,
        with_ownership: bool = False,
    ) -> Obj:
        """An object; where there is none, it may be that the namespace is not there.

        `with_ownership`: its managedFields are going to be shown, whatever the command shows else.
        """
        before, self._with_ownership = self._with_ownership, self._with_ownership or with_ownership
        try:
            return self._json("GET", path_of(resource, namespace, name), query=query)
        except ApiRefusal as refusal:
            if refusal.reason == "NotFound" and namespace not in ("", "default"):
                self._json("GET", f"/api/v1/namespaces/{namespace}", query={})
            raise
        finally:
            self._with_ownership = before

    def subresource(self, resource: Resource, namespace: str, name: str, part: str) -> Obj:
        """Part of an object; the whole, where `part` names none."""
        return self._json("GET", path_of(resource, namespace, name, part))

    def table(
        self, resource: Resource, namespace: str, name: str = "", *, part: str = "", query: Query | None = None
    ) -> Obj:
        """A `Table`, or the object itself when the server has no table for it; `part`: of this subresource."""
        return self._listed(resource, namespace, name, query or {}, part=part, accept=AS_TABLE)

    def page(self, resource: Resource, namespace: str, *, query: Query | None = None) -> Obj:
        return self._listed(resource, namespace, "", query or {})

    def _listed(
        self, resource: Resource, namespace: str, name: str, query: Query, *, part: str = "", accept: str = AS_JSON
    ) -> Obj:
        """A list that is refused for its selectors says which they were."""
        try:
            return self._json("GET", path_of(resource, namespace, name, part), query=query, accept=accept)
        except ApiRefusal as refusal:
            if name or refusal.reason not in ("BadRequest", "NotFound"):
                raise
            raise refusal.with_context(_list_context(resource, query)) from None

    def items(self, resource: Resource, namespace: str, *, query: Query | None = None) -> list[Obj]:
        found: list[Obj] = self.page(resource, namespace, query=query).get("items") or []
        return found

    def watch(
        self, resource: Resource, namespace: str, *, since: str, query: Query | None = None, accept: str = AS_JSON
    ) -> list[Obj]:
        """The events `{"type", "object"}` after revision `since` that have happened by now."""
        body = self._send(
            "GET",
            path_of(resource, namespace),
            query={**(query or {}), "watch": "true", "resourceVersion": since},
            accept=accept,
        ).body
        return body if isinstance(body, list) else _changes_in(body, int(since))

    def raw(self, path: str, *, query: Query | None = None) -> Any:
        return self._send("GET", path, query=query or {}).body

    def document(self, path: str) -> Obj:
        return self._json("GET", path)

    def log(self, namespace: str, pod: str, *, query: Query) -> str:
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        text: str = self._send("GET", path, query=query, accept="application/json, */*").body
        return text

    # Writing

    def create(self, resource: Resource, namespace: str, obj: Obj, *, manager: str, query: Query | None = None) -> Obj:
        everything = {"fieldManager": manager, **(query or {})}
        return self._json("POST", path_of(resource, namespace), query=everything, body=obj)

    def post(self, path: str, obj: Obj) -> Obj:
        return self._json("POST", path, body=obj)

    def replace(self, resource: Resource, namespace: str, obj: Obj, *, manager: str, query: Query | None = None) -> Obj:
        path = path_of(resource, namespace, obj["metadata"]["name"])
        return self._json("PUT", path, query={"fieldManager": manager, **(query or {})}, body=obj)

    def put(self, path: str, obj: Obj) -> Obj:
        return self._json("PUT", path, body=obj)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Any,
        *,
        manager: str,
        kind: str = STRATEGIC_PATCH,
        subresource: str = "",
        query: Query | None = None,
    ) -> Obj:
        return self._json(
            "PATCH",
            path_of(resource, namespace, name, subresource),
            query={"fieldManager": manager, **(query or {})},
            body=patch,
            content_type=kind,
        )

    def delete(self, resource: Resource, namespace: str, name: str, *, options: Obj) -> Obj:
        return self._json("DELETE", path_of(resource, namespace, name), body=options)

    def connect(self, namespace: str, pod: str, subresource: str, query: Query) -> None:
        """Asks whether a stream may begin, over WebSocket and then, like client-go's fallback executor, over SPDY. Raises ApiRefusal."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/{subresource}"
        try:
            self._send("GET", path, query=query, upgrade="websocket")
        except ApiRefusal:
            self._send("POST", path, query=query, upgrade="SPDY/3.1")

    # The request itself

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Any = None,
        accept: str = AS_JSON,
        content_type: str = AS_JSON,
    ) -> Obj:
        return self._send(method, path, query=query or {}, body=body, accept=accept, content_type=content_type).object()

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query,
        accept: str = AS_JSON,
        body: Any = None,
        content_type: str = AS_JSON,
        upgrade: str = "",
    ) -> Response:
        if self._server is None:
            raise Unreachable(self._host, is_nobody=True)
        headers = {"accept": accept, "kubectl-command": self._command, "user-agent": USER_AGENT, **self._identity}
        if body is not None:
            headers["content-type"] = content_type
        if upgrade:
            headers["upgrade"] = upgrade
        try:
            request = Request(
                method,
                path,
                query,
                headers,
                body,
                with_ownership=self._with_ownership,
                is_logged=self._is_logged,
                certificate=self._certificate,
            )
            response = self._server.handle(request)
        except CertificateExpired as error:
            raise Unverified(str(error)) from None
        except ApiUnavailable:
            raise Unreachable(self._host, is_known=True) from None
        if self._log is not None:
            self._log.tell(request, response)
        self.warnings += response.warnings
        if not response.ok:
            raise refusal(response)
        return response


def refusal(response: Response) -> ApiRefusal:
    """The refusal in a response; a body that is no `Status` is the server's own words."""
    status = response.body
    if not isinstance(status, dict) or status.get("kind") != "Status":
        status = {"message": str(response.body).strip() or f"the server answered with {response.status}"}
    return ApiRefusal(status, code=response.status)


def _changes_in(found: Obj, since: int) -> list[Obj]:
    """Events made of a list, from a server that does not keep changes: what is newer than `since`."""
    if found.get("kind") == "Table":
        rows = [row for row in found["rows"] if _revision(row["object"]) > since]
        rows.sort(key=lambda row: _revision(row["object"]))
        return [
            {"type": "MODIFIED", "object": {**found, "metadata": _at(row["object"]), "rows": [row]}} for row in rows
        ]
    items = sorted((item for item in found["items"] if _revision(item) > since), key=_revision)
    return [{"type": "MODIFIED", "object": item} for item in items]


def _revision(obj: Obj) -> int:
    return int(obj["metadata"]["resourceVersion"])


def _at(obj: Obj) -> Obj:
    return {"resourceVersion": obj["metadata"]["resourceVersion"]}


def _list_context(resource: Resource, query: Query) -> str:
    subject = f"{resource.group}/{resource.version}, Resource={resource.plural}"
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    if not labels and not fields:
        return f'Unable to list "{subject}"'
    return f'Unable to find "{subject}" that match label selector "{labels}", field selector "{fields}"'


def path_of(resource: Resource, namespace: str, name: str = "", subresource: str = "") -> str:
    """The path under which the server serves a list (no name), an object or its subresource."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    within = f"/namespaces/{namespace}" if resource.namespaced and namespace else ""
    tail = f"/{name}" if name else ""
    return f"{root}{within}/{resource.plural}{tail}" + (f"/{subresource}" if subresource else "")
