"""For each reason that a filter gives, the changes that could take it away: on the pod, on the node, or on what stands in the way.

Promises only candidates; whether one works is found out by trying (`search`). The reasons are those of the plugins
(https://kubernetes.io/docs/reference/scheduling/config/#scheduling-plugins).
"""

from collections.abc import Callable
from typing import NamedTuple

from simulator.engine.plain import Obj
from simulator.machinery.node_terms import node_term
from simulator.machinery.taints import NO_EXECUTE, NO_SCHEDULE, Taint, is_tolerated
from simulator.remedies.amounts import lowered
from simulator.remedies.change import Change, shell
from simulator.remedies.owner import Edits, Written, step
from simulator.scheduler.framework import Status
from simulator.scheduler.node_info import HOSTNAME, NodeInfo
from simulator.scheduler.obstacles import Blocked
from simulator.scheduler.pod_info import PodInfo

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
#: Conditions of the machine: a pod that tolerates them is placed there and still does not run.
_ILLNESSES = "node.kubernetes.io/"
#: What a machine is and no label can change.
_INBORN = (HOSTNAME, "kubernetes.io/os", "kubernetes.io/arch")


class Facts(NamedTuple):
    """What candidates are made from."""

    written: Written
    info: PodInfo
    is_powered: Callable[[str], bool]
    settled: frozenset[str] = frozenset()
    """Plugins whose obstacle a change that is made in any case takes away."""


def fixes(facts: Facts, blocked: Blocked) -> list[list[Change]] | None:
    """For each obstacle of a node its changes, the smallest first; None when nothing helps against one of them."""
    found: list[list[Change]] = []
    node = blocked.node
    if not facts.is_powered(node.name):
        found.append([_power(node)])
    for status in blocked.statuses:
        if status.plugin in facts.settled:
            continue
        if node.unschedulable and status.plugin == "NodeUnschedulable":
            found.append([_uncordon(node)])
            continue
        make = _MAKERS.get(status.plugin)
        changes = make(facts, node, status) if make is not None else []
        if changes is None:
            continue
        if not changes:
            return None
        found.append(sorted(changes, key=lambda one: one.weight))
    return found


# The node


def _uncordon(node: NodeInfo) -> Change:
    line = f"kubectl uncordon {node.name}"
    return Change("uncordon", 1.0, f"uncordon {node.name}", f"Node {node.name}", "spec.unschedulable", (shell(line),))


def _power(node: NodeInfo) -> Change:
    command = {"kind": "fault", "fault": "node-power-on", "target": node.name}
    return Change("power", 1.5, f"switch the machine {node.name} on", f"Node {node.name}", "", (command,))


def _taints(facts: Facts, node: NodeInfo, status: Status) -> list[Change] | None:
    """One change for all taints that are not tolerated; None where another obstacle's change takes them away."""
    tolerations = facts.info.tolerations
    wrong = [
        one for one in node.taints if one.effect in (NO_SCHEDULE, NO_EXECUTE) and not is_tolerated(one, tolerations)
    ]
    if node.unschedulable:
        wrong = [one for one in wrong if one.key != _UNSCHEDULABLE]
    if not facts.is_powered(node.name):
        wrong = [one for one in wrong if not one.key.startswith(_ILLNESSES)]
    if not wrong:
        return None
    if any(one.key.startswith(_ILLNESSES) for one in wrong):
        return []
    return [_tolerate(facts.written, wrong), _untaint(node, wrong)]


def _tolerate(written: Written, taints: list[Taint]) -> Change:
    wanted = [
        {"key": one.key, "operator": "Equal", "value": one.value, "effect": one.effect}
        if one.value
        else {"key": one.key, "operator": "Exists", "effect": one.effect}
        for one in taints
    ]
    edits: Edits
    if written.spec.get("tolerations"):
        edits = [{"op": "add", "path": "/tolerations/-", "value": one} for one in wanted]
    else:
        edits = [{"op": "add", "path": "/tolerations", "value": wanted}]
    names = " and ".join(_taint_text(one) for one in taints)
    # A toleration is one of the few things that may be added to a pod that waits.
    commands = written.edit(edits) if written.is_template else written.patch_pod(edits)
    say = f"let {written.about} tolerate the taint {names}"
    return Change(
        "tolerate", _protection(taints) + 2.0 * len(taints), say, written.about, written.field("tolerations"), commands
    )


def _untaint(node: NodeInfo, taints: list[Taint]) -> Change:
    names = " ".join(f"{one.key}:{one.effect}-" for one in taints)
    said = " and ".join(_taint_text(one) for one in taints)
    line = f"kubectl taint nodes {node.name} {names}"
    say = f"take the taint {said} from {node.name}"
    return Change(
        "untaint", _protection(taints) + 3.0 * len(taints), say, f"Node {node.name}", "spec.taints", (shell(line),)
    )


def _protection(taints: list[Taint]) -> float:
    """Control planes are kept free for a reason."""
    return 1.0 if any(one.key.startswith("node-role.kubernetes.io/") for one in taints) else 0.0


def _taint_text(one: Taint) -> str:
    return f"{one.key}{f'={one.value}' if one.value else ''}:{one.effect}"


# The pod's wishes


