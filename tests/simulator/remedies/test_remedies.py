"""What would let a pending pod run: each reason of the scheduler, the smallest change against it, and that the change works."""

from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000
#: Replaces the template's part at `path`.
PATCH = """kubectl patch deployment web --type=json -p '[{"op":"add","path":"/spec/template/spec/%s","value":%s}]'"""
ANTI_AFFINITY = (
    '{"podAntiAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":'
    '[{"topologyKey":"kubernetes.io/hostname","labelSelector":{"matchLabels":{"app":"web"}}}]}}'
)
SPREAD = (
    '[{"maxSkew":1,"topologyKey":"kubernetes.io/hostname","whenUnsatisfiable":"DoNotSchedule",'
    '"labelSelector":{"matchLabels":{"app":"web"}}}]'
)
NODE_AFFINITY = (
    '{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":'
    '[{"matchExpressions":[{"key":"disk","operator":"In","values":["ssd"]}]}]}}}'
)
CREATE = "kubectl create deployment web --image=nginx:1.27"
BARE = """
apiVersion: v1
kind: Pod
metadata: {name: lone}
spec:
  containers: [{name: app, image: "nginx:1.27"%s}]
%s"""


def cluster_after(*lines: str, stdin: str = "", wait: float = 20) -> Cluster:
    cluster = Cluster.create()
    for line in lines:
        reply = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
        assert reply["exit"] == 0, reply
    run(cluster, wait)
    return cluster


def run(cluster: Cluster, seconds: float) -> None:
    until = cluster.now + int(seconds * SECOND)
    while not cluster.advance(until):
        continue


