"""What a Job's own policies make of its pods: the cases of `pod_failure_policy_test.go` and `success_policy_test.go`, and of a sync
with each of them, with the feature gates as v1.33 has them."""

from typing import Any

import pytest

from simulator.controllers.job import JobController
from simulator.controllers.job_indexes import Indexes
from simulator.controllers.job_policies import Verdict, judge, met_rule
from tests.proof.follows import follows
from tests.simulator.controllers.tables.job_pods import FAILED, Pods, conditions_of, job, pod_of

Obj = dict[str, Any]
SYNC = "pkg/controller/job/job_controller_test.go"
NO_LIMIT = 2**31 - 1


def codes(action: str, operator: str, *values: int, container: str = "") -> Obj:
    found: Obj = {"action": action, "onExitCodes": {"operator": operator, "values": list(values)}}
    if container:
        found["onExitCodes"]["containerName"] = container
    return found


def conditions(action: str, type: str = "DisruptionTarget", status: str = "True") -> Obj:
    return {"action": action, "onPodConditions": [{"type": type, "status": status}]}


def exited(code: int, number: int, container: str = "main") -> str:
    return (
        f"Container {container} for pod default/p0 failed with exit code {code} matching FailJob rule at index {number}"
    )


DISRUPTED = "Pod default/p0 has condition DisruptionTarget matching FailJob rule at index 0"


@follows("job-controller", "pkg/controller/job/pod_failure_policy_test.go: TestMatchPodFailurePolicy")
@pytest.mark.parametrize(
    ("rules", "pod", "action", "message"),
    [
        pytest.param(
            [codes("UnknownAction", "In", 1, 2), codes("FailJob", "In", 2, 3)],
            *("main=2", "FailJob", exited(2, 1)),
            id="an unknown action is skipped, exit codes",
        ),
        pytest.param(
            [conditions("UnknownAction"), conditions("Ignore")],
            *("DisruptionTarget", "Ignore", ""),
            id="an unknown action is skipped, conditions",
        ),
        pytest.param(
            [codes("Ignore", "UnknownOperator", 1, 2), codes("FailJob", "In", 2, 3)],
            *("main=2", "FailJob", exited(2, 1)),
            id="an unknown operator matches nothing",
        ),
        pytest.param(None, "main=2", "", "", id="no policy"),
        pytest.param([codes("Ignore", "In", 1, 2, 3)], "main=2", "Ignore", "", id="Ignore by exit code"),
        pytest.param(
            [codes("Ignore", "In", -1073741676, -1073741510)],
            *("main=-1073741510", "Ignore", ""),
            id="Ignore by a negative exit code, as Windows has them",
        ),
        pytest.param([codes("FailJob", "In", 1, 2, 3)], "main=2", "FailJob", exited(2, 0), id="FailJob by exit code"),
        pytest.param(
            [codes("FailJob", "NotIn", 111)], "init:setup=0 main=111 support=0", "", "", id="successes are skipped"
        ),
        pytest.param([codes("FailIndex", "In", 1, 2, 3)], "main=2", "FailIndex", "", id="FailIndex by exit code"),
        pytest.param(
            [codes("FailJob", "NotIn", 0)], "main=1 support=0", "FailJob", exited(1, 0), id="NotIn with the value 0"
        ),
        pytest.param(
            [codes("Count", "In", 1, 2, 3), codes("FailJob", "In", 4, 5, 6)],
            *("main=6", "FailJob", exited(6, 1)),
            id="the second rule, FailJob by exit code",
        ),
        pytest.param([codes("Count", "In", 1, 2, 3)], "restarts=0 bar=2", "Count", "", id="Count by exit code"),
        pytest.param([conditions("FailIndex")], "DisruptionTarget", "FailIndex", "", id="FailIndex by condition"),
        pytest.param([conditions("Ignore")], "DisruptionTarget", "Ignore", "", id="Ignore by condition"),
        pytest.param(
            [conditions("Ignore", status="False")], "!DisruptionTarget", "Ignore", "", id="Ignore by status=False"
        ),
        pytest.param(
            [conditions("Ignore", status="Unknown")], "?DisruptionTarget", "Ignore", "", id="Ignore by status=Unknown"
        ),
        pytest.param(
            [conditions("Ignore", status="False")], "DisruptionTarget", "", "", id="False is wanted, it is True"
        ),
        pytest.param([conditions("Ignore")], "!DisruptionTarget", "", "", id="True is wanted, it is False"),
        pytest.param(
            [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}],
            *("!DisruptionTarget", "", ""),
            id="True is wanted by default",
        ),
        pytest.param([conditions("FailJob")], "DisruptionTarget", "FailJob", DISRUPTED, id="FailJob by condition"),
        pytest.param([conditions("Count")], "DisruptionTarget", "Count", "", id="Count by condition"),
        pytest.param(
            [
                codes("Count", "NotIn", 8),
                codes("Ignore", "In", 1, 2, 3),
                codes("FailJob", "NotIn", 5, 6, 7),
                conditions("Count", "ResourceLimitExceeded"),
                conditions("Ignore"),
            ],
            *("main=32", "Count", ""),
            id="of several rules the first that matches",
        ),
        pytest.param(
            [conditions("FailJob", "MaxFailedIndexesExceeded"), conditions("Ignore")],
            *("DisruptionTarget", "Ignore", ""),
            id="a rule that does not match is passed over",
        ),
    ],
)
def test_a_pod_failure_policy_judges_a_failed_pod(rules: list[Obj] | None, pod: str, action: str, message: str) -> None:
    verdict = judge(None if rules is None else {"rules": rules}, pod_of(f"- Failed {pod}"))
    assert verdict == Verdict(action, message)
    assert verdict.counts is (action != "Ignore")


