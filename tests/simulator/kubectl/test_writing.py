"""apply, create, delete, scale, rollout, label and the other writes, and what follows from them."""

from typing import Any

import pytest

from simulator.kubectl.completion import complete

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""
CONF = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {k: v}\n"


def test_apply_creates_then_leaves_alone_then_changes(terminal: Any) -> None:
    terminal.station.write_file("web.yaml", WEB)
    assert terminal.run("kubectl apply -f web.yaml") == "deployment.apps/web created\n"
    terminal.let_pass(20)
    assert terminal.run("kubectl apply -f web.yaml") == "deployment.apps/web unchanged\n"
    terminal.station.write_file("web.yaml", WEB.replace("1.27", "1.28"))
    assert terminal.run("kubectl apply -f web.yaml") == "deployment.apps/web configured\n"
    terminal.run("kubectl scale deploy web --replicas=4")
    assert terminal.run("kubectl apply -f web.yaml") == "deployment.apps/web configured\n"
    assert terminal.run("kubectl get deploy web -o jsonpath='{.spec.replicas}'") == "2"


def test_apply_keeps_what_others_wrote_and_removes_what_the_file_dropped(terminal: Any) -> None:
    terminal.run("kubectl apply -f -", CONF.replace("{k: v}", "{k: v, old: x}"))
    terminal.run("kubectl label cm conf other=label")
    assert terminal.run("kubectl apply -f -", CONF) == "configmap/conf configured\n"
    assert terminal.run("kubectl get cm conf -o jsonpath='{.data} {.metadata.labels}'") == '{"k":"v"} {"other":"label"}'


def test_the_applied_text_is_kept_in_an_annotation(terminal: Any) -> None:
    terminal.run("kubectl apply -f -", CONF)
    path = "{.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}"
    assert terminal.run(f"kubectl get cm conf -o jsonpath='{path}'") == (
        '{"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap",'
        '"metadata":{"annotations":{},"name":"conf","namespace":"default"}}\n'
    )


def test_several_documents_are_applied_in_order_and_errors_come_last(terminal: Any) -> None:
    text = CONF + "---\napiVersion: foo/v1\nkind: Bar\nmetadata: {name: x}\n"
    assert terminal.refused("kubectl apply -f -", text) == (
        'error: resource mapping not found for name: "x" namespace: "" from "STDIN": no matches for kind "Bar" in '
        'version "foo/v1"\nensure CRDs are installed first\n'
    )


@pytest.mark.parametrize(
    ("line", "stdin", "stderr"),
    [
        ("kubectl apply", "", "error: must specify one of -f and -k\n"),
        ("kubectl apply -f nope.yaml", "", 'error: the path "nope.yaml" does not exist\n'),
        ("kubectl apply -f -", "", "error: no objects passed to apply\n"),
        (
            "kubectl apply -f -",
            "apiVersion: v1\nkind: Pod\n  metadata: x\n",
            "error: error parsing STDIN: error converting YAML to JSON: yaml: line 3: mapping values are not allowed in this context\n",
        ),
        (
            "kubectl apply -f -",
            CONF.replace("\ndata:", "\ndato:"),
            'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a '
            'ConfigMap: strict decoding error: unknown field "dato"\n',
        ),
        (
            "kubectl apply -f -",
            WEB.replace("replicas: 2", "replicas: -1"),
            'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0\n',
        ),
        (
            "kubectl apply -f - -n team",
            CONF.replace("{name: conf}", "{name: conf, namespace: other}"),
            'error: the namespace from the provided object "other" does not match the namespace "team". You must pass '
            "'--namespace=other' to perform this operation.\n",
        ),
        ("kubectl create deployment web", "", 'error: required flag(s) "image" not set\n'),
        (
            "kubectl create namespace",
            "",
            "error: exactly one NAME is required, got 0\nSee 'kubectl create namespace -h' for help and examples\n",
        ),
        ("kubectl create ns default", "", 'Error from server (AlreadyExists): namespaces "default" already exists\n'),
        (
            "kubectl create deployment web --image=nginx -n nope",
            "",
            'error: failed to create deployment: namespaces "nope" not found\n',
        ),
        ("kubectl scale deploy web", "", 'error: required flag(s) "replicas" not set\n'),
        (
            "kubectl delete deploy web --cascade=foo",
            "",
            'error: invalid cascade value (foo). Must be "background", "foreground", or "orphan"\n',
        ),
        ("kubectl label cm x a=b a-", "", "error: can not both modify and remove a label in the same command\n"),
        (
            "kubectl exec x ls",
            "",
            "error: exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead\nSee 'kubectl exec -h' for help and examples\n",
        ),
    ],
    ids=lambda value: value if value.startswith("kubectl") else "",
)
def test_a_write_that_cannot_be_done_is_refused_in_the_words_of_kubectl(
    terminal: Any, line: str, stdin: str, stderr: str
) -> None:
    assert terminal.refused(line, stdin) == stderr


