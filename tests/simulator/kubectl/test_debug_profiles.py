"""`kubectl debug`: what each profile makes of an ephemeral container, of a copy and of a pod on a node."""

import json
from typing import Any

import pytest

from tests.simulator.kubectl.conftest import Terminal

RICH = """apiVersion: v1
kind: Pod
metadata: {name: rich, labels: {app: rich}, annotations: {note: x}}
spec:
  initContainers: [{name: first, image: "busybox:1.36", command: ["true"]}]
  containers:
  - {name: main, image: "nginx:1.27", livenessProbe: {httpGet: {port: 80}}, readinessProbe: {httpGet: {port: 80}}}
"""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTEXTS: list[tuple[str, Any]] = [
    ("legacy", None),
    ("general", {"capabilities": {"add": ["SYS_PTRACE"]}}),
    ("baseline", None),
    ("restricted", RESTRICTED),
    ("netadmin", {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
    ("sysadmin", {"privileged": True}),
]


@pytest.fixture
def rich(terminal: Terminal) -> Terminal:
    terminal.run("kubectl apply -f -", RICH)
    terminal.let_pass(10)
    return terminal


def seen(terminal: Terminal, pod: str) -> Any:
    return json.loads(terminal.run(f"kubectl get pod {pod} -o json"))


@pytest.mark.parametrize(("profile", "context"), CONTEXTS)
def test_a_profile_gives_rights_to_ephemeral_containers_and_to_copies(
    rich: Terminal, profile: str, context: Any
) -> None:
    rich.station.run(f"kubectl debug rich --image=busybox:1.36 --profile={profile} -c dbg")
    (container,) = seen(rich, "rich")["spec"]["ephemeralContainers"]
    assert container.get("securityContext") == context
    rich.station.run(f"kubectl debug rich --image=busybox:1.36 --profile={profile} -c dbg --copy-to=twin")
    twin = seen(rich, "twin")
    assert twin["spec"]["containers"][1].get("securityContext") == context
    is_legacy = profile == "legacy"
    assert twin["spec"].get("shareProcessNamespace") is (None if is_legacy else True)
    assert ("livenessProbe" in twin["spec"]["containers"][0], "labels" in twin["metadata"]) == (is_legacy, False)
    assert ("note" in twin["metadata"].get("annotations", {}), "initContainers" in twin["spec"]) == (is_legacy, True)


def test_a_copy_keeps_what_it_is_told_to_keep(rich: Terminal) -> None:
    flags = "--keep-labels --keep-annotations --keep-liveness --keep-init-containers=false --share-processes=false"
    rich.run(f"kubectl debug rich --image=busybox:1.36 --profile=general -c dbg --copy-to=twin {flags}")
    twin = seen(rich, "twin")
    main = twin["spec"]["containers"][0]
    assert (twin["metadata"]["labels"], twin["metadata"]["annotations"]["note"]) == ({"app": "rich"}, "x")
    assert ("livenessProbe" in main, "readinessProbe" in main, "initContainers" in twin["spec"]) == (True, False, False)
    assert twin["spec"]["shareProcessNamespace"] is False


def test_a_copy_may_only_have_other_images(rich: Terminal) -> None:
    rich.station.run("kubectl debug rich --copy-to=twin --set-image=*=busybox:1.36")
    assert [one["image"] for one in seen(rich, "twin")["spec"]["containers"]] == ["busybox:1.36"]
    assert seen(rich, "twin")["metadata"]["labels"] == {"app": "rich"}
    assert rich.refused("kubectl debug rich --image=busybox --set-image=a=b") == (
        "error: --set-image may only be used with --copy-to.\n"
    )


@pytest.mark.parametrize(
    ("profile", "shares", "mounts"),
    [("legacy", True, True), ("general", True, True), ("baseline", None, False), ("restricted", None, False),
     ("netadmin", True, False), ("sysadmin", True, True)],
)  # fmt: skip
def test_a_pod_on_a_node_sees_what_its_profile_allows(
    terminal: Terminal, profile: str, shares: Any, mounts: bool
) -> None:
    terminal.station.run(f"kubectl debug node/kind-worker --image=busybox:1.36 --profile={profile} -q")
    (name,) = terminal.run("kubectl get pods -o name").splitlines()
    spec = json.loads(terminal.run(f"kubectl get {name} -o json"))["spec"]
    assert [spec.get(field) for field in ("hostNetwork", "hostPID", "hostIPC")] == [shares] * 3
    assert any(one["mountPath"] == "/host" for one in spec["containers"][0].get("volumeMounts", ())) is mounts


def test_a_file_is_put_over_the_profile(rich: Terminal) -> None:
    rich.run("""echo '{"env":[{"name":"Z","value":"1"}],"securityContext":{"runAsUser":0}}' > custom.json""")
    rich.run("kubectl debug rich --image=busybox:1.36 --profile=general --custom=custom.json --env=A=1 -c dbg")
    (container,) = seen(rich, "rich")["spec"]["ephemeralContainers"]
    assert container["env"] == [{"name": "A", "value": "1"}, {"name": "Z", "value": "1"}]
    assert container["securityContext"] == {"capabilities": {"add": ["SYS_PTRACE"]}, "runAsUser": 0}


def test_rights_for_somebody_who_is_not_root_are_warned_about(terminal: Terminal) -> None:
    spec = '{"spec":{"securityContext":{"runAsUser":5}}}'
    terminal.run(f"kubectl run lone --image=nginx:1.27 --overrides='{spec}'")
    said = terminal.station.run("kubectl debug lone --image=busybox:1.36 --profile=sysadmin -c dbg").stderr
    assert said.startswith(
        "Warning: Non-root user is configured for the entire target Pod, and some capabilities granted"
    )
    assert terminal.station.run("kubectl debug lone --image=busybox:1.36 --profile=restricted -c d2").stderr == ""


# Neighbours: what was applied last, and change causes


def test_what_was_applied_last_is_shown_and_set(terminal: Terminal) -> None:
    terminal.station.write_file("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n")
    terminal.run("kubectl create -f c.yaml")
    assert terminal.refused("kubectl apply set-last-applied -f c.yaml") == (
        "error: no last-applied-configuration annotation found on resource: c, to create the annotation, run the command "
        "with --create-annotation\n"
    )
    assert terminal.run("kubectl apply view-last-applied configmap/c") == ""
    assert terminal.run("kubectl apply set-last-applied -f c.yaml --create-annotation") == "configmap/c configured\n"
    assert terminal.run("kubectl apply set-last-applied -f c.yaml") == "set-last-applied c: no changes required.\n"
    assert terminal.run("kubectl apply view-last-applied configmap c") == (
        'apiVersion: v1\ndata:\n  a: "1"\nkind: ConfigMap\nmetadata:\n  name: c\n  namespace: default\n'
    )
    done = terminal.run("""KUBE_EDITOR="sed -i 's/a: .*/a: b/'" kubectl apply edit-last-applied configmap/c""")
    assert done == "configmap/c edited\n"
    assert "  a: b\n" in terminal.run("kubectl apply view-last-applied configmap c")
    assert terminal.run("kubectl get configmap c -o jsonpath={.data.a}") == "1"


@pytest.mark.parametrize(
    "command",
    ["scale deployment web --replicas=2", "label deployment web a=b", "annotate deployment web a=b", "patch deployment web -p {}"],
)  # fmt: skip
def test_a_recorded_command_is_the_cause_of_the_change(with_web: Terminal, command: str) -> None:
    done = with_web.station.run(f"kubectl {command} --record")
    assert done.stderr == "Flag --record has been deprecated, --record will be removed in the future\n"
    cause = with_web.run(
        "kubectl get deployment web -o jsonpath='{.metadata.annotations.kubernetes\\.io/change-cause}'"
    )
    assert cause.startswith(f"kubectl {' '.join(command.split()[:3])}")
    assert cause.endswith("--record=true")
