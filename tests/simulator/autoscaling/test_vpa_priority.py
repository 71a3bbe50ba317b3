"""Which pods the Vertical Pod Autoscaler's updater may make anew, and in which order: the cases of `pkg/updater/priority`."""

from typing import Any

import pytest

from simulator.addons.vertical_pod_autoscaler.update_priority import LIFETIME_US, Priority, due_at, priority
from tests.proof.follows import follows

Obj = dict[str, Any]
PROCESSOR = "kubernetes/autoscaler/vertical-pod-autoscaler/pkg/updater/priority/priority_processor_test.go"
CALCULATOR = "kubernetes/autoscaler/vertical-pod-autoscaler/pkg/updater/priority/update_priority_calculator_test.go"


def amounts(text: str) -> Obj:
    """ "2 10M": cpu and memory; "-" leaves one out."""
    found = dict(zip(("cpu", "memory"), text.split(), strict=False))
    return {resource: amount for resource, amount in found.items() if amount != "-"}


def pod(*requests: str, running: str = "", annotation: str | None = None) -> Obj:
    containers = [{"name": f"c{n}", "resources": {"requests": amounts(text)}} for n, text in enumerate(requests)]
    statuses = [{"name": "c0", "resources": {"requests": amounts(running)}}] if running else []
    annotations = {} if annotation is None else {"vpaObservedContainers": annotation}
    return {
        "metadata": {"annotations": annotations},
        "spec": {"containers": containers},
        "status": {"startTime": "0", "containerStatuses": statuses},
    }


def wanted(*targets: str) -> dict[str, Obj]:
    """ "10 - | 6 - | 14 -": target, lower and upper bound of one container."""
    fields = ("target", "lowerBound", "upperBound")
    return {f"c{n}": dict(zip(fields, map(amounts, text.split("|")), strict=False)) for n, text in enumerate(targets)}


@follows("Vertical Pod Autoscaler", f"{PROCESSOR}: TestGetUpdatePriority")
@pytest.mark.parametrize(
    ("of", "target", "is_outside", "grows", "difference"),
    [
        pytest.param(pod("2"), wanted("10"), False, True, 4.0, id="grows"),
        pytest.param(pod("10000", running="2"), wanted("10"), False, True, 4.0, id="grows from what it runs with"),
        pytest.param(pod("4"), wanted("2"), False, False, 0.5, id="shrinks"),
        pytest.param(pod("2"), wanted("2"), False, False, 0.0, id="as it is"),
        pytest.param(pod("10m"), wanted("900m"), False, True, 89.0, id="thousandths"),
        pytest.param(pod("4"), wanted("10|6|14"), True, True, 1.5, id="below the range"),
        pytest.param(pod("8"), wanted("2|1|3"), True, False, 0.75, id="above the range"),
        pytest.param(pod("3 10M"), wanted("6 20M"), False, True, 2.0, id="both grow"),
        pytest.param(pod("4 10M"), wanted("2 20M"), False, True, 1.5, id="one grows"),
        pytest.param(pod("4 20M"), wanted("2 10M"), False, False, 1.0, id="both shrink"),
        pytest.param(pod("4 20M"), wanted("2 10M|1 5M|3 30M"), True, False, 1.0, id="one is outside"),
        pytest.param(pod("1", "2"), wanted("4", "8"), False, True, 3.0, id="two containers grow"),
        pytest.param(pod("3", "7"), wanted("1", "2"), False, False, 0.7, id="two containers shrink"),
        pytest.param(pod("1", "2"), wanted("4|1", "8|3|10"), True, True, 3.0, id="one of two is outside"),
        pytest.param(pod("6 10M", "4 30M"), wanted("8 20M", "7 30M"), False, True, 0.75, id="two of two"),
        pytest.param(pod("-"), wanted("2"), True, True, 1999.0, id="no request"),
        pytest.param(pod("5 10"), {}, False, False, 0.0, id="no recommendation"),
    ],
)
def test_priority(of: Obj, target: dict[str, Obj], is_outside: bool, grows: bool, difference: float) -> None:
    found = priority(of, target)
    assert (found.is_outside, found.grows) == (is_outside, grows)
    assert found.difference == pytest.approx(difference)


