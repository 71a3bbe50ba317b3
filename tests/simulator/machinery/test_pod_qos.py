"""The class of service of pods, as a table: `machinery.pod_qos`."""

import pytest

from simulator.engine.plain import Obj
from simulator.machinery.pod_qos import qos_class
from tests.proof.follows import follows


def resources(text: str) -> Obj:
    """`100m,100Mi/200m,200Mi`: what is requested, and the limits; `-` for nothing."""
    parts = [dict(zip(("cpu", "memory", "hugepages-2Mi"), part.split(","), strict=False)) for part in text.split("/")]
    requests, limits = ({name: given for name, given in part.items() if given != "-"} for part in parts)
    return {"requests": requests, "limits": limits}


@follows("Class of service", "pkg/apis/core/v1/helper/qos/qos_test.go: TestComputePodQOS")
@pytest.mark.parametrize(
    ("containers", "wanted"),
    [
        pytest.param("100m,100Mi/100m,100Mi", "Guaranteed", id="guaranteed"),
        pytest.param("100m,100Mi/100m,100Mi 100m,100Mi/100m,100Mi", "Guaranteed", id="guaranteed-guaranteed"),
        pytest.param("-/- -/-", "BestEffort", id="best-effort-best-effort"),
        pytest.param("-/-", "BestEffort", id="best-effort"),
        pytest.param("-/- 1/2", "Burstable", id="best-effort-burstable"),
        pytest.param("-/- 10m,100Mi/10m,100Mi", "Burstable", id="best-effort-guaranteed"),
        pytest.param("-,100Mi/-,100Mi", "Burstable", id="burstable-cpu-guaranteed-memory"),
        pytest.param("100m,100Mi/-", "Burstable", id="burstable-no-limits"),
        pytest.param("1,100Mi/2,100Mi 100m,100Mi/100m,100Mi", "Burstable", id="burstable-guaranteed"),
        pytest.param(
            "100m,100Mi/200m,200Mi 100m,100Mi/-", "Burstable", id="burstable-unbounded-but-requests-match-limits"
        ),
        pytest.param("10m,100Mi/100m,200Mi", "Burstable", id="burstable-1"),
        pytest.param("0,0/100m,200Mi", "Burstable", id="burstable-2"),
        pytest.param("0,0,1Gi/0,0,1Gi", "BestEffort", id="best-effort-hugepages"),
        pytest.param("init:10m,100Mi/100m,200Mi -/-", "Burstable", id="init-container"),
    ],
)
def test_class_of_service(containers: str, wanted: str) -> None:
    made = [
        (each.startswith("init:"), {"resources": resources(each.removeprefix("init:"))}) for each in containers.split()
    ]
    spec = {
        "containers": [one for is_init, one in made if not is_init],
        "initContainers": [one for is_init, one in made if is_init],
    }
    assert qos_class(spec) == wanted


@follows("Class of service", "pkg/apis/core/v1/helper/qos/qos_test.go: TestCollectContainerLevelResources")
def test_ephemeral_containers_are_ignored() -> None:
    spec: Obj = {
        "containers": [{"name": "c1", "resources": resources("250m,256Mi/250m,256Mi")}],
        "ephemeralContainers": [{"name": "ec1"}],
    }
    assert qos_class(spec) == "Guaranteed"


@pytest.mark.parametrize("written", ["100m,100Mi/0.1,104857600", "0.1,0.1Gi/100m,107374182400m"])
def test_amounts_are_compared_not_texts(written: str) -> None:
    assert qos_class({"containers": [{"resources": resources(written)}]}) == "Guaranteed"
