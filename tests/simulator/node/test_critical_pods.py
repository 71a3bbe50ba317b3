"""Room for a critical pod, as tables and in machines: `node.critical_pods`."""

from typing import Any

import pytest

from simulator.node.critical_pods import NoVictims, Pod, distance, victims, without
from tests.proof.follows import follows

PREEMPTION = "pkg/kubelet/preemption/preemption_test.go"
CRITICAL = 2_000_000_000
MIB = 1 << 20


def lacking(cpu: int, memory: int, pods: int) -> dict[str, int]:
    given = {"cpu": cpu, "memory": memory * MIB, "pods": pods}
    return {name: amount for name, amount in given.items() if amount}


def of(key: str, qos: str, cpu: int = 0, memory: int = 0, priority: int | None = None) -> Pod:
    requests = {"cpu": cpu, "memory": memory * MIB, "pods": 1}
    return Pod(key, qos, is_critical=priority is not None, priority=priority, requests=requests)


PODS = {
    one.key: one
    for one in (
        of("best-effort", "BestEffort"),
        of("cluster-critical", "Burstable", 100, 100, CRITICAL),
        of("node-critical", "Burstable", 100, 100, CRITICAL + 100),
        of("burstable", "Burstable", 100, 100),
        of("high-burstable", "Burstable", 300, 300),
        of("guaranteed", "Guaranteed", 100, 100),
        of("high-guaranteed", "Guaranteed", 300, 300),
    )
}
ALL = "best-effort burstable high-burstable guaranteed high-guaranteed"


@follows("Critical pods", f"{PREEMPTION}: TestGetPodsToPreempt, TestEvictPodsToFreeRequests")
@pytest.mark.parametrize(
    ("preemptor", "there", "lacks", "wanted"),
    [
        pytest.param("cluster-critical", "", (0, 0, 0), "", id="no requirements"),
        pytest.param("cluster-critical", "", (0, 0, 1), None, id="no pods"),
        pytest.param(
            "cluster-critical", "burstable", (100, 100, 1), "burstable", id="equal pods and resources requirements"
        ),
        pytest.param("cluster-critical", "burstable", (200, 200, 2), None, id="higher requirements than pod requests"),
        pytest.param(
            "cluster-critical",
            "burstable best-effort",
            (0, 0, 1),
            "best-effort",
            id="choose between bestEffort and burstable",
        ),
        pytest.param(
            "cluster-critical",
            "burstable guaranteed",
            (0, 0, 1),
            "burstable",
            id="choose between burstable and guaranteed",
        ),
        pytest.param(
            "cluster-critical",
            "best-effort high-burstable burstable",
            (100, 100, 0),
            "burstable",
            id="choose lower request burstable if it meets requirements",
        ),
        pytest.param(
            "cluster-critical",
            "best-effort burstable high-burstable",
            (150, 150, 0),
            "high-burstable",
            id="choose higher request burstable if lower does not meet requirements",
        ),
        pytest.param("cluster-critical", ALL, (350, 350, 0), "burstable high-burstable", id="multiple pods required"),
        pytest.param(
            "cluster-critical",
            ALL,
            (0, 550, 0),
            "high-burstable high-guaranteed",
            id="evict guaranteed when we have to, and dont evict the extra burstable",
        ),
        pytest.param(
            "node-critical",
            "cluster-critical",
            (100, 0, 0),
            "cluster-critical",
            id="evict cluster critical pod for node critical pod",
        ),
        pytest.param(
            "cluster-critical",
            "node-critical",
            (100, 0, 0),
            None,
            id="can not evict node critical pod for cluster critical pod",
        ),
        pytest.param("cluster-critical", "cluster-critical", (0, 0, 1), None, id="critical pods cannot be preempted"),
        pytest.param(
            "cluster-critical",
            "best-effort",
            (0, 1, 0),
            None,
            id="best effort pods are not preempted when attempting to free resources",
        ),
        pytest.param(
            "cluster-critical",
            f"cluster-critical {ALL}",
            (0, 550, 0),
            "high-burstable high-guaranteed",
            id="multiple pods evicted",
        ),
    ],
)
def test_who_makes_room(preemptor: str, there: str, lacks: tuple[int, int, int], wanted: str | None) -> None:
    pods = [PODS[key] for key in there.split()]
    if wanted is None:
        with pytest.raises(NoVictims, match="no set of running pods found to reclaim resources"):
            victims(PODS[preemptor], pods, lacking(*lacks))
    else:
        found = victims(PODS[preemptor], pods, lacking(*lacks))
        assert sorted(one.key for one in found) == sorted(wanted.split())


