"""sig-storage: what pods find in volumes made of ConfigMaps, Secrets, their own fields and nothing."""

import base64
from typing import Any

import pytest

from simulator.machinery import quantities
from tests.conformance.conftest import BUSYBOX, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-storage]"
NODE = "[NodeConformance] [Conformance]"
MOUNT = {"volumeMounts": [{"name": "v", "mountPath": "/v"}]}
RESOURCES = {"requests": {"cpu": "250m", "memory": "32Mi"}, "limits": {"cpu": "1250m", "memory": "64Mi"}}


def _source(suite: Suite, kind: str, name: str = "source", **data: str) -> None:
    if kind == "configMap":
        suite.made(f"{CORE}/configmaps", name, data=data)
    else:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        suite.made(f"{CORE}/secrets", name, data=encoded)


def _change(suite: Suite, kind: str, name: str, **data: str | None) -> None:
    plural = "configmaps" if kind == "configMap" else "secrets"
    field = "data" if kind == "configMap" else "stringData"
    suite.do("PATCH", f"{CORE}/{plural}/{name}", {field: data})


def _volume(kind: str, name: str = "source", volume: str = "v", *, projected: bool = False, **more: Any) -> Obj:
    if projected:
        return {"name": volume, "projected": {"sources": [{kind: {"name": name, **more}}]}}
    return {"name": volume, kind: {("secretName" if kind == "secret" else "name"): name, **more}}


KINDS = pytest.mark.parametrize(
    ("kind", "projected"),
    [
        pytest.param("configMap", False, id="configMap"),
        pytest.param("configMap", True, id="projected configMap"),
        pytest.param("secret", False, id="secret"),
        pytest.param("secret", True, id="projected secret"),
    ],
)


@conforms(
    f"{SIG} ConfigMap should be consumable from pods in volume {NODE}",
    f"{SIG} Projected configMap should be consumable from pods in volume {NODE}",
    f"{SIG} Secrets should be consumable from pods in volume {NODE}",
    f"{SIG} Projected secret should be consumable from pods in volume {NODE}",
)
@KINDS
def test_a_volume_holds_the_keys_as_files(suite: Suite, kind: str, projected: bool) -> None:
    _source(suite, kind, **{"data-1": "value-1", "data-2": "value-2"})
    said = suite.ran(
        "cat /v/data-1 /v/data-2; ls -lL /v", container=MOUNT, volumes=[_volume(kind, projected=projected)]
    )
    assert said.startswith("value-1value-2")
    assert said.count("-rw-r--r--") == 2


@conforms(
    f"{SIG} ConfigMap should be consumable from pods in volume as non-root {NODE}",
    f"{SIG} Projected configMap should be consumable from pods in volume as non-root {NODE}",
)
@pytest.mark.parametrize("projected", [False, True])
def test_another_user_reads_the_volume(suite: Suite, projected: bool) -> None:
    _source(suite, "configMap", **{"data-1": "value-1"})
    volumes, person = [_volume("configMap", projected=projected)], {"runAsUser": 1000}
    said = suite.ran("id -u; cat /v/data-1; ls -lL /v", container=MOUNT, volumes=volumes, securityContext=person)
    assert said.startswith("1000\nvalue-1")
    assert "-rw-r--r--" in said


@conforms(
    f"{SIG} ConfigMap should be consumable from pods in volume with mappings {NODE}",
    f"{SIG} ConfigMap should be consumable from pods in volume with mappings as non-root {NODE}",
    f"{SIG} Projected configMap should be consumable from pods in volume with mappings {NODE}",
    f"{SIG} Projected configMap should be consumable from pods in volume with mappings as non-root {NODE}",
    f"{SIG} Secrets should be consumable from pods in volume with mappings {NODE}",
    f"{SIG} Projected secret should be consumable from pods in volume with mappings {NODE}",
)
@pytest.mark.parametrize("user", [0, 1000])
@KINDS
def test_keys_are_mapped_to_paths(suite: Suite, kind: str, projected: bool, user: int) -> None:
    _source(suite, kind, **{"data-1": "value-1", "data-2": "value-2"})
    items = [{"key": "data-2", "path": "path/to/data-2"}]
    volumes = [_volume(kind, projected=projected, items=items)]
    said = suite.ran(
        "cat /v/path/to/data-2; ls -lL /v/path/to; ls /v", container=MOUNT, volumes=volumes,
        securityContext={"runAsUser": user},
    )  # fmt: skip
    assert said.startswith("value-2")
    assert "-rw-r--r--" in said
    assert said.splitlines()[-1] == "path"


