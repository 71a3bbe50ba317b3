"""Groups E and G: where pods go, and how a Deployment changes them."""

from typing import Any

import pytest


def pod(name: str, spec: str = "", container: str = "") -> str:
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n{spec}  containers:\n"
        f"  - {{name: c, image: 'nginx:1.27'{container}}}\n"
    )


@pytest.fixture
def web(lab: Any) -> Any:
    lab.run("kubectl create deployment web --image=nginx:1.27 --replicas=3")
    lab.wait(20)
    return lab


def test_a_pod_waits_for_the_label_it_selects(lab: Any) -> None:
    lab.run("kubectl apply -f -", pod("fast", spec="  nodeSelector: {disk: ssd}\n"))
    lab.wait(10)
    assert lab.column("kubectl get pods", "STATUS") == ["Pending"]
    assert "node(s) didn't match Pod's node affinity/selector" in lab.run("kubectl describe pod fast")
    lab.run("kubectl label node book-worker disk=ssd")
    lab.wait(20)
    assert lab.value("pod fast", "{.spec.nodeName}") == "book-worker"


def test_the_counts_of_a_failed_attempt_are_those_of_the_verdicts(lab: Any) -> None:
    lab.run("kubectl apply -f -", pod("big", container=", resources: {requests: {cpu: 3}}"))
    lab.wait(10)
    decision = lab.cluster.scheduler.decision(lab.value("pod big", "{.metadata.uid}"))
    counts = {reason: one["count"] for one in decision["rejected"] for reason in one["reasons"]}
    assert counts == {
        "Insufficient cpu": 2,
        "node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }": 1,
    }
    assert (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient cpu."
        in lab.run("kubectl describe pod big")
    )


def test_anti_affinity_leaves_the_fourth_replica_of_three_nodes_pending(make_lab: Any) -> None:
    lab = make_lab(workers=3)
    lab.run(
        "kubectl apply -f -",
        """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: apart}
spec:
  replicas: 4
  selector: {matchLabels: {app: apart}}
  template:
    metadata: {labels: {app: apart}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: apart}}}
      containers: [{name: c, image: "nginx:1.27"}]
""",
    )
    lab.wait(20)
    assert sorted(lab.column("kubectl get pods", "STATUS")) == ["Pending", "Running", "Running", "Running"]
    assert "3 node(s) didn't match pod anti-affinity rules" in lab.run("kubectl get events")


def test_a_hard_spread_keeps_zones_within_their_skew(make_lab: Any) -> None:
    lab = make_lab(workers=3)
    for node, zone in (("book-worker", "a"), ("book-worker2", "b"), ("book-worker3", "b")):
        lab.run(f"kubectl label node {node} topology.kubernetes.io/zone={zone}")
    spread = "{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: even}}}"
    lab.run(
        "kubectl apply -f -",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: even}\nspec:\n  replicas: 4\n"
        "  selector: {matchLabels: {app: even}}\n  template:\n    metadata: {labels: {app: even}}\n"
        f"    spec:\n      topologySpreadConstraints: [{spread}]\n      containers: [{{name: c, image: 'nginx:1.27'}}]\n",
    )
    lab.wait(20)
    nodes = lab.value("pods -l app=even", "{.items[*].spec.nodeName}").split()
    assert (nodes.count("book-worker"), len(nodes)) == (2, 4)
    lab.run("kubectl cordon book-worker")
    lab.run("kubectl scale deployment even --replicas=6")
    lab.wait(20)
    assert lab.column("kubectl get pods", "STATUS").count("Pending") == 1
    assert "node(s) didn't match pod topology spread constraints" in lab.run("kubectl get events")


def test_requests_count_and_use_does_not(lab: Any) -> None:
    for name in ("one", "two", "three"):
        lab.run("kubectl apply -f -", pod(name, container=", resources: {requests: {cpu: 1500m}}"))
    lab.wait(20)
    assert sorted(lab.column("kubectl get pods", "STATUS")) == ["Pending", "Running", "Running"]
    assert "cpu                1500m (75%)" in lab.run("kubectl describe node book-worker")


def test_a_limit_alone_is_also_the_request(lab: Any) -> None:
    lab.run("kubectl apply -f -", pod("one", container=", resources: {limits: {cpu: 1, memory: 1Gi}}"))
    assert lab.value("pod one", "{.spec.containers[0].resources.requests.cpu} {.status.qosClass}") == "1 Guaranteed"


def test_a_deployment_makes_a_set_and_the_set_makes_pods(web: Any) -> None:
    assert web.column("kubectl get deploy", "READY") == ["3/3"]
    assert web.column("kubectl get deploy", "UP-TO-DATE") == ["3"]
    assert web.column("kubectl get deploy", "AVAILABLE") == ["3"]
    [name] = web.column("kubectl get rs", "NAME")
    digest = web.value("pods", "{.items[0].metadata.labels.pod-template-hash}")
    assert name == f"web-{digest}"


