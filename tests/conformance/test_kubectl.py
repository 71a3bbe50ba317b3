"""Statements of sig-cli, with the kubectl of the terminal (`test/e2e/kubectl`)."""

import json
import re
from typing import Any

from tests.conformance.conftest import AGNHOST, BUSYBOX, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
SIG = "[sig-cli] Kubectl client"
HTTPD = "registry.k8s.io/e2e-test-images/httpd:2.4.38-4"
HTTPD_NEW = "registry.k8s.io/e2e-test-images/httpd:2.4.39-4"
NAUTILUS = "registry.k8s.io/e2e-test-images/nautilus:1.7"


def _create(suite: Suite, *objects: Obj) -> None:
    for one in objects:
        suite.sh("kubectl create -f -", stdin=json.dumps(one))
    suite.wait()


def _primary() -> Obj:
    labels = {"app": "agnhost", "role": "primary"}
    container = {
        "name": "agnhost-primary",
        "image": AGNHOST,
        "ports": [{"name": "agnhost-server", "containerPort": 6379}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    metadata = {"name": "agnhost-primary", "labels": labels}
    spec = {"replicas": 1, "selector": labels, "template": template}
    return {"apiVersion": "v1", "kind": "ReplicationController", "metadata": metadata, "spec": spec}


def _pods(suite: Suite, selector: str) -> list[Obj]:
    return list(suite.do("GET", PODS, labelSelector=selector)["items"])


def _names(suite: Suite, selector: str) -> list[str]:
    return [pod["metadata"]["name"] for pod in _pods(suite, selector)]


def _says(output: str, *wanted: list[str]) -> None:
    """Lines in this order, each with its words in this order."""
    lines = iter(output.splitlines())
    for words in wanted:
        pattern = ".*".join(re.escape(word) for word in words)
        assert any(re.search(pattern, line) for line in lines), (words, output)


@conforms(
    f"{SIG} Kubectl api-versions should check if v1 is in available api versions [Conformance]",
    f"{SIG} Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]",
    f"{SIG} Kubectl version should check is all data is printed [Conformance]",
)
def test_kubectl_tells_of_the_cluster(suite: Suite) -> None:
    assert "v1" in suite.sh("kubectl api-versions").splitlines()
    info = suite.sh("kubectl cluster-info")
    assert "Kubernetes control plane" in info
    assert "is running at" in info
    assert re.fullmatch(
        r"Client Version: v1\.\d+\.\d+\nKustomize Version: v5\.\d+\.\d+\nServer Version: v1\.\d+\.\d+\n",
        suite.sh("kubectl version"),
    )
    for side in json.loads(suite.sh("kubectl version -o json")).values():
        if isinstance(side, dict):
            assert {
                "major",
                "minor",
                "gitVersion",
                "gitCommit",
                "gitTreeState",
                "buildDate",
                "goVersion",
                "compiler",
                "platform",
            } <= side.keys()


@conforms(
    f"{SIG} Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]"
)
def test_describe_tells_what_is_relevant(suite: Suite) -> None:
    labels = {"app": "agnhost", "role": "primary"}
    service = {"ports": [{"port": 6379, "targetPort": "agnhost-server"}], "selector": labels}
    metadata = {"name": "agnhost-primary", "labels": labels}
    _create(suite, _primary(), {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service})
    (pod,) = _names(suite, "app=agnhost")
    _says(
        suite.sh(f"kubectl describe pod {pod}"),
        ["Name:", "agnhost-primary-"], ["Namespace:", "default"], ["Node:"], ["Labels:", "app=agnhost"], ["role=primary"],
        ["Annotations:"], ["Status:", "Running"], ["IP:"], ["Controlled By:", "ReplicationController/agnhost-primary"],
        ["Image:", AGNHOST], ["State:", "Running"], ["QoS Class:", "BestEffort"],
    )  # fmt: skip
    _says(
        suite.sh("kubectl describe rc agnhost-primary"),
        ["Name:", "agnhost-primary"], ["Namespace:", "default"], ["Selector:", "app=agnhost,role=primary"],
        ["Labels:", "app=agnhost"], ["role=primary"], ["Annotations:"], ["Replicas:", "1 current", "1 desired"],
        ["Pods Status:", "1 Running", "0 Waiting", "0 Succeeded", "0 Failed"], ["Pod Template:"], ["Image:", AGNHOST], ["Events:"],
    )  # fmt: skip
    _says(
        suite.sh("kubectl describe service agnhost-primary"),
        ["Name:", "agnhost-primary"], ["Namespace:", "default"], ["Labels:", "app=agnhost"], ["role=primary"],
        ["Annotations:"], ["Selector:", "app=agnhost", "role=primary"], ["Type:", "ClusterIP"], ["IP:"],
        ["Port:", "<unset>", "6379/TCP"], ["Endpoints:"], ["Session Affinity:", "None"],
    )  # fmt: skip
    _says(
        suite.sh("kubectl describe node kind-control-plane"),
        ["Name:", "kind-control-plane"], ["Labels:"], ["Annotations:"], ["CreationTimestamp:"], ["Conditions:"],
        ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"], ["Addresses:"], ["Capacity:"],
        ["Kernel Version:"], ["OS Image:"], ["Container Runtime Version:"], ["Kubelet Version:"], ["Kube-Proxy Version:"], ["Pods:"],
    )  # fmt: skip
    _says(
        suite.sh("kubectl describe namespace default"),
        ["Name:", "default"],
        ["Labels:"],
        ["Annotations:"],
        ["Status:", "Active"],
    )


def _httpd_deployment(image: str) -> Obj:
    labels = {"app": "httpd"}
    container = {"name": "httpd", "image": image, "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "httpd-deployment"}, "spec": spec}


@conforms(f"{SIG} Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]")
def test_diff_finds_a_difference(suite: Suite) -> None:
    _create(suite, _httpd_deployment(HTTPD))
    reply = suite.cluster.apply(
        {"kind": "shell", "line": "kubectl diff -f -", "stdin": json.dumps(_httpd_deployment(BUSYBOX))}
    )
    assert reply["exit"] == 1
    assert f"-      - image: {HTTPD}\n+      - image: {BUSYBOX}" in reply["stdout"]


@conforms(f"{SIG} Kubectl expose should create services for rc [Conformance]")
def test_expose_makes_services(suite: Suite) -> None:
    _create(suite, _primary())
    (pod,) = _names(suite, "app=agnhost")
    assert "Paused" in suite.log(pod)
    for line, name, port in (("rc agnhost-primary", "rm2", 1234), ("service rm2", "rm3", 2345)):
        suite.sh(f"kubectl expose {line} --name={name} --port={port} --target-port=6379")
        suite.wait()
        ports = suite.do("GET", f"{CORE}/services/{name}")["spec"]["ports"]
        assert [(one["port"], one["targetPort"]) for one in ports] == [(port, 6379)]
        (subset,) = suite.do("GET", f"{CORE}/endpoints/{name}")["subsets"]
        assert [one["targetRef"]["name"] for one in subset["addresses"]] == [pod]
        assert [one["port"] for one in subset["ports"]] == [6379]


@conforms(f"{SIG} Kubectl label should update the label on a resource [Conformance]")
def test_a_label_comes_and_goes(suite: Suite) -> None:
    suite.pod("pause", metadata={"labels": {"name": "pause"}})
    suite.sh("kubectl label pods pause testing-label=testing-label-value")
    assert "testing-label-value" in suite.sh("kubectl get pod pause -L testing-label")
    assert "pause" in suite.sh("kubectl get pod -l testing-label")
    suite.sh("kubectl label pods pause testing-label-")
    assert "testing-label-value" not in suite.sh("kubectl get pod pause -L testing-label")
    assert suite.sh("kubectl get pod -l testing-label") == ""


@conforms(f"{SIG} Kubectl patch should add annotations for pods in rc [Conformance]")
def test_pods_are_annotated_by_a_patch(suite: Suite) -> None:
    _create(suite, _primary())
    pods = _names(suite, "app=agnhost")
    assert len(pods) == 1
    for pod in pods:
        suite.sh(f"""kubectl patch pod {pod} -p '{{"metadata":{{"annotations":{{"x":"y"}}}}}}'""")
    assert [pod["metadata"]["annotations"]["x"] for pod in _pods(suite, "app=agnhost")] == ["y"]


@conforms(
    f"{SIG} Kubectl run pod should create a pod from an image when restart is Never [Conformance]",
    f"{SIG} Kubectl replace should update a single-container pod's image [Conformance]",
)
def test_a_pod_is_run_and_replaced(suite: Suite) -> None:
    suite.sh(f"kubectl run e2e-pod --restart=Never --image={HTTPD}")
    suite.wait()
    pod = suite.do("GET", f"{PODS}/e2e-pod")
    assert [one["image"] for one in pod["spec"]["containers"]] == [HTTPD]
    assert (pod["spec"]["restartPolicy"], pod["status"]["phase"]) == ("Never", "Running")
    suite.sh("kubectl delete pods e2e-pod")
    suite.wait(40)
    suite.sh(f"kubectl run e2e-pod --image={HTTPD} --labels=run=e2e-pod")
    suite.wait()
    assert _pods(suite, "run=e2e-pod")[0]["status"]["phase"] == "Running"
    written = suite.sh("kubectl get pod e2e-pod -o json").replace(HTTPD, BUSYBOX, 1)
    suite.sh("kubectl replace -f -", stdin=written)
    assert suite.do("GET", f"{PODS}/e2e-pod")["spec"]["containers"][0]["image"] == BUSYBOX
    before = suite.do("GET", f"{PODS}/e2e-pod")["metadata"]["uid"]
    suite.sh(
        "kubectl replace --force -f -", stdin=suite.sh("kubectl get pod e2e-pod -o json").replace(BUSYBOX, HTTPD_NEW)
    )
    after = suite.do("GET", f"{PODS}/e2e-pod")
    assert after["metadata"]["uid"] != before
    assert after["spec"]["containers"][0]["image"] == HTTPD_NEW


@conforms(f"{SIG} Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]")
def test_a_dry_run_changes_nothing(suite: Suite) -> None:
    suite.sh(f"kubectl run e2e-pod --image={HTTPD} --labels=run=e2e-pod")
    patch = json.dumps({"spec": {"containers": [{"name": "e2e-pod", "image": BUSYBOX}]}})
    assert (
        suite.sh(f"kubectl patch pod e2e-pod -p '{patch}' --dry-run=server") == "pod/e2e-pod patched (server dry run)\n"
    )
    assert suite.do("GET", f"{PODS}/e2e-pod")["spec"]["containers"][0]["image"] == HTTPD
    suite.sh("kubectl delete pods e2e-pod")


def _update_demo(replicas: int) -> Obj:
    labels = {"name": "update-demo", "version": "nautilus"}
    container = {"name": "update-demo", "image": NAUTILUS, "ports": [{"containerPort": 80, "protocol": "TCP"}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": labels, "template": template}
    return {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "update-demo-nautilus"},
        "spec": spec,
    }


def _validate_demo(suite: Suite, count: int) -> None:
    """As `ValidateController`: the names, that each runs, its image, and what it serves."""
    names = suite.sh(
        "kubectl get pods -o template --template='{{range .items}}{{.metadata.name}} {{end}}' -l name=update-demo"
    ).split()
    assert len(names) == count
    running = (
        '{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}'
        '{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}'
    )
    image = '{{if (exists . "spec" "containers")}}{{range .spec.containers}}{{if eq .name "update-demo"}}{{.image}}{{end}}{{end}}{{end}}'
    for name in names:
        assert suite.sh(f"kubectl get pods {name} -o template --template='{running}'") == "true"
        assert suite.sh(f"kubectl get pods {name} -o template --template='{image}'") == NAUTILUS
        assert json.loads(suite.do_text("GET", f"{PODS}/{name}/proxy/data.json")) == {"image": "nautilus.jpg"}


@conforms(
    f"{SIG} Update Demo should create and stop a replication controller [Conformance]",
    f"{SIG} Update Demo should scale a replication controller [Conformance]",
)
def test_the_update_demo_is_scaled_and_stopped(suite: Suite) -> None:
    _create(suite, _update_demo(2))
    _validate_demo(suite, 2)
    for count in (1, 2):
        suite.sh(f"kubectl scale rc update-demo-nautilus --replicas={count} --timeout=5m")
        suite.wait(40)
        _validate_demo(suite, count)
    suite.sh("kubectl delete --grace-period=0 --force -f -", stdin=json.dumps(_update_demo(2)))
    suite.wait(40)
    assert suite.sh("kubectl get rc,svc -l name=update-demo --no-headers") == ""
    assert _names(suite, "name=update-demo") == []


@conforms("[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]")
def test_logs_are_filtered(suite: Suite) -> None:
    suite.sh(
        f"kubectl run logs-generator --image={AGNHOST} --restart=Never --pod-running-timeout=2m0s -- logs-generator --log-lines-total 100 --run-duration 20s"
    )
    suite.wait()
    # An example line: I1125 10:21:24.109382       1 logs_generator.go:76] 0 POST /api/v1/namespaces/ns/pods/vc0 395
    line = r"I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ logs_generator\.go:\d+\] \d+ (GET|POST|PUT) /api/v1/namespaces/[\w-]+/pods/\w+ \d+"
    first = suite.sh("kubectl logs logs-generator logs-generator")
    assert re.fullmatch(line, first.splitlines()[0])
    assert len(suite.sh("kubectl logs logs-generator logs-generator --tail=1").splitlines()) == 1
    assert len(suite.sh("kubectl logs logs-generator logs-generator --limit-bytes=1")) == 1
    stamped = suite.sh("kubectl logs logs-generator logs-generator --tail=1 --timestamps")
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z {line}\n", stamped)
    suite.wait(5)
    recent = suite.sh("kubectl logs logs-generator logs-generator --since=1s").splitlines()
    older = suite.sh("kubectl logs logs-generator logs-generator --since=24h").splitlines()
    assert 0 < len(recent) < len(older)


def _guestbook(name: str, role: str, replicas: int, port: int, *args: str) -> list[Obj]:
    labels = {
        "app": "guestbook" if role == "frontend" else "agnhost",
        "role": role,
        "tier": "frontend" if role == "frontend" else "backend",
    }
    container = {"name": role, "image": AGNHOST, "args": ["guestbook", *args], "ports": [{"containerPort": port}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    ports = [{"port": port, **({"targetPort": port} if role == "primary" else {})}]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {"ports": ports, "selector": labels},
        },
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec},
    ]


@conforms(f"{SIG} Guestbook application should create and stop a working application [Conformance]")
def test_the_guestbook_works(suite: Suite) -> None:
    objects = [
        *_guestbook("agnhost-replica", "replica", 2, 6379, "--replicaof", "agnhost-primary", "--http-port", "6379"),
        *_guestbook("frontend", "frontend", 3, 80, "--backend-port", "6379"),
        *_guestbook("agnhost-primary", "primary", 1, 6379, "--http-port", "6379"),
    ]
    _create(suite, *objects)
    pods = suite.do("GET", PODS)["items"]
    assert [pod["status"]["phase"] for pod in pods] == ["Running"] * 6

    def asked(command: str, value: str) -> Obj:
        found = suite.do_text(
            "GET", f"{CORE}/services/frontend/proxy/guestbook", cmd=command, key="messages", value=value
        )
        return dict(json.loads(found))

    assert asked("get", "") == {"data": ""}
    assert asked("set", "TestEntry") == {"message": "Updated"}
    # Whichever replica answers.
    assert [asked("get", "") for _ in range(8)] == [{"data": "TestEntry"}] * 8
    for one in objects:
        suite.sh("kubectl delete --grace-period=0 --force -f -", stdin=json.dumps(one))
    suite.wait(40)
    assert suite.do("GET", PODS)["items"] == []