ON_CODES = [codes("Ignore", "In", 1, 2, 3), codes("FailJob", "In", 5, 6, 7)]


def ends(reason: str, message: str) -> list[tuple[str, str, str]]:
    return [("FailureTarget", reason, message), ("Failed", reason, message)]


def policy_case(
    name: str,
    rules: list[Obj],
    pods: list[str],
    *,
    size: int = 1,
    backoff: int = 6,
    announced: str = "",
    message: str = "",
    waits: bool = False,
    **wanted: Any,
) -> Any:
    """`message`: why the policy fails the Job; `announced`: why an earlier sync said that it does; `waits`: for the end of pods."""
    found = ends("PodFailurePolicy", message) if message else wanted.pop("conditions", [])
    wanted = {"active": 0, "failed": 0, "terminating": 0, **wanted, "conditions": found[:1] if waits else found}
    given = {"backoff": backoff, "indexed": wanted.pop("indexed", False), "announced": announced}
    return pytest.param(size, given, rules, pods, wanted, id=name)


@follows("job-controller", f"{SYNC}: TestSyncJobWithJobPodFailurePolicy")
@pytest.mark.parametrize(
    ("size", "given", "rules", "pods", "wanted"),
    [
        policy_case(
            "another container than the rules name",
            [
                codes("Ignore", "In", 1, 2, 3, container="main"),
                codes("FailJob", "In", 5, 6, 7, container="main"),
            ],
            ["- Failed monitoring=5 main=42"],
            active=1,
            failed=1,
        ),
        policy_case("a running pod fails no Job", ON_CODES, ["- Running main=5"], active=1),
        policy_case("FailJob by exit code", ON_CODES, ["- Failed main=5"], failed=1, message=exited(5, 1)),
        policy_case(
            "the Job was to fail already",
            ON_CODES,
            ["- Failed main=5"],
            announced=exited(5, 1),
            failed=1,
            message=exited(5, 1),
        ),
        policy_case(
            "the Job was to fail already, for a pod that is gone",
            ON_CODES,
            ["- Failed main=5"],
            announced=exited(5, 1).replace("p0", "gone"),
            failed=1,
            message=exited(5, 1).replace("p0", "gone"),
        ),
        policy_case(
            "FailJob stops the other pods",
            ON_CODES,
            ["- Running", "- Failed main=5"],
            size=2,
            failed=2,
            terminating=1,
            message=exited(5, 1).replace("p0", "p1"),
            waits=True,
        ),
        policy_case(
            "FailJob of an indexed Job", ON_CODES, ["0 Failed main=5"], indexed=True, failed=1, message=exited(5, 1)
        ),
        policy_case(
            "FailJob with NotIn",
            [codes("FailJob", "NotIn", 5, 6, 7)],
            ["- Failed main=42"],
            failed=1,
            message=exited(42, 0),
        ),
        policy_case(
            "NotIn does not match", [codes("FailJob", "NotIn", 5, 6, 7)], ["- Failed main=5"], active=1, failed=1
        ),
        policy_case(
            "FailJob by an init container",
            ON_CODES,
            ["- Failed init:setup=5 main=143"],
            failed=1,
            message=exited(5, 1, "setup"),
        ),
        policy_case(
            "of two rules that match the first holds: Ignore",
            ON_CODES,
            ["- Failed one=2 two=6"],
            backoff=0,
            active=1,
        ),
        policy_case("Ignore by exit code", ON_CODES, ["- Failed main=1"], backoff=0, active=1),
        policy_case("no rule matches", ON_CODES, ["- Failed main=10"], backoff=0, failed=1, conditions=FAILED),
        policy_case(
            "of two rules that match the first holds: Count",
            [codes("Count", "In", 1, 2), codes("Ignore", "In", 2, 3)],
            ["- Failed main=2"],
            active=1,
            failed=1,
        ),
        policy_case(
            "of two conditions that match the first holds: Count",
            [conditions("Count", "ResourceLimitExceeded"), conditions("Ignore")],
            ["- Failed main=0 ResourceLimitExceeded DisruptionTarget"],
            active=1,
            failed=1,
        ),
        policy_case(
            "Ignore by condition", [conditions("Ignore")], ["- Failed main=0 DisruptionTarget"], backoff=0, active=1
        ),
        policy_case(
            "an ignored failure delays the next pod too",
            [conditions("Ignore")],
            ["- Failed DisruptionTarget ending"],
            backoff=0,
        ),
        policy_case(
            "FailJob by condition", [conditions("FailJob")], ["- Failed DisruptionTarget"], failed=1, message=DISRUPTED
        ),
        policy_case(
            "a pod that ends has not failed yet", [conditions("Count")], ["- Running ending"], backoff=0, terminating=1
        ),
    ],
)
def test_one_sync_with_a_pod_failure_policy(
    stage: Any, pod_template: Any, size: int, given: Obj, rules: list[Obj], pods: list[str], wanted: Obj
) -> None:
    world = stage(JobController)
    more = {"podFailurePolicy": {"rules": rules}, "podReplacementPolicy": "Failed"}
    made = job(pod_template, size, size, given["backoff"], "Indexed" if given["indexed"] else "NonIndexed", **more)
    if given["announced"]:
        target = {
            "type": "FailureTarget",
            "status": "True",
            "reason": "PodFailurePolicy",
            "message": given["announced"],
        }
        made["status"] = {"conditions": [target]}
    assert once(world, made, pods) == wanted