def test_several_field_errors_are_a_list(terminal: Any) -> None:
    text = WEB.replace("replicas: 2", "replicas: -1").replace("labels: {app: web}", "labels: {app: other}")
    lines = terminal.refused("kubectl apply -f -", text).splitlines()
    assert lines[0] == 'The Deployment "web" is invalid: '
    assert lines[1] == "* spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    assert lines[2].startswith("* spec.template.metadata.labels: Invalid value: ")


def test_generated_manifests_are_those_of_kubectl(terminal: Any) -> None:
    assert terminal.run("kubectl create deployment web --image=nginx --port=80 --dry-run=client -o yaml") == (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  creationTimestamp: null\n  labels:\n    app: web\n  name: web\n"
        "spec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: web\n  strategy: {}\n  template:\n    metadata:\n"
        "      creationTimestamp: null\n      labels:\n        app: web\n    spec:\n      containers:\n      - image: nginx\n"
        "        name: nginx\n        ports:\n        - containerPort: 80\n        resources: {}\nstatus: {}\n"
    )
    assert terminal.run("kubectl create secret generic s --from-literal=a=b --dry-run=client -o yaml") == (
        "apiVersion: v1\ndata:\n  a: Yg==\nkind: Secret\nmetadata:\n  creationTimestamp: null\n  name: s\n"
    )
    assert terminal.run("kubectl create ns foo --dry-run=client") == "namespace/foo created (dry run)\n"


def test_labels_say_what_happened_to_them(terminal: Any) -> None:
    terminal.run("kubectl apply -f -", CONF)
    for line, said in (
        ("a=b", "configmap/conf labeled\n"),
        ("a=b", "configmap/conf not labeled\n"),
        ("a=c --overwrite", "configmap/conf labeled\n"),
        ("a-", "configmap/conf unlabeled\n"),
        ("a-", 'label "a" not found.\nconfigmap/conf labeled\n'),
    ):
        assert terminal.run(f"kubectl label cm conf {line}") == said
    terminal.run("kubectl label cm conf a=b")
    assert (
        terminal.refused("kubectl label cm conf a=c")
        == "error: 'a' already has a value (b), and --overwrite is false\n"
    )
    assert terminal.run("kubectl annotate cm conf x=y") == "configmap/conf annotated\n"


def test_a_rollout_is_followed_undone_and_listed(with_web: Any) -> None:
    assert with_web.run("kubectl set image deploy/web nginx=nginx:1.28") == "deployment.apps/web image updated\n"
    text, reply = with_web.follow("kubectl rollout status deploy/web")
    assert text.endswith('deployment "web" successfully rolled out\n')
    assert 'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...\n' in text
    assert (reply["done"], reply["exit"]) == (True, 0)
    assert (
        with_web.run("kubectl rollout history deploy/web")
        == "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         <none>\n2         <none>\n\n"
    )
    assert with_web.run("kubectl rollout undo deploy/web") == "deployment.apps/web rolled back\n"
    with_web.let_pass(30)
    image = with_web.run("kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[0].image}'")
    assert image == "nginx:1.27"
    assert with_web.run("kubectl rollout restart deploy/web") == "deployment.apps/web restarted\n"


def test_delete_goes_on_until_the_pod_is_gone(with_web: Any) -> None:
    pod = with_web.run("kubectl get pods -o name").splitlines()[0]
    text, reply = with_web.follow(f"kubectl delete {pod}")
    assert text == f'pod "{pod.partition("/")[2]}" deleted\n'
    assert (reply["done"], reply["exit"]) == (True, 0)
    assert with_web.station.run(f"kubectl get {pod}").exit == 1


def test_what_comes_after_a_followed_command_waits_in_its_token(with_web: Any) -> None:
    with_web.run("kubectl set image deploy/web nginx=nginx:1.28")
    _, reply = with_web.follow("kubectl rollout status deploy/web && echo fine || echo bad")
    assert reply["then"] == "echo fine || echo bad"


def test_a_watch_prints_later_changes_without_a_header(with_web: Any) -> None:
    result = with_web.station.run("kubectl get deploy -w")
    with_web.run("kubectl scale deploy web --replicas=1")
    with_web.let_pass(5)
    reply = with_web.station.follow(result.follow)
    assert reply["stdout"].splitlines()[-1].split()[:4] == ["web", "1/1", "1", "1"]
    assert "NAME" not in reply["stdout"]
    assert with_web.station.follow(reply["token"])["stdout"] == ""


