"""Fields that are accepted, stored and shown, and have no effect here: the one list of them.

The inspector tells a learner about those that an object uses, and `docs/fidelity.md` prints the list (a test keeps the two equal). A
field leaves this list when its behaviour is simulated.
"""

from dataclasses import dataclass
from typing import Any

from simulator.engine.plain import Obj


@dataclass(frozen=True, slots=True)
class AcceptedField:
    kind: str
    path: str
    """`[]` behind a name: in any element of the list."""
    why: str


_NO_KERNEL = "there is no kernel below the processes that could enforce it"

ACCEPTED_FIELDS = (
    AcceptedField("Pod", "spec.securityContext.seLinuxOptions", _NO_KERNEL),
    AcceptedField("Pod", "spec.securityContext.seccompProfile", _NO_KERNEL),
    AcceptedField("Pod", "spec.securityContext.appArmorProfile", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.capabilities", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.privileged", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.seLinuxOptions", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.seccompProfile", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.appArmorProfile", _NO_KERNEL),
    AcceptedField("Pod", "spec.containers[].securityContext.procMount", _NO_KERNEL),
    AcceptedField("Pod", "spec.hostUsers", _NO_KERNEL),
    AcceptedField("Pod", "spec.resourceClaims", "there are no devices"),
)


def without_effect(obj: Obj) -> list[str]:
    """The paths of such fields that an object sets."""
    return [one.path for one in ACCEPTED_FIELDS if one.kind == obj["kind"] and _is_set(obj, one.path.split("."))]


def _is_set(found: Any, parts: list[str]) -> bool:
    if not parts:
        return found not in (None, {}, [], False, "")
    if not isinstance(found, dict):
        return False
    name, rest = parts[0], parts[1:]
    inner = found.get(name.removesuffix("[]"))
    if name.endswith("[]"):
        return any(_is_set(item, rest) for item in inner or ())
    return _is_set(inner, rest)