def once(world: Any, made: Obj, pods: list[str]) -> Obj:
    """The status after one sync: what is counted, and the conditions."""
    world.put("jobs.batch", made)
    Pods(world, world.get("jobs.batch", "work")).put_all(pods)
    world.act(0.9)  # what pods answer is looked at a second later
    status = world.get("jobs.batch", "work")["status"]
    assert status["uncountedTerminatedPods"] == {}
    found: Obj = {name: status.get(name, 0) for name in ("active", "failed", "terminating")}
    return {**found, "conditions": conditions_of(status)}


# The success policy


ONE_OF_TWO = {"succeededIndexes": "0,1", "succeededCount": 1}


@follows("job-controller", "pkg/controller/job/success_policy_test.go: TestMatchSuccessPolicy")
@pytest.mark.parametrize(
    ("rules", "succeeded", "matched"),
    [
        pytest.param(None, "0", None, id="no policy"),
        pytest.param([], "0", None, id="no rules"),
        pytest.param([("invalid-form", None)], "0", None, id="indexes that are none"),
        pytest.param([("0-2", None)], "0-2,4-7", 0, id="indexes match"),
        pytest.param([("3", None)], "0-2", None, id="indexes do not match"),
        pytest.param([(None, 2)], "0-2", 0, id="count matches"),
        pytest.param([(None, 4)], "0-2", None, id="count does not match"),
        pytest.param([("9", None), ("4,6", None)], "0-2,4-7", 1, id="the second rule matches"),
        pytest.param([("0,1", None), ("5", None)], "0-2,4-7", 0, id="both rules match"),
        pytest.param([("3-6", 2)], "0-2,4-7", 0, id="enough of the indexes"),
        pytest.param([("3-6", 2)], "0-2,6-7", None, id="not enough of the indexes"),
        pytest.param([(None, 4)], "", None, id="nothing succeeded"),
        pytest.param([("2-4,6-8", None)], "1-9", 0, id="a proper subset"),
        pytest.param([("2-4,6-9", None)], "2-4,6-9", 0, id="the same"),
        pytest.param([("2-4,8-12", None)], "2-5,7-15", 0, id="a subset, cut at the completions"),
        pytest.param([("", None)], "1-3", None, id="an empty rule"),
        pytest.param([("", None)], "", None, id="an empty rule, nothing succeeded"),
        pytest.param([("10-12,14-16", None)], "1-3,5-7", None, id="indexes beyond the completions"),
        pytest.param([("1-3,5-7", None)], "2-4,6-8", None, id="overlaps at first"),
        pytest.param([("1-3,5-7", 4)], "2-4,6-8", 0, id="overlaps at first, enough"),
        pytest.param([("2-4,6-9", None)], "1-3,5-7", None, id="overlaps at last"),
        pytest.param([("2-4,6-9", 4)], "1-3,5-7", 0, id="overlaps at last, enough"),
        pytest.param([("0-4,6-9", None)], "1-3,7-8", None, id="is wider"),
        pytest.param([("0-4,6-9", 5)], "1-3,7-8", 0, id="is wider, enough"),
        pytest.param([("0-6,8-9", None)], "1-3,5-9", None, id="spans several"),
        pytest.param([("0-6,8-9", 7)], "1-3,5-9", 0, id="spans several, enough"),
        pytest.param([("0-5,7-9", None)], "1-5,7-10", None, id="overlaps at first, the same at last"),
        pytest.param([("0-5,7-9", 8)], "1-5,7-10", 0, id="overlaps at first, the same at last, enough"),
        pytest.param([("0-3,6-9", None)], "1-10", None, id="the first overlaps at first"),
        pytest.param([("0-3,6-9", 7)], "1-10", 0, id="the first overlaps at first, enough"),
    ],
)
def test_a_success_policy_is_met(
    rules: list[tuple[str | None, int | None]] | None, succeeded: str, matched: int | None
) -> None:
    written = [
        {name: value for name, value in (("succeededIndexes", those), ("succeededCount", count)) if value is not None}
        for those, count in rules or ()
    ]
    met = met_rule(None if rules is None else {"rules": written}, 10, Indexes.parse(succeeded, 99))
    assert met == ("" if matched is None else f"Matched rules at index {matched}")


