"""A restored cluster has the same state and the same future as one that was never interrupted.

Random commands, faults and waits; at a random point the cluster is written to bytes and read back. Both must give the
same replies and end in the same bytes (docs/architecture.md 1.6; design promise "all state is data").
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster, SnapshotRefused

CONFIG = {
    "name": "t",
    "nodes": [{"role": "control-plane"}, {"role": "worker", "count": 3, "cpu": "2", "memory": "2Gi"}],
}
NODES = ("t-worker", "t-worker2", "t-worker3")
APPS = ("web", "api")
Step = dict[str, Any]


def shell(line: str) -> Step:
    return {"kind": "shell", "line": line}


def fault(name: str, target: str) -> Step:
    return {"kind": "fault", "fault": name, "target": target}


commands = st.one_of(
    st.builds(
        lambda app, n: shell(f"kubectl create deployment {app} --image=nginx:1.27 --replicas={n}"),
        st.sampled_from(APPS),
        st.integers(0, 8),
    ),
    st.builds(
        lambda app, n: shell(f"kubectl scale deployment {app} --replicas={n}"),
        st.sampled_from(APPS),
        st.integers(0, 60),
    ),
    st.builds(
        lambda app, image: shell(f"kubectl set image deployment/{app} nginx={image}"),
        st.sampled_from(APPS),
        st.sampled_from(("nginx:1.28", "nginx:1.27", "nginx:no-such-tag")),
    ),
    st.builds(lambda app: shell(f"kubectl rollout undo deployment/{app}"), st.sampled_from(APPS)),
    st.builds(lambda app: shell(f"kubectl expose deployment {app} --port=80 --type=NodePort"), st.sampled_from(APPS)),
    st.builds(lambda app: shell(f"kubectl delete deployment {app}"), st.sampled_from(APPS)),
    st.just(shell("kubectl delete pods --all --wait=false")),
    st.just(shell("kubectl get pods,deploy,svc -A -o wide")),
    st.builds(lambda node: shell(f"kubectl cordon {node}"), st.sampled_from(NODES)),
    st.builds(lambda node: shell(f"kubectl uncordon {node}"), st.sampled_from(NODES)),
    st.builds(fault, st.sampled_from(("node-power-off", "node-power-on")), st.sampled_from(NODES)),
    st.builds(
        lambda app: {
            "kind": "traffic",
            "op": "start",
            "from": "outside",
            "hosts": ["172.18.0.3"],
            "port": 30_100 + len(app),
        },
        st.sampled_from(APPS),
    ),
    st.just({"kind": "traffic"}),
    st.builds(fault, st.sampled_from(("kube-proxy-stop", "kube-proxy-start")), st.sampled_from(NODES)),
    st.builds(fault, st.sampled_from(("network-cut", "network-mend")), st.just(f"{NODES[0]},{NODES[1]}")),
    st.builds(
        fault,
        st.sampled_from(("component-stop", "component-start")),
        st.sampled_from(("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")),
    ),
)
loops = ("replicaset-controller", "deployment-controller", "default-scheduler", "kubelet", "endpointslice-controller")
debugging = st.one_of(
    st.builds(lambda loop: {"kind": "breakpoint", "op": "set", "loop": loop}, st.sampled_from(loops)),
    st.builds(lambda loop: {"kind": "breakpoint", "op": "step", "loop": loop}, st.sampled_from(loops)),
    st.builds(lambda number: {"kind": "breakpoint", "op": "clear", "id": number}, st.integers(1, 3)),
    st.builds(
        lambda loop, op: {"kind": "loop", "op": op, "loop": loop},
        st.sampled_from(loops),
        st.sampled_from(("on", "off")),
    ),
)
waits = st.builds(
    lambda us: {"wait": us}, st.sampled_from((1_000, 50_000, 1_000_000, 7_000_000, 60_000_000, 400_000_000))
)
histories = st.lists(st.one_of(commands, debugging, waits), min_size=2, max_size=14)


def play(cluster: Cluster, step: Step) -> object:
    if "wait" in step:
        until = cluster.now + step["wait"]
        while not cluster.advance(until):
            continue
        return None
    return cluster.apply(step)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=histories, cut=st.floats(0, 1), seed=st.integers(1, 5))
def test_a_restored_cluster_has_the_same_future(history: list[Step], cut: float, seed: int) -> None:
    straight = Cluster.create(CONFIG, seed=seed)
    at = round(cut * len(history))
    for step in history[:at]:
        play(straight, step)
    data = straight.dump()
    restored = Cluster.load(data)
    assert restored.dump() == data
    for step in history[at:]:
        assert play(restored, step) == play(straight, step), step
    for cluster in (straight, restored):
        play(cluster, {"wait": 30_000_000})
    assert restored.state_hash() == straight.state_hash()


def test_equal_seeds_and_commands_give_equal_bytes_and_another_seed_does_not() -> None:
    def run(seed: int) -> str:
        cluster = Cluster.create(CONFIG, seed=seed)
        play(cluster, shell("kubectl create deployment web --image=nginx:1.27 --replicas=5"))
        play(cluster, {"wait": 20_000_000})
        return cluster.state_hash()

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_a_kind_of_which_nothing_is_left_begins_anew_as_it_would_have() -> None:
    straight = Cluster.create(CONFIG)
    for line in ("priorityclass low --value=1", "secret generic key", "quota few --hard=pods=9"):
        play(straight, shell(f"kubectl create {line}"))
    play(straight, shell("kubectl delete secret key"))
    restored = Cluster.load(straight.dump())
    for cluster in (straight, restored):
        play(cluster, shell("kubectl create secret generic key"))
    assert restored.state_hash() == straight.state_hash()


def test_a_question_changes_nothing() -> None:
    cluster = Cluster.create(CONFIG)
    before = cluster.state_hash()
    for step in (
        shell("kubectl get pods -A -o yaml"),
        shell("kubectl describe node t-worker"),
        {"kind": "complete", "line": "kubectl get po", "at": 14},
        {"kind": "inspect", "resource": "nodes", "name": "t-worker"},
        {"kind": "request", "method": "GET", "path": "/api/v1/pods"},
        {"kind": "loops"},
        {"kind": "request-path", "from": {"node": "t-worker"}, "host": "10.96.0.10", "port": 53, "protocol": "UDP"},
        {"kind": "diagnose", "namespace": "kube-system", "service": "kube-dns"},
        {"kind": "node-rules", "node": "t-worker"},
        {"kind": "select", "namespace": "kube-system", "selector": "k8s-app=kube-dn"},
        {"kind": "check", "checks": [{"id": "c", "say": "", "state": {"resource": "pods"}}]},
    ):
        assert cluster.apply(step)["changed"] is False, step
    cluster.picture()
    assert cluster.state_hash() == before


def test_a_program_in_a_container_is_no_question() -> None:
    """It may draw an endpoint or write a log line, so a replay must run it again."""
    cluster = Cluster.create(CONFIG)
    play(cluster, shell("kubectl run jump --image=curlimages/curl --command -- sleep 3600"))
    play(cluster, {"wait": 20_000_000})
    reply = cluster.apply(shell("kubectl exec jump -- curl -sk https://kubernetes"))
    assert reply["changed"] is True
    restored = Cluster.load(cluster.dump())
    again = shell("kubectl exec jump -- nslookup kube-dns.kube-system")
    assert restored.apply(again) == cluster.apply(again)
    assert restored.state_hash() == cluster.state_hash()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda state: state["components"].pop("kubelets"), id="a component is missing"),
        pytest.param(lambda state: state["components"].update({"deployment-controller": []}), id="another shape"),
        pytest.param(lambda state: state.update(format=99), id="another format"),
    ],
)
def test_a_snapshot_of_another_version_is_refused_and_not_half_loaded(spoil: Callable[[Any], object]) -> None:
    state = msgspec.msgpack.decode(Cluster.create(CONFIG).dump())
    spoil(state)
    with pytest.raises(SnapshotRefused, match="snapshot"):
        Cluster.load(msgspec.msgpack.encode(state))


_LEARNED = """
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {greeting: hello}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      readinessGates: [{conditionType: example.com/open}]
      containers:
      - name: web
        image: nginx:1.27
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: 80}}
        volumeMounts: [{name: conf, mountPath: /conf}]
      - name: side
        image: busybox:1.36
        command: [sh, -c, "echo $GREETING; sleep 7; exit 1"]
        env: [{name: GREETING, valueFrom: {configMapKeyRef: {name: conf, key: greeting}}}]
        resources: {requests: {memory: 16Mi, ephemeral-storage: 1Mi}}
      volumes: [{name: conf, configMap: {name: conf}}]
