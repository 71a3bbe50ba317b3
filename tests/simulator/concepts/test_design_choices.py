"""Rows B2, B11, E9, G15 and N8: the same aim reached in two ways, and what tells them apart."""

from typing import Any

import pytest

from tests.simulator.concepts.test_traffic import JUMP, READY, deployment, expose, meter, start

Check = dict[str, Any]


def passed(lab: Any, *checks: Check) -> list[bool]:
    asked = [{"id": str(number), "say": "", **check} for number, check in enumerate(checks)]
    reply = lab.cluster.apply({"kind": "check", "checks": asked})
    assert reply["changed"] is False
    return [result["passed"] for result in reply["results"]]


def values(lab: Any, **value: Any) -> list[str]:
    reply = lab.cluster.apply({"kind": "check", "checks": [{"id": "v", "say": "", "value": value}]})
    return list(reply["results"][0]["values"])


# B2: what counts is the object, whatever the way to it

GOAL: Check = {
    "state": {
        "resource": "deployments.apps",
        "name": "web",
        "where": [
            {"path": "spec.replicas", "is": 3},
            {"path": "spec.template.spec.containers[0].image", "is": "nginx:1.27"},
            {"path": "status.readyReplicas", "is": 3},
        ],
    }
}
MANIFEST = deployment(image="nginx:1.27")


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([("kubectl apply -f -", MANIFEST)], id="apply"),
        pytest.param([("kubectl apply --server-side -f -", MANIFEST)], id="server-side"),
        pytest.param([("kubectl create -f -", MANIFEST)], id="create from a file"),
        pytest.param([("kubectl create deployment web --image=nginx:1.27 --replicas=3", "")], id="create"),
        pytest.param(
            [
                ("kubectl create deployment web --image=nginx:1.26", ""),
                ("kubectl scale deployment web --replicas=3", ""),
                ("kubectl set image deployment/web nginx=nginx:1.27", ""),
            ],
            id="step by step",
        ),
        pytest.param(
            [
                ("kubectl create deployment web --image=nginx:1.26", ""),
                (
                    """kubectl patch deployment web -p '{"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "nginx", "image": "nginx:1.27"}]}}}}'""",
                    "",
                ),
            ],
            id="patch",
        ),
    ],
)
def test_every_way_to_the_same_object_passes(lab: Any, steps: list[tuple[str, str]]) -> None:
    for line, stdin in steps:
        assert passed(lab, GOAL) == [False]
        lab.run(line, stdin)
    lab.wait(120)
    assert passed(lab, GOAL) == [True]


# B11: image, pod, controller


def step(resource: str, path: str, **is_so: Any) -> Check:
    return {"state": {"resource": resource, "namespace": "default", "where": [{"path": path, **is_so}]}}


STEPS = (
    step("pods", "spec.containers[0].image", matches="^drydock/"),
    step("pods", "status.containerStatuses[0].imageID", matches="."),
    step("pods", "status.phase", **{"is": "Running"}),
    step("deployments.apps", "status.readyReplicas", at_least=1),
)


def test_an_app_needs_an_image_a_pod_and_a_controller(lab: Any) -> None:
    assert passed(lab, *STEPS) == [False, False, False, False]
    lab.run("kubectl run app --image=drydock/slow:9.9")
    lab.wait(15)
    assert lab.column("kubectl get pods", "STATUS")[0] in ("ErrImagePull", "ImagePullBackOff")
    events = lab.run("kubectl get events")
    assert "Error: ErrImagePull" in events
    assert passed(lab, *STEPS) == [True, False, False, False]
    lab.run("kubectl set image pod/app app=drydock/slow:1.0")
    lab.wait(400)
    assert passed(lab, *STEPS) == [True, True, True, False]
    lab.run("kubectl delete pod app")
    lab.wait(60)
    assert passed(lab, *STEPS) == [False, False, False, False]
    lab.run("kubectl apply -f -", deployment(replicas=1))
    lab.wait(60)
    assert passed(lab, *STEPS) == [True, True, True, True]


# E9: together in a pod, or near each other

TOGETHER = """
apiVersion: v1
kind: Pod
metadata: {name: both, labels: {app: both}}
spec:
  volumes: [{name: shared, emptyDir: {}}]
  containers:
  - {name: writer, image: "busybox:1.36", command: [sh, -c, "echo hello > /shared/file; sleep 1d"], volumeMounts: [{name: shared, mountPath: /shared}]}
  - {name: web, image: "nginx:1.27", volumeMounts: [{name: shared, mountPath: /shared}]}
"""
NEAR = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web, set: near}}
spec: {containers: [{name: web, image: "nginx:1.27", volumeMounts: [{name: mine, mountPath: /shared}]}], volumes: [{name: mine, emptyDir: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: writer, labels: {app: writer, set: near}}
spec:
  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchLabels: {app: web}}, topologyKey: kubernetes.io/hostname}]}}
  volumes: [{name: mine, emptyDir: {}}]
  containers: [{name: writer, image: "busybox:1.36", command: [sh, -c, "echo hello > /shared/file; sleep 1d"], volumeMounts: [{name: mine, mountPath: /shared}]}]
