"""What is asked of workloads: requests, processor time and memory beyond what their programs need while idle.

A load belongs to a workload or a Service and is shared by its ready pods, so that more pods mean less for each. Promises: nothing
is counted while time passes; a load remembers its last changes, and use over any recent window follows from them. A cluster
without loads pays nothing. Leaves to others: where the load comes from (a fault, a traffic generator).
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from simulator.apiserver.errors import ApiUnavailable
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.quantities import NANO
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.fleet import Fleet
from simulator.node.timing import SECOND

#: Changes older than this are forgotten: no window of metrics reaches back so far.
_KEEP_US = 120 * SECOND
_OOM = 137


class Load(NamedTuple):
    """`cpu` milli-CPU and `requests` a second for the workload as a whole; `memory` bytes for each pod."""

    cpu: int = 0
    requests: int = 0
    memory: int = 0


class Loads:
    name = "loads"
    watches: Mapping[str, str] = {"pods": "on_pod"}

    def __init__(self, fleet: Fleet, runtime: ContainerRuntime) -> None:
        self._fleet = fleet
        self._runtime = runtime
        self._engine = fleet.engine
        self._loads: dict[str, Load] = {}
        """`namespace/kind/name`, kind in lower case: `shop/deployment/web`, `shop/service/web`, `shop/pod/web-0`."""
        self._ready: dict[str, dict[str, None]] = {}
        """Target → uids of the pods that share it now."""
        self._history: dict[str, list[list[Plain]]] = {}
        """Target → [since, cpu, requests, memory, pods], oldest first."""
        self._of_pod: dict[str, dict[str, None]] = {}
        """uid → targets that it has a share of, now or lately."""
        self.observers: list[Callable[[str], None]] = []
        """Called with a namespace when something is asked of it that was not before; wired at assembly."""
        self._engine.register(self)

    # What is asked

    def set(self, namespace: str, kind: str, name: str, load: Load) -> None:
        """From now on; a load of nothing ends it."""
        target = f"{namespace}/{kind}/{name}"
        if target not in self._loads:
            if load == Load():
                return
            self._loads[target] = load
            for pod in self._fleet.cache.list("pods", namespace):
                if _is_ready(pod) and target in self._targets(pod):
                    self._join(target, pod["metadata"]["uid"])
        self._loads[target] = load
        self._note(target)
        for uid in list(self._ready.get(target, ())):
            self._press(uid)
        if load == Load():
            del self._loads[target]
            self._ready.pop(target, None)
        for observer in self.observers:
            observer(namespace)

    def rows(self) -> list[Obj]:
        """For panels: every load with its shares."""
        return [
            {"target": target, **load._asdict(), "pods": len(self._ready.get(target, ()))}
            for target, load in sorted(self._loads.items())
        ]

    # Who shares

    def on_start(self) -> None:
        """See `Kubelets.on_start`."""

    def on_stop(self) -> None:
        """See `Kubelets.on_start`."""

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if not self._loads:
            return
        was, now = old is not None and _is_ready(old), new is not None and _is_ready(new)
        if was == now and not (now and _labels(old) != _labels(new)):
            return
        about = new or old
        assert about is not None
        uid = about["metadata"]["uid"]
        wanted = self._targets(about) if now else []
        for target in self._loads:
            is_in = uid in self._ready.get(target, ())
            if is_in is (target in wanted):
                continue
            if is_in:
                del self._ready[target][uid]
            else:
                self._join(target, uid)
            self._note(target)
        if now:
            self._press(uid)

    def _join(self, target: str, uid: str) -> None:
        self._ready.setdefault(target, {})[uid] = None
        self._of_pod.setdefault(uid, {})[target] = None

    def _targets(self, pod: Obj) -> list[str]:
        """The loads that this pod has a share of."""
        metadata = pod["metadata"]
        namespace = metadata.get("namespace", "")
        names = [f"{namespace}/{kind}/{name}" for kind, name in self.owners(pod)]
        return [target for target in self._loads if target in names or self._selects(target, pod)]

    def owners(self, pod: Obj) -> list[tuple[str, str]]:
        """(kind, name) of the pod, its controller, and the Deployment behind a ReplicaSet."""
        metadata = pod["metadata"]
        found = [("pod", metadata["name"])]
        for reference in metadata.get("ownerReferences") or ():
            if reference.get("controller"):
                found.append((reference["kind"].lower(), reference["name"]))
                hash_ = (metadata.get("labels") or {}).get("pod-template-hash")
                if reference["kind"] == "ReplicaSet" and hash_:
                    found.append(("deployment", reference["name"].removesuffix(f"-{hash_}")))
        return found

    def _selects(self, target: str, pod: Obj) -> bool:
        namespace, kind, name = target.split("/")
        if kind != "service" or namespace != pod["metadata"].get("namespace"):
            return False
        try:
            service = self._fleet.find("", "services", namespace, name)
        except ApiUnavailable:
            return False
        selector = (service or {}).get("spec", {}).get("selector") or {}
        labels = pod["metadata"].get("labels") or {}
        return bool(selector) and all(labels.get(key) == value for key, value in selector.items())

    def _note(self, target: str) -> None:
        now = self._engine.now
        history = self._history.setdefault(target, [])
        while len(history) > 1 and history[1][0] <= now - _KEEP_US:
            del history[0]
        if history and history[-1][0] == now:
            history.pop()
        history.append([now, *self._loads[target], list(self._ready.get(target, ()))])

    def _press(self, uid: str) -> None:
        """More memory than the limit allows: the kernel kills the container."""
        record = self._fleet.pods.get(uid)
        if record is None:
            return
        extra = self.memory(uid, self._engine.now)
        one = next((each for each in record.containers.values() if each.kind == "app"), None)
        if one is None or one.run is None or one.state != "running":
            return
        limit = one.run.recipe.memory
        if extra and limit and self._fleet.plan(one.run).memory + extra > limit:
            self._runtime.ended(uid, one.name, one.instance, _OOM, "OOMKilled")

    # What it costs

    def cpu_time(self, uid: str, request_us: int, since: int, until: int, limit: int) -> int:
        """Nano-CPU-seconds that a pod's first container spends on its share between two moments; `limit` in milli-CPU, 0 is none."""
        spent = 0
        for target in self._of_pod.get(uid, ()):
            for begin, end, entry in self._pieces(target, since, until):
                _, cpu, requests, _, pods = entry
                if uid in pods:
                    share = (cpu * 1_000 + requests * request_us) // len(pods)
                    share = min(share, limit * 1_000) if limit else share
                    spent += share * 1_000 * (end - begin) // SECOND
        return spent

    def memory(self, uid: str, at: int) -> int:
        extra = 0
        for target in self._of_pod.get(uid, ()):
            for _, _, entry in self._pieces(target, at, at + 1):
                if uid in entry[4]:
                    extra += entry[3]
        return extra

    def requests(self, uid: str, at: int) -> int | None:
        """Thousandths of requests a second that a pod gets; None when nobody asks it anything."""
        shares = [
            entry[2] * 1_000 // len(entry[4])
            for target in self._of_pod.get(uid, ())
            for _, _, entry in self._pieces(target, at, at + 1)
            if uid in entry[4]
        ]
        return sum(shares) if shares else None

    def _pieces(self, target: str, since: int, until: int) -> list[tuple[int, int, list[Plain]]]:
        """(begin, end, entry) of the parts of a load's history within a window."""
        history = self._history.get(target, [])
        found = []
        for index, entry in enumerate(history):
            begin = max(entry[0], since)
            end = min(history[index + 1][0] if index + 1 < len(history) else until, until)
            if begin < end:
                found.append((begin, end, entry))
        return found

    # State

    def dump(self) -> Plain:
        return {
            "loads": [[target, *load] for target, load in self._loads.items()],
            "ready": [[target, list(uids)] for target, uids in self._ready.items()],
            "history": [[target, entries] for target, entries in self._history.items()],
            "of_pod": [[uid, list(targets)] for uid, targets in self._of_pod.items()],
        }

    def load(self, state: Plain) -> None:
        self._loads = {target: Load(*load) for target, *load in state["loads"]}
        self._ready = {target: dict.fromkeys(uids) for target, uids in state["ready"]}
        self._history = dict(state["history"])
        self._of_pod = {uid: dict.fromkeys(targets) for uid, targets in state["of_pod"]}


def nano_cpu(milli: int) -> int:
    return milli * (NANO // 1000)


def _is_ready(pod: Obj) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _labels(pod: Obj | None) -> Obj:
    return (pod or {}).get("metadata", {}).get("labels") or {}