def _affinity(facts: Facts, node: NodeInfo, status: Status) -> list[Change]:
    """nodeSelector and required node affinity: give the node the labels, or ask for less."""
    written = facts.written
    selector = written.spec.get("nodeSelector") or {}
    wrong = {key: value for key, value in selector.items() if node.labels.get(key) != value}
    edits: Edits = [{"op": "remove", "path": f"/nodeSelector/{step(key)}"} for key in wrong]
    said = [f"the node selector {key}={value}" for key, value in wrong.items()]
    required = ((written.spec.get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED)
    terms = [node_term(raw) for raw in (required or {}).get("nodeSelectorTerms") or ()]
    if required and not any(term.matches(node.name, node.labels) for term in terms):
        edits.append({"op": "remove", "path": f"/affinity/nodeAffinity/{_REQUIRED}"})
        said.append("its required node affinity")
    if not edits:
        return []
    where = written.field("nodeSelector" if wrong else f"affinity.nodeAffinity.{_REQUIRED}")
    say = f"let {written.about} do without {' and '.join(said)}"
    changes = [Change("selector", 2.0 * len(edits), say, written.about, where, written.edit(edits))]
    if wrong and len(edits) == len(wrong) and not any(key in _INBORN for key in wrong):
        changes.append(_label(node, wrong))
    return changes


def _label(node: NodeInfo, labels: dict[str, str]) -> Change:
    pairs = " ".join(f"{key}={value}" for key, value in labels.items())
    has_others = any(key in node.labels for key in labels)
    line = f"kubectl label nodes {node.name} {pairs}{' --overwrite' if has_others else ''}"
    weight = (2.8 if has_others else 1.8) * len(labels)
    say = f"give {node.name} the label {pairs.replace(' ', ' and ')}"
    return Change("label", weight, say, f"Node {node.name}", "metadata.labels", (shell(line),))


def _ports(facts: Facts, node: NodeInfo, status: Status) -> list[Change]:
    edits: Edits = []
    said = []
    for index, container in enumerate(facts.written.spec["containers"]):
        for place, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                edits.append({"op": "remove", "path": f"/containers/{index}/ports/{place}/hostPort"})
                said.append(str(port["hostPort"]))
    if not edits or facts.written.spec.get("hostNetwork"):
        return []
    say = f"let {facts.written.about} do without the host port {' and '.join(said)}"
    where = facts.written.field("containers[].ports[].hostPort")
    return [Change("port", 2.5, say, facts.written.about, where, facts.written.edit(edits))]


def _spread(facts: Facts, node: NodeInfo, status: Status) -> list[Change]:
    """A hard constraint with a larger skew, or made a wish."""
    changes = []
    for index, one in enumerate(facts.written.spec.get("topologySpreadConstraints") or ()):
        if one.get("whenUnsatisfiable", "DoNotSchedule") != "DoNotSchedule":
            continue
        path, field = f"/topologySpreadConstraints/{index}", f"topologySpreadConstraints[{index}]"
        over = f"over {one['topologyKey']}"
        if one["topologyKey"] in node.labels:
            for more in (1, 2):
                skew = one["maxSkew"] + more
                edits = [{"op": "replace", "path": f"{path}/maxSkew", "value": skew}]
                say = f"raise the maxSkew {over} of {facts.written.about} from {one['maxSkew']} to {skew}"
                changes.append(_edited(facts.written, 1.4 + 0.2 * more, say, f"{field}.maxSkew", edits))
        edits = [{"op": "replace", "path": f"{path}/whenUnsatisfiable", "value": "ScheduleAnyway"}]
        say = f"make the spread of {facts.written.about} {over} a wish (ScheduleAnyway)"
        changes.append(_edited(facts.written, 2.2, say, f"{field}.whenUnsatisfiable", edits))
    return changes


def _pod_affinity(facts: Facts, node: NodeInfo, status: Status) -> list[Change]:
    """Each required term of pod affinity or anti-affinity, dropped."""
    changes = []
    affinity = facts.written.spec.get("affinity") or {}
    for kind, word in (("podAffinity", "affinity"), ("podAntiAffinity", "anti-affinity")):
        terms = (affinity.get(kind) or {}).get(_REQUIRED) or []
        for index, term in enumerate(terms):
            path = f"/affinity/{kind}/{_REQUIRED}" + (f"/{index}" if len(terms) > 1 else "")
            say = f"let {facts.written.about} do without its required pod {word} over {term['topologyKey']}"
            field = f"affinity.{kind}.{_REQUIRED}[{index}]"
            changes.append(_edited(facts.written, 2.5, say, field, [{"op": "remove", "path": path}]))
    return changes


def _resources(facts: Facts, node: NodeInfo, status: Status) -> list[Change]:
    change = lowered(facts.written, facts.info, node)
    return [change] if change is not None else []


def _edited(written: Written, weight: float, say: str, field: str, edits: Edits) -> Change:
    return Change(field, weight, say, written.about, written.field(field), written.edit(edits))


_MAKERS: dict[str, Callable[[Facts, NodeInfo, Status], list[Change] | None]] = {
    "TaintToleration": _taints,
    "NodeAffinity": _affinity,
    "NodePorts": _ports,
    "NodeResourcesFit": _resources,
    "PodTopologySpread": _spread,
    "InterPodAffinity": _pod_affinity,
}


def ungated(pod: Obj, written: Written) -> Change | None:
    """A pod with scheduling gates is not even looked at."""
    gates = [one["name"] for one in pod["spec"].get("schedulingGates") or ()]
    if not gates:
        return None
    commands = written.patch_pod([{"op": "remove", "path": "/schedulingGates"}])
    say = f"take the scheduling gate {' and '.join(gates)} from Pod {pod['metadata']['name']}"
    return Change("gate", 1.0, say, f"Pod {pod['metadata']['name']}", "spec.schedulingGates", commands)


def own_scheduler(written: Written) -> Change | None:
    """A scheduler of that name is not there."""
    name = written.spec.get("schedulerName")
    if name in (None, "", "default-scheduler"):
        return None
    say = f"let {written.about} be placed by the default scheduler instead of {name}"
    return _edited(written, 1.0, say, "schedulerName", [{"op": "remove", "path": "/schedulerName"}])
