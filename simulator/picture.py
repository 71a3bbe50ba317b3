"""The cluster as the diagram needs it: one flat row an object, and what changed since.

Derived from the API server's changes and nothing else, so it can always be thrown away and drawn afresh: it is no part
of a snapshot. `docs/architecture.md` section 2.3 lists rows and items. Costs nothing until somebody asks for the first picture.
"""

from collections import deque
from typing import Any

from simulator.apiserver.registry import Registry
from simulator.controlplane import ControlPlane
from simulator.engine.plain import Obj
from simulator.engine.trail_rows import TrailRow
from simulator.machinery.store import Change
from simulator.narrator import Narrator, kind_named, place_of
from simulator.node.kubelets import Kubelets
from simulator.rows import Row, Surroundings, kind_of, node_usage, row_of

#: Changes kept for browsers that come back; older ones get a fresh picture.
_RING = 4_000
#: Marks of the timeline kept for browsers that come new.
_MARKS = 60
#: The uid of the one row of kind Cluster.
CLUSTER = "cluster"
_WARNING_MARKS = ("NodeNotReady", "FailedScheduling", "BackOff", "Unhealthy", "Failed", "TaintManagerEviction")
#: Writes that are housekeeping: seen in the state, not as messages.
_QUIET = frozenset({"events", "leases.coordination.k8s.io", "endpoints"})

_LETTERS = {
    "Running": "R",
    "Pending": "P",
    "Creating": "C",
    "Failing": "F",
    "Succeeded": "S",
    "Terminating": "T",
    "Unknown": "U",
}
Item = list[Any]