@follows("Vertical Pod Autoscaler", f"{PROCESSOR}: TestGetUpdatePriority_VpaObservedContainers")
@pytest.mark.parametrize(
    ("annotation", "difference"),
    [
        pytest.param(None, 9.0, id="none"),
        pytest.param("c0", 9.0, id="listed"),
        pytest.param("other, c0", 9.0, id="listed with others"),
        pytest.param("", 0.0, id="nothing listed"),
        pytest.param("other", 0.0, id="another listed"),
        pytest.param("abcd;';", 9.0, id="not a list"),
    ],
)
def test_containers_that_the_admission_controller_left_out(annotation: str | None, difference: float) -> None:
    assert priority(pod("1", annotation=annotation), wanted("10")).difference == difference


@follows("Vertical Pod Autoscaler", f"{CALCULATOR}: TestSortPriority, TestSortPriorityResourcesDecrease")
@pytest.mark.parametrize(
    ("found", "order"),
    [
        pytest.param([(True, 4.0), (True, 1.5), (True, 9.0), (True, 2.33)], [2, 0, 3, 1], id="by difference"),
        pytest.param([(True, 0.25), (False, 0.25), (False, 0.5)], [0, 2, 1], id="growth first"),
    ],
)
def test_order(found: list[tuple[bool, float]], order: list[int]) -> None:
    ranked = sorted(range(len(found)), key=lambda place: Priority(False, *found[place]).order)
    assert ranked == order


def killed(after_min: int, reason: str = "OOMKilled") -> Obj:
    ended = {"reason": reason, "startedAt": "0", "finishedAt": str(after_min * 60_000_000)}
    return {"name": "c0", "lastState": {"terminated": ended}}


NEVER, NOW = None, 0


@follows(
    "Vertical Pod Autoscaler",
    f"{CALCULATOR}: TestUpdateNotRequired, TestUpdateLonglivedPods, TestUpdateShortlivedPods, TestUpdatePodWithQuickOOM",
    f"{CALCULATOR}: TestDontUpdatePodWithQuickOOMNoResourceChange, TestDontUpdatePodWithOOMAfterLongRun",
    f"{CALCULATOR}: TestQuickOOM_VpaOvservedContainers, TestQuickOOM_ContainerResourcePolicy",
)
@pytest.mark.parametrize(
    ("found", "status", "annotation", "policy", "at"),
    [
        pytest.param(Priority(False, False, 0.0), None, None, "Auto", NEVER, id="as it should be"),
        pytest.param(Priority(False, True, 0.09), None, None, "Auto", NEVER, id="too little"),
        pytest.param(Priority(False, True, 0.1), None, None, "Auto", LIFETIME_US, id="a tenth, when it has lived"),
        pytest.param(Priority(True, False, 0.05), None, None, "Auto", NOW, id="outside its range"),
        pytest.param(Priority(False, True, 0.25), killed(2), None, "Auto", NOW, id="killed soon"),
        pytest.param(Priority(False, True, 0.0), killed(2), None, "Auto", NEVER, id="killed, but nothing changes"),
        pytest.param(Priority(True, True, 0.0), killed(2), None, "Auto", NEVER, id="killed, outside, nothing changes"),
        pytest.param(Priority(False, True, 0.0), killed(57), None, "Auto", NEVER, id="killed after long"),
        pytest.param(Priority(False, True, 0.05), killed(10), None, "Auto", NEVER, id="killed after ten minutes"),
        pytest.param(Priority(False, True, 0.05), killed(2, "Error"), None, "Auto", NEVER, id="failed"),
        pytest.param(Priority(False, True, 0.05), killed(2), "c0", "Auto", NOW, id="killed, observed"),
        pytest.param(Priority(False, True, 0.05), killed(2), "", "Auto", NEVER, id="killed, not observed"),
        pytest.param(Priority(False, True, 0.05), killed(2), None, "Off", NEVER, id="killed, not scaled"),
    ],
)
def test_when_a_pod_may_be_updated(
    found: Priority, status: Obj | None, annotation: str | None, policy: str, at: int | None
) -> None:
    one = pod("4", annotation=annotation)
    one["status"]["containerStatuses"] = [] if status is None else [status]
    vpa = {"spec": {"resourcePolicy": {"containerPolicies": [{"containerName": "c0", "mode": policy}]}}}
    assert due_at(one, vpa, found, int) == at


def test_a_pod_that_has_not_started_waits() -> None:
    one = pod("4")
    del one["status"]["startTime"]
    assert due_at(one, {"spec": {}}, Priority(False, True, 4.0), int) is None