"""


def test_containers_of_a_pod_share_address_files_and_fate(lab: Any) -> None:
    lab.run("kubectl apply -f -", TOGETHER)
    lab.wait(30)
    assert len(values(lab, resource="pods", labels="app=both", path="spec.nodeName")) == 1
    assert len(values(lab, resource="pods", labels="app=both", path="status.podIP")) == 1
    assert lab.run("kubectl exec both -c web -- cat /shared/file") == "hello\n"
    assert "Welcome to nginx" in lab.run("kubectl exec both -c writer -- wget -qO- http://localhost")


def test_pods_near_each_other_share_the_machine_only(lab: Any) -> None:
    lab.run("kubectl apply -f -", NEAR)
    lab.wait(30)
    assert len(values(lab, resource="pods", labels="set=near", path="spec.nodeName")) == 1
    assert len(values(lab, resource="pods", labels="set=near", path="status.podIP")) == 2
    assert "No such file" in lab.failure("kubectl exec web -- cat /shared/file")
    assert "refused" in lab.failure("kubectl exec writer -- wget -qO- http://localhost")
    lab.run("kubectl delete pod web")
    lab.wait(60)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"], "each has a fate of its own"


# G15: blue and green by hand, and a Deployment

BY_HAND = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}, labels: {{app: {0}}}}}\n"
    'spec: {{containers: [{{name: c, image: "drydock/slow:1.0"'
    + READY.replace("{", "{{").replace("}", "}}")
    + "}}]}}\n"
)
SWAP = """kubectl patch service shop -p '{"spec": {"selector": {"app": "green"}}}'"""


def swapped(lab: Any, *, waits: bool) -> dict[str, Any]:
    """A script: starts green, turns the proxy, takes blue away."""
    lab.run("kubectl apply -f -", BY_HAND.format("blue"))
    lab.run("kubectl expose pod blue --name=shop --port=80 --target-port=8080")
    lab.run(JUMP)
    lab.wait(60)
    flow = start(lab, "shop")
    lab.wait(10)
    lab.run("kubectl apply -f -", BY_HAND.format("green"))
    if waits:
        lab.run("kubectl wait --for=condition=Ready pod/green --timeout=60s")
        lab.wait(30)
    lab.run(SWAP)
    lab.run("kubectl delete pod blue --wait=false")
    lab.wait(110 - 30 * waits)
    return meter(lab, flow)


def test_a_scripted_swap_is_down_while_a_deployment_is_not(lab: Any) -> None:
    by_script = swapped(lab, waits=False)
    lab.run("kubectl apply -f -", deployment("fleet", more=READY, replicas=1))
    expose(lab, "fleet")
    lab.wait(60)
    flow = start(lab, "fleet")
    lab.wait(10)
    lab.run("kubectl rollout restart deployment/fleet")
    lab.wait(110)
    by_deployment = meter(lab, flow)
    assert by_script["sent"] >= by_deployment["sent"] == 6_000
    assert by_script["failed"] > 100
    assert by_deployment["failed"] == 0


def test_a_patient_script_loses_nothing_either(lab: Any) -> None:
    assert swapped(lab, waits=True)["failed"] == 0


# N8: whoever finds nobody leads

MEMBER = """
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: member}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: KIND
metadata: {name: member}
spec:
  replicas: 3
  SERVICE
  selector: {matchLabels: {app: member}}
  template:
    metadata: {labels: {app: member}}
    spec:
      containers:
      - name: member
        image: busybox:1.36
        command:
        - sh
        - -c
        - |
          sleep 2
          if nslookup peers.default.svc.cluster.local >/dev/null 2>&1; then echo follower; else echo leader; fi
          touch /tmp/ready
          sleep 1d
        readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}
"""


def roles(lab: Any, kind: str) -> list[str]:
    service = "serviceName: peers" if kind == "StatefulSet" else "progressDeadlineSeconds: 600"
    lab.run("kubectl apply -f -", MEMBER.replace("KIND", kind).replace("SERVICE", service))
    lab.wait(180)
    assert lab.column("kubectl get pods", "READY") == ["1/1"] * 3
    return sorted(lab.run("kubectl logs -l app=member").split())


def test_members_that_start_together_all_lead(lab: Any) -> None:
    found = roles(lab, "Deployment")
    assert found.count("leader") >= 2


def test_members_that_start_one_after_another_have_one_leader(lab: Any) -> None:
    assert roles(lab, "StatefulSet") == ["follower", "follower", "leader"]
    assert lab.run("kubectl logs member-0") == "leader\n"
