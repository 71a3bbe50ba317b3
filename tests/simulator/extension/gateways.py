"""Manifests and short words for tests of Gateway API."""

from typing import Any

from simulator.cluster import Cluster
from simulator.network.http_paths import HttpPath
from simulator.network.traces import Source, Trace
from tests.simulator.extension.conftest import Lab, Obj

STANDARD = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.0/standard-install.yaml"
FABRIC = "https://raw.githubusercontent.com/nginx/nginx-gateway-fabric/v2.0.1/deploy/default/deploy.yaml"
NODES = [{"role": "control-plane"}, {"role": "worker", "count": 2, "cpu": "4", "memory": "8Gi"}]
API = "gateway.networking.k8s.io/v1"
ADDRESS = "172.18.255.1"


def gateway(name: str = "cafe", *listeners: Obj, **spec: Any) -> Obj:
    wanted = list(listeners) or [{"name": "http", "port": 80, "protocol": "HTTP"}]
    return {
        "apiVersion": API, "kind": "Gateway", "metadata": {"name": name, "namespace": "default"},
        "spec": {"gatewayClassName": "nginx", "listeners": wanted, **spec},
    }  # fmt: skip


def route(name: str, *rules: Obj, kind: str = "HTTPRoute", namespace: str = "default", **spec: Any) -> Obj:
    parents = [{"name": "cafe", "namespace": "default"}]
    return {
        "apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": namespace},
        "spec": {"parentRefs": parents, "rules": list(rules), **spec},
    }  # fmt: skip


def to(name: str, *, port: int = 80, **more: Any) -> Obj:
    return {"name": name, "port": port, **more}


def at(path: str, *backends: Obj, kind: str = "PathPrefix", **match: Any) -> Obj:
    return {"matches": [{"path": {"type": kind, "value": path}, **match}], "backendRefs": list(backends)}


class GatewayLab(Lab):
    def put(self, *objects: Obj, seconds: float = 3) -> None:
        for obj in objects:
            plural = {"ReferenceGrant": "referencegrants", "GatewayClass": "gatewayclasses"}.get(
                obj["kind"], f"{obj['kind'].lower()}s"
            )
            metadata = obj["metadata"]
            root = f"/apis/{obj['apiVersion']}" if "/" in obj["apiVersion"] else f"/api/{obj['apiVersion']}"
            where = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
            reply = self.request("POST", f"{root}{where}/{plural}", obj)
            assert reply["status"] == 201, reply
        self.wait(seconds)

    def give_address(self, name: str = "cafe", address: str = ADDRESS) -> None:
        """What a cloud does."""
        patch = f'{{"status":{{"loadBalancer":{{"ingress":[{{"ip":"{address}"}}]}}}}}}'
        self.run(f"kubectl patch svc {name}-nginx --subresource=status --type=merge -p '{patch}'")
        self.wait(3)

    def ask(
        self, path: str = "/", *, host: str = "cafe.example.com", port: int = 80, address: str = ADDRESS, **more: Any
    ) -> Trace:
        pod = self.object("pods", "client")
        found: Trace = self.cluster.datapath.request(Source(pod=pod), address, port, HttpPath(path, host=host, **more))
        return found

    def app(self, path: str = "/", **more: Any) -> str:
        """The Deployment whose pod answers, or the status that the proxy answers by itself."""
        trace = self.ask(path, **more)
        answered = "/" in trace.backend and "-nginx-" not in trace.backend
        return trace.backend.partition("/")[2].rsplit("-", 2)[0] if answered else str(trace.status)

    def condition(self, kind: str, resource: str, name: str, namespace: str = "default") -> tuple[str, str, str]:
        status = self.object(f"{resource}.gateway.networking.k8s.io", name, namespace)["status"]
        conditions = status["parents"][0]["conditions"] if "parents" in status else status["conditions"]
        found = next(one for one in conditions if one["type"] == kind)
        return found["status"], found["reason"], found["message"]

    def listener(self, number: int = 0, name: str = "cafe") -> Obj:
        found: Obj = self.object("gateways.gateway.networking.k8s.io", name)["status"]["listeners"][number]
        return found

    def verdict(self, kind: str, number: int = 0) -> tuple[str, str]:
        found = next(one for one in self.listener(number)["conditions"] if one["type"] == kind)
        return found["status"], found["reason"]


def snapshot() -> bytes:
    """Gateway API, its controller, two applications and a client, all settled."""
    lab = GatewayLab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run(f"kubectl apply -f {STANDARD}")
    lab.wait(3)
    lab.run(f"kubectl apply -f {FABRIC}")
    for app in ("coffee", "tea"):
        lab.run(f"kubectl create deployment {app} --image=drydock/web:1.0")
        lab.run(f"kubectl expose deployment {app} --port=80 --target-port=8080")
    lab.run("kubectl run client --image=curlimages/curl --command -- sleep 99999")
    lab.wait(40)
    return lab.cluster.dump()
