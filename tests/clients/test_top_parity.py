"""`kubectl top` of the terminal and of real kubectl, asked the same of a cluster with a metrics server under load."""

from pathlib import Path

import pytest

from simulator.cluster import Cluster
from tests.clients.conftest import Serve
from tests.clients.terminals import OurTerminal

CONFIG = {
    "name": "top",
    "addons": ["metrics-server"],
    "nodes": [{"role": "control-plane"}, {"role": "worker", "count": 2}],
}
LINES = (
    "kubectl top nodes",
    "kubectl top node top-worker",
    "kubectl top nodes --no-headers",
    "kubectl top nodes --show-capacity",
    "kubectl top nodes --sort-by=memory",
    "kubectl top pods",
    "kubectl top pods -A",
    "kubectl top pods --containers",
    "kubectl top pods --sum",
    "kubectl top pods -A --containers --sum",
    "kubectl top pods --sort-by=cpu",
    "kubectl top pods -l app=web --no-headers",
    "kubectl top pods -l app=none",
    "kubectl top pods -n kube-public",
    "kubectl top pod nosuch",
    "kubectl top node nosuch",
    "kubectl top pods --sort-by=x",
    "kubectl top pod a -l b=c",
    "kubectl top node a -l b=c",
    "kubectl get hpa",
    "kubectl get apiservices | grep -v Local",
    "kubectl get pods.metrics.k8s.io",
    "kubectl get nodes.metrics.k8s.io",
    "kubectl get podmetrics",
    "kubectl get nodemetrics",
    "kubectl get pods.metrics",
    "kubectl get pods.v1beta1.metrics.k8s.io",
    "kubectl get nodes.metrics.k8s.io top-worker",
    "kubectl get nodes.metrics.k8s.io top-worker -o name",
    "kubectl get pods.metrics.k8s.io nope",
    "kubectl get pods.metrics.k8s.io -A",
    "kubectl api-resources --api-group=metrics.k8s.io",
    "kubectl api-versions | grep metrics",
    "kubectl delete pods.metrics.k8s.io web",
    "kubectl get nodemetrics/top-worker -o jsonpath={.kind}",
    "kubectl get pods.metrics.k8s.io -o wide --show-labels",
    "kubectl get pods.metrics.k8s.io -l app=none",
    "kubectl get pods.metrics.k8s.io --sort-by=.metadata.name --no-headers",
    "kubectl get pods.metrics.k8s.io -o custom-columns=N:.metadata.name,W:.window",
    "kubectl get nodes,nodes.metrics.k8s.io",
)

pytestmark = [pytest.mark.processes]


def test_both_kubectl_print_the_same_bytes_of_what_is_used(serve: Serve, tmp_path: Path) -> None:
    cluster = Cluster.create(CONFIG)
    ours = OurTerminal(cluster)
    for line in (
        "kubectl create deployment web --image=registry.k8s.io/hpa-example --replicas=2",
        "kubectl set resources deployment web --requests=cpu=200m --limits=cpu=500m",
    ):
        assert ours.run(line).exit == 0
    cluster.apply({"kind": "fault", "fault": "load", "target": "default/deployment/web cpu=300m"})
    while not cluster.advance(120_000_000):
        continue
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(cluster.dump())
    real = serve("--restore", str(snapshot), "--speed", "0")
    different = [line for line in LINES if ours.run(line) != real.run(line)]
    assert not different
