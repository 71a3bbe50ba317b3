"""TaintNodesByCondition: a new node takes no pods until a controller has seen that it is ready.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#taintnodesbycondition; `plugin/pkg/admission/nodetaint/admission.go` (1.33).
"""

from simulator.engine.plain import Obj

_NOT_READY = "node.kubernetes.io/not-ready"
_NO_SCHEDULE = "NoSchedule"


def tainted(node: Obj) -> Obj:
    """A node with the taint, unless it has it already."""
    spec = node.get("spec") or {}
    taints = spec.get("taints") or []
    if any((one.get("key"), one.get("effect")) == (_NOT_READY, _NO_SCHEDULE) for one in taints):
        return node
    return {**node, "spec": {**spec, "taints": [*taints, {"key": _NOT_READY, "effect": _NO_SCHEDULE}]}}
