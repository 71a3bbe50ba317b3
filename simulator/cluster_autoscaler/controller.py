"""The autoscaler's loop: scale up for pods that fit nowhere, else look for nodes that are not needed.

Follows `core/static_autoscaler.go`, `core/scaleup/`, `core/scaledown/` and their events. Delays are the default flags': a node goes after ten
minutes below half use, ten minutes after the last machine was added; a group that could not grow is left alone for five minutes, doubling
up to thirty. Promises: one look has effect once; a cluster in which nothing is pending and nothing is idle plans nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.cloud.cloud import Cloud
from simulator.cloud.errors import CloudRefused
from simulator.cloud.groups import NodeGroup
from simulator.cloud.node_controller import UNINITIALIZED
from simulator.cluster_autoscaler.movable import blocking_reason, is_left_alone
from simulator.cluster_autoscaler.room import Room
from simulator.cluster_autoscaler.status import NAME, NAMESPACE, GroupState, config_map, status_text
from simulator.engine import Plain
from simulator.engine.plain import Obj

SCAN_US = 10_000_000
UNNEEDED_US = 600_000_000
AFTER_ADD_US = 600_000_000
THRESHOLD = 0.5
_BACKOFF_US, _BACKOFF_MAX_US, _BACKOFF_RESET_US = 300_000_000, 1_800_000_000, 10_800_000_000
_EVICTION_US = 120_000_000
_EMPTY_AT_ONCE = 10
_LOOP = "loop"
_SOURCE = "cluster-autoscaler"
CANDIDATE = "DeletionCandidateOfClusterAutoscaler"
DELETED = "ToBeDeletedByClusterAutoscaler"


class Option(NamedTuple):
    """One way to help: machines for a group, and the pods that would then run."""

    group: NodeGroup
    machines: int
    pods: list[Obj]


class Seams(NamedTuple):
    """What assembly hands in: a node as a group's next machine would register it, and the eviction API (StatusError 429 when a budget forbids)."""

    template: Callable[[NodeGroup, int], Obj]
    evict: Callable[[str, str, str, int], None]
    """(writer, namespace, name, grace period in seconds)."""


