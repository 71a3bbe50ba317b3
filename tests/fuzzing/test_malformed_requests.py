"""Requests that nobody would send: odd paths, queries, headers and bodies, and patches of every type on live objects."""

import json
import struct

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzzing.door import Door, fuzzed

SEGMENTS = st.sampled_from(
    ["", "api", "apis", "v1", "apps", "namespaces", "default", "pods", "deployments", "configmaps", "a", "one", "web", "status",
     "scale", "log", "exec", "proxy", "eviction", "binding", "token", "ephemeralcontainers", "resize", "watch", "openapi", "v3", "v2",
     "version", "healthz", "livez", "readyz", "metrics", "nodes", "finalize", "..", ".", "%2e%2e", "*", "kube-system"]
)  # fmt: skip
ODD = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=12)
PATHS = st.one_of(
    st.lists(SEGMENTS, min_size=1, max_size=9).map(lambda parts: "/" + "/".join(parts)),
    st.lists(st.one_of(SEGMENTS, ODD), min_size=1, max_size=7).map(lambda parts: "/" + "/".join(parts)),
    st.sampled_from(["/api/v1/namespaces/default/pods/one/", "/api/v1/namespaces/default/configmaps/"]).flatmap(
        lambda start: ODD.map(lambda end: start + end)
    ),
)
KNOWN = [
    "watch", "resourceVersion", "resourceVersionMatch", "sendInitialEvents", "allowWatchBookmarks", "timeoutSeconds", "limit", "continue",
    "labelSelector", "fieldSelector", "dryRun", "fieldManager", "fieldValidation", "force", "pretty", "gracePeriodSeconds",
    "propagationPolicy", "orphanDependents", "follow", "tailLines", "sinceSeconds", "sinceTime", "limitBytes", "container", "previous",
    "timestamps", "command", "stdin", "tty", "includeObject", "path", "ports", "insecureSkipTLSVerifyBackend", "stream", "verbose",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(
        ["", "true", "1", "0", "-1", "9" * 30, "9" * 5000, "1e9", "NaN", "null", "{}", "a=b", "a in (b", "a notin ()", "!", ",", "==",
         "metadata.name=a", "status.phase!=Running", "spec.x=1", "All", "Strict", "Warn", "Ignore", "Foreground", "NotOlderThan", "Exact",
         "None", "Object", "2025-10-09T08:53:20Z", "e30=", "eyJydiI6MX0=", "\x00", "\u0661", "a" * 5000]
    ),
    ODD,
)  # fmt: skip
QUERIES = st.lists(st.tuples(st.sampled_from(KNOWN), VALUES), max_size=4)
TYPES = [
    "application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/json-patch+json",
    "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml", "application/apply-patch+cbor",
    "application/cbor", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "; ;", "json", "*/*",
]  # fmt: skip
ACCEPTS = [
    "application/json", "*/*", "", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/json;as=Table;v=v1beta1;g=meta.k8s.io,*/*",
    "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/vnd.kubernetes.protobuf", "text/html", ";;;", "a/b;q=x",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", "application/json;as=;g=;v=", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
]  # fmt: skip
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FROB"])
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), ODD,
        st.sampled_from(["a", "default", "v1", "Pod", "ConfigMap", "apps/v1", "", "1", "100m", "nginx:1.27"]),
    ),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.one_of(
            st.sampled_from(
                ["metadata", "spec", "status", "kind", "apiVersion", "name", "namespace", "labels", "annotations", "finalizers",
                 "ownerReferences", "managedFields", "uid", "resourceVersion", "data", "containers", "replicas", "selector", "template",
                 "items", "$patch", "$retainKeys", "$deleteFromPrimitiveList/finalizers", "$setElementOrder/containers", "image",
                 "deletionTimestamp", "generateName", "preconditions", "propagationPolicy", "gracePeriodSeconds", "dryRun"]
            ),
            ODD,
        ),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


def _json(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _deep(depth: int) -> list[bytes]:
    return [
        b"[" * depth + b"]" * depth,
        b'{"a":' * depth + b"1" + b"}" * depth,
        b'{"kind":"ConfigMap","data":{"a":' + b"[" * depth,
        b"- " * min(depth, 3000),
        b"{a: " * min(depth, 3000),
    ]


BODIES = st.one_of(
    JSON.map(_json),
    st.binary(max_size=60),
    st.binary(max_size=40).map(lambda rest: b"k8s\x00" + rest),
    st.sampled_from(
        [
            b"", b"{", b"null", b"[]", b"0", b'"', b"\x00", b"\xff\xfe", b"NaN", b"1e999", b"-0", b'{"a":1,"a":2}', b'"\\ud800"', b"9" * 5000,
            b'{"metadata":{"name":"a\\u0000b"}}', b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"\\ud800"}}', b'{"data":{"n":1e400}}',
            b"a: &x [*x]", b"a: &a [1]\nb: *a", b"&a [*a, *a]", b"!!python/object:os.system x", b"%YAML 9.9\n---\n", b"a: b: c", b"? [a]\n: b",
            b"{1: 2, [3]: 4}", b"- a\n--- \n- b", b"a: 2025-01-01", b"a: !!binary ====", b"<<: x", b"x: .inf", b"y: 0o777", b"[a, b]: c",
            b"a: !!set {x, y}", b"a: !!timestamp 2025-01-01", b"a: !!int x", b"a: !!float y", b"\x00: 1", b"k8s\x00", b"k8s\x00\x0a\xff\xff\xff\xff\x0f",
            b"k8s\x00\x0a\x00\x12\x00", struct.pack(">4sI", b"k8s\x00", 2**31), *_deep(200), *_deep(20_000),
        ]
    ),
)  # fmt: skip
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just(b"accept"), st.sampled_from(ACCEPTS).map(str.encode)),
        st.tuples(
            st.sampled_from(
                [b"authorization", b"impersonate-user", b"impersonate-group", b"impersonate-extra-x", b"impersonate-uid", b"if-none-match",
                 b"content-length", b"user-agent", b"x-forwarded-for", b"accept-encoding", b"origin", b"cookie", b"x-remote-user"]
            ),
            st.one_of(
                st.sampled_from(
                    [b"", b"Bearer", b"Bearer x", b"Bearer a.b.c", b"Basic x", b"system:masters", b"0", b"-1", b"9" * 50, b"ann", b"\xff"]
                ),
                st.binary(max_size=12),
            ),
        ),
    ),
    max_size=3,
)  # fmt: skip


def _query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "replace").decode()


def _no_surrogates(path: str) -> str:
    """As a server gives it: decoded UTF-8, where what is none has become U+FFFD."""
    return path.encode("utf-8", "replace").decode()


@fuzzed(400)
@given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS, kind=st.sampled_from(TYPES), body=BODIES)
@example("GET", "/version", [("watch", "1")], [], "", b"")
@example("GET", "/api/v1/namespaces/default/pods", [("watch", "1"), ("resourceVersion", "9" * 5000)], [], "", b"")
@example("GET", "/api/v1/namespaces/default/pods", [("limit", "9" * 5000)], [], "", b"")
@example("GET", "/", [], [], "application/yaml", b"9" * 5000)
@example(
    "DELETE",
    "/api/v1/namespaces/default/configmaps/a",
    [("gracePeriodSeconds", "9" * 5000), ("dryRun", "All")],
    [],
    "",
    b"",
)
@example("POST", "/api/v1/namespaces/default/pods", [], [(b"content-length", b"9" * 5000)], "", b"{}")
@example("GET", f"/api/v1/namespaces/default/services/web:{'9' * 5000}/proxy/", [], [], "", b"")
@example("GET", f"/api/v1/namespaces/default/pods/one:{'9' * 5000}/proxy/", [], [], "", b"")
def test_any_request_is_answered(
    door: Door,
    method: str,
    path: str,
    query: list[tuple[str, str]],
    headers: list[tuple[bytes, bytes]],
    kind: str,
    body: bytes,
) -> None:
    door.ask(
        method,
        _no_surrogates(path),
        query=_query(query),
        headers=[*headers, (b"content-type", kind.encode())],
        body=body,
    )


OBJECTS = [
    "/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/default/pods/one", "/apis/apps/v1/namespaces/default/deployments/web",
    "/apis/apps/v1/namespaces/default/deployments/web/status", "/apis/apps/v1/namespaces/default/deployments/web/scale",
    "/api/v1/namespaces/default/services/web", "/api/v1/nodes/kind-worker", "/api/v1/namespaces/default",
    "/api/v1/namespaces/default/pods/one/status", "/api/v1/namespaces/default/pods/one/resize",
    "/api/v1/namespaces/default/pods/one/ephemeralcontainers", "/api/v1/namespaces/default/serviceaccounts/default",
]  # fmt: skip
POINTERS = st.one_of(
    st.sampled_from(
        ["", "/", "/metadata", "/metadata/labels", "/metadata/labels/x", "/metadata/finalizers/-", "/metadata/name", "/spec", "/spec/replicas",
         "/spec/containers/0", "/spec/containers/-", "/spec/containers/0/image", "/spec/containers/99", "/spec/containers/-1",
         "/spec/containers/01", "/data/x", "/data/~0", "/data/~1", "/data/~2", "/status", "/spec/template/spec/containers/0/name"]
    ),
    ODD,
    st.just("/metadata/labels/" + "a" * 300),
)  # fmt: skip
OPERATIONS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": POINTERS},
            optional={"value": JSON, "from": POINTERS},
        ),
        JSON,
    ),
    max_size=4,
)
#: Parts of real objects with something else in a place.
SHAPES = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {"metadata": st.dictionaries(st.sampled_from(["labels", "annotations", "finalizers", "name", "uid"]), JSON)}
    ),
    st.fixed_dictionaries(
        {
            "spec": st.dictionaries(
                st.sampled_from(["replicas", "selector", "template", "containers", "ports", "taints", "strategy"]), JSON
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "spec": st.fixed_dictionaries(
                {
                    "containers": st.lists(
                        st.dictionaries(
                            st.sampled_from(
                                ["name", "image", "env", "ports", "$patch", "resources", "livenessProbe", "command"]
                            ),
                            JSON,
                        ),
                        max_size=3,
                    )
                },
                optional={"$setElementOrder/containers": JSON, "$retainKeys": JSON},
            )
        }
    ),
)


@fuzzed(150)
@given(path=st.sampled_from(OBJECTS), operations=OPERATIONS)
@example(OBJECTS[1], [{"op": "add", "path": "/spec/tolerations/" + "9" * 5000, "value": {}}])
@example(OBJECTS[1], [{"op": "remove", "path": "/spec/tolerations/--1"}])
@example(OBJECTS[1], [{"op": "test", "path": "/spec/tolerations/²", "value": 1}])
def test_json_patches_are_answered(door: Door, path: str, operations: list[object]) -> None:
    headers = [(b"content-type", b"application/json-patch+json")]
    door.ask("PATCH", path, headers=headers, body=_json(operations))


@fuzzed(200)
@given(path=st.sampled_from(OBJECTS), kind=st.sampled_from(["merge", "strategic-merge"]), patch=SHAPES)
def test_merging_patches_are_answered(door: Door, path: str, kind: str, patch: object) -> None:
    door.ask("PATCH", path, headers=[(b"content-type", f"application/{kind}-patch+json".encode())], body=_json(patch))


_KINDS = {
    "configmaps": ("v1", "ConfigMap"),
    "deployments": ("apps/v1", "Deployment"),
    "pods": ("v1", "Pod"),
    "services": ("v1", "Service"),
}


@fuzzed(150)
@given(
    plural=st.sampled_from(sorted(_KINDS)),
    shape=SHAPES,
    name=st.sampled_from(["a", "web", "one", "new"]),
    force=st.booleans(),
)
def test_applied_configurations_are_answered(door: Door, plural: str, shape: object, name: str, force: bool) -> None:
    version, kind = _KINDS[plural]
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    body = shape if not isinstance(shape, dict) else {"apiVersion": version, "kind": kind, **shape}
    query = f"fieldManager=fuzz&force={str(force).lower()}"
    headers = [(b"content-type", b"application/apply-patch+yaml")]
    door.ask("PATCH", f"{root}/namespaces/default/{plural}/{name}", query=query, headers=headers, body=_json(body))


@fuzzed(150)
@given(plural=st.sampled_from(sorted(_KINDS)), shape=SHAPES, verb=st.sampled_from(["POST", "PUT"]))
def test_written_objects_are_answered(door: Door, plural: str, shape: object, verb: str) -> None:
    version, kind = _KINDS[plural]
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    body = shape
    if isinstance(shape, dict):
        metadata = shape["metadata"] if isinstance(shape.get("metadata"), dict) else {}
        body = {"apiVersion": version, "kind": kind, **shape, "metadata": {"name": "a", **metadata}}
    name = "/a" if verb == "PUT" else ""
    headers = [(b"content-type", b"application/json")]
    door.ask(verb, f"{root}/namespaces/default/{plural}{name}", headers=headers, body=_json(body))


@fuzzed(100)
@given(path=st.sampled_from(OBJECTS), options=JSON, query=QUERIES)
def test_deletions_are_answered(door: Door, path: str, options: object, query: list[tuple[str, str]]) -> None:
    """With `dryRun`, so that something is left for the next."""
    pairs = [pair for pair in query if pair[0] != "dryRun"]
    door.ask("DELETE", path, query=_query([*pairs, ("dryRun", "All")]), body=_json(options))
