"""kube-scheduler: takes pods without a node one by one and binds each to the best node there is.

https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/. Watches pods and nodes, and the services and
owners whose pods are spread by default. A decision counts from the moment it is made (the pod is *assumed* to be on
its node) although the watch confirms it later. A pod that fits nowhere waits until something changes that the
plugins which turned it down care about; nothing is retried on a timer.

A pod that fits nowhere may preempt: pods of lower priority are deleted from one node, and their room is kept for it
(`nominations`) until they are gone. What a node is asked and how it is ranked are `plugins`, `placement` and `scoring`.
"""

from dataclasses import replace
from typing import ClassVar

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.client import About, Client, Controller, Held, Process
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.scheduler.cluster_view import ClusterView
from simulator.scheduler.cycles import Cycles
from simulator.scheduler.decisions import Decisions, record
from simulator.scheduler.evictions import Evictions, is_preempted, priority_of
from simulator.scheduler.fit_error import available, fit_error
from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.nominations import Nominations
from simulator.scheduler.obstacles import Blocked, obstacles
from simulator.scheduler.placement import Scan
from simulator.scheduler.placements import Placements
from simulator.scheduler.plugins import VOLUME_BINDING
from simulator.scheduler.plugins.volume_binding import Decision, Wanted
from simulator.scheduler.pod_changes import SOURCE, is_ours, is_report, labels, matters, node_of
from simulator.scheduler.pod_info import PodInfo
from simulator.scheduler.pod_infos import PodInfos
from simulator.scheduler.pod_reports import PodReports
from simulator.scheduler.preemption import NEVER, STILL_ENDING, Candidate, best, search
from simulator.scheduler.queue import SchedulingQueue, Waiting
from simulator.scheduler.scoring import Cycle, choose
from simulator.scheduler.volume_bindings import PERIOD_US, TIMEOUT_US, Binding, VolumeBindings
from simulator.scheduler.waking import Waking

#: The one key of the work queue: "try the next pod".
_NEXT = "next"
#: Before a pod's uid: its backoff after a failed binding is over.
_RETRY = "retry/"
_BUDGETS = "poddisruptionbudgets.policy"
#: A pod that cannot preempt for this reason keeps its nomination.
_STILL_NOMINATED = (STILL_ENDING,)
#: Before a pod's uid: look whether its claims are bound.
_VOLUMES = "volumes/"


