"""Admission in upstream's order: mutating policies and webhooks, then LimitRanger, PodSecurity, policies in CEL, webhooks, and ResourceQuota last.

What the in-tree plugins change concerns pods and lies in `simulator.apiserver.pods`. Called by the registry for everybody, components included:
a pod made by a controller is held to the same policy as one made by hand.
"""

from collections.abc import Callable
from dataclasses import replace

from simulator.apiserver import errors, pod_warnings, storage
from simulator.apiserver.admission import (
    limit_ranger,
    mutating_policy,
    node_restriction,
    pod_security,
    priority,
    service_account,
    validating_policy,
)
from simulator.apiserver.admission.identities import user_of
from simulator.apiserver.admission.matching import Change, Connection, Pass
from simulator.apiserver.admission.quota import CHANGING, QuotaAdmission
from simulator.apiserver.admission.said import Said
from simulator.apiserver.admission.webhooks import MUTATING, VALIDATING, Webhooks
from simulator.apiserver.request import User
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Store

#: Without any object of these nobody looks at a write.
WATCHERS = (validating_policy.BINDINGS, MUTATING, VALIDATING, mutating_policy.BINDINGS)
_MIRROR = "kubernetes.io/config.mirror"


class AdmissionChain:
    """Holds no state of its own."""

    def __init__(self, engine: Engine, store: Store, kinds: Kinds, write_quota: Callable[[Obj], None]) -> None:
        self.said = Said()
        self.webhooks = Webhooks(engine, store, self.said)
        self.patchers: list[Callable[[Obj], Obj]] = []
        """What add-ons that answer as webhooks make of a new pod; each returns it as it is while its own pod does not run."""
        self.person: User | None = None
        """Whose request is being served; None while a component writes."""
        self.has_mutating_policies = False
        """Whether the feature gate MutatingAdmissionPolicy is on."""
        self._store = store
        self._has_watchers = False
        self._kinds = kinds
        self._quota = QuotaAdmission(store, kinds, write_quota)

    @property
    def looks_closely(self) -> bool:
        """Whether a write of any kind may be refused or changed: somebody's request is served, or policies or webhooks are there."""
        return self.person is not None or self._has_watchers

    def rules_changed(self) -> None:
        """An object of `WATCHERS` came, changed or went."""
        self._has_watchers = self._store.has_any(WATCHERS)

    def mutated(self, who: str, resource: str, obj: Obj, old: Obj | None, *, dry_run: bool) -> Obj:
        """The object as mutating policies and webhooks leave it. Raises StatusError."""
        if resource == "pods" and old is None:
            for patch in self.patchers:
                obj = patch(obj)
        change = self._change("CREATE" if old is None else "UPDATE", who, resource, obj, old, dry_run=dry_run)
        return obj if change is None else self._mutated(change)

    def _mutated(self, change: Change) -> Obj:
        """Two walks over policies and webhooks: the second one asks those that want to see what others changed (`reinvocation.go`)."""
        assert change.obj is not None
        before = change.obj
        asks_policies = self.has_mutating_policies and mutating_policy.is_watched(self._store, change.resource.name)
        policies = mutating_policy.mutated(self._store, change) if asks_policies else Pass(change)
        hooks = self.webhooks.mutated(policies.change)
        assert hooks.change.obj is not None
        if hooks.change.obj == before:
            return hooks.change.obj
        again = policies.again
        if hooks.change.obj != policies.change.obj:
            again = again | policies.called
        last = mutating_policy.mutated(self._store, hooks.change, again).change if again else hooks.change
        again = hooks.again if last.obj == hooks.change.obj else hooks.again | hooks.called
        last = self.webhooks.mutated(last, again).change if again else last
        assert last.obj is not None
        return last.obj

    def restrict(
        self, operation: str, resource: str, obj: Obj | None, old: Obj | None, *, subresource: str = ""
    ) -> None:
        """A node that writes keeps to what is its own. Raises StatusError."""
        kind = self._kinds.by_name(resource) if self.person is not None else None
        if kind is not None and self.person is not None:
            node_restriction.restrict(self._store, self.person, kind, operation, obj, old, subresource=subresource)

    def on_create(self, who: str, resource: str, obj: Obj, *, dry_run: bool) -> None:
        """`obj` as it would be stored. Raises StatusError."""
        if resource in ("pods", "persistentvolumeclaims"):
            self._check_ranges(resource, obj)
        if self.said.is_wanted:
            self.said.note_all(pod_security.audit_notes(self._store, resource, obj))
        if resource == "pods":
            self._check_security(obj)
        if resource == "namespaces":
            _refuse_bad_labels(obj)
        if resource == priority.RESOURCE:
            priority.refuse_second_default(self._store, obj)
        self._ask("CREATE", who, resource, obj, None, dry_run=dry_run)
        self._quota.charge(resource, obj, dry_run=dry_run)

    def on_update(self, who: str, resource: str, obj: Obj, old: Obj, *, dry_run: bool) -> None:
        """Raises StatusError."""
        if resource == "pods" and _images(obj) != _images(old):
            self._check_security(obj)
        if resource == "namespaces":
            _refuse_bad_labels(obj)
        if resource == priority.RESOURCE:
            priority.refuse_second_default(self._store, obj)
        self._ask("UPDATE", who, resource, obj, old, dry_run=dry_run)
        if resource not in CHANGING:
            return
        if resource == "persistentvolumeclaims":
            storage.refuse_resize(obj, old, self._store)
            if "deletionTimestamp" not in old["metadata"]:
                self._check_ranges(resource, obj)
        self._quota.charge(resource, obj, old, dry_run=dry_run)

    def on_resize(self, pod: Obj, old: Obj, *, dry_run: bool) -> None:
        """A pod asks for other resources while it runs: limit ranges and quotas judge the whole of it. Raises StatusError."""
        self._check_ranges("pods", pod)
        self._quota.charge("pods", pod, old, dry_run=dry_run)

    def on_delete(self, who: str, resource: str, old: Obj, *, dry_run: bool = False) -> None:
        """Raises StatusError."""
        self.restrict("DELETE", resource, None, old)
        self._ask("DELETE", who, resource, None, old, dry_run=dry_run)

    def on_connect(self, who: str, resource: str, to: Connection, options: Obj) -> None:
        """A stream begins: `options` says how (`PodExecOptions`). Raises StatusError."""
        change = self._change("CONNECT", who, resource, options, None, dry_run=False)
        if change is None:
            return
        change = replace(change, connection=to)
        hooked = self.webhooks.mutated(change).change
        if validating_policy.is_watched(self._store, resource):
            validating_policy.refuse(self._store, hooked)
        self.webhooks.validate(hooked)

    def warnings(self, who: str, resource: str, obj: Obj, old: Obj | None) -> list[str]:
        """What the writer of a stored object should know."""
        said = pod_warnings.warnings(resource, obj, old)
        said += pod_security.warnings(self._store, resource, obj, old)
        if resource == "serviceaccounts":
            said += service_account.warnings(obj, old)
        change = self._change("CREATE" if old is None else "UPDATE", who, resource, obj, old, dry_run=False)
        if change is not None and validating_policy.is_watched(self._store, resource):
            said += validating_policy.warnings(self._store, change)
        return said

    def _ask(self, operation: str, who: str, resource: str, obj: Obj | None, old: Obj | None, *, dry_run: bool) -> None:
        change = self._change(operation, who, resource, obj, old, dry_run=dry_run)
        if change is None:
            return
        if validating_policy.is_watched(self._store, resource):
            if self.said.is_wanted:
                self.said.note_all(validating_policy.audit_notes(self._store, change))
            validating_policy.refuse(self._store, change)
        self.webhooks.validate(change)

    def _change(
        self, operation: str, who: str, resource: str, obj: Obj | None, old: Obj | None, *, dry_run: bool
    ) -> Change | None:
        """The write as policies and webhooks see it; None where nobody looks."""
        if not self._has_watchers:
            return None
        kind = self._kinds.by_name(resource)
        user = self.person if self.person is not None and self.person.name == who else user_of(who)
        if kind is None:
            return None
        return Change(operation, kind, user.name, obj, old, user.groups, dry_run, self._kinds, user=user)

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
