"""What a kubelet makes of a file of manifests, and which pods it runs then; case by case as its own tests have them."""

from types import SimpleNamespace
from typing import Any

import pytest

from simulator.node.static_pods import StaticPods, is_manifest
from tests.proof.follows import follows

Obj = dict[str, Any]
DIRECTORY = "/etc/kubernetes/manifests"
UPSTREAM = "pkg/kubelet/config/"
HEAD = "apiVersion: v1\nkind: Pod\n"
META = "metadata: {name: test, namespace: mynamespace}\n"
SPEC = "spec: {containers: [{name: image, image: test/image, securityContext: {privileged: true}}]}\n"
POD = HEAD + META + SPEC


def a_node(name: str = "localhost") -> Any:
    return SimpleNamespace(name=name, manifests={}, static_pods={})


def kubelet() -> StaticPods:
    fleet: Any = SimpleNamespace(engine=SimpleNamespace(timestamp=lambda: "2025-10-09T08:53:20Z"))
    return StaticPods(fleet)


def read(text: str, node: Any = None, name: str = "pod.yaml") -> Obj | None:
    node = node or a_node()
    pods = kubelet()
    pods.read(node, f"{DIRECTORY}/{name}", text)
    return next(iter(pods.wanted(node).values()), None)


@follows(
    "Static pods",
    UPSTREAM
    + "file_linux_test.go: TestExtractFromNonExistentFile, TestExtractFromBadDataFile, TestExtractFromEmptyDir",
    UPSTREAM + "common_test.go: TestDecodeSinglePod",
    UPSTREAM + "common.go: tryDecodeSinglePod",
)
@pytest.mark.parametrize(
    ("text", "is_run"),
    [
        pytest.param(POD, True, id="YAML"),
        pytest.param('{"apiVersion":"v1","kind":"Pod","metadata":{"name":"test"},"spec":{"containers":[{"name":"c","image":"i"}]}}', True, id="JSON"),
        pytest.param("---\n" + POD, True, id="after a line of dashes"),
        pytest.param(f"{POD}---\n{HEAD}metadata: {{name: second}}\n{SPEC}", True, id="several: the first"),
        pytest.param(f"{HEAD}metadata: {{}}\n{SPEC}---\n{POD}", False, id="several: the first is no pod"),
        pytest.param(POD + "unknown: {field: 1}\n", True, id="a field that nobody knows"),
        pytest.param(POD.replace("name: image,", "name: image, imagePolicy: Never,"), True, id="such a field in a container"),
        pytest.param("", False, id="nothing"),
        pytest.param("not JSON", False, id="bad data"),
        pytest.param("a: [", False, id="no YAML"),
        pytest.param("- 1\n", False, id="a list"),
        pytest.param(POD.replace("kind: Pod", "kind: ConfigMap"), False, id="another kind"),
        pytest.param(POD.replace("kind: Pod\n", ""), False, id="no kind"),
        pytest.param(POD.replace("apiVersion: v1", "apiVersion: v2"), False, id="another version"),
        pytest.param(f"apiVersion: v1\nkind: PodList\nitems: [{{{META.strip()}}}]\n", False, id="a list of pods"),
        pytest.param(HEAD + SPEC, False, id="no name"),
        pytest.param(HEAD + META, False, id="no containers"),
        pytest.param(POD.replace("name: test", "name: Test_1"), False, id="a name that is none"),
        pytest.param(POD.replace("image: test/image", "image: {a: b}"), False, id="a field of another type"),
        pytest.param(POD.replace("spec: {", "spec: {restartPolicy: Sometimes, "), False, id="a value that is none"),
    ],
)  # fmt: skip
def test_which_files_hold_a_pod(text: str, is_run: bool) -> None:
    found = read(text)
    assert (found["metadata"]["name"].startswith("test-") if found else False) is is_run


@follows("Static pods", UPSTREAM + "common_test.go: TestStaticPodNameGenerate")
@pytest.mark.parametrize(
    ("node", "wanted"),
    [
        pytest.param("node1", "test-node1", id="node1"),
        pytest.param("node1.example.com", "test-node1.example.com", id="with a domain"),
    ],
)
def test_the_node_is_in_the_name(node: str, wanted: str) -> None:
    found = read(POD, a_node(node))
    assert found is not None
    assert (found["metadata"]["name"], found["spec"]["nodeName"]) == (wanted, node)


ANYTHING = {"operator": "Exists", "effect": "NoExecute"}
OTHER = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
TIMED = "{operator: Exists, effect: NoExecute, tolerationSeconds: 30}"


@follows(
    "Static pods",
    UPSTREAM + "common.go: applyDefaults",
    "pkg/apis/core/helper/helpers.go: AddOrUpdateTolerationInPod",
)
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param("[]", [ANYTHING], id="none"),
        pytest.param("[{operator: Exists, effect: NoExecute}]", [ANYTHING], id="the same"),
        pytest.param("[{key: a, operator: Exists, effect: NoExecute}]", [OTHER, ANYTHING], id="another"),
        pytest.param(f"[{TIMED}]", [ANYTHING], id="the same for a time"),
        pytest.param(
            f"[{TIMED}, {{key: a, operator: Exists, effect: NoExecute}}]", [ANYTHING, OTHER], id="in its place"
        ),
        pytest.param("[{operator: Exists}]", [{"operator": "Exists"}, ANYTHING], id="one that is wider"),
    ],
)
def test_a_static_pod_tolerates_what_would_evict_it(given: str, wanted: list[Obj]) -> None:
    found = read(POD.replace("spec: {", f"spec: {{tolerations: {given}, "))
    assert found is not None
    assert found["spec"]["tolerations"] == wanted


