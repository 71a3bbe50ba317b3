"""In-place resize as a kubelet decides it: now, later or never; with a restart or without.

Cases of `TestHandlePodResourcesResize` (`pkg/kubelet/kubelet_test.go`, `pkg/kubelet/allocation/allocation_manager_test.go`) and
`TestComputePodActionsForPodResize` (`pkg/kubelet/kuberuntime/kuberuntime_manager_test.go`) of 1.33.
"""

import json
from typing import Any

import pytest

from simulator.cluster import Cluster
from tests.proof.follows import follows

SECOND = 1_000_000
#: A machine of four processors and four gibibytes, of which two other pods have a half.
CONFIG = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker, cpu: '4', memory: 4Gi}]\n"


def said(cluster: Cluster, line: str, stdin: str = "") -> str:
    reply: dict[str, Any] = cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
    return str(reply["stdout"] + reply["stderr"])


def amounts(cpu: str = "", memory: str = "") -> dict[str, str]:
    return {name: amount for name, amount in (("cpu", cpu), ("memory", memory)) if amount}


def pod(name: str, resources: dict[str, Any], *, sidecar: bool = False, policy: dict[str, str] | None = None) -> str:
    policies = [{"resourceName": name, "restartPolicy": rule} for name, rule in (policy or {}).items()]
    one = {
        "name": "c",
        "image": "busybox:1.36",
        "command": ["sleep", "1d"],
        "resources": resources,
        **({"resizePolicy": policies} if policies else {}),
    }
    spec: dict[str, Any] = {"terminationGracePeriodSeconds": 3, "containers": [one]}
    if sidecar:
        plain = {"name": "app", "image": "busybox:1.36", "command": ["sleep", "1d"]}
        spec |= {"initContainers": [{**one, "restartPolicy": "Always"}], "containers": [plain]}
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})


def resize(cluster: Cluster, resources: dict[str, Any], *, sidecar: bool = False) -> str:
    part = "initContainers" if sidecar else "containers"
    patch = json.dumps({"spec": {part: [{"name": "c", "resources": resources}]}})
    return said(cluster, f"kubectl patch pod a --subresource resize -p '{patch}'")


def status(cluster: Cluster) -> dict[str, Any]:
    found = cluster.registry.get("test", "pods", "default", "a")["status"]
    assert isinstance(found, dict)
    return found


def container(cluster: Cluster, *, sidecar: bool = False) -> dict[str, Any]:
    found = status(cluster)["initContainerStatuses" if sidecar else "containerStatuses"][0]
    assert isinstance(found, dict)
    return found


def pending(cluster: Cluster) -> tuple[str, str] | None:
    found = [one for one in status(cluster)["conditions"] if one["type"] == "PodResizePending"]
    return (found[0]["reason"], found[0]["message"]) if found else None


DEFERRED_MEMORY = (
    "Node didn't have enough resource: memory, requested: 2621440000, used: 2147483648, capacity: 4294967296"
)
DEFERRED_CPU = "Node didn't have enough resource: cpu, requested: 2500, used: 2000, capacity: 4000"


@follows(
    "Resize",
    "pkg/kubelet/kubelet_test.go: TestHandlePodResourcesResize",
    "pkg/kubelet/allocation/allocation_manager_test.go: TestHandlePodResourcesResize",
)
@pytest.mark.parametrize("sidecar", [pytest.param(False, id="container"), pytest.param(True, id="sidecar")])
@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        pytest.param(amounts("1", "1Gi"), amounts("500m", "500Mi"), None, id="less of both"),
        pytest.param(amounts("1", "1Gi"), amounts("1500m", "500Mi"), None, id="more cpu, less memory"),
        pytest.param(amounts("1", "1Gi"), amounts("500m", "1500Mi"), None, id="less cpu, more memory"),
        pytest.param(
            amounts("1", "1Gi"), amounts("2500m", "2500Mi"), ("Deferred", DEFERRED_CPU), id="more of both than is free"
        ),
        pytest.param(
            amounts("1", "1Gi"),
            amounts("500m", "2500Mi"),
            ("Deferred", DEFERRED_MEMORY),
            id="less cpu, more memory than is free",
        ),
        pytest.param(
            amounts("1", "1Gi"),
            amounts("1", "4500Mi"),
            ("Infeasible", "Node didn't have enough capacity: memory, requested: 4718592000, capacity: 4294967296"),
            id="more memory than there is",
        ),
        pytest.param(
            amounts("1", "1Gi"),
            amounts("5", "1Gi"),
            ("Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"),
            id="more cpu than there is",
        ),
        pytest.param(
            amounts("1", "1Gi"),
            amounts("5", "4500Mi"),
            ("Infeasible", "Node didn't have enough capacity: memory, requested: 4718592000, capacity: 4294967296"),
            id="more of both than there is",
        ),
        pytest.param(amounts("1", "1Gi"), amounts("1", "1Gi"), None, id="the same"),
        pytest.param(amounts("2m"), amounts("1"), None, id="from the least cpu"),
        pytest.param(amounts("1"), amounts("2m"), None, id="to the least cpu"),
    ],
)
def test_now_later_or_never(
    before: dict[str, str], after: dict[str, str], why: tuple[str, str] | None, sidecar: bool
) -> None:
    cluster = Cluster.create(CONFIG)
    for name in ("b", "d"):
        said(cluster, "kubectl apply -f -", pod(name, {"requests": amounts("1", "1Gi")}))
    said(cluster, "kubectl apply -f -", pod("a", {"requests": before}, sidecar=sidecar))
    cluster.advance(20 * SECOND)
    assert container(cluster, sidecar=sidecar)["resources"] == {"requests": before}
    resize(cluster, {"requests": after}, sidecar=sidecar)
    cluster.advance(cluster.now + 5 * SECOND)
    assert pending(cluster) == why
    one = container(cluster, sidecar=sidecar)
    assert one["resources"]["requests"] == one["allocatedResources"] == (after if why is None else before)
    assert one["restartCount"] == 0


