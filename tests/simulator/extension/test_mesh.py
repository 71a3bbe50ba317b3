"""A service mesh: proxies injected by a webhook, and what passes between two of them is encrypted."""

import pytest

from simulator.cluster import Cluster
from tests.simulator.extension.conftest import Lab
from tests.simulator.extension.gateways import NODES

URL = "https://drydock.example/mesh.yaml"


@pytest.fixture
def meshed() -> Lab:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run("kubectl create deployment web --image=drydock/web:1.0")
    lab.run("kubectl expose deployment web --port=80 --target-port=8080")
    lab.run(f"kubectl apply -f {URL}")
    lab.wait(30)
    return lab


def ready(lab: Lab, app: str) -> list[str]:
    return [row.split()[1] for row in lab.run(f"kubectl get pods -l app={app} --no-headers").splitlines()]


def hops(lab: Lab, pod: str) -> list[str]:
    command = {"kind": "request-path", "from": {"pod": f"default/{pod}"}, "host": "web", "port": 80}
    return [hop["kind"] for hop in lab.cluster.apply(command)["hops"]]


def test_pods_of_a_labelled_namespace_get_a_proxy_when_they_are_made(meshed: Lab) -> None:
    assert ready(meshed, "web") == ["1/1"]
    meshed.run("kubectl label namespace default mesh-injection=enabled")
    meshed.wait(5)
    assert ready(meshed, "web") == ["1/1"]
    meshed.run("kubectl rollout restart deployment web")
    meshed.wait(60)
    assert ready(meshed, "web") == ["2/2"]
    names = meshed.run("kubectl get pods -l app=web -o jsonpath='{.items[0].spec.containers[*].name}'")
    assert names == "web mesh-proxy"


def test_only_between_two_proxies_traffic_is_encrypted(meshed: Lab) -> None:
    meshed.run("kubectl run plain --image=curlimages/curl --command -- sleep 9999")
    meshed.wait(20)
    meshed.run("kubectl label namespace default mesh-injection=enabled")
    meshed.run("kubectl rollout restart deployment web")
    meshed.run("kubectl run inside --image=curlimages/curl --command -- sleep 9999")
    meshed.wait(60)
    assert meshed.run("kubectl get pod inside --no-headers").split()[1] == "2/2"
    assert "mtls" not in hops(meshed, "plain")
    assert "mtls" in hops(meshed, "inside")


def test_without_its_injector_no_pod_of_such_a_namespace_is_made(meshed: Lab) -> None:
    meshed.run("kubectl label namespace default mesh-injection=enabled")
    meshed.run("kubectl scale deployment mesh-injector -n mesh-system --replicas=0")
    meshed.wait(40)
    assert 'failed calling webhook "inject.mesh.drydock.example"' in meshed.refusal(
        "kubectl run late --image=nginx:1.27"
    )
