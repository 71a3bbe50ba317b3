"""A cluster that measures its pods, with servers to scale."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.lab_builders import Lab


class ScalingLab(Lab):
    def load(self, target: str) -> None:
        assert self.fault("load", target)["ok"]

    def serve(self, name: str = "web", *, replicas: int = 1, request: str = "cpu=200m", limit: str = "") -> None:
        """A deployment of the walkthrough's server, ready and measured."""
        self.run(f"kubectl create deployment {name} --image=registry.k8s.io/hpa-example --replicas={replicas}")
        limits = f" --limits={limit}" if limit else ""
        if request:
            self.run(f"kubectl set resources deployment {name} --requests={request}{limits}")
        self.wait(60)


@pytest.fixture
def make_lab() -> Callable[..., ScalingLab]:
    def make(*addons: str, workers: int = 3, seed: int = 1, **worker: Any) -> ScalingLab:
        nodes = [{"role": "control-plane"}, {"role": "worker", "count": workers, **worker}]
        return ScalingLab({"name": "book", "nodes": nodes, "addons": list(addons)}, seed=seed)

    return make


@pytest.fixture
def lab(make_lab: Callable[..., ScalingLab]) -> ScalingLab:
    """With a metrics server."""
    return make_lab("metrics-server")
