"""The service controller of a cloud, against a provider that is a table."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.client import Client, Process
from simulator.cloud.errors import CloudRefused
from simulator.cloud.service_controller import FINALIZER, ServiceController
from tests.proof.follows import follows

Obj = dict[str, Any]


def with_cloud(kind: Any, cloud: Any) -> Any:
    """The controller as a kind that needs no more than a process and a client."""

    class Wired(kind):  # type: ignore[misc]
        def __init__(self, process: Process, client: Client) -> None:
            super().__init__(process, client, cloud)

    return Wired


class Balancers:
    """What of a provider the service controller asks: everything is made, changed and deleted at once, or refused."""

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.known: dict[str, Obj] = {}
        self.calls: list[str] = []
        self.observers: list[Callable[[str], None]] = []

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if self.refusal:
            raise CloudRefused("Refused", self.refusal)

    def get(self, service: Obj) -> Obj | None:
        return self.known.get(service["metadata"]["name"])

    def ensure(self, service: Obj, nodes: list[str]) -> list[Obj] | None:
        self._called(f"ensure {' '.join(nodes)}".strip())
        self.known[service["metadata"]["name"]] = {"state": "active", "nodes": nodes}
        return [{"ip": "192.0.2.1"}]

    def update(self, service: Obj, nodes: list[str]) -> None:
        self._called(f"update {' '.join(nodes)}".strip())

    def delete(self, service: Obj) -> bool:
        self._called("delete")
        return self.known.pop(service["metadata"]["name"], None) is not None or True


def put_service(
    world: Any, type: str = "LoadBalancer", *, finalizers: tuple[str, ...] = (), status: Obj | None = None, **more: Any
) -> None:
    ports = [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    spec = {"type": type, "ports": ports, "clusterIP": "10.96.0.9", "selector": {"a": "b"}, **more}
    metadata = {"name": "web", "finalizers": list(finalizers)}
    world.put(
        "services", {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status or {}}
    )


UPSTREAM = "staging/src/k8s.io/cloud-provider/controllers/service/controller_test.go"
BALANCED = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
ENSURED = [("EnsuringLoadBalancer", "Ensuring load balancer"), ("EnsuredLoadBalancer", "Ensured load balancer")]
GONE = [("DeletingLoadBalancer", "Deleting load balancer"), ("DeletedLoadBalancer", "Deleted load balancer")]


@follows(
    "service-controller",
    f"{UPSTREAM}: TestSyncLoadBalancerIfNeeded, TestProcessServiceCreateOrUpdate, TestProcessServiceDeletion, TestAddFinalizer, TestRemoveFinalizer, TestNeedsCleanup",
)
@pytest.mark.parametrize(
    ("service", "refusal", "ending", "calls", "said", "finalizer"),
    [
        pytest.param({"type": "ClusterIP"}, "", False, [], [], False, id="needs no load balancer"),
        pytest.param(
            {"type": "ExternalName", "externalName": "a.b", "clusterIP": ""},
            "",
            False,
            [],
            [],
            False,
            id="an external name",
        ),
        pytest.param({"loadBalancerClass": "example.com/mine"}, "", False, [], [], False, id="somebody else's class"),
        pytest.param({}, "", False, ["ensure n1 n2"], ENSURED, True, id="made"),
        pytest.param(
            {"finalizers": (FINALIZER,), "status": BALANCED},
            "",
            False,
            ["ensure n1 n2"],
            ENSURED,
            True,
            id="made already: ensured again",
        ),
        pytest.param(
            {"type": "ClusterIP", "finalizers": (FINALIZER,), "status": BALANCED},
            "",
            False,
            ["delete"],
            GONE,
            False,
            id="wants none any more",
        ),
        pytest.param(
            {"finalizers": (FINALIZER,), "status": BALANCED}, "", True, ["delete"], GONE, None, id="is deleted"
        ),
        pytest.param(
            {},
            "no more addresses",
            False,
            ["ensure n1 n2"],
            [
                ENSURED[0],
                (
                    "SyncLoadBalancerFailed",
                    "Error syncing load balancer: failed to ensure load balancer: no more addresses",
                ),
            ],
            True,
            id="refused",
        ),
        pytest.param(
            {"finalizers": (FINALIZER,), "status": BALANCED},
            "not now",
            True,
            ["delete"],
            [
                GONE[0],
                ("SyncLoadBalancerFailed", "Error syncing load balancer: failed to delete load balancer: not now"),
            ],
            True,
            id="is deleted, refused",
        ),
    ],
)
def test_a_load_balancer(
    stage: Any,
    service: Obj,
    refusal: str,
    ending: bool,
    calls: list[str],
    said: list[tuple[str, str]],
    finalizer: bool | None,
) -> None:
    balancers = Balancers(refusal)
    world = stage(with_cloud(ServiceController, balancers))
    for name in ("n1", "n2"):
        world.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {}})
    put_service(world, **service)
    if service.get("status"):
        balancers.known["web"] = {"state": "active", "nodes": []}
    if ending:
        world.client.delete("services", "default", "web")
    world.act(0.5)
    made = [call for call in balancers.calls if not call.startswith("update")]
    assert made == calls
    about_nodes = ("UpdatedLoadBalancer", "UpdateLoadBalancerFailed")
    assert [one for one in world.events("web") if one[0] not in about_nodes][: len(said)] == said
    found = world.find("services", "web")
    if finalizer is None:
        assert found is None
        return
    assert (FINALIZER in (found["metadata"].get("finalizers") or [])) is finalizer
    if calls == ["ensure n1 n2"] and not refusal:
        assert found["status"]["loadBalancer"]["ingress"] == [{"ip": "192.0.2.1"}]


@follows(
    "service-controller",
    f"{UPSTREAM}: TestUpdateNodesInExternalLoadBalancer, TestNodeChangesForExternalTrafficPolicyLocalServices, TestShouldSyncUpdatedNode, Test_getNodeConditionPredicate",
)
@pytest.mark.parametrize(
    ("node", "refusal", "calls", "said"),
    [
        pytest.param(
            {}, "", ["update n1 n2"], ("UpdatedLoadBalancer", "Updated load balancer with new hosts"), id="a new node"
        ),
        pytest.param(
            {"labels": {"node.kubernetes.io/exclude-from-external-load-balancers": ""}},
            "",
            [],
            None,
            id="a node that is excluded",
        ),
        pytest.param(
            {"taints": [{"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}]},
            "",
            [],
            None,
            id="a node that is to go",
        ),
        pytest.param(
            {},
            "not now",
            ["update n1 n2"],
            ("UpdateLoadBalancerFailed", "Error updating load balancer with new hosts map[n1:{} n2:{}]: not now"),
            id="refused",
        ),
    ],
)
def test_load_balancers_follow_the_nodes(
    stage: Any, node: Obj, refusal: str, calls: list[str], said: tuple[str, str] | None
) -> None:
    balancers = Balancers()
    world = stage(with_cloud(ServiceController, balancers))
    world.put("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}, "spec": {}})
    put_service(world)
    world.act(1)
    balancers.refusal, seen = refusal, len(balancers.calls)
    told = len(world.events("web"))
    metadata = {"name": "n2", "labels": node.get("labels", {})}
    world.put(
        "nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": {"taints": node.get("taints", [])}}
    )
    world.run(1)
    # What is refused is tried again as a whole.
    again = ["ensure n1 n2"] if refusal else []
    assert balancers.calls[seen:] == calls + again
    assert said in world.events("web") if said is not None else len(world.events("web")) == told
