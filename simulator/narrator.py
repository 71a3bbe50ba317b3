"""Says in one plain sentence what happened: the caption of a message, a hop of "because", a line for a screen reader.

Every sentence is made from the change itself (before, after) and from the trail (who, woken by what), so it cannot say
more than what the simulated cluster did.
"""

from simulator.engine.plain import Obj
from simulator.engine.trail_rows import TrailRow
from simulator.machinery import resources
from simulator.machinery.store import Change

_COMPONENTS = {
    "kube-scheduler": "the scheduler",
    "default-scheduler": "the scheduler",
    "kube-apiserver": "the API server",
    "cluster-autoscaler": "the cluster autoscaler",
}
_SIDECARS = ("external-provisioner", "external-attacher", "external-resizer", "external-snapshotter")
_VERBS = {
    "create": "creates",
    "update": "updates",
    "patch": "changes",
    "delete": "deletes",
    "bind": "binds",
    "scale": "scales",
}


def place_of(actor: str) -> str:
    """Where on the diagram a writer stands."""
    if actor.startswith("kubelet/"):
        return f"kubelet:{actor.removeprefix('kubelet/')}"
    if actor in ("kube-scheduler", "default-scheduler"):
        return "scheduler"
    if actor == "kube-apiserver":
        return "apiserver"
    if actor in _SIDECARS:
        return "cloud"
    if actor == "cluster-autoscaler":
        return f"controller:{actor}"
    if actor.endswith("-controller"):
        return f"controller:{actor.removesuffix('-controller')}"
    return "you"


def who(actor: str) -> str:
    """The writer in words."""
    if actor.startswith("kubelet/"):
        return f"the kubelet on {actor.removeprefix('kubelet/')}"
    if actor in _SIDECARS:
        return f"the {actor.replace('-', ' ')} of the storage driver"
    if actor in _COMPONENTS:
        return _COMPONENTS[actor]
    if actor.endswith("-controller"):
        return f"the {actor.removesuffix('-controller')} controller"
    return "you"


def kind_named(resource: str) -> str:
    """`deployments.apps` → `Deployment`; the resource itself when nobody knows it."""
    kind = resources.by_name(resource)
    return kind.kind if kind else resource


class Narrator:
    """Stateless; a class so that a later one may speak another language."""

    def say(self, change: Change, row: TrailRow) -> str:
        """One sentence for one write."""
        return _sentence(f"{who(row.actor)} {self._deed(change, row)}")

    def woken(self, row: TrailRow, by: TrailRow) -> str:
        """One sentence for a watch delivery that made somebody act."""
        return _sentence(f"{who(row.actor)} hears that {_named(by.resource, by.name)} was {_past(by.verb)}")

    def hop(self, row: TrailRow, change: Change | None) -> str:
        """One sentence for any row of the trail; `change` when it is a write that is still remembered."""
        if change is not None:
            return self.say(change, row)
        match row.type:
            case "command":
                return f"You ran: {row.note}" if row.note else "You gave a command."
            case "fault":
                return _sentence(row.note)
            case "start":
                return "The cluster started."
            case "timer" | "run" | "refusal":
                return _sentence(row.note)
        verb = {"you": "have"}.get(who(row.actor), "has")
        return _sentence(f"{who(row.actor)} {verb} {_past(row.verb)} {_named(row.resource, row.name)}")

    def _deed(self, change: Change, row: TrailRow) -> str:
        old, new = change.old, change.new
        about = new if new is not None else old
        thing = f"{about['kind'] if about else change.resource} {change.key[1]}"
        you = who(row.actor) == "you"
        if row.verb == "bind" and new is not None:
            return f"binds {thing} to {new['spec']['nodeName']}"
        if change.type == "DELETED":
            return _person(f"removes {thing}", you)
        if old is None or new is None:
            return _person(f"creates {thing}", you)
        if "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
            return _person(f"marks {thing} for deletion", you)
        told = _TELL.get(change.resource, _tell_nothing)(old, new)
        if told:
            return _person(told.replace("{}", thing), you)
        return _person(f"{_VERBS.get(row.verb, 'changes')} {thing}", you)


