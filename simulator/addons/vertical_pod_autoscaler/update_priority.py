"""Which pods the updater may make anew, and which of them first.

Follows `vertical-pod-autoscaler/pkg/updater/priority`: a pod whose requests lie outside the recommended range, one that was killed for want of memory
within ten minutes of its start, or one that has lived for twelve hours and whose requests are off by a tenth; those that grow come first.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.addons.vertical_pod_autoscaler.recommendation import read
from simulator.addons.vertical_pod_autoscaler.targets import policy_of
from simulator.engine.plain import Obj

OBSERVED = "vpaObservedContainers"
LIFETIME_US = 12 * 3_600_000_000
_OOM_US = 600_000_000
_LEAST_DIFFERENCE = 0.1
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Priority:
    is_outside: bool
    """A request lies outside its recommended range, or there is none."""
    grows: bool
    difference: float
    """Between what all containers request and what is recommended, relative, summed over resources."""

    @property
    def order(self) -> tuple[bool, float]:
        """The smallest first."""
        return not self.grows, -self.difference


def priority(pod: Obj, wanted: Mapping[str, Obj]) -> Priority:
    is_outside = grows = False
    requested: dict[str, int] = {}
    recommended: dict[str, int] = {}
    for container in pod["spec"]["containers"]:
        found = wanted.get(container["name"])
        if found is None or not _is_observed(pod, container["name"]):
            continue
        requests = _requests(pod, container)
        for resource, text in (found.get("target") or {}).items():
            target = read(resource, text)
            recommended[resource] = recommended.get(resource, 0) + target
            if resource not in requests:
                is_outside = grows = True
                continue
            amount = read(resource, str(requests[resource]))
            requested[resource] = requested.get(resource, 0) + amount
            grows = grows or target > amount
            is_outside = is_outside or _is_beyond(found, resource, amount)
    difference = sum(
        abs(max(requested.get(resource, 0), 1) - total) / max(requested.get(resource, 0), 1)
        for resource, total in recommended.items()
    )
    return Priority(is_outside, grows, difference)


def _is_beyond(found: Obj, resource: str, amount: int) -> bool:
    least, most = ((found.get(bound) or {}).get(resource) for bound in ("lowerBound", "upperBound"))
    return (least is not None and amount < read(resource, least)) or (
        most is not None and amount > read(resource, most)
    )


def _requests(pod: Obj, container: Obj) -> Obj:
    """What the container runs with, else what it is to run with."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    status: Obj = next((one for one in statuses if one["name"] == container["name"]), {})
    running: Obj = (status.get("resources") or {}).get("requests") or {}
    return running or (container.get("resources") or {}).get("requests") or {}


def _is_observed(pod: Obj, container: str) -> bool:
    """The admission controller had to do with it; a pod that it never saw counts whole."""
    text = (pod["metadata"].get("annotations") or {}).get(OBSERVED)
    if text is None:
        return True
    names = [name for name in text.split(", ") if name]
    return container in names or not all(_NAME.fullmatch(name) for name in names)


def due_at(pod: Obj, vpa: Obj, found: Priority, micros: Callable[[str], int]) -> int | None:
    """From when on the pod may be updated; None: not at all."""
    is_killed = any(_was_killed_soon(pod, vpa, one, micros) for one in _statuses(pod))
    if is_killed and found.difference == 0:
        return None
    if found.is_outside or is_killed:
        return 0
    started = (pod.get("status") or {}).get("startTime")
    if started is None or found.difference < _LEAST_DIFFERENCE:
        return None
    return micros(started) + LIFETIME_US


def _statuses(pod: Obj) -> list[Obj]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _was_killed_soon(pod: Obj, vpa: Obj, status: Obj, micros: Callable[[str], int]) -> bool:
    ended = (status.get("lastState") or {}).get("terminated") or {}
    if ended.get("reason") != "OOMKilled" or not _is_observed(pod, status["name"]):
        return False
    if policy_of(vpa, status["name"]).get("mode") == "Off":
        return False
    return micros(ended["finishedAt"]) - micros(ended["startedAt"]) < _OOM_US
