"""The aggregation layer: groups that an extension API server answers behind the API server's own door.

https://kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation/: an APIService names a group, a version and the
Service that answers for it. Promises: a group is listed while its APIService exists, and asked only while that one is Available;
otherwise the answer is a 503, as from kube-aggregator (`handler_proxy.go`).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol
from urllib.parse import urlencode

from simulator.apiserver.errors import StatusError, bad_request, not_found
from simulator.apiserver.proxying import Reach, Unanswered
from simulator.apiserver.request import Request, Response
from simulator.engine.plain import Obj
from simulator.machinery.resources import Resource, resource_from
from simulator.machinery.store import Store

API_SERVICES = "apiservices.apiregistration.k8s.io"
#: The groups that something in the simulated world can answer; an APIService for any other one finds nobody who knows it.
ANSWERED = frozenset(
    {("metrics.k8s.io", "v1beta1"), ("custom.metrics.k8s.io", "v1beta1"), ("external.metrics.k8s.io", "v1beta1")}
)
_CURRENT, _STALE = "Current", "Stale"


class Backend(Protocol):
    """An extension API server for one group and version. Raises StatusError."""

    group: str
    version: str

    @property
    def resources(self) -> tuple[Mapping[str, object], ...]:
        """Rows of its APIResourceList."""

    def answer(self, rest: list[str], request: Request) -> Obj:
        """`rest` is the path behind group and version."""


class Extension:
    """An API server behind a Service of the cluster: what it serves is read from its own discovery."""

    def __init__(self, service: Obj, look: Callable[[str], tuple[int, str]]) -> None:
        """`look`: (status, body) of a GET of one of its paths. Raises Unanswered."""
        self.group: str = service["spec"]["group"]
        self.version: str = service["spec"]["version"]
        self._look = look

    @property
    def resources(self) -> tuple[Mapping[str, object], ...]:
        try:
            status, body = self._look(f"/apis/{self.group}/{self.version}")
            return tuple(json.loads(body)["resources"]) if status == 200 else ()
        except (Unanswered, ValueError, KeyError):
            return ()


class Aggregator:
    def __init__(self, store: Store, reach: Reach | None = None) -> None:
        """`reach`: the way to extension API servers in the cluster."""
        self._reach = reach
        self._store = store
        self._backends: dict[tuple[str, str], Backend] = {}

    def add(self, backend: Backend) -> None:
        """At assembly: what will answer once an APIService points there."""
        self._backends[backend.group, backend.version] = backend

    def is_registered(self, group: str, version: str) -> bool:
        return self._store.get(API_SERVICES, ("", f"{version}.{group}")) is not None

    def is_available(self, group: str, version: str) -> bool:
        service = self._store.get(API_SERVICES, ("", f"{version}.{group}"))
        conditions = (service or {}).get("status", {}).get("conditions") or ()
        return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)

    def answer(self, request: Request) -> Response | None:
        """None when the path is none of an aggregated group's."""
        parts = [part for part in request.path.split("/") if part]
        if len(parts) < 3 or parts[0] != "apis":
            return None
        backend = self._backends.get((parts[1], parts[2]))
        if backend is None:
            return self._passed_on(request, parts[1], parts[2])
        if self._store.get(API_SERVICES, ("", f"{parts[2]}.{parts[1]}")) is None:
            return None
        if not self.is_available(parts[1], parts[2]):
            raise _unavailable(backend, parts[3:])
        if len(parts) == 3:
            return Response(200, _resource_list(backend))
        if request.method not in ("GET", "HEAD"):
            raise StatusError(
                405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
            )
        return Response(200, backend.answer(parts[3:], request))

    def _passed_on(self, request: Request, group: str, version: str) -> Response | None:
        """The answer of the API server that an APIService points at; None without one."""
        service = self._store.get(API_SERVICES, ("", f"{version}.{group}"))
        if service is None or not service["spec"].get("service") or self._reach is None:
            return None
        address, port = self._place(service)
        if not address or not self.is_available(group, version):
            raise StatusError(503, "ServiceUnavailable", "service unavailable")
        path = request.path + (f"?{urlencode(request.query)}" if request.query else "")
        try:
            answer = self._reach.fetch(address, port, path, request, tls=True)
        except Unanswered as error:
            raise StatusError(503, "ServiceUnavailable", f"error trying to reach service: {error}") from error
        try:
            return Response(answer.status, json.loads(answer.body))
        except ValueError:
            return answer

    def _place(self, service: Obj) -> tuple[str, int]:
        """The cluster IP and port of the Service that an APIService names."""
        named = service["spec"]["service"]
        found = self._store.get("services", (named.get("namespace", ""), named.get("name", "")))
        return ("" if found is None else str(found["spec"].get("clusterIP", ""))), int(named.get("port", 443))

    def _extensions(self) -> Iterator[Extension]:
        reach = self._reach
        if reach is None:
            return
        for key, service in sorted(self._store.table(API_SERVICES).items()):
            spec = service["spec"]
            if spec.get("service") and (spec["group"], spec["version"]) not in self._backends:
                address, port = self._place(service)
                if address and key:
                    yield Extension(service, partial(reach.look, address, port))

    def listed(self, request: Request, found: Response | None) -> Response | None:
        """Adds the aggregated groups to a discovery document, and answers for one group."""
        parts = [part for part in request.path.split("/") if part]
        if parts[:1] != ["apis"] or len(parts) > 2:
            return found
        present = list(self._present())
        if not present:
            return found
        if len(parts) == 2 and found is None:
            return next(
                (
                    Response(200, {"kind": "APIGroup", "apiVersion": "v1", **_group(one)})
                    for one in present
                    if one.group == parts[1]
                ),
                None,
            )
        if len(parts) != 1 or found is None or not isinstance(found.body, dict):
            return found
        body = found.body
        if body.get("kind") == "APIGroupList":
            return replace(found, body={**body, "groups": [*body["groups"], *map(_group, present)]})
        if body.get("kind") == "APIGroupDiscoveryList":
            items = [self._item(one) for one in present]
            tag = found.headers.get("etag", "").strip('"') + "".join(
                f"{one.group}{len(self._fresh(one))}" for one in present
            )
            return replace(
                found, body={**body, "items": [*body["items"], *items]}, headers={**found.headers, "etag": f'"{tag}"'}
            )
        return found

    def served(self) -> tuple[Resource, ...]:
        """What the groups that answer just now serve, as a client's discovery finds it; nothing is asked when there is none."""
        available = [one for one in self._present() if self.is_available(one.group, one.version)]
        return tuple(row for one in available for row in rows_of(f"{one.group}/{one.version}", one.resources))

    def _present(self) -> Iterator[Backend | Extension]:
        yield from self._extensions()
        for (group, version), backend in sorted(self._backends.items()):
            if self._store.get(API_SERVICES, ("", f"{version}.{group}")) is not None:
                yield backend

    def _fresh(self, backend: Backend | Extension) -> str:
        return _CURRENT if self.is_available(backend.group, backend.version) else _STALE

    def _item(self, backend: Backend | Extension) -> Obj:
        fresh = self._fresh(backend)
        resources = [_discovered(backend, row) for row in backend.resources] if fresh == _CURRENT else []
        versions = [{"version": backend.version, "resources": resources, "freshness": fresh}]
        return {"metadata": {"name": backend.group, "creationTimestamp": None}, "versions": versions}


