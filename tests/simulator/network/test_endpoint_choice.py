"""Which endpoints a node may use: `pkg/proxy/topology_test.go: TestCategorizeEndpoints`."""

from typing import Any

import pytest

from simulator.network.service_rules import Endpoint, NodeView, choose
from tests.proof.follows import follows


def listed(*told: str) -> list[Endpoint]:
    """`3 a,b here`: 10.1.2.3 for the zones a and b, on this node; `unready`, `leaving` and `gone` say the rest."""
    found = []
    for text in told:
        number, *words = text.split()
        zones = next((word for word in words if word not in ("here", "unready", "leaving", "gone")), "")
        is_ready = not {"unready", "leaving", "gone"} & set(words)
        found.append(
            Endpoint(
                f"10.1.2.{number}",
                80,
                "node-1" if "here" in words else "node-2",
                "",
                ready=is_ready,
                serving=is_ready or "leaving" in words,
                terminating="leaving" in words or "gone" in words,
                zones=tuple(zones.split(",")) if zones else (),
            )
        )
    return found


HINTED = ("3 a", "4 b", "5 c", "6 a")
#: Endpoints, the node's zone, what policy Cluster gives, what policy Local gives.
CASES: list[Any] = [
    pytest.param(HINTED, "a", "3 6", "", id="hints for every zone"),
    pytest.param(("3 a here", "4 b here", "5 c", "6 a"), "a", "3 6", "3 4", id="policy Local knows no zones"),
    pytest.param(("3 a",), "", "3", "", id="a node without a zone"),
    pytest.param(("3 a",), "b", "3", "", id="nobody in the node's zone"),
    pytest.param(("3 a", "4 b", "5 c", "6 a unready"), "a", "3", "", id="one in the zone is not ready"),
    pytest.param(("3 a unready", "4 b", "5 c", "6 a unready"), "a", "4 5", "", id="none in the zone is ready"),
    pytest.param(("3 a", "4 b", "5", "6 a"), "a", "3 4 5 6", "", id="one without a hint"),
    pytest.param(("3 a,b,c", "4 b,c", "5 b,d", "6 c"), "c", "3 4 6", "", id="hints for several zones"),
    pytest.param(("0 a here", "1 b here", "2 a", "3 b"), "a", "0 2", "0 1", id="zones for Cluster, the node for Local"),
    pytest.param((), "", "", "", id="no endpoints"),
    pytest.param(("0", "1"), "", "0 1", "", id="all elsewhere"),
    pytest.param(("0 here", "1 here"), "", "0 1", "0 1", id="all here"),
    pytest.param(("0 here", "1"), "", "0 1", "0", id="some here"),
    pytest.param(("0 unready", "1 unready"), "", "", "", id="none ready"),
    pytest.param(("0 unready", "1"), "", "1", "", id="one ready"),
    pytest.param(("0 leaving here", "1 leaving"), "", "0 1", "0", id="all leaving, still serving"),
    pytest.param(("0 leaving", "1 leaving"), "", "0 1", "", id="all leaving elsewhere"),
    pytest.param(("0", "1 unready here", "2 leaving here", "3 leaving"), "", "0", "2", id="one ready, some leaving"),
    pytest.param(("0 gone", "1 gone here"), "", "", "", id="all leaving and silent"),
]


@follows("kube-proxy: choice of endpoints", "pkg/proxy/topology_test.go: TestCategorizeEndpoints")
@pytest.mark.parametrize(("told", "zone", "cluster", "local"), CASES)
def test_choice(told: tuple[str, ...], zone: str, cluster: str, local: str) -> None:
    found = choose(listed(*told), NodeView("node-1", zone))

    def numbers(endpoints: list[Endpoint]) -> str:
        return " ".join(one.address.rpartition(".")[2] for one in endpoints)

    assert (numbers(found.everywhere), numbers(found.here)) == (cluster, local)
    assert found.any == bool(cluster or local)
