"""Taints, tolerations and which of them tolerates which.

https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.engine.plain import Obj

NO_SCHEDULE = "NoSchedule"
NO_EXECUTE = "NoExecute"
PREFER_NO_SCHEDULE = "PreferNoSchedule"


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str
    operator: str
    value: str
    effect: str

    def tolerates(self, taint: Taint) -> bool:
        if self.effect and self.effect != taint.effect:
            return False
        if self.key and self.key != taint.key:
            return False
        return self.operator == "Exists" or (self.operator in ("", "Equal") and self.value == taint.value)


def taint(raw: Obj) -> Taint:
    return Taint(raw["key"], raw.get("value") or "", raw["effect"])


def toleration(raw: Obj) -> Toleration:
    return Toleration(raw.get("key") or "", raw.get("operator") or "", raw.get("value") or "", raw.get("effect") or "")


def is_tolerated(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    return any(toleration.tolerates(taint) for toleration in tolerations)