@conforms(
    f"{SIG} ConfigMap should be consumable in multiple volumes in the same pod {NODE}",
    f"{SIG} Projected configMap should be consumable in multiple volumes in the same pod {NODE}",
    f"{SIG} Secrets should be consumable in multiple volumes in a pod {NODE}",
)
@KINDS
def test_one_source_in_two_volumes(suite: Suite, kind: str, projected: bool) -> None:
    _source(suite, kind, **{"data-1": "value-1"})
    volumes = [_volume(kind, volume=volume, projected=projected) for volume in ("v", "w")]
    mounts = {"volumeMounts": [{"name": volume, "mountPath": f"/{volume}"} for volume in ("v", "w")]}
    assert suite.ran("cat /v/data-1 /w/data-1", container=mounts, volumes=volumes) == "value-1value-1"


@conforms(f"{SIG} ConfigMap binary data should be reflected in volume {NODE}")
def test_binary_data_is_a_file_too(suite: Suite) -> None:
    binary = base64.b64encode(b"binary-1").decode()
    suite.made(f"{CORE}/configmaps", "source", data={"data-1": "value-1"}, binaryData={"dump.bin": binary})
    said = suite.ran("cat /v/data-1; cat /v/dump.bin", container=MOUNT, volumes=[_volume("configMap")])
    assert said == "value-1binary-1"


@conforms(
    f"{SIG} Secrets should be able to mount in a volume regardless of a different secret existing with same name in different "
    f"namespace {NODE}"
)
def test_a_secret_of_the_same_name_elsewhere_is_another(suite: Suite) -> None:
    suite.made("/api/v1/namespaces", "other")
    elsewhere = base64.b64encode(b"other").decode()
    suite.made("/api/v1/namespaces/other/secrets", "source", data={"data-1": elsewhere})
    _source(suite, "secret", **{"data-1": "value-1"})
    said = suite.ran("cat /v/data-1; ls -lL /v", container=MOUNT, volumes=[_volume("secret")])
    assert said.startswith("value-1")
    assert "-rw-r--r--" in said


@conforms(
    f"{SIG} ConfigMap updates should be reflected in volume {NODE}",
    f"{SIG} Projected configMap updates should be reflected in volume {NODE}",
)
@pytest.mark.parametrize("projected", [False, True])
def test_a_change_reaches_the_volume(suite: Suite, projected: bool) -> None:
    _source(suite, "configMap", **{"data-1": "value-1"})
    container = {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"], **MOUNT}
    suite.pod("reader", container, volumes=[_volume("configMap", projected=projected)])
    assert suite.inside("reader", "cat /v/data-1") == "value-1"
    _change(suite, "configMap", "source", **{"data-1": "value-2"})
    suite.wait(120)
    assert suite.inside("reader", "cat /v/data-1") == "value-2"


@conforms(
    f"{SIG} ConfigMap optional updates should be reflected in volume {NODE}",
    f"{SIG} Projected configMap optional updates should be reflected in volume {NODE}",
    f"{SIG} Secrets optional updates should be reflected in volume {NODE}",
    f"{SIG} Projected secret optional updates should be reflected in volume {NODE}",
)
@KINDS
def test_optional_sources_come_change_and_go(suite: Suite, kind: str, projected: bool) -> None:
    _source(suite, kind, "deleted", **{"data-1": "value-1"})
    _source(suite, kind, "updated", **{"data-1": "value-1"})
    names = ("deleted", "updated", "created")
    volumes = [_volume(kind, name, name, projected=projected, optional=True) for name in names]
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in names]
    suite.pod(
        "reader", {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"], "volumeMounts": mounts}, volumes=volumes
    )
    assert suite.inside("reader", "cat /deleted/data-1 /updated/data-1; ls /created") == "value-1value-1"
    plural = "configmaps" if kind == "configMap" else "secrets"
    suite.do("DELETE", f"{CORE}/{plural}/deleted")
    _change(
        suite,
        kind,
        "updated",
        **{"data-1": None, "data-3": "value-3"} if kind == "configMap" else {"data-3": "value-3"},
    )
    _source(suite, kind, "created", **{"data-1": "value-1"})
    suite.wait(120)
    assert suite.inside("reader", "cat /updated/data-3 /created/data-1") == "value-3value-1"
    assert "No such file" in suite.fails("kubectl exec reader -- cat /deleted/data-1")


# The pod's own fields


_FIELDS = {
    "podname": {"fieldRef": {"fieldPath": "metadata.name"}},
    "labels": {"fieldRef": {"fieldPath": "metadata.labels"}},
    "annotations": {"fieldRef": {"fieldPath": "metadata.annotations"}},
    **{
        resource: {"resourceFieldRef": {"containerName": "c", "resource": resource}}
        for resource in ("limits.cpu", "limits.memory", "requests.cpu", "requests.memory")
    },
}


def _downward(*fields: str, projected: bool) -> Obj:
    items = [{"path": field, **_FIELDS[field]} for field in fields]
    for item in items:
        if item["path"] == "requests.cpu":
            item["resourceFieldRef"]["divisor"] = "1m"
    source = {"downwardAPI": {"items": items}}
    return {"name": "v", "projected": {"sources": [source]}} if projected else {"name": "v", **source}


PLACES = pytest.mark.parametrize("projected", [False, True], ids=["downward", "projected"])
PAIR = ("Downward API volume", "Projected downwardAPI")


@conforms(
    *(f"{SIG} {place} should provide container's cpu limit {NODE}" for place in PAIR),
    *(f"{SIG} {place} should provide container's memory limit {NODE}" for place in PAIR),
    *(f"{SIG} {place} should provide container's cpu request {NODE}" for place in PAIR),
    *(f"{SIG} {place} should provide container's memory request {NODE}" for place in PAIR),
    *(f"{SIG} {place} should provide podname only {NODE}" for place in PAIR),
)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limits.cpu", "2"),
        ("limits.memory", "67108864"),
        ("requests.cpu", "250"),
        ("requests.memory", "33554432"),
        ("podname", "pod-1"),
    ],
)
@PLACES
def test_a_pod_reads_its_fields_in_a_volume(suite: Suite, projected: bool, field: str, value: str) -> None:
    container = {**MOUNT, "resources": RESOURCES}
    assert suite.ran(f"cat /v/{field}", container=container, volumes=[_downward(field, projected=projected)]) == value