"""


@pytest.mark.parametrize("cut_s", [0.2, 4.0, 9.5])
def test_what_kubelets_and_caches_have_learned_is_no_part_of_the_future(cut_s: float) -> None:
    """A restored cluster knows of no spec, no room and no index; it acts as the one that does."""
    running = Cluster.create(CONFIG, seed=3)
    running.apply({"kind": "apply-yaml", "text": _LEARNED})
    running.advance(running.now + round(cut_s * 1_000_000), 10**6)
    restored = Cluster.load(running.dump())
    for step in (
        shell("kubectl scale deployment web --replicas=5"),
        shell("kubectl set env deployment/web GREETING=again"),
        fault("node-power-off", "t-worker2"),
        shell("kubectl scale deployment web --replicas=1"),
    ):
        assert running.apply(step) == restored.apply(step)
        for cluster in (running, restored):
            cluster.advance(cluster.now + 20_000_000, 10**6)
    assert running.dump() == restored.dump()


def test_what_the_scheduler_has_learned_about_nodes_is_no_part_of_the_future() -> None:
    """In a cluster so large that a single pod is placed without an index, cut in the middle of a burst."""
    size = {"role": "worker", "count": 66, "cpu": "2", "memory": "2Gi"}
    zones = [{**size, "labels": {"topology.kubernetes.io/zone": zone}} for zone in ("a", "b")]
    running = Cluster.create({"name": "t", "nodes": [{"role": "control-plane"}, *zones]}, seed=4)
    running.apply(shell("kubectl create deployment web --image=nginx:1.27 --replicas=60"))
    while not running.scheduler.waiting:
        running.step()
    while running.scheduler.waiting > 30:
        running.step()
    restored = Cluster.load(running.dump())
    for step in (
        shell("kubectl scale deployment web --replicas=61"),
        shell("kubectl run alone --image=redis:7"),
        shell("kubectl taint node t-worker5 x=y:PreferNoSchedule"),
        shell("kubectl set resources deployment web --requests=cpu=300m"),
    ):
        assert running.apply(step) == restored.apply(step)
        for cluster in (running, restored):
            cluster.advance(cluster.now + 3_000_000, 10**6)
    assert running.dump() == restored.dump()