@follows("Resize", "pkg/kubelet/kuberuntime/kuberuntime_manager_test.go: TestComputePodActionsForPodResize")
@pytest.mark.parametrize(
    ("policy", "before", "after", "restarts"),
    [
        pytest.param({}, ("200m", "200Mi"), ("100m", "300Mi"), 0, id="both"),
        pytest.param({}, ("200m", "100Mi"), ("100m", "100Mi"), 0, id="cpu"),
        pytest.param({}, ("200m", "100Mi"), ("200m", "200Mi"), 0, id="memory"),
        pytest.param({}, ("200m", "100Mi"), ("200m", "100Mi"), 0, id="nothing"),
        pytest.param({"cpu": "RestartContainer"}, ("100m", "100Mi"), ("200m", "200Mi"), 1, id="both, restart for cpu"),
        pytest.param(
            {"memory": "RestartContainer"}, ("100m", "100Mi"), ("200m", "200Mi"), 1, id="both, restart for memory"
        ),
        pytest.param(
            {"cpu": "RestartContainer"}, ("100m", "100Mi"), ("100m", "200Mi"), 0, id="memory, restart for cpu"
        ),
        pytest.param(
            {"memory": "RestartContainer"}, ("100m", "100Mi"), ("200m", "100Mi"), 0, id="cpu, restart for memory"
        ),
        pytest.param(
            {"memory": "RestartContainer"},
            ("100m", "200Mi"),
            ("100m", "100Mi"),
            1,
            id="less memory, restart for memory",
        ),
        pytest.param(
            {"cpu": "RestartContainer", "memory": "RestartContainer"},
            ("100m", "100Mi"),
            ("200m", "200Mi"),
            1,
            id="both, restart for both",
        ),
    ],
)
def test_with_a_restart_or_without(
    policy: dict[str, str], before: tuple[str, str], after: tuple[str, str], restarts: int
) -> None:
    cluster = Cluster.create(CONFIG)
    said(cluster, "kubectl apply -f -", pod("a", {"limits": amounts(*before)}, policy=policy))
    cluster.advance(10 * SECOND)
    wanted = {"requests": amounts(*after), "limits": amounts(*after)}
    resize(cluster, wanted)
    cluster.advance(cluster.now + 2 * SECOND)
    assert container(cluster)["restartCount"] == 0, "it has three seconds to end"
    cluster.advance(cluster.now + 8 * SECOND)
    one = container(cluster)
    assert (one["resources"], one["restartCount"]) == (wanted, restarts)
    killed = [
        each["message"]
        for each in cluster.registry.store.table("events").values()
        if each["reason"] == "Killing" and each["involvedObject"]["name"] == "a"
    ]
    assert killed == ["Container c resize requires restart"] * restarts


def test_a_deferred_resize_may_be_taken_back() -> None:
    cluster = Cluster.create(CONFIG)
    said(cluster, "kubectl apply -f -", pod("b", {"requests": amounts("3")}))
    said(cluster, "kubectl apply -f -", pod("a", {"requests": amounts("500m")}))
    cluster.advance(10 * SECOND)
    resize(cluster, {"requests": amounts("2")})
    cluster.advance(cluster.now + 2 * SECOND)
    assert pending(cluster) == (
        "Deferred",
        "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
    )
    resize(cluster, {"requests": amounts("600m")})
    cluster.advance(cluster.now + 3 * SECOND)
    assert pending(cluster) is None
    assert container(cluster)["resources"] == {"requests": amounts("600m")}


def test_a_machine_that_goes_down_gives_nothing_more() -> None:
    cluster = Cluster.create(CONFIG)
    text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nshutdownGracePeriod: 60s\n"
    path = "/var/lib/kubelet/config.yaml"
    cluster.apply({"kind": "write-host-file", "node": "kind-worker", "path": path, "text": text})
    said(cluster, "docker exec kind-worker systemctl restart kubelet")
    said(cluster, "kubectl apply -f -", pod("a", {"requests": amounts("500m")}).replace(": 3", ": 50"))
    cluster.advance(10 * SECOND)
    said(cluster, "docker exec kind-worker systemctl poweroff")
    resize(cluster, {"requests": amounts("600m")})
    cluster.advance(cluster.now + 60 * SECOND)
    assert container(cluster)["resources"] == {"requests": amounts("500m")}
