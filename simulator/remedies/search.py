"""Tries changes on copies of the cluster, the smallest first, until the pod runs.

Promises: what is said to work has worked, on a copy that began as the cluster is now; the cluster itself is not touched. Bounded: so
many plans are tried, fewer in a large cluster, and each for so long. Leaves to `fixes` and `surroundings` what there is to try.
"""

from collections.abc import Callable, Iterable
from heapq import nsmallest
from itertools import product
from typing import Any, NamedTuple, Protocol

from simulator.apiserver.registry import Registry
from simulator.client import Process
from simulator.cloud.cloud import Cloud
from simulator.engine.plain import Obj
from simulator.remedies import managed, storage, surroundings
from simulator.remedies.change import Change, Plan
from simulator.remedies.fixes import Facts, fixes, own_scheduler, ungated
from simulator.remedies.owner import Written
from simulator.remedies.trial import Copy, Outcome, Subject, tried
from simulator.scheduler.framework import Status
from simulator.scheduler.obstacles import Blocked
from simulator.scheduler.scheduler import Scheduler

_SECOND = 1_000_000
#: Plans tried, by the number of objects in the cluster.
_TRIES = ((300, 24), (3_000, 10), (30_000, 5))
_FEWEST_TRIES = 2
#: Working plans that are told: the smallest, and what else would do.
_TOLD = 3
_PLANS_A_NODE = 8
#: Obstacles of one node that are worth a thought, and changes against each of them.
_OBSTACLES, _WAYS = 5, 3
_SCHEDULER = "kube-scheduler"


