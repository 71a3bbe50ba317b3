"""Keeps the status of every ResourceQuota: which limits hold, and how much of them is used.

https://kubernetes.io/docs/concepts/policy/resource-quotas/; `pkg/controller/resourcequota/resource_quota_controller.go` (1.33). Admission
charges what is created; this controller counts what a new quota finds, and gives back what is deleted or finished.

Upstream counts a namespace afresh each time. Here each quota has a tally that follows the watch, counted once when it is first
needed: the sums are the same, the cost is that of the change.
"""

from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Client, Controller, Process
from simulator.controllers.kinds.objects import is_ending, key_of, one_of, split
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery import resources
from simulator.machinery.pod_resources import parsed
from simulator.machinery.quantities import Quantity, parse
from simulator.machinery.quota_usage import concerned, is_finished, matches_scopes, resources_of, usage

QUOTAS = "resourcequotas"
_RESYNC_US = 300 * 1_000_000
_COUNTED = tuple(
    one.name
    for one in resources.RESOURCES
    if one.namespaced and {"list", "watch", "delete"} <= set(one.verbs) and one.kind != "Event"
)


class ResourceQuotaController(Controller):
    name: ClassVar[str] = "resourcequota-controller"
    watches = {**dict.fromkeys(_COUNTED, "on_object"), QUOTAS: "on_quota", "*": "on_custom"}
    writes = (QUOTAS,)
    subject = QUOTAS

    def __init__(self, process: Process, client: Client) -> None:
        self._limited: dict[str, dict[str, None]] | None = None
        """Namespace → keys of its quotas; None until drawn from the cache."""
        self._tallies: dict[str, dict[str, int]] = {}
        """Key of a quota → name → billionths in use; absent until counted."""
        self._due: dict[str, int] = {}
        """Key of a quota → when the next of its pods should have ended: the quota is counted again after that."""
        super().__init__(process, client)

    # The watch

    def on_quota(self, old: Obj | None, new: Obj | None) -> None:
        quota = one_of(old, new)
        key, namespace = key_of(quota), quota["metadata"]["namespace"]
        self.on_object(old, new)
        if new is None:
            self._quotas_by_namespace().get(namespace, {}).pop(key, None)
            self._tallies.pop(key, None)
            self._due.pop(key, None)
            return
        self._quotas_by_namespace().setdefault(namespace, {})[key] = None
        if old is None or old.get("spec") != new.get("spec"):
            self._tallies.pop(key, None)
            self.enqueue(key)
        elif (new.get("status") or {}).get("hard") != (new.get("spec") or {}).get("hard"):
            self.enqueue(key, self._until_resync_us())  # whatever else is said of a status is this controller's own

    def _until_resync_us(self) -> int:
        """Every five minutes all quotas are looked at again (`--resource-quota-sync-period`)."""
        return _RESYNC_US - self.engine.now % _RESYNC_US

    def on_object(self, old: Obj | None, new: Obj | None) -> None:
        obj = one_of(old, new)
        quotas = self._quotas_by_namespace().get(obj["metadata"].get("namespace", ""))
        if not quotas or _uses_the_same(old, new):
            return
        kind = resources.by_kind(obj["apiVersion"], obj["kind"])
        if kind is None:
            return
        for key in quotas:
            self._follow(key, kind.name, old, new)

    def on_custom(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        """Objects of custom kinds are counted as `count/<plural>.<group>`."""
        namespace = one_of(old, new)["metadata"].get("namespace", "")
        for key in self._quotas_by_namespace().get(namespace) or ():
            self._follow(key, resource, old, new)

    def _follow(self, key: str, resource: str, old: Obj | None, new: Obj | None) -> None:
        quota = self.cache.get(QUOTAS, *split(key))
        if quota is None:
            return
        if resource == "pods":
            self._mind_the_end(key, old, new)
        before = self._charged(quota, resource, old)
        after = self._charged(quota, resource, new)
        if before == after:
            return
        self.enqueue(key)
        if (tally := self._tallies.get(key)) is None:
            return
        for name, amount in before.items():
            tally[name] = tally.get(name, 0) - amount
        for name, amount in after.items():
            tally[name] = tally.get(name, 0) + amount

    def _mind_the_end(self, key: str, old: Obj | None, new: Obj | None) -> None:
        """A pod that does not end in time is given back by the first count after that (`QuotaV1Pod`)."""
        if old is not None and self._is_overdue(old):
            self._tallies.pop(key, None)
        if new is not None and is_ending(new):
            self._due[key] = min(self._end_us(new), self._due.get(key, self._end_us(new)))
            self.enqueue(key, self._until_resync_us())

    def _end_us(self, pod: Obj) -> int:
        """The grace period counts twice: the time of deletion contains it already, in upstream too."""
        grace_us: int = pod["metadata"].get("deletionGracePeriodSeconds", 0) * 1_000_000
        return self.engine.micros(pod["metadata"]["deletionTimestamp"]) + grace_us

    def _is_overdue(self, obj: Obj) -> bool:
        return obj["kind"] == "Pod" and is_ending(obj) and self.engine.now > self._end_us(obj)

    def _charged(self, quota: Obj, resource: str, obj: Obj | None) -> dict[str, int]:
        if obj is None or not matches_scopes(quota, resource, obj):
            return {}
        amounts = usage(resource, obj, is_overdue=self._is_overdue(obj))
        names = concerned(resource, (quota.get("spec") or {}).get("hard") or {})
        return {name: amounts[name].nanos for name in names if name in amounts}

    def _quotas_by_namespace(self) -> dict[str, dict[str, None]]:
        if self._limited is None:
            self._limited = {}
            for quota in self.cache.list(QUOTAS):
                self._limited.setdefault(quota["metadata"]["namespace"], {})[key_of(quota)] = None
        return self._limited

    # The work

    def reconcile(self, key: str) -> None:
        quota = self.cache.get(QUOTAS, *split(key))
        if quota is None:
            return
        hard, status = (quota.get("spec") or {}).get("hard") or {}, quota.get("status") or {}
        tally = self._tallies.get(key)
        if tally is None or self._due.get(key, self.engine.now) < self.engine.now:
            tally = self._tallies[key] = self._counted(key, quota)
        if key in self._due:
            self.enqueue(key, self._until_resync_us())
        before = parsed(status.get("used"))
        used = {name: _text(tally.get(name, 0), before.get(name), parse(amount)) for name, amount in hard.items()}
        if status.get("hard") == hard and status.get("used") == used:
            return
        try:
            self.client.update_status(QUOTAS, {**quota, "status": {"hard": hard, "used": used}})
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _counted(self, key: str, quota: Obj) -> dict[str, int]:
        total: dict[str, int] = {}
        self._due.pop(key, None)
        for resource in resources_of((quota.get("spec") or {}).get("hard") or {}):
            for obj in self.cache.list(resource, quota["metadata"]["namespace"]):
                if resource == "pods" and is_ending(obj) and not self._is_overdue(obj):
                    self._due[key] = min(self._end_us(obj), self._due.get(key, self._end_us(obj)))
                for name, amount in self._charged(quota, resource, obj).items():
                    total[name] = total.get(name, 0) + amount
        return total

    def on_start(self) -> None:
        self._forget()

    def on_stop(self) -> None:
        super().on_stop()
        self._forget()

    def load_private(self, state: Plain) -> None:
        """Everything remembered follows from the cache."""
        self._forget()

    def _forget(self) -> None:
        self._limited = None
        self._tallies.clear()
        self._due.clear()


def _uses_the_same(old: Obj | None, new: Obj | None) -> bool:
    """Most changes of pods are news of their status."""
    if old is None or new is None:
        return False
    return (
        old.get("spec") is new.get("spec")
        and is_finished(old) == is_finished(new)
        and is_ending(old) == is_ending(new)
        and _held(old) == _held(new)
    )


def _held(pod: Obj) -> list[object]:
    """What its containers have, which may be more than they ask for while they are resized."""
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return [one.get("resources") for one in statuses]


def _text(nanos: int, before: Quantity | None, hard: Quantity) -> str:
    """Written as the status wrote it, or as the limit is written."""
    return str(Quantity(nanos, before.format if before is not None and before.nanos else hard.format))