class Scheduler(Controller):
    name: ClassVar[str] = SOURCE
    watches = {
        "pods": "on_pod",
        "nodes": "on_node",
        "namespaces": "on_namespace",
        "services": "on_selector",
        "replicasets.apps": "on_selector",
        "statefulsets.apps": "on_selector",
        "replicationcontrollers": "on_selector",
        _BUDGETS: "on_budget",
        "persistentvolumeclaims": "on_claim",
        "persistentvolumes": "on_storage",
        "storageclasses.storage.k8s.io": "on_storage",
        "csinodes.storage.k8s.io": "on_storage",
    }
    writes = ("pods", "persistentvolumeclaims", "persistentvolumes", "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._pods = SchedulingQueue()
        self._decisions = Decisions()
        self._infos = PodInfos(self.cache)
        self._volumes = VolumeBindings(self.cache, client)
        """Pods that wait for their claims before they are bound."""
        self._nominations = Nominations()
        self._placements = Placements(self.cache, self._infos, self._nominations, self._volumes.view)
        self._waking = Waking(
            self.engine,
            self.cache,
            queue=self._pods,
            infos=self._infos,
            placements=self._placements,
            nominations=self._nominations,
            woken=self._try_next,
        )
        self._reports = PodReports(client)
        self._evictions = Evictions(client, self._reports)
        self._start = 0
        """Where the next cycle starts to look for nodes."""
        self._cycles = Cycles()

    def decision(self, uid: str) -> Plain | None:
        """Why the pod is where it is, or why it is nowhere; `decisions.record` describes the shape."""
        return self._decisions.get(uid)

    def obstacles(self, pod: Obj) -> tuple[PodInfo, list[Status], list[Blocked]]:
        """What keeps a pod from all nodes, and from each of them."""
        info = self._infos.of(pod)
        return (info, *obstacles(info, self._placements.nodes))

    @property
    def waiting(self) -> int:
        """How many pods have no node."""
        return len(self._pods.pods)

    # What is watched

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        pod = new if new is not None else old
        assert pod is not None
        uid = pod["metadata"]["uid"]
        if old is not None and new is not None and uid not in self._placements.assumed and is_report(old, new):
            return
        was = node_of(old) if new is not None else pod["spec"].get("nodeName") or ""
        now = node_of(new)
        if now or was:
            self._on_placed(uid, old, new, was, now)
        elif new is not None and is_ours(new):
            self._on_unplaced(uid, old, new)
        else:
            self._drop(uid)

    def _on_unplaced(self, uid: str, old: Obj | None, new: Obj) -> None:
        if uid in self._placements.assumed:
            return
        known = self._pods.pods.get(uid)
        if known is not None and old is not None and old["spec"] == new["spec"] and labels(old) == labels(new):
            return
        if new["spec"].get("schedulingGates"):
            self._drop(uid)
            return
        metadata = new["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        self._pods.add(Waiting(uid, key, new["spec"].get("priority") or 0, self.engine.cause))
        nominated = (new.get("status") or {}).get("nominatedNodeName")
        if nominated and old is None and not self._nominations.node_of(uid):
            self._nominations.put(uid, nominated, self._infos.of(new), self._placements.nodes)
        self.enqueue(_NEXT)

    def _on_placed(self, uid: str, old: Obj | None, new: Obj | None, was: str, now: str) -> None:
        if was and was == now and old is not None and new is not None and uid not in self._placements.assumed:
            # It left the queue when it got its node.
            if not matters(old, new):
                return
        else:
            self._drop(uid)
        moved = self._placements.told(uid, new, was, now)
        if self._pods.waits_for_change:
            before = self._infos.of(old) if moved and was and old is not None else None
            after = self._infos.of(new) if now and new is not None else None
            self._waking.after_pod(before, after, was or now)

    def _drop(self, uid: str) -> None:
        if self._volumes.get(uid) is not None:
            self._unreserve(uid)
        self._pods.remove(uid)
        self._decisions.forget_pending(uid)
        self.process.gate.forget(self.name, uid)
        if self._nominations.node_of(uid):
            self._nominations.drop(uid, self._placements.nodes)

    def on_node(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            self._placements.nodes.remove_node(old["metadata"]["name"])
            self._waking.after_node(NodeInfo(old), None)
            return
        if old is not None and _looks(old) == _looks(new):
            return
        node = self._placements.nodes.put_node(new)
        if self._pods.waits_for_change:
            self._waking.after_node(None if old is None else node.as_it_was(old), node)

    def on_namespace(self, old: Obj | None, new: Obj | None) -> None:
        """Labels of namespaces decide whom a term with a `namespaceSelector` speaks of; they wake nobody."""
        if old is not None and new is not None and labels(old) == labels(new):
            return
        if self._infos.selects_namespaces:
            self._infos.clear()
            self._cycles.clear()
            self._placements.rebuild()

    def on_selector(self, old: Obj | None, new: Obj | None) -> None:
        if old is None or new is None or old["spec"].get("selector") != new["spec"].get("selector"):
            self._infos.changed()

    def on_budget(self, old: Obj | None, new: Obj | None) -> None:
        """Budgets are read from the cache when somebody preempts; their changes wake nobody."""

    def on_claim(self, old: Obj | None, new: Obj | None) -> None:
        claim = new if new is not None else old
        assert claim is not None
        for binding in self._volumes.waiting_for(claim["metadata"]["namespace"], claim["metadata"]["name"]):
            passed = (self.engine.now - binding.started) % PERIOD_US
            self.enqueue(_VOLUMES + binding.uid, PERIOD_US - passed)
        self.on_storage(old, new)

    def on_storage(self, old: Obj | None, new: Obj | None) -> None:
        self._waking.after_storage(old, new)

    def _try_next(self) -> None:
        self.enqueue(_NEXT)

    # The gate: the keys of the work queue say nothing, the pods do

    def is_held(self, key: str) -> bool:
        return False

    def _is_stopped(self, waiting: Waiting) -> bool:
        gate = self.process.gate
        if not gate.watches or not gate.stops(self.name, waiting.uid, About("pods", *waiting.key), waiting.cause):
            return False
        self._pods.hold(waiting)
        return True

    def go_on(self, held: Held) -> None:
        self._pods.let_go(held.key, held.cause)
        self.enqueue(_NEXT)

    @property
    def depth(self) -> int:
        return self._pods.active

    def refresh(self) -> None:
        """The view of the nodes is built from the cache when it is first needed."""
        assert self._placements.nodes is not None

    # One pod

    def reconcile(self, key: str) -> None:
        if key.startswith(_VOLUMES):
            self._look_at_volumes(key.removeprefix(_VOLUMES))
            return
        if key.startswith(_RETRY) and (refused := self._pods.pods.get(key.removeprefix(_RETRY))) is not None:
            self._pods.wake(refused, self.engine.now, refused.cause)
        waiting = self._pods.pop(self.engine.now)
        if waiting is None:
            return
        self.engine.cause = waiting.cause
        try:
            pod = self.cache.get("pods", *waiting.key)
            if pod is None or pod["metadata"]["uid"] != waiting.uid:
                self._drop(waiting.uid)
            elif not self._is_stopped(waiting):
                self.synced = (self.engine.now, "/".join(waiting.key), self.synced[2])
                self._schedule(waiting, pod)
        finally:
            if not self._pods.is_idle:
                self.queue.add(_NEXT)

    def _schedule(self, waiting: Waiting, pod: Obj) -> None:
        info, view = self._infos.of(pod), self._placements.nodes
        if not self._nominations.holds_any:
            self._try(waiting, pod, info, view)
            return
        with self._nominations.aside(waiting.uid, info.priority, view):
            self._try(waiting, pod, info, view)

    def _try(self, waiting: Waiting, pod: Obj, info: PodInfo, view: ClusterView) -> None:
        cycle = self._cycle_for(waiting, info, view)
        choice = choose(cycle, view, self.engine.rng("scheduler"))
        if choice is None:
            self._give_up(waiting, pod, cycle)
            return
        node = view.nodes[choice.position].name
        namespace, name = waiting.key
        message = f"Successfully assigned {namespace}/{name} to {node}"
        decided = record(cycle, view, choice, at=self.engine.now, message=message)
        self._start = (self._start + cycle.examined) % len(view.nodes)
        self._bind(waiting, pod, info, node, decided)

    def _cycle_for(self, waiting: Waiting, info: PodInfo, view: ClusterView) -> Cycle:
        """A nominated pod looks at its node first, and at others only when it does not fit there."""
        nominated = self._nominations.node_of(waiting.uid)
        if nominated:
            first = Scan(replace(info, wanted_nodes=frozenset((nominated,))), view, 0)
            if first.feasible:
                return first
        start = self._start % len(view.nodes) if view.nodes else 0
        return self._cycles.of(info, self._infos.without_claims(info), view, start, waiting=self._pods.active)

    def _bind(self, waiting: Waiting, pod: Obj, info: PodInfo, node: str, decided: Plain) -> None:
        decision = self._volume_decision(info, node) if info.claims else None
        self._placements.assume(waiting.uid, waiting.key, node, info)
        if decision is not None and (decision.static or decision.dynamic):
            self._bind_volumes(waiting, pod, decision, decided)
        else:
            self._bind_pod(waiting, pod, decided)

    # Volumes first (PreBind)

    def _volume_decision(self, info: PodInfo, node: str) -> Decision | None:
        view = self._placements.nodes
        prepared = VOLUME_BINDING.prepare_check(info, view)
        return VOLUME_BINDING.decide(view.by_name[node], prepared) if isinstance(prepared, Wanted) else None

    def _bind_volumes(self, waiting: Waiting, pod: Obj, decision: Decision, decided: Plain) -> None:
        namespace, name = waiting.key
        static = {claim["metadata"]["name"]: volume["metadata"]["name"] for claim, volume in decision.static}
        dynamic = [claim["metadata"]["name"] for claim in decision.dynamic]
        node = self._placements.assumed[waiting.uid][2]
        binding = Binding(waiting.uid, namespace, name, node, self.engine.now, static, dynamic, decided)
        try:
            self._volumes.begin(binding, decision)
        except (StatusError, ApiUnavailable):
            self._unreserve(waiting.uid)
            self._try_later(waiting)
            return
        self.enqueue(_VOLUMES + waiting.uid, TIMEOUT_US)

    def _look_at_volumes(self, uid: str) -> None:
        """The claims of a pod that waits for them may be bound now, or never be."""
        binding, waiting = self._volumes.get(uid), self._pods.pods.get(uid)
        if binding is None or waiting is None:
            return
        pod = self.cache.get("pods", binding.namespace, binding.name)
        done, problem = self._volumes.look(binding, self.engine.now)
        if pod is not None and done:
            self._volumes.end(uid)
            self._bind_pod(waiting, pod, binding.decided)
        elif pod is not None and problem:
            self._unreserve(uid)
            self._try_later(waiting)
            self.client.event(pod, "Warning", "FailedScheduling", problem, source=SOURCE)
            self._tell_status(waiting, pod, problem, reason="SchedulerError")
        else:
            self.enqueue(_VOLUMES + uid, max(binding.started + TIMEOUT_US - self.engine.now, 0))

    def _unreserve(self, uid: str) -> None:
        """The pod is not placed after all."""
        self._volumes.end(uid)
        if uid in self._placements.assumed:
            where, info = self._placements.undo(uid)
            self._waking.after_pod(info, None, where)

    def _bind_pod(self, waiting: Waiting, pod: Obj, decided: Plain) -> None:
        namespace, name, node = self._placements.assumed[waiting.uid]
        try:
            self.client.bind(namespace, name, node)
        except (StatusError, ApiUnavailable):
            self._unreserve(waiting.uid)
            self._try_later(waiting)
            return
        self._pods.remove(waiting.uid)
        if self._nominations.node_of(waiting.uid):
            self._nominations.drop(waiting.uid, self._placements.nodes)
        self._decisions.placed(waiting.uid, decided)
        self.client.event(pod, "Normal", "Scheduled", decided["message"], source=SOURCE)

    def _try_later(self, waiting: Waiting) -> None:
        """The API server refused or did not answer: the pod backs off, whatever the cluster does meanwhile."""
        self._pods.fail(waiting, (), self.engine.now)
        self.enqueue(_RETRY + waiting.uid, self._pods.backoff_end(waiting) - self.engine.now)

    def _give_up(self, waiting: Waiting, pod: Obj, cycle: Cycle) -> None:
        view, rejected = self._placements.nodes, cycle.rejected
        victims, reason = self._preempt(waiting, pod, cycle)
        message = fit_error(len(view.nodes), rejected, reason)
        plugins = tuple(sorted({status.plugin for status in rejected}))
        self._pods.fail(waiting, plugins, self.engine.now)
        self._decisions.pending(waiting.uid, record(cycle, view, None, at=self.engine.now, message=message))
        if victims is not None:
            self._nominations.put(waiting.uid, victims.node, cycle.pod, view)
        elif reason not in _STILL_NOMINATED and self._nominations.node_of(waiting.uid):
            self._nominations.drop(waiting.uid, view)
        self.client.event(pod, "Warning", "FailedScheduling", message, source=SOURCE)
        self._tell_status(waiting, pod, message)
        if victims is not None:
            self._evict(pod, victims)

    def _tell_status(self, waiting: Waiting, pod: Obj, message: str, reason: str = "Unschedulable") -> None:
        nominated, now = self._nominations.node_of(waiting.uid), self.engine.timestamp()
        self._reports.unscheduled(pod, message, reason=reason, nominated=nominated, now=now)

    # Preemption

    def _preempt(self, waiting: Waiting, pod: Obj, cycle: Cycle) -> tuple[Candidate | None, str]:
        """(whom to delete, or why that is no way out)."""
        info, view = cycle.pod, self._placements.nodes
        if info.never_preempts:
            return None, NEVER
        nominated = self._nominations.node_of(waiting.uid)
        if any(is_preempted(one) and priority_of(one) < info.priority for one in self.cache.on_node(nominated)):
            return None, STILL_ENDING
        budgets = list(self.cache.list(_BUDGETS))
        found = search(info, view, cycle.rejected, self.cache.on_node, budgets, self.engine.rng("preemption"))
        if not found.candidates:
            return None, available(len(view.nodes), found.reasons)
        return best(found.candidates), ""

    def _evict(self, pod: Obj, chosen: Candidate) -> None:
        """Deletes the victims, each with the reason in its status; weaker pods nominated to the node look elsewhere."""
        for uid in self._nominations.lower_on(chosen.node, priority_of(pod)):
            self._nominations.drop(uid, self._placements.nodes)
            weaker = self._pods.pods.get(uid)
            found = self.cache.get("pods", *weaker.key) if weaker is not None else None
            if found is not None:
                self._reports.patch(found, {"nominatedNodeName": None})
        self._evictions.evict(chosen, pod, self.engine.timestamp())

    # State

    def on_start(self) -> None:
        self._placements.begin()

    def on_stop(self) -> None:
        super().on_stop()
        self._pods.clear()
        self._decisions.clear()
        self._infos.clear()
        self._placements.assumed.clear()
        self._nominations.clear()
        self._volumes.clear()
        self._cycles.clear()
        self._placements.begin()
        self._start = 0

    def dump_private(self) -> Plain:
        return {
            "pods": self._pods.dump(),
            "decisions": self._decisions.dump(),
            "assumed": self._placements.dump(),
            "nominations": self._nominations.dump(),
            "volumes": self._volumes.dump(),
            "start": self._start,
        }

    def load_private(self, state: Plain) -> None:
        self._pods.load(state["pods"])
        self._decisions.load(state["decisions"])
        self._placements.load(state["assumed"])
        self._nominations.load(state["nominations"])
        self._volumes.load(state["volumes"])
        self._start = state["start"]
        self._infos.clear()
        self._cycles.clear()


def _looks(node: Obj) -> tuple[object, ...]:
    """What the scheduler reads of a node."""
    spec, status = node.get("spec") or {}, node.get("status") or {}
    return (
        node["metadata"].get("labels"),
        spec.get("taints"),
        spec.get("unschedulable"),
        status.get("allocatable"),
        status.get("images"),
    )