MET = [(type, "SuccessPolicy", "Matched rules at index 0") for type in ("SuccessCriteriaMet", "Complete")]
DISRUPTION = {"podFailurePolicy": {"rules": [conditions("FailJob")]}}
INDEXES_FAILED = ends("FailedIndexes", "Job has failed indexes")


def success_case(
    name: str,
    spec: Obj,
    pods: list[str],
    wanted: tuple[int, int, int],
    said: list[tuple[str, str, str]],
    *,
    size: int = 2,
    before: Obj | None = None,
    lost: str | None = None,
) -> Any:
    """`wanted`: succeeded, failed and terminating pods."""
    return pytest.param(size, spec, before or {}, pods, wanted, said, lost, id=name)


def announced(type: str, reason: str, message: str) -> Obj:
    return {"conditions": [{"type": type, "status": "True", "reason": reason, "message": message}]}


@follows("job-controller", f"{SYNC}: TestSyncJobWithJobSuccessPolicy")
@pytest.mark.parametrize(
    ("size", "spec", "before", "pods", "wanted", "said", "lost"),
    [
        success_case(
            "is met, though an index failed",
            {},
            ["0 Failed", "0 Running", "1 Succeeded", "2 Running"],
            (1, 1, 2),
            MET[:1],
            size=3,
        ),
        success_case(
            "is met, the pod failure policy is not",
            DISRUPTION,
            ["0 Failed", "0 Running", "1 Succeeded"],
            (1, 1, 1),
            MET[:1],
        ),
        success_case(
            "is met, no index has failed for good",
            {"backoffLimitPerIndex": 2},
            ["0 Failed", "0 Running", "1 Succeeded"],
            (1, 1, 1),
            MET[:1],
            lost="",
        ),
        success_case(
            "was met, and no pod is left",
            {"backoffLimitPerIndex": 2},
            ["0 Failed", "1 Succeeded"],
            (1, 1, 0),
            MET,
            before=announced(*MET[0]),
            lost="",
        ),
        success_case(
            "was met, and pods still run",
            {"backoffLimitPerIndex": 3},
            ["0 Failed", "1 Running", "1 Succeeded", "2 Running"],
            (1, 1, 2),
            MET[:1],
            size=3,
            before=announced(*MET[0]),
            lost="",
        ),
        success_case(
            "is met, and so is the pod failure policy",
            DISRUPTION,
            ["0 Failed DisruptionTarget", "0 Running", "1 Succeeded"],
            (1, 2, 1),
            ends("PodFailurePolicy", DISRUPTED)[:1],
        ),
        success_case(
            "is met, and an index has failed for good",
            {"backoffLimitPerIndex": 1},
            ["0 Failed f1", "1 Succeeded"],
            (1, 1, 0),
            INDEXES_FAILED,
            lost="0",
        ),
        success_case(
            "is met, and so is the backoff limit",
            {"backoffLimit": 1},
            ["0 Failed", "0 Failed", "1 Succeeded"],
            (1, 2, 0),
            FAILED,
        ),
        success_case(
            "was met before the pod failure policy was",
            {**DISRUPTION, "successPolicy": {"rules": [{"succeededCount": 1}]}},
            ["0 Failed DisruptionTarget", "1 Succeeded"],
            (1, 1, 0),
            MET,
            before={"succeeded": 1, "completedIndexes": "1", **announced(*MET[0])},
        ),
        success_case(
            "was met before an index failed for good",
            {"backoffLimitPerIndex": 1, "successPolicy": {"rules": [{"succeededIndexes": "1"}]}},
            ["0 Failed f1", "1 Succeeded"],
            (1, 1, 0),
            MET,
            before={"succeeded": 1, "completedIndexes": "1", **announced(*MET[0])},
            lost="0",
        ),
        success_case(
            "was met before the backoff limit was",
            {"backoffLimit": 1},
            ["0 Failed", "1 Succeeded"],
            (1, 1, 0),
            MET,
            before={"succeeded": 1, "completedIndexes": "1", **announced(*MET[0])},
        ),
        success_case(
            "is met after the pod failure policy was",
            DISRUPTION,
            ["0 Failed DisruptionTarget free", "1 Succeeded"],
            (1, 1, 0),
            ends("PodFailurePolicy", DISRUPTED),
            before={"failed": 1, **announced("FailureTarget", "PodFailurePolicy", DISRUPTED)},
        ),
    ],
)
def test_one_sync_with_a_success_policy(
    stage: Any,
    pod_template: Any,
    size: int,
    spec: Obj,
    before: Obj,
    pods: list[str],
    wanted: tuple[int, int, int],
    said: list[tuple[str, str, str]],
    lost: str | None,
) -> None:
    world = stage(JobController)
    spec = {"successPolicy": {"rules": [ONE_OF_TWO]}, **spec}
    backoff = spec.pop("backoffLimit", NO_LIMIT)
    found = once(world, {**job(pod_template, size, size, backoff, "Indexed", **spec), "status": before}, pods)
    status = world.get("jobs.batch", "work")["status"]
    assert (status["succeeded"], found["failed"], found["terminating"]) == wanted
    assert (status["completedIndexes"], status.get("failedIndexes"), found["active"]) == ("1", lost, 0)
    assert found["conditions"] == said