class ClusterAutoscaler(Controller):
    name = "cluster-autoscaler"
    watches: ClassVar[Mapping[str, str]] = {
        "pods": "on_pod",
        "nodes": "on_node",
        "daemonsets.apps": "on_other",
        "poddisruptionbudgets.policy": "on_other",
    }

    def __init__(self, process: Process, client: Client, cloud: Cloud, seams: Seams) -> None:
        super().__init__(process, client)
        self._cloud = cloud
        self._seams = seams
        cloud.observers.append(self._on_machine)
        self._added_at = -AFTER_ADD_US
        self._unneeded: dict[str, int] = {}
        """Node → since when it is not needed."""
        self._unremovable: dict[str, str] = {}
        """Node → why it has to stay."""
        self._draining: dict[str, list[int]] = {}
        """Node → [when its eviction began, whether there was anything to evict]."""
        self._backoff: dict[str, list[int]] = {}
        """Group → [until, how long, since]."""
        self._told: Obj = {}
        """What the ConfigMap says, without its time."""

    # Waking up

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if (
            new is None
            or old is None
            or _is_unschedulable(new)
            or old["spec"].get("nodeName") != new["spec"].get("nodeName")
            or (old.get("status") or {}).get("phase") != (new.get("status") or {}).get("phase")
        ):
            self._soon()

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if old is None or new is None or _is_ready(old) != _is_ready(new) or _taint_keys(old) != _taint_keys(new):
            self._soon()

    def on_other(self, old: Obj | None, new: Obj | None) -> None:
        self._soon()

    def _on_machine(self, name: str) -> None:
        if self.process.running:
            self._soon()

    def _soon(self) -> None:
        self.enqueue(_LOOP, after_us=SCAN_US - self.engine.now % SCAN_US)

    # The loop

    def reconcile(self, key: str) -> None:
        if all(group.min == group.max for group in self._cloud.groups.values()):
            return
        pending = self._pending()
        room = self._room()
        helpless = [pod for pod in pending if not room.place(pod)]
        if helpless:
            self._scale_up(helpless)
        self._drain()
        if not helpless:
            self._scale_down(room)
        self._tell_status()
        self._plan()

    def _plan(self) -> None:
        """The next moment at which a delay is over."""
        now = self.engine.now
        moments = [since + UNNEEDED_US for since in self._unneeded.values()]
        if self._unneeded:
            moments = [max(at, self._added_at + AFTER_ADD_US) for at in moments]
        if any(_is_unschedulable(pod) for pod in self.cache.unordered("pods")):
            moments += [until for until, _, _ in self._backoff.values() if until > now]
        if self._draining:
            moments.append(now + SCAN_US)
        later = [at for at in moments if at > now]
        if later:
            wait = min(later) - now
            self.enqueue(_LOOP, after_us=wait + (SCAN_US - (now + wait) % SCAN_US) % SCAN_US)

    def _pending(self) -> list[Obj]:
        return [pod for pod in self.cache.list("pods") if _is_unschedulable(pod)]

    def _room(self) -> Room:
        """Ready nodes with their pods, and the machines that are coming."""
        room = Room(list(self.cache.list("daemonsets.apps")))
        known: dict[str, None] = {}
        for node in self.cache.list("nodes"):
            name = node["metadata"]["name"]
            known[name] = None
            is_started = _is_ready(node) and UNINITIALIZED["key"] not in _taint_keys(node)
            if not is_started and self._cloud.knows(name):
                room.add_fresh(self._template(name))
            elif is_started and DELETED not in _taint_keys(node):
                pods = [pod for pod in self.cache.on_node(name) if not _is_over(pod)]
                room.add(node, pods)
        for machine in self._cloud.machines():
            if machine["name"] not in known:
                room.add_fresh(self._template(machine["name"]))
        return room

    def _template(self, name: str) -> Obj:
        machine = next(one for one in self._cloud.machines() if one["name"] == name)
        found = self._seams.template(self._cloud.groups[machine["group"]], machine["index"])
        return _renamed(found, name)

    # Up

    def _scale_up(self, pods: list[Obj]) -> None:
        options: list[Option] = []
        reasons: dict[str, list[str]] = {pod["metadata"]["uid"]: [] for pod in pods}
        for group in self._cloud.groups.values():
            skipped = self._skip_reason(group)
            if skipped:
                for told in reasons.values():
                    told.append(skipped)
                continue
            option = self._option(group, pods, reasons)
            if option.pods:
                options.append(option)
        chosen: Option | None = None
        if options:
            chosen = options[0] if len(options) == 1 else self.engine.rng("cluster-autoscaler").choice(options)
        if chosen is not None:
            # While there is an attempt, the pods that it does not help are told nothing.
            self._grow(chosen)
            self._soon()
            return
        for pod in pods:
            message = f"pod didn't trigger scale-up: {_counted(reasons[pod['metadata']['uid']])}"
            self.client.event(pod, "Normal", "NotTriggerScaleUp", message, source=_SOURCE)

    def _skip_reason(self, group: NodeGroup) -> str:
        if self._cloud.target(group.name) >= group.max:
            return "max node group size reached"
        backoff = self._backoff.get(group.name)
        return "in backoff after failed scale-up" if backoff and backoff[0] > self.engine.now else ""

    def _option(self, group: NodeGroup, pods: list[Obj], reasons: dict[str, list[str]]) -> Option:
        """Fills as many new machines as the group may have, one after the other."""
        room = Room(list(self.cache.list("daemonsets.apps")))
        most, count, fitting = group.max - self._cloud.target(group.name), 0, []
        for pod in pods:
            if count and room.place(pod):
                fitting.append(pod)
                continue
            fresh = Room(list(self.cache.list("daemonsets.apps"))).add_fresh(self._seams.template(group, 0))
            refused = room.refusal(pod, fresh)
            if refused:
                reasons[pod["metadata"]["uid"]].extend(refused)
            elif count < most:
                count += 1
                room.add_fresh(_renamed(self._seams.template(group, 0), f"template-{count}"))
                room.place(pod)
                fitting.append(pod)
        return Option(group, count, fitting)

    def _grow(self, option: Option) -> None:
        group = option.group
        before = self._cloud.target(group.name)
        after = before + option.machines
        about = self._status_map()
        message = f"Scale-up: setting group {group.name} size to {after} instead of {before} (max: {group.max})"
        self.client.event(about, "Normal", "ScaledUpGroup", message, source=_SOURCE)
        try:
            self._cloud.grow(group.name, option.machines)
        except CloudRefused as refused:
            message = f"Scale-up failed for group {group.name}: {refused.message}"
            self.client.event(about, "Warning", "FailedToScaleUpGroup", message, source=_SOURCE)
            self._back_off(group.name)
            return
        message = f"Scale-up: group {group.name} size set to {after} instead of {before} (max: {group.max})"
        self.client.event(about, "Normal", "ScaledUpGroup", message, source=_SOURCE)
        self._added_at = self.engine.now
        told = f"pod triggered scale-up: [{{{group.name} {before}->{after} (max: {group.max})}}]"
        for pod in option.pods:
            self.client.event(pod, "Normal", "TriggeredScaleUp", told, source=_SOURCE)

    def _back_off(self, group: str) -> None:
        now = self.engine.now
        until, lasted, since = self._backoff.get(group, [0, 0, now])
        again = bool(lasted) and now - until < _BACKOFF_RESET_US
        length = min(2 * lasted, _BACKOFF_MAX_US) if again else _BACKOFF_US
        self._backoff[group] = [now + length, length, since]

    # Down

    def _scale_down(self, room: Room) -> None:
        found: dict[str, int] = {}
        self._unremovable = {}
        budgets = list(self.cache.list("poddisruptionbudgets.policy"))
        left = {group.name: self._cloud.target(group.name) - group.min for group in self._cloud.groups.values()}
        for node in self.cache.list("nodes"):
            name = node["metadata"]["name"]
            machine = next((one for one in self._cloud.machines() if one["name"] == name), None)
            if machine is None or not _is_ready(node) or name in self._draining:
                continue
            reason = self._why_needed(room, node, budgets, left[machine["group"]])
            if reason:
                self._unremovable[name] = reason
            else:
                found[name] = self._unneeded.get(name, self.engine.now)
                left[machine["group"]] -= 1
        for name in [*self._unneeded, *found]:
            if (name in found) is not (name in self._unneeded):
                self._mark(name, CANDIDATE, "PreferNoSchedule", on=name in found)
        self._unneeded = found
        self._remove_due()

    def _why_needed(self, room: Room, node: Obj, budgets: list[Obj], left: int) -> str:
        """Empty when the node is not needed; its pods are then moved within `room`."""
        name = node["metadata"]["name"]
        if (node["metadata"].get("annotations") or {}).get(
            "cluster-autoscaler.kubernetes.io/scale-down-disabled"
        ) == "true":
            return "ScaleDownDisabledAnnotation"
        if room.utilization(name) >= THRESHOLD:
            return "NotUnderutilized"
        if left <= 0:
            return "NodeGroupMinSizeReached"
        pods = [pod for pod in self.cache.on_node(name) if not is_left_alone(pod)]
        for pod in pods:
            if reason := blocking_reason(pod, budgets):
                return reason
        moved: list[tuple[Obj, str]] = []
        for pod in pods:
            room.take(pod, name)
            to = room.place(pod, without=name)
            if not to:
                room.put_back(pod, name)
                for other, place in moved:
                    room.take(other, place)
                    room.put_back(other, name)
                return "NoPlaceToMovePods"
            moved.append((pod, to))
        return ""

    def _remove_due(self) -> None:
        now = self.engine.now
        if now < self._added_at + AFTER_ADD_US or self._draining or self._cloud.is_out:
            return
        due = [name for name, since in self._unneeded.items() if now - since >= UNNEEDED_US]
        empty = [name for name in due if not self._movable(name)][:_EMPTY_AT_ONCE]
        for name in empty or due[:1]:
            node = self.cache.get("nodes", "", name)
            if node is None:
                continue
            del self._unneeded[name]
            if name in empty:
                message = f'Scale-down: removing empty node "{name}"'
                self.client.event(self._status_map(), "Normal", "ScaleDownEmpty", message, source=_SOURCE)
            self._mark(name, DELETED, "NoSchedule", on=True)
            message = "marked the node as toBeDeleted/unschedulable"
            self.client.event(node, "Normal", "ScaleDown", message, source=_SOURCE)
            self._draining[name] = [now, int(name not in empty)]
        self._drain()

    def _movable(self, name: str) -> list[Obj]:
        return [pod for pod in self.cache.on_node(name) if not is_left_alone(pod)]

    def _drain(self) -> None:
        """One turn of emptying the nodes that go: evict, wait, give up after two minutes, or hand the machine back."""
        for name in list(self._draining):
            node = self.cache.get("nodes", "", name)
            if node is None or not self._cloud.knows(name):
                del self._draining[name]
                continue
            pods = self._movable(name)
            waiting = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
            refused = [pod for pod in waiting if not self._evicted(pod)]
            if refused and self.engine.now - self._draining[name][0] >= _EVICTION_US:
                self._give_up(node)
            elif not pods:
                self._terminate(node)

    def _evicted(self, pod: Obj) -> bool:
        metadata = pod["metadata"]
        grace = int(pod["spec"].get("terminationGracePeriodSeconds", 30))
        try:
            self._seams.evict(self.name, metadata["namespace"], metadata["name"], grace)
        except StatusError as error:
            return error.code == 404
        self.client.event(pod, "Normal", "ScaleDown", "deleting pod for node scale down", source=_SOURCE)
        return True

    def _give_up(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        del self._draining[name]
        message = "failed to drain the node, aborting ScaleDown"
        self.client.event(node, "Warning", "ScaleDownFailed", message, source=_SOURCE)
        self._mark(name, DELETED, "NoSchedule", on=False)

    def _terminate(self, node: Obj) -> None:
        name = node["metadata"]["name"]
        try:
            self._cloud.terminate(name)
        except CloudRefused as refused:
            message = f"failed to delete {name}: {refused.message}"
            self.client.event(node, "Warning", "ScaleDownFailed", message, source=_SOURCE)
            self._give_up(node)
            return
        had_pods = self._draining.pop(name)[1]
        self.client.event(node, "Normal", "ScaleDown", "node removed by cluster autoscaler", source=_SOURCE)
        if had_pods:
            reason, message = "ScaleDown", f"Scale-down: node {name} removed with drain"
        else:
            reason, message = "ScaleDownEmpty", f"Scale-down: empty node {name} removed"
        self.client.event(self._status_map(), "Normal", reason, message, source=_SOURCE)

    def _mark(self, name: str, key: str, effect: str, *, on: bool) -> None:
        try:
            node = self.client.get("nodes", "", name)
        except StatusError:
            return
        taints = [one for one in node["spec"].get("taints") or () if one["key"] != key]
        if on:
            value = str(self.engine.epoch_s + self.engine.now // 1_000_000)
            taints.append({"key": key, "value": value, "effect": effect})
        metadata = {"resourceVersion": node["metadata"]["resourceVersion"]}
        self.client.patch("nodes", "", name, {"metadata": metadata, "spec": {"taints": taints or None}})

    # Telling

    def _status_map(self) -> Obj:
        """The object that events about the autoscaler itself are tied to."""
        try:
            return self.client.get("configmaps", NAMESPACE, NAME)
        except StatusError:
            return self.client.create("configmaps", config_map("", self.engine.timestamp()))

    def _tell_status(self) -> None:
        groups = [self._group_state(group) for group in self._cloud.groups.values()]
        said = {one.name: list(one) for one in groups}
        if said == self._told:
            return
        self._told = said
        self._status_map()
        now = self.engine.timestamp()
        patch = {"data": {"status": status_text(groups, now)}, "metadata": config_map("", now)["metadata"]}
        self.client.patch("configmaps", NAMESPACE, NAME, patch)

    def _group_state(self, group: NodeGroup) -> GroupState:
        machines = self._cloud.machines(group.name)
        nodes = [self.cache.get("nodes", "", machine["name"]) for machine in machines]
        registered = [node for node in nodes if node is not None]
        backoff = self._backoff.get(group.name)
        return GroupState(
            name=group.name,
            ready=sum(_is_ready(node) for node in registered),
            registered=len(registered),
            coming=len(machines) - len(registered),
            target=self._cloud.target(group.name),
            min=group.min,
            max=group.max,
            backoff=backoff is not None and backoff[0] > self.engine.now,
            candidates=sum(machine["name"] in self._unneeded for machine in machines),
        )

    def panel(self, zero: int) -> Obj:
        """For the cloud's panel: which nodes may go and since when, which stay and why."""
        unneeded = {name: since - zero for name, since in self._unneeded.items()}
        return {"unneeded": unneeded, "unremovable": dict(self._unremovable), "draining": list(self._draining)}

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._unneeded.clear()
        self._unremovable.clear()
        self._draining.clear()
        self._backoff.clear()
        self._told = {}

    def on_start(self) -> None:
        self._soon()

    def dump_private(self) -> Plain:
        return {
            "added_at": self._added_at,
            "unneeded": self._unneeded,
            "unremovable": self._unremovable,
            "draining": self._draining,
            "backoff": self._backoff,
            "told": self._told,
        }

    def load_private(self, state: Any) -> None:
        self._added_at, self._told = state["added_at"], state["told"]
        self._unneeded, self._unremovable = state["unneeded"], state["unremovable"]
        self._draining, self._backoff = state["draining"], state["backoff"]


def _counted(reasons: list[str]) -> str:
    counts: dict[str, int] = {}
    for reason in reasons:
        counts[reason] = counts.get(reason, 0) + 1
    return ", ".join(f"{counts[reason]} {reason}" for reason in sorted(counts))


def _renamed(node: Obj, name: str) -> Obj:
    labels = {**node["metadata"]["labels"], "kubernetes.io/hostname": name}
    return {**node, "metadata": {**node["metadata"], "name": name, "labels": labels}}


def _is_unschedulable(pod: Obj) -> bool:
    if pod["spec"].get("nodeName") or "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(
        one["type"] == "PodScheduled" and one["status"] == "False" and one.get("reason") == "Unschedulable"
        for one in conditions
    )


def _is_over(pod: Obj) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _is_ready(node: Obj) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _taint_keys(node: Obj) -> list[str]:
    return [one["key"] for one in node["spec"].get("taints") or () if one["key"] != CANDIDATE]