@follows("Critical pods", f"{PREEMPTION}: TestAdmissionRequirementsDistance")
@pytest.mark.parametrize(
    ("lacks", "key", "wanted"),
    [
        pytest.param((0, 0, 0), "burstable", 0, id="no requirements"),
        pytest.param((100, 100, 1), "best-effort", 2, id="no requests, some requirements"),
        pytest.param((100, 100, 1), "burstable", 0, id="equal requests and requirements"),
        pytest.param((50, 50, 0), "burstable", 0, id="higher requests than requirements"),
    ],
)
def test_how_far_a_pod_is_from_what_is_missing(lacks: tuple[int, int, int], key: str, wanted: float) -> None:
    assert distance(lacking(*lacks), PODS[key]) == wanted


@follows("Critical pods", f"{PREEMPTION}: TestAdmissionRequirementsSubtract")
@pytest.mark.parametrize(
    ("lacks", "key", "wanted"),
    [
        pytest.param((0, 0, 0), "burstable", (0, 0, 0), id="subtract a pod from no requirements"),
        pytest.param((100, 100, 1), "best-effort", (100, 100, 0), id="subtract no requests from some requirements"),
        pytest.param((100, 100, 1), "burstable", (0, 0, 0), id="equal requests and requirements"),
        pytest.param((50, 50, 0), "burstable", (0, 0, 0), id="subtract higher requests than requirements"),
        pytest.param((200, 200, 1), "burstable", (100, 100, 0), id="subtract lower requests than requirements"),
    ],
)
def test_what_is_missing_still(lacks: tuple[int, int, int], key: str, wanted: tuple[int, int, int]) -> None:
    assert without(lacking(*lacks), [PODS[key]]) == lacking(*wanted)


def critical(machines: Any, cpu: str, **spec: Any) -> None:
    metadata = {"name": "system-cluster-critical"}
    made = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": CRITICAL}
    machines.create("priorityclasses.scheduling.k8s.io", made)
    more = {"priorityClassName": "system-cluster-critical", **spec}
    machines.start("critical", resources={"requests": {"cpu": cpu}}, spec=more)


def burstable(machines: Any, name: str, cpu: str, seconds: int = 0) -> None:
    script = (
        f"trap 'sleep {seconds}; exit 0' TERM; sleep 1d & wait" if seconds else "trap 'exit 0' TERM; sleep 1d & wait"
    )
    machines.start(name, image="busybox:1.36", command=["sh", "-c", script], resources={"requests": {"cpu": cpu}})


def test_a_critical_pod_takes_the_room_of_others_when_they_have_ended(machines: Any) -> None:
    burstable(machines, "big", "3")
    burstable(machines, "small", "500m", seconds=5)
    machines.run(2)
    critical(machines, "800m")
    machines.run(3)
    assert machines.pod("small")["metadata"].get("deletionTimestamp") is None
    assert machines.said("Preempting", name="small") == ["Preempted in order to admit critical pod"]
    assert machines.pod("critical").get("status", {}).get("phase") == "Pending"
    machines.run(5)
    ended = machines.pod("small")["status"]
    assert (ended["phase"], ended["reason"]) == ("Failed", "Preempting")
    assert ended["message"] == "Preempted in order to admit critical pod"
    [target] = [one for one in ended["conditions"] if one["type"] == "DisruptionTarget"]
    assert (target["reason"], target["message"]) == (
        "TerminationByKubelet",
        "Pod was preempted by Kubelet to accommodate a critical pod.",
    )
    assert machines.status("critical")["phase"] == machines.status("big")["phase"] == "Running"


def test_a_critical_pod_for_which_nobody_can_make_room(machines: Any) -> None:
    burstable(machines, "small", "500m")
    machines.run(2)
    critical(machines, "100")
    machines.run(3)
    status = machines.status("critical")
    assert (status["phase"], status["reason"]) == ("Failed", "UnexpectedAdmissionError")
    assert status["message"] == (
        "Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: error finding "
        "a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 96000), ]"
    )
    assert machines.status("small")["phase"] == "Running"


def test_a_critical_pod_that_does_not_belong_here_makes_nobody_go(machines: Any) -> None:
    burstable(machines, "small", "3500m")
    machines.run(2)
    critical(machines, "800m", nodeSelector={"disk": "fast"})
    machines.run(3)
    assert machines.status("critical")["reason"] == "NodeAffinity"
    assert machines.status("small")["phase"] == "Running"


def test_a_pod_that_is_not_critical_is_rejected(machines: Any) -> None:
    burstable(machines, "small", "3500m")
    burstable(machines, "late", "800m")
    machines.run(3)
    assert machines.status("late")["reason"] == "OutOfcpu"
