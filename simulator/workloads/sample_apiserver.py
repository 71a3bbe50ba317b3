"""The sample API server of Kubernetes' own tests: `wardle.example.com`, with Flunders in namespaces and Fischers that forbid names of Flunders.

Follows `staging/src/k8s.io/sample-apiserver`. Promises: a pure function of a request and of what the server has kept. It keeps its objects itself, not
in the etcd beside it, and answers no watches.
"""

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from simulator.machinery import selectors
from simulator.machinery.patches import merge_patch
from simulator.workloads.agnhost_servers import Asked, Dial, Said

Obj = dict[str, Any]
GROUP = "wardle.example.com"
VERSION = "v1alpha1"
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
#: plural: (kind, whether it is in namespaces).
_KINDS = {"fischers": ("Fischer", False), "flunders": ("Flunder", True)}


def sample_apiserver(asked: Asked, dial: Dial) -> Said:
    parts = [part for part in urlsplit(asked.path).path.split("/") if part]
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
    match parts:
        case ["healthz" | "livez" | "readyz"]:
            return Said(200, "ok")
        case ["apis"]:
            return _said(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group()]})
        case ["apis", group] if group == GROUP:
            return _said(200, {"kind": "APIGroup", "apiVersion": "v1", **_group()})
        case ["apis", group, version] if (group, version) == (GROUP, VERSION):
            return _said(200, _resources())
        case ["apis", group, version, *rest] if (group, version) == (GROUP, VERSION):
            return _Store(asked, query).answer(rest)
    return _said(404, _status(404, "NotFound", "the server could not find the requested resource"))


def _said(status: int, body: Obj) -> Said:
    return Said(status, json.dumps(body, separators=(",", ":")) + "\n")


def _group() -> Obj:
    version = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
    return {"name": GROUP, "versions": [version], "preferredVersion": version}


def _resources() -> Obj:
    rows = [
        {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": _VERBS}
        for plural, (kind, namespaced) in _KINDS.items()
    ]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}", "resources": rows}


def _status(code: int, reason: str, message: str, plural: str = "", name: str = "") -> Obj:
    details = {"details": {"name": name, "group": GROUP, "kind": plural}} if plural else {}
    head = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return {**head, "message": message, "reason": reason, **details, "code": code}


