"""Images that nobody has described, where the cluster lets them run (docs/configuration.md, "Images")."""

from typing import Any

import pytest

from simulator import KubeCluster

CONFIG = "kind: Cluster\nallowUnknownImages: true\nnodes:\n- role: control-plane\n- role: worker\n"


def pod(container: dict[str, Any], **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "image": "acme/shop:7", **container}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers, **spec}}


@pytest.fixture
def kube() -> KubeCluster:
    return KubeCluster.create(CONFIG)


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"args": ["--port=8080"]}, id="args"),
        pytest.param({"command": ["python", "-m", "app"]}, id="command"),
        pytest.param({"command": ["/app/server"], "args": ["-v"]}, id="path"),
        pytest.param({"command": ["sh", "-c", "echo hi; exec gunicorn app"]}, id="script"),
        pytest.param({"image": "registry.example.com:5000/team/app:1"}, id="another registry"),
        pytest.param({"readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}}}, id="a probed port"),
        pytest.param(
            {"ports": [{"name": "web", "containerPort": 80}], "livenessProbe": {"httpGet": {"path": "/x", "port": "web"}}},
            id="a named port",
        ),
        pytest.param({"readinessProbe": {"grpc": {"port": 50051}}}, id="grpc"),
        pytest.param({"readinessProbe": {"exec": {"command": ["/bin/grpc_health_probe", "-addr=:80"]}}}, id="exec"),
    ],
)  # fmt: skip
def test_it_serves_whatever_it_is_told(kube: KubeCluster, container: dict[str, Any]) -> None:
    kube.apply(pod(container))
    kube.advance("30s")
    assert kube.kubectl("get pod p --no-headers").stdout.split()[1:4] == ["1/1", "Running", "0"]


def test_every_path_answers_with_its_name(kube: KubeCluster) -> None:
    kube.apply(pod({"ports": [{"containerPort": 8080}]}))
    kube.kubectl("run c --image=curlimages/curl --restart=Never -- sleep 1000")
    kube.advance("30s")
    address = kube.kubectl("get pod p -o jsonpath={.status.podIP}").stdout
    assert kube.kubectl(f"exec c -- curl -s http://{address}:8080/api/v1/carts?of=ann").stdout == "shop on p\n"


@pytest.mark.parametrize(
    ("container", "log"),
    [
        pytest.param({"command": ["python", "manage.py", "migrate"]}, "python started\npython done\n", id="command"),
        pytest.param({"args": ["run"]}, "run started\nrun done\n", id="args"),
        pytest.param({"command": ["sh", "-c", "migrate && echo ok"]}, "ok\n", id="script"),
    ],
)
def test_what_has_to_end_ends(kube: KubeCluster, container: dict[str, Any], log: str) -> None:
    kube.apply(pod(container, restartPolicy="Never"))
    kube.advance("30s")
    assert kube.kubectl("get pod p --no-headers").stdout.split()[1:3] == ["0/1", "Completed"]
    assert kube.kubectl("logs p").stdout == log


def test_an_init_container_ends_and_the_next_one_serves(kube: KubeCluster) -> None:
    init = [{"name": "i", "image": "acme/shop:7", "command": ["shop", "migrate"]}]
    side = [{"name": "s", "image": "acme/proxy:1", "restartPolicy": "Always"}]
    kube.apply(pod({}, initContainers=init + side))
    kube.advance("30s")
    assert kube.kubectl("get pod p --no-headers").stdout.split()[1:3] == ["2/2", "Running"]


def test_nobody_else_finds_programs_in_it(kube: KubeCluster) -> None:
    kube.apply(pod({}))
    kube.advance("30s")
    assert (
        'exec: "python": executable file not found in $PATH'
        in kube.kubectl("exec p -- python x.py", check=False).stderr
    )


def test_a_restored_cluster_goes_on_the_same(kube: KubeCluster) -> None:
    kube.apply(pod({"command": ["shop", "migrate"]}, restartPolicy="OnFailure"))
    kube.advance_until(lambda: "Running" in kube.kubectl("get pod p --no-headers").stdout)
    again = KubeCluster(type(kube.cluster).load(kube.cluster.dump()))
    for one in (kube, again):
        one.advance("10s")
    assert kube.kubectl("get pod p -o yaml").stdout == again.kubectl("get pod p -o yaml").stdout
    assert "Completed" in again.kubectl("get pod p").stdout


@pytest.mark.parametrize(
    ("config", "image"),
    [(CONFIG, "ngnix:1.27"), (CONFIG, "nginx:9.99"), (CONFIG.replace("true", "false"), "acme/shop:7")],
    ids=["misspelt", "no such tag", "not allowed"],
)
def test_what_nobody_could_have_meant_is_not_pulled(config: str, image: str) -> None:
    kube = KubeCluster.create(config)
    kube.apply(pod({"image": image}))
    kube.advance("30s")
    assert kube.kubectl("get pod p --no-headers").stdout.split()[2] in ("ErrImagePull", "ImagePullBackOff")