@conforms(
    *(
        f"{SIG} {place} should provide node allocatable ({resource}) as default {resource} limit if the limit is not set {NODE}"
        for place in PAIR
        for resource in ("cpu", "memory")
    )
)
@PLACES
def test_without_limits_the_nodes_allocatable_counts(suite: Suite, projected: bool) -> None:
    said = suite.ran(
        "cat /v/limits.cpu; echo; cat /v/limits.memory", container=MOUNT,
        volumes=[_downward("limits.cpu", "limits.memory", projected=projected)],
    )  # fmt: skip
    node = suite.do("GET", f"{PODS}/pod-1")["spec"]["nodeName"]
    allocatable = suite.do("GET", f"/api/v1/nodes/{node}")["status"]["allocatable"]
    memory = quantities.value(allocatable["memory"])
    assert said == f"{allocatable['cpu']}\n{memory}"


@conforms(
    *(f"{SIG} {place} should update labels on modification {NODE}" for place in PAIR),
    *(f"{SIG} {place} should update annotations on modification {NODE}" for place in PAIR),
)
@pytest.mark.parametrize("field", ["labels", "annotations"])
@PLACES
def test_changed_labels_and_annotations_reach_the_volume(suite: Suite, projected: bool, field: str) -> None:
    container = {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"], **MOUNT}
    volumes = [_downward(field, projected=projected)]
    suite.pod("reader", container, volumes=volumes, metadata={field: {"key1": "value1"}})
    assert suite.inside("reader", f"cat /v/{field}").splitlines()[0] == 'key1="value1"'
    suite.do("PATCH", f"{PODS}/reader", {"metadata": {field: {"key3": "value3"}}})
    suite.wait(120)
    assert 'key3="value3"' in suite.inside("reader", f"cat /v/{field}").splitlines()


@conforms(f"{SIG} Projected combined should project all components that make up the projection API [Projection] {NODE}")
def test_one_volume_of_everything(suite: Suite) -> None:
    _source(suite, "configMap", "config", **{"configmap-data": "config-value"})
    _source(suite, "secret", "secret", **{"secret-data": "secret-value"})
    fields = [
        {"path": field, **_FIELDS[field]} for field in ("podname", "limits.cpu", "limits.memory", "requests.memory")
    ]
    sources = [{"configMap": {"name": "config"}}, {"secret": {"name": "secret"}}, {"downwardAPI": {"items": fields}}]
    said = suite.ran(
        "cd /v; for f in configmap-data secret-data podname limits.cpu limits.memory requests.memory; do cat $f; echo; done",
        container={**MOUNT, "resources": RESOURCES}, volumes=[{"name": "v", "projected": {"sources": sources}}],
    )  # fmt: skip
    assert said.split() == ["config-value", "secret-value", "pod-1", "2", "67108864", "33554432"]


# Other volumes


@conforms(f"{SIG} EmptyDir volumes pod should support shared volumes between containers [Conformance]")
def test_containers_share_a_volume(suite: Suite) -> None:
    sub = {"name": "sub", "image": BUSYBOX, "command": ["sh", "-c", "echo shared > /v/file; sleep 3600"], **MOUNT}
    main = {"name": "main", "image": BUSYBOX, "command": ["sleep", "3600"], **MOUNT}
    suite.pod("shared", main, sub, volumes=[{"name": "v", "emptyDir": {}}])
    assert suite.inside("shared", "cat /v/file", "main") == "shared\n"


@conforms(
    f"{SIG} EmptyDir wrapper volumes should not cause race condition when used for configmaps [Serial] [Conformance]",
    f"{SIG} EmptyDir wrapper volumes should not conflict [Conformance]",
)
def test_fifty_volumes_do_not_get_into_each_others_way(suite: Suite) -> None:
    for number in range(50):
        _source(suite, "configMap", f"racey-{number}", **{"data-1": "value-1"})
    _source(suite, "secret", "secret", **{"data-1": "value-1"})
    names = [f"racey-{number}" for number in range(50)]
    volumes = [*(_volume("configMap", name, name) for name in names), _volume("secret", "secret", "secret")]
    mounts = [{"name": name, "mountPath": f"/etc/{name}"} for name in (*names, "secret")]
    container = {"name": "c", "image": BUSYBOX, "command": ["sleep", "10000"], "volumeMounts": mounts}
    template = {"metadata": {"labels": {"name": "racey"}}, "spec": {"containers": [container], "volumes": volumes}}
    spec = {"replicas": 5, "selector": {"name": "racey"}, "template": template}
    suite.made(f"{CORE}/replicationcontrollers", "racey", spec=spec)
    suite.wait(30)
    pods = suite.do("GET", PODS)["items"]
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 5


@conforms(
    f"{SIG} Subpath Atomic writer volumes should support subpaths with configmap pod [Conformance]",
    f"{SIG} Subpath Atomic writer volumes should support subpaths with secret pod [Conformance]",
    f"{SIG} Subpath Atomic writer volumes should support subpaths with projected pod [Conformance]",
    f"{SIG} Subpath Atomic writer volumes should support subpaths with downward pod [Conformance]",
)
@pytest.mark.parametrize("volume", ["configMap", "secret", "projected", "downward"])
def test_one_file_of_a_volume_is_mounted(suite: Suite, volume: str) -> None:
    _source(suite, "secret" if volume == "secret" else "configMap", **{"podname": "pod-1"})
    found = {
        "configMap": _volume("configMap"),
        "secret": _volume("secret"),
        "projected": _volume("configMap", projected=True),
        "downward": _downward("podname", projected=False),
    }[volume]
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/some/file", "subPath": "podname"}]}
    assert suite.ran("cat /some/file", container=mounts, volumes=[found]) == "pod-1"


@conforms(
    f"{SIG} Subpath Atomic writer volumes should support subpaths with configmap pod with mountPath of existing file [Conformance]"
)
def test_a_file_of_the_image_is_covered(suite: Suite) -> None:
    _source(suite, "configMap", passwd="from the volume")
    mounts = {"volumeMounts": [{"name": "v", "mountPath": "/etc/passwd", "subPath": "passwd"}]}
    assert suite.ran("cat /etc/passwd", container=mounts, volumes=[_volume("configMap")]) == "from the volume"


@conforms(
    f"{SIG} ConfigMap should be immutable if `immutable` field is set [Conformance]",
    f"{SIG} Secrets should be immutable if `immutable` field is set [Conformance]",
)
@pytest.mark.parametrize(("plural", "field"), [("configmaps", "data"), ("secrets", "stringData")])
def test_what_is_immutable_stays_as_it_is(suite: Suite, plural: str, field: str) -> None:
    path = f"{CORE}/{plural}/fixed"
    suite.made(f"{CORE}/{plural}", "fixed", **{field: {"data-1": "value-1"}})
    suite.do("PATCH", path, {field: {"data-2": "value-2"}})
    suite.do("PATCH", path, {"immutable": True})
    assert suite.ask("PATCH", path, {field: {"data-3": "value-3"}})["status"] == 422
    assert suite.ask("PATCH", path, {"immutable": False})["status"] == 422
    suite.do("PATCH", path, {"metadata": {"labels": {"label1": "label2"}}})
    suite.do("DELETE", path)