class _Store:
    """The objects, and one request about them."""

    def __init__(self, asked: Asked, query: dict[str, str]) -> None:
        self._asked = asked
        self._query = query
        state = json.loads(asked.memory or "{}") or {"revision": 1, "objects": {}}
        self._revision: int = state["revision"]
        self._objects: dict[str, Obj] = state["objects"]
        """`plural/namespace/name` → object."""

    def answer(self, rest: list[str]) -> Said:
        namespace = ""
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        if not rest or rest[0] not in _KINDS or len(rest) > 2 or bool(namespace) > _KINDS[rest[0]][1]:
            return _said(404, _status(404, "NotFound", "the server could not find the requested resource"))
        plural = rest[0]
        if len(rest) == 2:
            return self._one(plural, namespace, rest[1])
        match self._asked.method:
            case "GET" | "HEAD":
                return _said(200, self._listed(plural, namespace))
            case "POST":
                return self._create(plural, namespace)
            case "DELETE":
                found = self._listed(plural, namespace)
                for one in found["items"]:
                    del self._objects[_key(plural, one)]
                return self._kept(200, found)
        return _said(
            405, _status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        )

    def _one(self, plural: str, namespace: str, name: str) -> Said:
        key = f"{plural}/{namespace}/{name}"
        found = self._objects.get(key)
        if found is None:
            return self._fails(404, "NotFound", f'{plural}.{GROUP} "{name}" not found', plural, name)
        match self._asked.method:
            case "GET" | "HEAD":
                return _said(200, found)
            case "PUT":
                return self._replaced(key, plural, found, self._body())
            case "PATCH":
                return self._replaced(key, plural, found, merge_patch(found, self._body()))
            case "DELETE":
                del self._objects[key]
                details = {"name": name, "group": GROUP, "kind": plural, "uid": found["metadata"]["uid"]}
                done = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
                return self._kept(200, done)
        return _said(
            405, _status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
        )

    def _listed(self, plural: str, namespace: str) -> Obj:
        start = f"{plural}/{namespace}/" if namespace else f"{plural}/"
        selector = selectors.parse(self._query.get("labelSelector", ""))
        items = [one for key, one in sorted(self._objects.items()) if key.startswith(start)]
        return {
            "kind": f"{_KINDS[plural][0]}List",
            "apiVersion": f"{GROUP}/{VERSION}",
            "metadata": {"resourceVersion": str(self._revision)},
            "items": [one for one in items if selector.matches(one["metadata"].get("labels"))],
        }

    def _create(self, plural: str, namespace: str) -> Said:
        given = self._body()
        metadata = dict(given.get("metadata") or {})
        name = metadata.get("name", "")
        metadata.update({"namespace": namespace} if namespace else {})
        if self._is_banned(plural, name):
            message = "this name may not be used, please change the resource name"
            return self._fails(403, "Forbidden", f'{plural}.{GROUP} "{name}" is forbidden: {message}', plural, name)
        made = _defaulted(plural, {**given, "metadata": metadata})
        key = _key(plural, made)
        if key in self._objects:
            return self._fails(409, "AlreadyExists", f'{plural}.{GROUP} "{name}" already exists', plural, name)
        metadata["uid"] = _uid(f"{self._asked.hostname}/{key}/{self._revision}")
        metadata["creationTimestamp"] = self._asked.now
        return self._put(key, made, 201)

    def _replaced(self, key: str, plural: str, old: Obj, new: Obj) -> Said:
        kept = {
            name: old["metadata"][name]
            for name in ("name", "namespace", "uid", "creationTimestamp")
            if name in old["metadata"]
        }
        wanted = (new.get("metadata") or {}).get("resourceVersion", "")
        name = kept["name"]
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            message = "the object has been modified; please apply your changes to the latest version and try again"
            says = f'Operation cannot be fulfilled on {plural}.{GROUP} "{name}": {message}'
            return self._fails(409, "Conflict", says, plural, name)
        return self._put(key, _defaulted(plural, {**new, "metadata": {**(new.get("metadata") or {}), **kept}}), 200)

    def _put(self, key: str, made: Obj, status: int) -> Said:
        self._revision += 1
        made["metadata"]["resourceVersion"] = str(self._revision)
        self._objects[key] = made
        return self._kept(status, made)

    def _is_banned(self, plural: str, name: str) -> bool:
        """The admission plugin BanFlunder."""
        fischers = [one for key, one in self._objects.items() if key.startswith("fischers/")]
        return plural == "flunders" and any(name in (one.get("disallowedFlunders") or ()) for one in fischers)

    def _kept(self, status: int, body: Obj) -> Said:
        memory = json.dumps({"revision": self._revision, "objects": self._objects}, separators=(",", ":"))
        return _said(status, body)._replace(memory=memory)

    def _fails(self, code: int, reason: str, message: str, plural: str, name: str) -> Said:
        return _said(code, _status(code, reason, message, plural, name))

    def _body(self) -> Obj:
        try:
            found = json.loads(self._asked.body or "{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


def _key(plural: str, obj: Obj) -> str:
    metadata = obj["metadata"]
    return f"{plural}/{metadata.get('namespace', '')}/{metadata.get('name', '')}"


def _defaulted(plural: str, given: Obj) -> Obj:
    kind, _ = _KINDS[plural]
    made = {"kind": kind, "apiVersion": f"{GROUP}/{VERSION}", **given}
    if plural == "flunders":
        spec = dict(made.get("spec") or {})
        if spec.get("reference") and not spec.get("referenceType"):
            spec["referenceType"] = "Flunder"
        made.update(spec=spec, status=made.get("status") or {})
    return made


def _uid(text: str) -> str:
    digits = hashlib.sha256(text.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