def test_without_its_controller_a_deployment_is_only_a_record(lab: Any) -> None:
    lab.fault("component-stop", "kube-controller-manager")
    lab.run("kubectl create deployment web --image=nginx:1.27")
    lab.wait(30)
    assert lab.value("deploy web", "{.metadata.generation}|{.status.observedGeneration}") == "1|"
    assert lab.column("kubectl get rs", "NAME") == []
    lab.fault("component-start", "kube-controller-manager")
    lab.wait(60)
    assert lab.value("deploy web", "{.metadata.generation}|{.status.observedGeneration}") == "1|1"


def test_a_pod_without_its_label_is_orphaned_and_replaced(web: Any) -> None:
    pod = web.column("kubectl get pods", "NAME")[0]
    web.run(f"kubectl label pod {pod} app=debug --overwrite")
    web.wait(20)
    assert len(web.column("kubectl get pods -l app=web", "NAME")) == 3
    assert web.value(f"pod {pod}", "{.metadata.ownerReferences}") == ""
    assert web.column(f"kubectl get pod {pod}", "STATUS") == ["Running"]


def test_a_hand_scaled_set_is_put_right(web: Any) -> None:
    [name] = web.column("kubectl get rs", "NAME")
    web.run(f"kubectl scale rs {name} --replicas=5")
    web.wait(20)
    assert web.column("kubectl get rs", "DESIRED") == ["3"]


def test_scaling_is_told_by_an_event(web: Any) -> None:
    web.run("kubectl scale deploy web --replicas=5")
    web.wait(20)
    assert len(web.column("kubectl get pods", "NAME")) == 5
    [name] = web.column("kubectl get rs", "NAME")
    assert f"Scaled up replica set {name} from 3 to 5" in web.run("kubectl get events")


def test_the_old_set_stays_at_zero_and_undo_winds_it_up(web: Any) -> None:
    [old] = web.column("kubectl get rs", "NAME")
    web.run("kubectl set image deploy/web nginx=nginx:1.28")
    web.wait(60)
    assert web.run(f"kubectl get rs {old} --no-headers").split()[:4] == [old, "0", "0", "0"]
    web.run("kubectl annotate deploy web kubernetes.io/change-cause='nginx 1.28'")
    web.wait(5)
    assert [line.split(None, 1) for line in web.run("kubectl rollout history deploy/web").splitlines()[2:4]] == [
        ["1", "<none>"],
        ["2", "nginx 1.28"],
    ]
    web.run("kubectl rollout undo deploy/web --to-revision=1")
    web.wait(60)
    assert web.run(f"kubectl get rs {old} --no-headers").split()[:4] == [old, "3", "3", "3"]
    assert [line.split()[0] for line in web.run("kubectl rollout history deploy/web").splitlines()[2:4]] == ["2", "3"]
    assert "unable to find" in web.refusal("kubectl rollout undo deploy/web --to-revision=9")


def test_a_pause_gathers_edits_into_one_revision(web: Any) -> None:
    web.run("kubectl rollout pause deploy/web")
    web.run("kubectl set image deploy/web nginx=nginx:1.28")
    web.run("kubectl set env deploy/web TONE=calm")
    web.wait(10)
    assert len(web.column("kubectl get rs", "NAME")) == 1
    web.run("kubectl rollout resume deploy/web")
    web.wait(60)
    assert len(web.column("kubectl get rs", "NAME")) == 2


def test_one_manifest_becomes_three_kinds_in_order(web: Any) -> None:
    made = [
        row.resource for row in web.cluster.engine.trail.rows() if row.verb == "create" and row.namespace == "default"
    ]
    kinds = ("deployments.apps", "replicasets.apps", "pods")
    assert [resource for resource in dict.fromkeys(made) if resource in kinds] == list(kinds)


def test_a_killed_pod_is_replaced(web: Any) -> None:
    pod = web.column("kubectl get pods", "NAME")[0]
    web.run(f"kubectl delete pod {pod}")
    web.wait(30)
    assert web.column("kubectl get deploy", "READY") == ["3/3"]
    assert web.run("kubectl get events").count("SuccessfulCreate") == 4


def test_a_bad_image_runs_into_the_progress_deadline(web: Any) -> None:
    web.run('kubectl patch deploy web -p \'{"spec":{"progressDeadlineSeconds":30}}\'')
    web.run("kubectl set image deploy/web nginx=nginx:nope")
    web.wait(60)
    path = '{.status.conditions[?(@.type=="Progressing")].reason}'
    assert web.value("deploy web", path) == "ProgressDeadlineExceeded"
    assert web.failure("kubectl rollout status deploy/web").endswith(
        'error: deployment "web" exceeded its progress deadline\n'
    )


def test_a_daemon_follows_the_nodes(lab: Any) -> None:
    lab.run(
        "kubectl apply -f -",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: log}\nspec:\n  selector: {matchLabels: {app: log}}\n"
        '  template:\n    metadata: {labels: {app: log}}\n    spec: {containers: [{name: c, image: "nginx:1.27"}]}\n',
    )
    lab.wait(20)
    assert lab.column("kubectl get ds", "DESIRED") == ["2"]
    assert lab.column("kubectl get ds", "READY") == ["2"]