def waiting(cluster: Cluster) -> list[tuple[str, str]]:
    pods = cluster.registry.objects("pods")
    return sorted(
        (pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in pods if not pod["spec"].get("nodeName")
    )


def remedies(cluster: Cluster) -> dict[str, Any]:
    """Asked of the first pod that waits; the cluster stays exactly as it is."""
    namespace, name = waiting(cluster)[0]
    before = cluster.state_hash()
    reply = cluster.apply({"kind": "remedies", "namespace": namespace, "name": name})
    assert reply["changed"] is False
    assert cluster.state_hash() == before
    return reply


CASES = {
    "too much cpu": (
        (CREATE, "kubectl set resources deployment web --requests=cpu=64"),
        "Lower the cpu request from 64 to 4 in container nginx of Deployment web",
        "kubectl set resources deployment web -n default -c nginx --requests=cpu=4",
        "spec.template.spec.containers[0].resources.requests.cpu",
    ),
    "a taint": (
        ("kubectl taint nodes kind-worker kind-worker2 kind-worker3 team=a:NoSchedule", CREATE),
        "Let Deployment web tolerate the taint team=a:NoSchedule",
        "kubectl patch deployment web -n default --type=json -p '"
        '[{"op": "add", "path": "/spec/template/spec/tolerations", "value": '
        '[{"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}]}]\'',
        "spec.template.spec.tolerations",
    ),
    "cordoned nodes": (
        ("kubectl cordon kind-worker kind-worker2 kind-worker3", CREATE),
        "Uncordon kind-worker",
        "kubectl uncordon kind-worker",
        "spec.unschedulable",
    ),
    "a node selector": (
        (CREATE, PATCH % ("nodeSelector", '{"disk":"ssd"}')),
        "Give kind-worker the label disk=ssd",
        "kubectl label nodes kind-worker disk=ssd",
        "metadata.labels",
    ),
    "node affinity": (
        (CREATE, PATCH % ("affinity", NODE_AFFINITY)),
        "Let Deployment web do without its required node affinity",
        'kubectl patch deployment web -n default --type=json -p \'[{"op": "remove", "path": '
        '"/spec/template/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution"}]\'',
        "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution",
    ),
    "anti-affinity": (
        (
            "kubectl create deployment other --image=nginx:1.27 --replicas=6",
            CREATE,
            PATCH % ("affinity", ANTI_AFFINITY.replace("web", "other")),
        ),
        "Let Deployment web do without its required pod anti-affinity over kubernetes.io/hostname",
        'kubectl patch deployment web -n default --type=json -p \'[{"op": "remove", "path": '
        '"/spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution"}]\'',
        "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]",
    ),
    "a hard spread": (
        ("kubectl cordon kind-worker3", CREATE + " --replicas=3", PATCH % ("topologySpreadConstraints", SPREAD)),
        "Uncordon kind-worker3",
        "kubectl uncordon kind-worker3",
        "spec.unschedulable",
    ),
    "a host port": (
        (
            CREATE + " --replicas=4",
            PATCH % ("containers/0/ports", '[{"containerPort":80,"hostPort":8080}]'),
        ),
        "Let Deployment web do without the host port 8080",
        'kubectl patch deployment web -n default --type=json -p \'[{"op": "remove", "path": '
        '"/spec/template/spec/containers/0/ports/0/hostPort"}]\'',
        "spec.template.spec.containers[].ports[].hostPort",
    ),
    "another scheduler": (
        (CREATE, PATCH % ("schedulerName", '"mine"')),
        "Let Deployment web be placed by the default scheduler instead of mine",
        "kubectl patch deployment web -n default --type=json -p '"
        '[{"op": "remove", "path": "/spec/template/spec/schedulerName"}]\'',
        "spec.template.spec.schedulerName",
    ),
}


@pytest.mark.parametrize(("lines", "say", "line", "field"), CASES.values(), ids=CASES)
def test_the_smallest_change_is_told_with_its_field_and_its_command(
    lines: tuple[str, ...], say: str, line: str, field: str
) -> None:
    cluster = cluster_after(*lines)
    reply = remedies(cluster)
    assert reply["say"].partition(": then it runs on ")[0] == say
    first = reply["remedies"][0]
    assert first["commands"][0]["line"] == line
    assert [one for _, one in first["fields"]] == [field]
    assert (first["runs"], first["status"]) == (True, "Running")


@pytest.mark.parametrize("case", CASES, ids=CASES)
def test_what_is_told_works_in_the_cluster_itself(case: str) -> None:
    cluster = cluster_after(*CASES[case][0])
    many = len(waiting(cluster))
    for command in remedies(cluster)["remedies"][0]["commands"]:
        assert cluster.apply(command)["exit"] == 0
    run(cluster, 20)
    assert len(waiting(cluster)) < many


def test_a_change_that_only_looks_right_is_not_told() -> None:
    """Pods that run on every node keep new ones away by their own anti-affinity, whether those ask for it or not."""
    cluster = cluster_after(CREATE + " --replicas=4", PATCH % ("affinity", ANTI_AFFINITY))
    assert [one["say"] for one in remedies(cluster)["remedies"]] == [
        "let Deployment web tolerate the taint node-role.kubernetes.io/control-plane:NoSchedule",
        "let one more machine join",
        "take the taint node-role.kubernetes.io/control-plane:NoSchedule from kind-control-plane",
    ]


def test_what_was_done_a_moment_ago_counts() -> None:
    """The scheduler has not heard of it yet when it is asked."""
    cluster = Cluster.create()
    for line in ("kubectl cordon kind-worker kind-worker2 kind-worker3", "kubectl run lone --image=nginx:1.27"):
        cluster.apply({"kind": "shell", "line": line})
    assert remedies(cluster)["say"].startswith("Uncordon kind-worker: then it runs on kind-worker ")


def test_other_ways_are_told_too_each_of_another_kind() -> None:
    cluster = cluster_after("kubectl taint nodes kind-worker kind-worker2 kind-worker3 team=a:NoSchedule", CREATE)
    assert [one["say"] for one in remedies(cluster)["remedies"]] == [
        "let Deployment web tolerate the taint team=a:NoSchedule",
        "take the taint team=a:NoSchedule from kind-worker",
        "let one more machine join",
    ]


def test_two_obstacles_take_two_changes_when_no_single_one_will_do() -> None:
    text = BARE % (", resources: {requests: {cpu: 20}}", "  nodeSelector: {disk: ssd}\n")
    cluster = cluster_after("kubectl apply -f -", stdin=text)
    said = [one["say"] for one in remedies(cluster)["remedies"]]
    assert said == [
        "let one more machine join, with 21 CPUs and the label disk=ssd",
        "give kind-worker the label disk=ssd and lower the cpu request from 20 to 4 in container app of Pod lone",
    ]


def test_a_bare_pod_is_replaced_since_its_requests_cannot_be_patched() -> None:
    cluster = cluster_after("kubectl apply -f -", stdin=BARE % (", resources: {requests: {cpu: 20}}", ""))
    first = next(one for one in remedies(cluster)["remedies"] if "request" in one["say"])
    (command,) = first["commands"]
    assert command["line"] == "kubectl replace --force -f -"
    assert cluster.apply(command)["stdout"] == 'pod "lone" deleted\npod/lone replaced\n'
    run(cluster, 20)
    assert waiting(cluster) == []


def test_a_pod_with_gates_is_told_to_lose_them() -> None:
    cluster = cluster_after("kubectl apply -f -", stdin=BARE % ("", "  schedulingGates: [{name: hold.example.com}]\n"))
    reply = remedies(cluster)
    assert reply["say"].startswith("Take the scheduling gate hold.example.com from Pod lone: then it runs on ")


def test_a_claim_that_is_missing_is_created() -> None:
    volumes = "  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]\n"
    cluster = cluster_after("kubectl apply -f -", stdin=BARE % ("", volumes))
    reply = remedies(cluster)
    assert reply["say"].startswith("Create the PersistentVolumeClaim data: then it runs on ")


def test_a_scheduler_that_does_not_run_is_started() -> None:
    cluster = Cluster.create()
    cluster.apply({"kind": "fault", "fault": "component-stop", "target": "kube-scheduler"})
    cluster.apply({"kind": "shell", "line": CREATE})
    run(cluster, 5)
    reply = remedies(cluster)
    assert reply["say"].startswith("Start kube-scheduler again: then it runs on ")
    assert reply["remedies"][0]["commands"] == [
        {"kind": "fault", "fault": "component-start", "target": "kube-scheduler"}
    ]


def test_a_pod_that_will_run_anyway_needs_nothing() -> None:
    cluster = Cluster.create()
    cluster.apply({"kind": "shell", "line": CREATE})
    while not waiting(cluster):
        cluster.step()
    reply = remedies(cluster)
    assert reply["say"].startswith("Nothing has to change: ")
    assert reply["remedies"] == []


def test_a_workload_of_others_may_give_way() -> None:
    cluster = Cluster.create({"flavour": "kind", "nodes": [{"role": "control-plane"}, {"role": "worker"}]})
    text = BARE % (", resources: {requests: {cpu: 3}}", "")
    for line in (
        "kubectl create deployment big --image=nginx:1.27",
        "kubectl set resources deploy big --requests=cpu=3",
    ):
        cluster.apply({"kind": "shell", "line": line})
    run(cluster, 20)
    cluster.apply({"kind": "shell", "line": "kubectl taint nodes kind-control-plane a=b:NoSchedule c=d:NoSchedule"})
    cluster.apply({"kind": "shell", "line": "kubectl apply -f -", "stdin": text})
    run(cluster, 10)
    assert waiting(cluster) == [("default", "lone")]
    said = [one["say"] for one in remedies(cluster)["remedies"]]
    assert said == [
        "lower the cpu request from 3 to 1 in container app of Pod lone",
        "let one more machine join",
        "scale Deployment big from 1 to 0",
    ]


def test_a_pod_that_does_not_wait_has_no_remedies() -> None:
    cluster = cluster_after("kubectl run web --image=nginx:1.27")
    reply = cluster.apply({"kind": "remedies", "namespace": "default", "name": "web"})
    assert reply["error"]["message"] == (
        "pod: found default/web, which is not waiting for a node, wanted a pod without a node"
    )


def test_equal_clusters_get_equal_answers() -> None:
    lines = ("kubectl taint nodes kind-worker kind-worker2 kind-worker3 team=a:NoSchedule", CREATE)
    assert remedies(cluster_after(*lines)) == remedies(cluster_after(*lines))