def test_following_is_a_pure_read(with_web: Any) -> None:
    result = with_web.station.run("kubectl get pods -w | grep web")
    with_web.run("kubectl scale deploy web --replicas=1")
    with_web.let_pass(5)
    before = with_web.cluster.state_hash()
    assert with_web.station.follow(result.follow) == with_web.station.follow(result.follow)
    assert with_web.cluster.state_hash() == before


def test_waiting_ends_with_the_condition_or_at_its_time(with_web: Any) -> None:
    with_web.run("kubectl run one --image=nginx")
    text, reply = with_web.follow("kubectl wait --for=condition=Ready pod/one")
    assert (text, reply["exit"]) == ("pod/one condition met\n", 0)
    text, reply = with_web.follow("kubectl wait --for=delete pod/one --timeout=3s")
    assert (text, reply["exit"]) == ("error: timed out waiting for the condition on pods/one\n", 1)


def test_a_node_is_cordoned_drained_and_tainted(with_web: Any) -> None:
    assert with_web.run("kubectl cordon kind-worker") == "node/kind-worker cordoned\n"
    assert with_web.run("kubectl cordon kind-worker") == "node/kind-worker already cordoned\n"
    text, _ = with_web.follow("kubectl drain kind-worker --ignore-daemonsets")
    assert text.endswith("node/kind-worker drained\n")
    assert with_web.run("kubectl get pods -o jsonpath='{.items[*].spec.nodeName}'").split() == ["kind-worker2"] * 3
    assert with_web.run("kubectl uncordon kind-worker") == "node/kind-worker uncordoned\n"
    assert with_web.run("kubectl taint node kind-worker a=b:NoSchedule") == "node/kind-worker tainted\n"
    assert with_web.run("kubectl taint node kind-worker a-") == "node/kind-worker untainted\n"


def test_the_editor_learns_the_place_of_a_mistake(terminal: Any) -> None:
    reply = terminal.station.apply_text(CONF + "---\n" + WEB.replace("  replicas: 2", "  replicaz: 2"))
    assert reply["results"][0] == {"line": 1, "text": "configmap/conf created", "ok": True}
    assert reply["results"][1]["ok"] is False
    problem = reply["problems"][0]
    assert (problem["line"], problem["path"], problem["severity"]) == (10, "spec.replicaz", "error")
    assert terminal.station.apply_text("a: b: c")["problems"][0]["line"] == 1


def test_a_diff_shows_what_apply_would_change(terminal: Any) -> None:
    terminal.run("kubectl apply -f -", CONF)
    reply = terminal.station.diff_text(CONF.replace("{k: v}", "{k: w}"))
    assert "-  k: v\n+  k: w\n" in reply["diff"]
    assert terminal.station.diff_text(CONF) == {"diff": "", "problems": []}


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("kubectl rollo", ["rollout "]),
        ("kubectl rollout st", ["status "]),
        ("kubectl get depl", ["deployments "]),
        ("kubectl get deploy w", ["web "]),
        ("kubectl get deploy/w", ["deploy/web "]),
        ("kubectl get pods -n kube-s", ["kube-system "]),
        ("kubectl get pods --show-la", ["--show-labels "]),
        ("kubectl get pods -o ya", ["yaml "]),
        ("kubectl cordon kind-worker", ["kind-worker ", "kind-worker2 "]),
        ("cat no", ["notes.txt "]),
        ("kubectl apply -f no", ["notes.txt "]),
        ("kube", ["kubectl "]),
        ("kind de", ["delete "]),
        ("kind get ", ["clusters ", "kubeconfig ", "nodes "]),
        ("kind delete cluster --name ", ["kind "]),
        ("kind create cluster --wa", ["--wait="]),
    ],
)
def test_a_line_is_completed(with_web: Any, line: str, options: list[str]) -> None:
    with_web.run("echo x > notes.txt")
    assert [option["text"] for option in complete(with_web.station, line, len(line))["options"]] == options


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"kind": "nope"},
        {"kind": "watch"},
        {"kind": "watch", "resource": "foo", "namespace": 5},
        {"kind": "gone", "objects": 7},
        {"kind": "repeat", "words": ["delete", "deploy", "web"], "due": 0, "shown": ""},
        {"kind": "repeat", "words": [], "due": 0},
        {"kind": "wait", "for": "x", "left": [["pods"]]},
    ],
    ids=str,
)
def test_a_forged_token_is_refused_and_changes_nothing(with_web: Any, token: dict[str, Any]) -> None:
    before = with_web.cluster.state_hash()
    reply = with_web.station.follow(token)
    assert (reply["done"], reply["exit"]) == (True, 1)
    assert reply["stdout"].startswith("error: ")
    assert with_web.cluster.state_hash() == before
