"""Fixtures for tests of operators and clients: a fresh simulated cluster for each test.

    def test_scaling(kube_cluster):
        kube_cluster.kubectl("create deployment web --image=nginx --replicas=2")
        kube_cluster.advance("1m")

    @pytest.mark.kube(config="kind: Cluster\\nnodes: [{role: control-plane}, {role: worker}]")
    def test_my_operator(kube_cluster, kube_api):
        run_operator(kube_api.kubeconfig)

`kube_cluster` is a `simulator.KubeCluster` in this process. `kube_api` serves that same cluster over HTTP from a thread, on this
machine only. Time is the test's in both, unless the mark gives a `speed`. Nothing is imported before a test asks for a fixture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gateway.threaded import KubeApi, Servant
    from simulator import KubeCluster

_MARK = "kube(config=None, seed=1, profile='instant', speed=0): the simulated cluster of this test"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)


@pytest.fixture
def kube_cluster(request: pytest.FixtureRequest) -> "KubeCluster":
    """A fresh cluster in this process; its time moves only when the test says so."""
    from simulator import KubeCluster

    options = {name: value for name, value in _options(request).items() if name != "speed"}
    return KubeCluster.create(**options)


@pytest.fixture(scope="session")
def _kube_servant() -> "Iterator[Servant]":
    """One thread serves the clusters of all tests."""
    from gateway.threaded import Servant

    servant = Servant()
    servant.start()
    yield servant
    servant.stop()


@pytest.fixture
def kube_api(
    request: pytest.FixtureRequest, kube_cluster: "KubeCluster", _kube_servant: "Servant", tmp_path: Path
) -> "Iterator[KubeApi]":
    """`url` and `kubeconfig` of the test's cluster. With a `speed` its time follows the wall clock, that many times as fast."""
    speed = float(_options(request).get("speed", 0))
    with _kube_servant.serving(kube_cluster, tmp_path / "kubeconfig", speed=speed) as api:
        yield api


def _options(request: pytest.FixtureRequest) -> dict[str, Any]:
    mark = request.node.get_closest_marker("kube")
    return dict(mark.kwargs) if mark is not None else {}