@follows("Static pods", UPSTREAM + "common.go: applyDefaults", UPSTREAM + "config.go: updatePodsFunc")
@pytest.mark.parametrize(
    ("text", "namespace", "annotations"),
    [
        pytest.param(POD, "mynamespace", {}, id="its namespace"),
        pytest.param(POD.replace(", namespace: mynamespace", ""), "default", {}, id="no namespace"),
        pytest.param(POD.replace("namespace:", "annotations: {a: b}, namespace:"), "mynamespace", {"a": "b"}, id="annotations of its own"),
    ],
)  # fmt: skip
def test_what_a_static_pod_is_marked_with(text: str, namespace: str, annotations: Obj) -> None:
    found = read(text)
    assert found is not None
    metadata = found["metadata"]
    assert metadata["namespace"] == namespace
    assert metadata["annotations"] == {
        **annotations,
        "kubernetes.io/config.hash": metadata["uid"],
        "kubernetes.io/config.seen": "2025-10-09T08:53:20Z",
        "kubernetes.io/config.source": "file",
    }
    assert found["status"]["phase"] == "Pending"
    assert found["spec"]["restartPolicy"] == "Always"


@follows("Static pods", UPSTREAM + "file.go: extractFromDir", UPSTREAM + "file_linux_test.go: TestWatchFileChanged")
@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        pytest.param(f"{DIRECTORY}/pod.yaml", True, id="a file"),
        pytest.param(f"{DIRECTORY}/pod", True, id="without an ending"),
        pytest.param(f"{DIRECTORY}/pod.yaml.bak", True, id="with another ending"),
        pytest.param(f"{DIRECTORY}/.pod.yaml", False, id="a hidden file"),
        pytest.param(f"{DIRECTORY}/more/pod.yaml", False, id="a directory within"),
        pytest.param("/etc/kubernetes/pod.yaml", False, id="another directory"),
        pytest.param("/etc/kubernetes/manifests2/pod.yaml", False, id="one whose name begins alike"),
    ],
)
def test_which_files_are_read(path: str, is_one: bool) -> None:
    assert is_manifest(path) is is_one


CHANGED = POD.replace("test/image", "test/image:2")


@follows(
    "Static pods",
    UPSTREAM + "config_test.go: TestInvalidPodFiltered, TestNewPodAddedInvalidNamespace, TestNewPodAddedUpdatedRemoved",
    UPSTREAM + "config.go: filterInvalidPods",
)
@pytest.mark.parametrize(
    ("files", "images"),
    [
        pytest.param([("a", POD)], ["test/image"], id="one"),
        pytest.param([("a", POD), ("b", CHANGED)], ["test/image"], id="two of one name: the first file's"),
        pytest.param([("b", POD), ("a", CHANGED)], ["test/image:2"], id="the first by name, not by time"),
        pytest.param([("a", POD), ("b", CHANGED.replace("mynamespace", "other"))], ["test/image", "test/image:2"], id="one name in two namespaces"),
        pytest.param([("a", POD), ("a", CHANGED)], ["test/image:2"], id="changed"),
        pytest.param([("a", POD), ("a", "broken")], [], id="changed into none"),
        pytest.param([("a", POD), ("a", None)], [], id="removed"),
        pytest.param([("a", POD), ("b", CHANGED), ("a", None)], ["test/image:2"], id="the first removed"),
        pytest.param([("a", "broken"), ("b", CHANGED)], ["test/image:2"], id="another file is broken"),
    ],
)  # fmt: skip
def test_which_pods_run(files: list[tuple[str, str | None]], images: list[str]) -> None:
    node, pods = a_node(), kubelet()
    for name, text in files:
        if text is None:
            pods.remove(node, f"{DIRECTORY}/{name}")
        else:
            pods.read(node, f"{DIRECTORY}/{name}", text)
    assert [one["spec"]["containers"][0]["image"] for one in pods.wanted(node).values()] == images


@follows("Static pods", UPSTREAM + "common.go: applyDefaults")
@pytest.mark.parametrize(
    ("node", "name", "text", "is_same"),
    [
        pytest.param("localhost", "pod.yaml", POD, True, id="the same file"),
        pytest.param("localhost", "pod.yaml", "# a comment\n" + POD, True, id="the same pod in other words"),
        pytest.param("localhost", "pod.yaml", CHANGED, False, id="another image"),
        pytest.param("localhost", "other.yaml", POD, False, id="another file"),
        pytest.param("otherhost", "pod.yaml", POD, False, id="another node"),
    ],
)
def test_a_uid_is_of_the_node_the_file_and_the_pod(node: str, name: str, text: str, is_same: bool) -> None:
    one, other = read(POD), read(text, a_node(node), name)
    assert one is not None
    assert other is not None
    assert (one["metadata"]["uid"] == other["metadata"]["uid"]) is is_same
