"""ResourceQuota: charges what is created, and refuses what does not fit.

https://kubernetes.io/docs/concepts/policy/resource-quotas/; `staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go`
(1.33), whose texts these are. Limits are those in `status.hard`: a new quota holds once its controller has counted. A charge is
written to `status.used` before the object is stored, as upstream does; the controller gives back what is deleted.
"""

from collections.abc import Callable, Iterable

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.pod_resources import Amounts, minus, parsed, plus
from simulator.machinery.quota_usage import IGNORED, concerned, matches_scopes, missing, usage
from simulator.machinery.store import Store

_QUOTAS = "resourcequotas"
#: Kinds whose updates can change what they use.
CHANGING = ("services", "persistentvolumeclaims")


class QuotaAdmission:
    def __init__(self, store: Store, kinds: Kinds, write: Callable[[Obj], None]) -> None:
        """`write` stores a quota with a changed status."""
        self._store = store
        self._kinds = kinds
        self._write = write

    def charge(self, resource: str, obj: Obj, old: Obj | None = None, *, dry_run: bool = False) -> None:
        """Raises StatusError Forbidden when a quota of the namespace is exceeded."""
        if not self._store.table(_QUOTAS) or resource in IGNORED:
            return
        namespace = obj["metadata"].get("namespace", "")
        quotas = sorted(self._store.in_namespace(_QUOTAS, namespace), key=lambda quota: str(quota["metadata"]["name"]))
        if not quotas:
            return
        try:
            charged = [_charged(quota, resource, obj, old) for quota in quotas]
        except _Refused as refusal:
            kind = self._kinds.by_name(resource)
            group, plural = (kind.group, kind.plural) if kind else ("", resource)
            raise errors.forbidden(group, plural, obj["metadata"]["name"], str(refusal)) from None
        if dry_run:
            return
        for quota in charged:
            if quota is not None:
                self._write(quota)


class _Refused(Exception):
    """The text behind `is forbidden:`."""


def _charged(quota: Obj, resource: str, obj: Obj, old: Obj | None) -> Obj | None:
    """The quota with the object charged to it; None when the object does not concern it."""
    status, name = quota.get("status") or {}, quota["metadata"]["name"]
    hard, used = parsed(status.get("hard")), parsed(status.get("used"))
    names = concerned(resource, hard)
    if not names or not matches_scopes(quota, resource, obj):
        return None
    if resource == "pods" and (says := missing(obj, names)):
        raise _Refused(f"failed quota: {name}: {says}")
    if any(one not in used for one in names):
        raise _Refused(f"status unknown for quota: {name}, resources: {','.join(sorted(names))}")
    delta = _delta(quota, resource, obj, old)
    asked = {one: amount for one, amount in delta.items() if one in hard and amount.nanos > 0}
    if not asked:
        return None
    fresh = {**used, **{one: plus(used[one], amount) for one, amount in asked.items()}}
    exceeded = sorted(one for one in asked if fresh[one].nanos > hard[one].nanos)
    if exceeded:
        raise _Refused(
            f"exceeded quota: {name}, requested: {_texts(asked, exceeded)}, "
            f"used: {_texts(used, exceeded)}, limited: {_texts(hard, exceeded)}"
        )
    return {**quota, "status": {**status, "used": {one: str(amount) for one, amount in fresh.items()}}}


def _delta(quota: Obj, resource: str, obj: Obj, old: Obj | None) -> Amounts:
    """What is new: everything for a new object, the growth for a changed one that was charged before."""
    amounts = usage(resource, obj)
    if old is None or not matches_scopes(quota, resource, old):
        return amounts
    before = usage(resource, old)
    return {name: minus(amount, before[name]) if name in before else amount for name, amount in amounts.items()}


def _texts(amounts: Amounts, names: Iterable[str]) -> str:
    return ",".join(f"{name}={amounts[name]}" for name in names)