class Picture:
    def __init__(
        self, registry: Registry, plane: ControlPlane, narrator: Narrator, *, zero: int, kubelets: Kubelets
    ) -> None:
        self._registry = registry
        self._around = Surroundings(registry, zero, kubelets.is_powered, kubelets.pulls.running)
        self._plane = plane
        self._narrator = narrator
        self._zero = zero
        """Engine time that the diagram calls 0."""
        self._rows: dict[str, Row] = {}
        self._items: deque[tuple[int, Item]] = deque()
        self._heard: dict[tuple[int, str], None] = {}
        """Deliveries already told of: (the change's ev, who heard of it)."""
        self._marks: deque[dict[str, Any]] = deque(maxlen=_MARKS)
        self._since = 0
        """The ring holds every item with a greater ev."""
        self._on = False

    @property
    def at(self) -> int:
        return self._registry.engine.now - self._zero

    # The whole

    def tables(self) -> dict[str, dict[str, Any]]:
        """Every row, by kind, columnar: `{"Pod": {"cols": […], "rows": [[…]]}}`."""
        self._switch_on()
        by_kind: dict[str, list[Row]] = {}
        for row in self._rows.values():
            by_kind.setdefault(row["kind"], []).append(row)
        return {kind: _columns(rows) for kind, rows in by_kind.items()}

    def items(self, since: int) -> list[Item] | None:
        """Items of events after `since`; None when the ring does not reach back that far."""
        if not self._on:
            self._switch_on()
            return [] if since == self._registry.engine.trail.ev else None
        if since < self._since:
            return None
        fresh: list[Item] = []
        for ev, item in reversed(self._items):
            if ev <= since:
                break
            fresh.append(item)
        if not fresh:
            return []
        return [*reversed(fresh), ["set", CLUSTER, {"revision": self._registry.store.revision}]]

    def marks(self) -> list[dict[str, Any]]:
        """The newest marks of the timeline, oldest first, as far as somebody has been looking."""
        return list(self._marks)

    def row(self, uid: str) -> Row | None:
        return self._rows.get(uid)

    def kinds(self, kind: str) -> list[Row]:
        self._switch_on()
        return [row for row in self._rows.values() if row["kind"] == kind]

    def summary(self) -> dict[str, Any]:
        """What a card of the wall shows: machines with their pods, and workloads, one letter a pod."""
        slots: dict[str, list[str]] = {node["name"]: [] for node in self.kinds("Node")}
        declared: dict[str, list[str]] = {}
        for pod in self.kinds("Pod"):
            letter = _LETTERS[pod["phase"]]
            if pod["ns"] != "kube-system":
                declared.setdefault(f"{pod['ns']}/{pod['app']}", []).append(letter)
            if pod["node"] in slots:
                slots[pod["node"]].append(letter)
        nodes = [[node["name"], node["ready"] == "True", "".join(slots[node["name"]])] for node in self.kinds("Node")]
        return {"nodes": nodes, "declared": ["".join(letters) for _, letters in sorted(declared.items())]}

    # Keeping up

    def observe(self, change: Change) -> None:
        """The API server committed a change."""
        if not self._on:
            return
        if change.resource == "events":
            self._mark_warning(change)
            return
        if change.resource not in _QUIET:
            self._message(change)
        about = change.new if change.type != "DELETED" else None
        self._show(change.resource, change.new or change.old or {}, about, change.ev)
        self._neighbours(change)

    def components_changed(self) -> None:
        """A part of the control plane went, came or began to lead."""
        if self._on:
            self._sync_components()

    def pull_changed(self, uid: str) -> None:
        """The image pull that a pod waits for began or ended."""
        row = self._rows.get(uid) if self._on else None
        if row is not None:
            self._again("pods", (row["ns"], row["name"]), self._registry.engine.trail.ev)

    def root(self, ev: int, type: str, text: str) -> None:
        """A command or a fault began: a mark on the timeline."""
        if not self._on:
            return
        later: list[tuple[int, Item]] = []
        while self._items and self._items[-1][0] > ev:
            later.append(self._items.pop())
        self._items.append((ev, ["mark", self._mark(ev, type, text)]))
        self._items.extend(reversed(later))
        self._sync_components()
        if type == "fault":
            for node in self._registry.objects("nodes"):
                self._show("nodes", node, node, self._registry.engine.trail.ev)
            for uid in [uid for uid, row in self._rows.items() if row.get("bar")]:
                self.pull_changed(uid)

    # Inside

    def _switch_on(self) -> None:
        if self._on:
            self._sync_components()
            return
        self._on = True
        self._since = self._registry.engine.trail.ev
        for pod in self._registry.objects("pods"):
            self._account(None, pod)
        for resource in self._registry.store.resources():
            for obj in self._registry.objects(resource):
                row = self._row(resource, obj)
                if row is not None:
                    self._rows[row["uid"]] = row
        for row in self._plane.rows():
            self._rows[row["uid"]] = row

    def _show(self, resource: str, about: Obj, obj: Obj | None, ev: int) -> None:
        if kind_of(resource) is None:
            return
        uid = about["metadata"]["uid"]
        if obj is None:
            if self._rows.pop(uid, None) is not None:
                self._add(ev, ["del", uid])
            return
        row = self._row(resource, obj)
        if row is not None:
            self._put(row, ev)

    def _put(self, row: Row, ev: int) -> None:
        known = self._rows.get(row["uid"])
        self._rows[row["uid"]] = row
        if known is None:
            self._add(ev, ["add", row["kind"], {key: value for key, value in row.items() if key != "kind"}])
            return
        changed = {key: value for key, value in row.items() if known.get(key) != value}
        if changed:
            self._add(ev, ["set", row["uid"], changed])

    def _row(self, resource: str, obj: Obj) -> Row | None:
        return row_of(resource, obj, self._around)

    def _neighbours(self, change: Change) -> None:
        """Rows that say something about the changed object: a Service about its endpoints, a Node about its pods."""
        obj = change.new or change.old or {}
        if change.resource == "endpointslices.discovery.k8s.io":
            labels = obj["metadata"].get("labels") or {}
            self._again("services", (change.key[0], labels.get("kubernetes.io/service-name", "")), change.ev)
        elif change.resource == "pods":
            if self._account(change.old, None if change.type == "DELETED" else change.new):
                self._again("nodes", ("", obj["spec"]["nodeName"]), change.ev)
        elif change.resource == "nodes":
            if change.old and _readiness(change.old) != _readiness(obj):
                for pod in self._registry.objects("pods"):
                    if pod["spec"].get("nodeName") == change.key[1]:
                        self._show("pods", pod, pod, change.ev)
        elif change.resource == "volumeattachments.storage.k8s.io":
            volume = obj["spec"]["source"].get("persistentVolumeName", "")
            self._again("persistentvolumes", ("", volume), change.ev)
        elif change.resource == "leases.coordination.k8s.io" and change.key[0] == "kube-node-lease":
            self._again("nodes", ("", change.key[1]), change.ev)

    def _account(self, old: Obj | None, new: Obj | None) -> bool:
        """Moves a pod's requests in its node's sum. False when nothing changed."""
        before, after = node_usage(old), node_usage(new)
        if before == after:
            return False
        node = ((new or old) or {})["spec"]["nodeName"]
        total = self._around.usage.setdefault(node, [0, 0])
        total[0] += after[0] - before[0]
        total[1] += after[1] - before[1]
        return True

    def _again(self, resource: str, key: tuple[str, str], ev: int) -> None:
        obj = self._registry.store.get(resource, key)
        if obj is not None:
            self._show(resource, obj, obj, ev)

    def _sync_components(self) -> None:
        for row in self._plane.rows():
            self._put(row, self._registry.engine.trail.ev)

    def _message(self, change: Change) -> None:
        """The write, and before it the delivery that woke the writer."""
        trail = self._registry.engine.trail
        row = trail.get(change.ev)
        if row is None:
            return
        sender = place_of(row.actor)
        woken = trail.get(row.because)
        if (
            woken is not None
            and woken.type == "write"
            and place_of(woken.actor) != sender
            and self._is_news(woken.ev, sender)
        ):
            heard = {"id": -change.ev, "from": "apiserver", "to": sender, "verb": "watch", "because": woken.ev}
            self._say(change.ev, woken, {**heard, "hop": row.hop, "say": self._narrator.woken(row, woken)})
        sent = {"id": change.ev, "from": sender, "to": "apiserver", "verb": row.verb, "because": row.because}
        self._say(change.ev, row, {**sent, "hop": row.hop, "say": self._narrator.say(change, row)})

    def _is_news(self, ev: int, listener: str) -> bool:
        """Whether this delivery is told of for the first time: one change may lead to many writes of one listener."""
        if (ev, listener) in self._heard:
            return False
        self._heard[ev, listener] = None
        if len(self._heard) > _RING:
            del self._heard[next(iter(self._heard))]
        return True

    def refused(self, row: TrailRow) -> None:
        """Somebody asked for a write and did not get it: the message stops at the API server."""
        if self._on:
            sent = {
                "id": row.ev,
                "from": place_of(row.actor),
                "to": "apiserver",
                "verb": row.verb,
                "because": row.because,
            }
            self._say(row.ev, row, {**sent, "hop": row.hop, "say": self._narrator.hop(row, None), "ok": False})

    def _say(self, ev: int, about: TrailRow, message: dict[str, Any]) -> None:
        thing = {"kind": kind_named(about.resource), "uid": about.uid, "name": about.name, "ns": about.namespace}
        self._add(ev, ["msg", {**thing, "root": about.root, "at": self.at, "ok": True, **message}])

    def _mark_warning(self, change: Change) -> None:
        event = change.new
        if change.type != "ADDED" or event is None or event["reason"] not in _WARNING_MARKS:
            return
        text = f"{event['reason']}: {event['involvedObject']['kind']} {event['involvedObject']['name']}"
        self._add(change.ev, ["mark", self._mark(change.ev, "warning", text)])

    def _mark(self, ev: int, type: str, text: str) -> dict[str, Any]:
        mark = {"at": self.at, "type": type, "text": text, "ev": ev}
        self._marks.append(mark)
        return mark

    def _add(self, ev: int, item: Item) -> None:
        self._items.append((ev, item))
        if len(self._items) > _RING:
            dropped = self._items.popleft()[0]
            while self._items and self._items[0][0] == dropped:
                self._items.popleft()
            self._since = dropped


def _columns(rows: list[Row]) -> dict[str, Any]:
    columns = [key for key in rows[0] if key != "kind"]
    return {"cols": columns, "rows": [[row[column] for column in columns] for row in rows]}


def _readiness(node: Obj) -> str:
    for condition in (node.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Ready":
            return str(condition["status"])
    return ""