def name_and_namespace(rest: list[str], plural: str) -> tuple[str, str] | None:
    """(namespace, name) that the path behind a group's version asks for, or None when it is about something else."""
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) >= 3:
        namespace, rest = rest[1], rest[2:]
    if not rest or rest[0] != plural or len(rest) > 2:
        return None
    return namespace, rest[1] if len(rest) == 2 else ""


def no_such_path() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def missing(group: str, plural: str, name: str) -> StatusError:
    return not_found(group, plural, name)


def refuse(message: str) -> StatusError:
    return bad_request(message)


def _unavailable(backend: Backend, rest: list[str]) -> StatusError:
    plural = next((part for part in rest if any(row["name"] == part for row in backend.resources)), "")
    details = {"group": backend.group, "kind": plural} if plural else {}
    return StatusError(503, "ServiceUnavailable", "service unavailable", details)


def _resource_list(backend: Backend) -> Obj:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{backend.group}/{backend.version}",
        "resources": [dict(row) for row in backend.resources],
    }


def _group(backend: Backend | Extension) -> Obj:
    version = {"groupVersion": f"{backend.group}/{backend.version}", "version": backend.version}
    return {"name": backend.group, "versions": [version], "preferredVersion": version}


def rows_of(api_version: str, listed: Sequence[Mapping[str, object]]) -> list[Resource]:
    """The resources of an APIResourceList, without their subresources."""
    return [_row(api_version, row) for row in listed if "/" not in str(row["name"])]


def _row(api_version: str, row: Mapping[str, object]) -> Resource:
    verbs = row["verbs"]
    return resource_from(
        api_version,
        kind=str(row["kind"]),
        plural=str(row["name"]),
        singular=str(row.get("singularName") or ""),
        namespaced=bool(row["namespaced"]),
        verbs=tuple(str(verb) for verb in verbs) if isinstance(verbs, (list, tuple)) else (),
    )


def _discovered(backend: Backend | Extension, row: Mapping[str, object]) -> Obj:
    return {
        "resource": row["name"],
        "responseKind": {"group": backend.group, "version": backend.version, "kind": row["kind"]},
        "scope": "Namespaced" if row["namespaced"] else "Cluster",
        "singularResource": row["singularName"],
        "verbs": row["verbs"],
    }
