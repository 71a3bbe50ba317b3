"""Conditions as Knative keeps them: one that sums up the others, which it depends on.

Follows knative.dev/pkg `apis/condition_set.go` and what its generated reconcilers do before and after a look (`reconciler/reconcile_common.go`):
False counts before Unknown, what was told last before what was told earlier, and a condition's time changes with its status, reason or message.
"""

from collections.abc import Sequence

from simulator.engine.plain import Obj

_READY = "Ready"
_NEW_GENERATION = "NewObservedGenFailure"


class Conditions:
    def __init__(self, dependents: Sequence[str], known: Sequence[Obj] = ()) -> None:
        """`known` are those of the object's status."""
        self._dependents = tuple(dependents)
        self._before = {one["type"]: one for one in known}
        self._now = {kind: _told(one) for kind, one in self._before.items()}
        self._told: list[str] = []
        """Types that changed in this look, oldest first."""
        if _READY not in self._now:
            self._set(_READY, "Unknown")
        for kind in self._dependents:
            if kind not in self._now:
                self._set(kind, "True" if self.status(_READY) == "True" else "Unknown")

    def begin(self, obj: Obj) -> None:
        """A generation not seen before: Ready is open until the look says something."""
        if not is_observed(obj):
            self.unknown(_READY, _NEW_GENERATION, "unsuccessfully observed a new generation")

    def status(self, kind: str) -> str:
        """ "" when nothing was said yet."""
        return str(self._now.get(kind, {}).get("status", ""))

    def get(self, kind: str) -> Obj:
        return self._now.get(kind, {})

    def true(self, kind: str, reason: str = "", message: str = "") -> None:
        self._set(kind, "True", reason, message)
        unhappy = self._unhappy()
        if unhappy is not None:
            self._set(_READY, unhappy["status"], unhappy.get("reason", ""), unhappy.get("message", ""))
        elif kind != _READY:
            self._set(_READY, "True")

    def unknown(self, kind: str, reason: str, message: str = "") -> None:
        self._set(kind, "Unknown", reason, message)
        if any(self.status(one) == "False" for one in self._dependents):
            if self.status(_READY) != "False":
                self.false(_READY, reason, message)
        elif kind in self._dependents:
            self._set(_READY, "Unknown", reason, message)

    def false(self, kind: str, reason: str, message: str = "") -> None:
        self._set(kind, "False", reason, message)
        if kind in self._dependents:
            self._set(_READY, "False", reason, message)

    def copy(self, kind: str, other: Obj) -> None:
        """What another object says of itself, said of this one; nothing when it says nothing."""
        status = other.get("status")
        if status == "True":
            self.true(kind)
        elif status:
            tell = self.false if status == "False" else self.unknown
            tell(kind, other.get("reason", ""), other.get("message", ""))

    def listed(self, now: str) -> list[Obj]:
        """By type; the time of those that are as they were stays."""
        return [
            {
                **told,
                "lastTransitionTime": self._before[kind]["lastTransitionTime"] if self._is_as_before(kind) else now,
            }
            for kind, told in sorted(self._now.items())
        ]

    def _is_as_before(self, kind: str) -> bool:
        return kind in self._before and _told(self._before[kind]) == self._now[kind]

    def _set(self, kind: str, status: str, reason: str = "", message: str = "") -> None:
        told: Obj = {"type": kind, "status": status}
        if kind != _READY and kind not in self._dependents:
            told["severity"] = "Info"
        told |= {field: text for field, text in (("reason", reason), ("message", message)) if text}
        if self._now.get(kind) != told:
            self._now[kind] = told
            self._told = [*(one for one in self._told if one != kind), kind]

    def _unhappy(self) -> Obj | None:
        latest = sorted(self._dependents, key=self._recency, reverse=True)
        for status in ("False", "Unknown"):
            for kind in latest:
                if self.status(kind) == status:
                    return self._now[kind]
        return None

    def _recency(self, kind: str) -> tuple[int, str]:
        if kind in self._told:
            return self._told.index(kind) + 1, ""
        return 0, self._before[kind]["lastTransitionTime"]


def _told(condition: Obj) -> Obj:
    return {field: value for field, value in condition.items() if field != "lastTransitionTime"}


def condition(obj: Obj | None, kind: str = _READY) -> Obj:
    """This condition of an object's status; {} when there is none."""
    known = ((obj or {}).get("status") or {}).get("conditions") or ()
    return next((one for one in known if one["type"] == kind), {})


def is_observed(obj: Obj) -> bool:
    seen = (obj.get("status") or {}).get("observedGeneration")
    return bool(seen == obj["metadata"].get("generation", 1))


def is_ready(obj: Obj) -> bool:
    """For the generation that the object has now."""
    return is_observed(obj) and bool(condition(obj).get("status") == "True")
