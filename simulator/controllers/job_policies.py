"""A Job's own rules on what a failed pod means, and when enough has succeeded.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy and #success-policy; upstream's
pod_failure_policy.go and success_policy.go.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.controllers.job_indexes import Indexes
from simulator.engine.plain import Obj

_ACTIONS = ("FailJob", "FailIndex", "Ignore", "Count")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the pod failure policy says about one failed pod."""

    action: str = ""
    """FailJob, FailIndex, Ignore, Count, or "" when no rule matched."""
    message: str = ""
    """Why the Job fails; only with FailJob."""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards the backoff limits."""
        return self.action != "Ignore"


def judge(policy: Obj | None, pod: Obj) -> Verdict:
    """By the first rule that matches."""
    status = pod.get("status") or {}
    about = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    for number, rule in enumerate((policy or {}).get("rules") or ()):
        action = rule["action"]
        if action not in _ACTIONS:
            continue
        matching = f"matching {action} rule at index {number}"
        if rule.get("onExitCodes"):
            found = _by_exit_code(status, rule["onExitCodes"])
            said = f"Container {found[0]} for pod {about} failed with exit code {found[1]} {matching}" if found else ""
        else:
            type = _by_condition(status, rule.get("onPodConditions") or ())
            said = f"Pod {about} has condition {type} {matching}" if type else ""
        if said:
            return Verdict(action, said if action == "FailJob" else "")
    return Verdict()


def _by_exit_code(status: Obj, wanted: Obj) -> tuple[str, int] | None:
    """(container, exit code) of the first container that ended as the rule says."""
    for part in ("containerStatuses", "initContainerStatuses"):
        for one in status.get(part) or ():
            ended = (one.get("state") or {}).get("terminated")
            if ended is None or wanted.get("containerName") not in (None, one["name"]) or not ended["exitCode"]:
                continue
            if wanted["operator"] == ("In" if ended["exitCode"] in wanted["values"] else "NotIn"):
                return one["name"], ended["exitCode"]
    return None


def _by_condition(status: Obj, patterns: Sequence[Obj]) -> str:
    for one in status.get("conditions") or ():
        for pattern in patterns:
            if (one["type"], one["status"]) == (pattern["type"], pattern.get("status", "True")):
                return str(one["type"])
    return ""


def met_rule(policy: Obj | None, completions: int, succeeded: Indexes) -> str:
    """The message of the first success rule that is met, "" when none is."""
    if not len(succeeded):
        return ""
    for number, rule in enumerate((policy or {}).get("rules") or ()):
        count = rule.get("succeededCount")
        if rule.get("succeededIndexes") is not None:
            required = Indexes.parse(rule["succeededIndexes"], completions)
            reached = required.shared(succeeded)
            is_met = bool(len(required)) and (reached == len(required) or (count is not None and reached >= count))
        else:
            is_met = count is not None and len(succeeded) >= count
        if is_met:
            return f"Matched rules at index {number}"
    return ""