class RemedyError(ValueError):
    """There is no such pod, or it does not wait."""

    def __init__(self, thing: str, found: str, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing, self.found, self.wanted = thing, found, wanted


class Copied(Copy, Protocol):
    """A copy that can be asked what there is to try in it."""

    @property
    def remedies(self) -> "Remedies": ...


class Parts(NamedTuple):
    """What is needed of the cluster."""

    registry: Registry
    scheduler: Scheduler
    processes: dict[str, Process]
    is_powered: Callable[[str], bool]
    cloud: Cloud | None
    """Of a managed cluster, whose machines come from its node groups; None where a machine can simply join."""
    copies: "Callable[[], Callable[[], Copied]]"
    """Gives a maker of copies of the cluster as it is now."""


class Remedies:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def of(self, namespace: str, name: str) -> dict[str, Any]:
        """The smallest changes that let a pending pod run. Raises RemedyError."""
        pod = self._parts.registry.store.get("pods", (namespace, name))
        if pod is None:
            raise RemedyError("pod", f"{namespace}/{name}", "a pod that exists")
        if pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
            raise RemedyError("pod", f"{namespace}/{name}, which is not waiting for a node", "a pod without a node")
        make, subject = self._parts.copies(), Subject(pod, self._parts.registry)
        later = make()
        alone = tried(later, Plan(()), subject)
        if alone is not None and alone.runs:
            return self._told(pod, [(Plan(()), alone)], 1)
        # Of the copy: by then its scheduler has heard of everything that was done just now.
        plans = later.remedies.plans(namespace, name)
        working: list[tuple[Plan, Outcome]] = []
        tries = 0
        for plan in plans:
            if tries == self._tries() or len(working) == _TOLD:
                break
            if any(done.covers(plan) for done, outcome in working if outcome.runs):
                continue
            tries += 1
            outcome = tried(make(), plan, subject)
            if outcome is not None:
                working.append((plan, outcome))
        working.sort(key=lambda one: (not one[1].runs, one[0].weight))
        return self._told(pod, working, tries + 1)

    def _tries(self) -> int:
        objects = self._parts.registry.store.count()
        return next((tries for limit, tries in _TRIES if objects <= limit), _FEWEST_TRIES)

    def _find(self, resource: str, namespace: str, name: str) -> Obj | None:
        return self._parts.registry.store.get(resource, (namespace, name))

    # What there is to try

    def plans(self, namespace: str, name: str) -> list[Plan]:
        """The smallest first; of plans that come to the same commands the first one."""
        parts, pod = self._parts, self._find("pods", namespace, name)
        if pod is None:
            return []
        written = Written(pod, self._find)
        first = [*surroundings.awake(parts.processes[_SCHEDULER])]
        first += [one for one in (ungated(pod, written), own_scheduler(written)) if one is not None]
        info, general, blocked = parts.scheduler.obstacles(pod)
        first += (of_storage := self._of_storage(pod, general, blocked))
        settled = _nowhere(blocked) if of_storage else frozenset()
        facts = Facts(written, info, parts.is_powered, settled)
        plans = [Plan(tuple(first))] if first else []
        known = {str(plan.commands) for plan in plans}
        for plan in sorted(self._for_nodes(facts, tuple(first), blocked), key=lambda one: (one.weight, one.node)):
            if (commands := str(plan.commands)) not in known:
                known.add(commands)
                plans.append(plan)
        return plans

    def _of_storage(self, pod: Obj, general: list[Status], blocked: list[Blocked]) -> list[Change]:
        """Against what volumes have against every node."""
        nowhere, objects = _nowhere(blocked), self._parts.registry.objects
        stores = storage.Stores(
            self._find,
            {one["metadata"]["name"]: one for one in objects("storageclasses.storage.k8s.io")},
            list(objects("persistentvolumes")),
            list(objects("nodes")),
        )
        found = storage.claims(pod, stores) if general or storage.PLUGIN in nowhere else []
        if "VolumeRestrictions" in nowhere:
            found += storage.released(pod, stores, objects("pods"))
        return found

    def _for_nodes(self, facts: Facts, first: tuple[Change, ...], blocked: list[Blocked]) -> Iterable[Plan]:
        for one in blocked:
            for changes in _combined(fixes(facts, one)):
                yield Plan((*first, *changes), one.node.name)
            if one.statuses and all(status.plugin == "NodeResourcesFit" for status in one.statuses):
                pods = self._pods_on(one.node.name)
                for change in surroundings.one_pod_less(facts.info, one.node, pods, facts.written, self._find):
                    yield Plan((*first, change), one.node.name)
            if one.statuses and all(status.plugin == "NodeVolumeLimits" for status in one.statuses):
                pods = self._pods_on(one.node.name)
                for change in storage.one_disk_less(facts.written, one.node, pods, self._find):
                    yield Plan((*first, change), one.node.name)
        if self._parts.cloud is not None:
            for changes in managed.more_machines(self._parts.cloud):
                yield Plan((*first, *changes))
        else:
            yield Plan((*first, surroundings.one_more_node(facts, [one.node for one in blocked])))

    def _pods_on(self, node: str) -> list[Obj]:
        return list(self._parts.processes[_SCHEDULER].cache.on_node(node))

    # What is told

    def _told(self, pod: Obj, working: list[tuple[Plan, Outcome]], tried: int) -> dict[str, Any]:
        return {
            "say": _sentence(pod, working, tried),
            "remedies": [_row(plan, outcome) for plan, outcome in working if plan.changes],
            "tried": tried,
        }


def _nowhere(blocked: list[Blocked]) -> frozenset[str]:
    """Plugins of the volumes that turn every node down."""
    named = [frozenset(status.plugin for status in one.statuses) for one in blocked]
    everywhere = frozenset.intersection(*named) if named else frozenset()
    return everywhere & {storage.PLUGIN, "VolumeRestrictions"}


def _combined(found: list[list[Change]] | None) -> list[tuple[Change, ...]]:
    """One change against each obstacle, in the ways that weigh least; nothing where an obstacle stays or there is none."""
    if not found or len(found) > _OBSTACLES:
        return []
    ways = [tuple({one.say: one for one in changes}.values()) for changes in product(*(some[:_WAYS] for some in found))]
    return nsmallest(_PLANS_A_NODE, ways, key=lambda changes: Plan(changes).weight)


def _sentence(pod: Obj, working: list[tuple[Plan, Outcome]], tried: int) -> str:
    name = pod["metadata"]["name"]
    if not working:
        many = f"{tried} possibilities were" if tried > 1 else "One possibility was"
        return f"{many} tried on copies of the cluster, and none lets {name} run."
    plan, outcome = working[0]
    seconds = max(round(outcome.after_us / _SECOND), 1)
    if not plan.changes:
        return f"Nothing has to change: {name} runs on {outcome.node} within {seconds} s."
    told = f"{plan.say[0].upper()}{plan.say[1:]}"
    if outcome.runs:
        return f"{told}: then it runs on {outcome.node} after {seconds} s."
    return f"{told}: then it is placed on {outcome.node}, where it is {outcome.status}."


def _row(plan: Plan, outcome: Outcome) -> dict[str, Any]:
    return {
        "say": plan.say,
        "fields": [[one.about, one.field] for one in plan.changes],
        "commands": list(plan.commands),
        "node": outcome.node,
        "runs": outcome.runs,
        "status": outcome.status,
        "after_us": outcome.after_us,
    }
