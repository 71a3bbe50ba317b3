"""The validating half of admission, in upstream's order: LimitRanger first, ResourceQuota last.

The mutating half works on pods and lies in `simulator.apiserver.pods`. Called by the registry for everybody, components included:
a pod made by a controller is held to the same policy as one made by hand.
"""

from collections.abc import Callable

from simulator.apiserver import errors
from simulator.apiserver.admission import limit_ranger
from simulator.apiserver.admission.quota import CHANGING, QuotaAdmission
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

_MIRROR = "kubernetes.io/config.mirror"


class AdmissionChain:
    """Holds no state of its own."""

    def __init__(self, store: Store, write_quota: Callable[[Obj], None]) -> None:
        self._store = store
        self._quota = QuotaAdmission(store, write_quota)

    def on_create(self, resource: str, obj: Obj, *, dry_run: bool) -> None:
        """`obj` as it would be stored. Raises StatusError Forbidden."""
        if resource in ("pods", "persistentvolumeclaims"):
            self._check_ranges(resource, obj)
        self._quota.charge(resource, obj, dry_run=dry_run)

    def on_update(self, resource: str, obj: Obj, old: Obj, *, dry_run: bool) -> None:
        """Raises StatusError Forbidden."""
        if resource not in CHANGING:
            return
        if resource == "persistentvolumeclaims":
            self._check_ranges(resource, obj)
        self._quota.charge(resource, obj, old, dry_run=dry_run)

    def _check_ranges(self, resource: str, obj: Obj) -> None:
        metadata = obj["metadata"]
        found = limit_ranger.ranges(self._store, metadata.get("namespace", ""))
        if not found or _MIRROR in (metadata.get("annotations") or {}):
            return
        if says := limit_ranger.violation(found, resource, obj):
            raise errors.forbidden("", resource, metadata["name"], says)
