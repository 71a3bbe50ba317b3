"""The validating half of admission, in upstream's order: LimitRanger, PodSecurity, policies in CEL, and ResourceQuota last.

The mutating half works on pods and lies in `simulator.apiserver.pods`. Called by the registry for everybody, components included:
a pod made by a controller is held to the same policy as one made by hand.
"""

from collections.abc import Callable

from simulator.apiserver import errors
from simulator.apiserver.admission import limit_ranger, pod_security, validating_policy
from simulator.apiserver.admission.quota import CHANGING, QuotaAdmission
from simulator.apiserver.admission.validating_policy import Change
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Store

_MIRROR = "kubernetes.io/config.mirror"


class AdmissionChain:
    """Holds no state of its own."""

    def __init__(self, store: Store, kinds: Kinds, write_quota: Callable[[Obj], None]) -> None:
        self._store = store
        self._kinds = kinds
        self._quota = QuotaAdmission(store, kinds, write_quota)

    def on_create(self, who: str, resource: str, obj: Obj, *, dry_run: bool) -> None:
        """`obj` as it would be stored. Raises StatusError."""
        if resource in ("pods", "persistentvolumeclaims"):
            self._check_ranges(resource, obj)
        if resource == "pods":
            self._check_security(obj)
        if resource == "namespaces":
            _refuse_bad_labels(obj)
        self._ask_policies("CREATE", who, resource, obj, None)
        self._quota.charge(resource, obj, dry_run=dry_run)

    def on_update(self, who: str, resource: str, obj: Obj, old: Obj, *, dry_run: bool) -> None:
        """Raises StatusError."""
        if resource == "pods" and _images(obj) != _images(old):
            self._check_security(obj)
        if resource == "namespaces":
            _refuse_bad_labels(obj)
        self._ask_policies("UPDATE", who, resource, obj, old)
        if resource not in CHANGING:
            return
        if resource == "persistentvolumeclaims":
            self._check_ranges(resource, obj)
        self._quota.charge(resource, obj, old, dry_run=dry_run)

    def on_delete(self, who: str, resource: str, old: Obj) -> None:
        """Raises StatusError."""
        self._ask_policies("DELETE", who, resource, None, old)

    def warnings(self, who: str, resource: str, obj: Obj, old: Obj | None) -> list[str]:
        """What the writer of a stored object should know."""
        said = pod_security.warnings(self._store, resource, obj, old)
        kind = self._kinds.by_name(resource)
        if kind is not None and validating_policy.is_watched(self._store, resource):
            change = Change("CREATE" if old is None else "UPDATE", kind, who, obj, old, self._kinds)
            said += validating_policy.warnings(self._store, change)
        return said

    def _ask_policies(self, operation: str, who: str, resource: str, obj: Obj | None, old: Obj | None) -> None:
        if not validating_policy.is_watched(self._store, resource):
            return
        if (kind := self._kinds.by_name(resource)) is not None:
            validating_policy.refuse(self._store, Change(operation, kind, who, obj, old, self._kinds))

    def _check_ranges(self, resource: str, obj: Obj) -> None:
        metadata = obj["metadata"]
        found = limit_ranger.ranges(self._store, metadata.get("namespace", ""))
        if not found or _MIRROR in (metadata.get("annotations") or {}):
            return
        if says := limit_ranger.violation(found, resource, obj):
            raise errors.forbidden("", resource, metadata["name"], says)

    def _check_security(self, pod: Obj) -> None:
        if says := pod_security.violation(self._store, pod):
            raise errors.forbidden("", "pods", pod["metadata"]["name"], says)


def _refuse_bad_labels(namespace: Obj) -> None:
    if causes := pod_security.bad_labels(namespace):
        raise errors.invalid("", "Namespace", namespace["metadata"]["name"], causes)


def _images(pod: Obj) -> list[str]:
    """What of a pod can change that its security is judged by."""
    spec = pod["spec"]
    parts = ("initContainers", "containers", "ephemeralContainers")
    return [container["image"] for part in parts for container in spec.get(part) or ()]
