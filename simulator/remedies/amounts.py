"""How far a request has to come down to fit into what a node has left.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#requests-and-limits. One container gives way: the one that asks
for most. Amounts are rounded down to what a person would write.
"""

from simulator.engine.plain import Obj
from simulator.machinery import quantities
from simulator.remedies.change import Change
from simulator.remedies.owner import Edits, Written, step
from simulator.scheduler.node_info import NodeInfo
from simulator.scheduler.pod_info import PodInfo, amount_of

_MIB, _GIB = 1 << 20, 1 << 30
_PLAIN = ("cpu", "memory", "ephemeral-storage")


def lowered(written: Written, info: PodInfo, node: NodeInfo) -> Change | None:
    """One change for all resources of which the node has too little; None when asking for less does not help."""
    missing = _missing(info, node)
    if not missing or len(node.pods) + 1 > node.pod_limit:
        return None
    containers = written.spec["containers"]
    asked = {name: [_asked(one, name) for one in containers] for name in missing}
    index = max(range(len(containers)), key=lambda at: [asked[name][at] for name in missing])
    amounts: dict[str, str] = {}
    share = 0.0
    for name, excess in missing.items():
        had = asked[name][index]
        left = _rounded(name, had - excess)
        if not had or left <= 0:
            return None
        amounts[name] = _text(name, left)
        share = max(share, 1 - left / had)
    container = containers[index]
    had_text = {name: _text(name, asked[name][index]) for name in missing}
    said = " and ".join(f"the {name} request from {had_text[name]} to {amounts[name]}" for name in missing)
    say = f"lower {said} in container {container['name']} of {written.about}"
    fields = " and ".join(written.field(f"containers[{index}].resources.requests.{name}") for name in missing)
    edits = _edits(container, index, amounts)
    # Of an extended resource request and limit are the same, which `set resources` would have to be told twice.
    by_patch = any(name not in _PLAIN for name in amounts)
    commands = written.edit(edits) if by_patch else written.request(container["name"], amounts, edits)
    # Giving up a tenth of a request is little, giving up nearly all of it is much.
    return Change("request", 1.0 + 3.0 * share, say, written.about, fields, commands)


def _missing(info: PodInfo, node: NodeInfo) -> dict[str, int]:
    """Resource → by how much the pod asks for more than is left."""
    wanted, offered = info.requests, node.allocatable
    found = {
        "cpu": wanted.milli_cpu - (offered.milli_cpu - node.milli_cpu),
        "memory": wanted.memory - (offered.memory - node.memory),
        "ephemeral-storage": wanted.ephemeral - (offered.ephemeral - node.ephemeral),
    }
    asked = {"cpu": wanted.milli_cpu, "memory": wanted.memory, "ephemeral-storage": wanted.ephemeral}
    missing = {name: excess for name, excess in found.items() if excess > 0 and asked[name]}
    missing.update(
        (name, amount - node.free_of(name)) for name, amount in wanted.extended if amount > node.free_of(name)
    )
    return missing


def _asked(container: Obj, name: str) -> int:
    """The request, or the limit that stands in for it."""
    resources = container.get("resources") or {}
    amount = (resources.get("requests") or {}).get(name, (resources.get("limits") or {}).get(name))
    return 0 if amount is None else amount_of(name, amount)


def _rounded(name: str, amount: int) -> int:
    if name == "cpu":
        return amount // 100 * 100 if amount >= 1_000 else amount // 10 * 10
    if name in _PLAIN:
        return amount // (64 * _MIB) * 64 * _MIB if amount >= _GIB else amount // _MIB * _MIB
    return amount


def _text(name: str, amount: int) -> str:
    if name == "cpu":
        return quantities.from_milli(amount)
    return quantities.from_bytes(amount) if name in _PLAIN else str(amount)


def _edits(container: Obj, index: int, amounts: dict[str, str]) -> Edits:
    resources = container.get("resources") or {}
    path = f"/containers/{index}/resources"
    edits: Edits = []
    if not resources.get("requests"):
        edits.append({"op": "add", "path": f"{path}/requests", "value": {}})
    for name, text in amounts.items():
        edits.append({"op": "add", "path": f"{path}/requests/{step(name)}", "value": text})
        if name not in _PLAIN:
            edits.append({"op": "add", "path": f"{path}/limits/{step(name)}", "value": text})
    return edits