def _person(deed: str, you: bool) -> str:
    """`creates x` → `create x` when the reader did it."""
    if not you:
        return deed
    verb, _, rest = deed.partition(" ")
    return f"{verb.removesuffix('s')} {rest}"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


def _named(resource: str, name: str) -> str:
    return f"{kind_named(resource)} {name}"


def _past(verb: str) -> str:
    return {"create": "created", "delete": "deleted", "bind": "bound to a node", "scale": "scaled"}.get(verb, "changed")


def _tell_nothing(old: Obj, new: Obj) -> str:
    return ""


def _tell_replicas(old: Obj, new: Obj) -> str:
    before, after = old["spec"].get("replicas"), new["spec"].get("replicas")
    if before != after:
        return f"scales {{}} from {before} to {after}"
    if old["spec"] != new["spec"]:
        return "changes what {} wants"
    ready = (new.get("status") or {}).get("readyReplicas", 0)
    if ready != (old.get("status") or {}).get("readyReplicas", 0):
        return f"counts {ready} of {after} ready for {{}}"
    return "reports the status of {}"


def _tell_pod(old: Obj, new: Obj) -> str:
    before, after = old.get("status") or {}, new.get("status") or {}
    for status in after.get("containerStatuses") or ():
        told = _tell_container(_container(before, status["name"]), status)
        if told:
            return told
    if _condition(before, "Ready") != _condition(after, "Ready"):
        return "reports that {} is ready" if _condition(after, "Ready") == "True" else "reports that {} is not ready"
    unscheduled = _condition(after, "PodScheduled") == "False"
    if unscheduled and _condition(before, "PodScheduled") != "False":
        return "finds no node for {}"
    if before.get("phase") != after.get("phase"):
        return f"reports {{}} as {after.get('phase')}"
    return "reports the status of {}"


def _tell_container(old: Obj, new: Obj) -> str:
    state = new.get("state") or {}
    before = old.get("state") or {}
    if "running" in state and "running" not in before:
        return "reports that {} runs" if not new.get("restartCount") else "has restarted a container of {}"
    reason = (state.get("waiting") or {}).get("reason", "")
    if reason and reason != (before.get("waiting") or {}).get("reason"):
        if reason in ("ContainerCreating", "PodInitializing"):
            return f"sees {{}} bound to its node, and starts pulling {new.get('image', 'its image')}"
        return f"reports {reason} for {{}}"
    if "terminated" in state and "terminated" not in before:
        return f"reports that a container of {{}} ended with exit code {state['terminated'].get('exitCode')}"
    return ""


def _container(status: Obj, name: str) -> Obj:
    for entry in status.get("containerStatuses") or ():
        if entry["name"] == name:
            return dict(entry)
    return {}


def _condition(status: Obj, type: str) -> str:
    for condition in status.get("conditions") or ():
        if condition["type"] == type:
            return str(condition["status"])
    return ""


def _tell_node(old: Obj, new: Obj) -> str:
    before, after = _condition(old.get("status") or {}, "Ready"), _condition(new.get("status") or {}, "Ready")
    if before != after:
        words = {"True": "Ready", "False": "NotReady", "Unknown": "NotReady: its kubelet has gone silent"}
        return f"marks {{}} {words.get(after, after)}"
    if bool(old["spec"].get("unschedulable")) != bool(new["spec"].get("unschedulable")):
        return "cordons {}" if new["spec"].get("unschedulable") else "uncordons {}"
    if (old["spec"].get("taints") or []) != (new["spec"].get("taints") or []):
        return "changes the taints of {}"
    return "reports the status of {}"


def _tell_slice(old: Obj, new: Obj) -> str:
    ready = sum(1 for e in new.get("endpoints") or () if (e.get("conditions") or {}).get("ready"))
    return f"writes {{}}: {ready} ready"


_TELL = {
    "pods": _tell_pod,
    "nodes": _tell_node,
    "deployments.apps": _tell_replicas,
    "replicasets.apps": _tell_replicas,
    "statefulsets.apps": _tell_replicas,
    "endpointslices.discovery.k8s.io": _tell_slice,
}
