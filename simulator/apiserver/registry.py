"""The one door to the store: every read and write of every component and person passes here.

Follows the generic registry of Kubernetes (`staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`):
prepare → admit → validate → commit, optimistic locking, finalizers, graceful deletion. A write that changes nothing is
not a write. In-tree components are trusted to send well-formed objects and skip schema checks; people never do
(`object_verbs.py` decodes, defaults and validates). Set `distrust` to check components as well, as the tests do.

Leaves to others: HTTP shapes (`server.py`), what is special to one kind (`strategies.py`), who lives and leads (`leases.py`),
the commit itself (`commits.py`), who watches (`watchers.py`), whether the server can be talked to at all (`availability.py`).
"""

from collections.abc import Callable, Sequence

from simulator.apiserver import api_services, custom_resources, errors, ownership
from simulator.apiserver.admission.chain import AdmissionChain
from simulator.apiserver.audit import Audit
from simulator.apiserver.authorization import bootstrap
from simulator.apiserver.authorization.tokens import Tokens
from simulator.apiserver.availability import Availability
from simulator.apiserver.binding import bound
from simulator.apiserver.commits import Commits
from simulator.apiserver.deletion import is_released, marked
from simulator.apiserver.encryption import Encryption
from simulator.apiserver.errors import StatusError
from simulator.apiserver.etcd import Etcd
from simulator.apiserver.event_index import Identity
from simulator.apiserver.leases import RESOURCE as LEASES
from simulator.apiserver.leases import Leases
from simulator.apiserver.naming import Naming
from simulator.apiserver.preconditions import (
    IMMORTAL_NAMESPACES,
    refuse_namespace,
    refuse_stale,
    refuse_unmet,
)
from simulator.apiserver.strategies import Strategies
from simulator.apiserver.version_conversion import Converter
from simulator.apiserver.watchers import Watcher
from simulator.engine import Engine, Plain, TrailRow
from simulator.engine.plain import Obj
from simulator.machinery import resources
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.custom.typed import custom_schema
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.patches import merge_patch
from simulator.machinery.store import Key, Store
from simulator.machinery.validation import FieldError, validate_create, validate_update

VERSION = "v1.33.1"
#: Names that the method `list` would hide inside the classes below.
Objects = list[Obj]
Strings = list[str]


class Registry:
    name = "kube-apiserver"

    def __init__(
        self,
        engine: Engine,
        etcd: Etcd,
        *,
        cluster_cidr: str = "10.96.0.0/16",
        log_limit: int = 10_000,
        optional: tuple[resources.Resource, ...] = (),
        gates: Sequence[str] = (),
    ) -> None:
        """`optional`: resources that `--runtime-config` switches on; `gates`: features beyond the default ones."""
        self.engine = engine
        self.etcd = etcd
        self.store = Store(log_limit)
        self.kinds = Kinds(optional)
        """What is served; follows the definitions in the store and is no state of its own."""
        etcd.revision = lambda: self.store.revision
        seed, start = engine.seed, engine.timestamp(engine.born)
        self.store.endow({**bootstrap.born(seed, start), **api_services.born(seed, start, optional)})
        self.audit = Audit(engine, self.kinds)
        self.encryption = Encryption()
        engine.register(self.encryption)
        self.version = VERSION
        """Of the API server that was started last."""
        self.distrust = False
        self.max_objects = 0
        """Refuses creations beyond this many objects; 0 is no limit. A quota of the host, not of Kubernetes."""
        self.others: Callable[[], int] = lambda: 0
        """How many objects there are in other clusters under the same quota."""
        self.computed: dict[str, Callable[[], Objects]] = {}
        """Resources that are nowhere stored: worked out when they are read."""
        self.refusal_observers: list[Callable[[TrailRow], None]] = []
        """Called with the trail's row of every refused write of a person."""
        self.converter = Converter(engine, self.kinds)
        self.tokens = Tokens(engine, self.store)
        self._strategies = Strategies(engine, self.store, cluster_cidr, self.kinds, self.converter)
        self.admission = AdmissionChain(engine, self.store, self.kinds, self._write_quota)
        self.admission.rules_changed()
        self.admission.has_mutating_policies = "MutatingAdmissionPolicy" in gates
        self._naming = Naming(engine, self.store)
        self.commits = Commits(
            engine,
            self.store,
            kinds=self.kinds,
            admission=self.admission,
            audit=self.audit,
            encryption=self.encryption,
            owner=self.name,
        )
        self.availability = Availability(engine, etcd, self.commits.watchers)
        self._reach = self.availability.reach_store
        self.leases = Leases(engine, self.store, self.commits.put, self._naming.new_uid)
        engine.register(self)

    # Source: what processes need

    def subscribe(self, process: Watcher, resources: Strings) -> None:
        self.commits.watchers.add(process, resources)

    def objects(self, resource: str) -> Objects:
        return list(self.store.table(resource).values())

    def is_serving(self) -> bool:
        return self.availability.is_serving()

    def custom_resources(self) -> Strings:
        """Resources that hold objects of custom kinds, sorted."""
        return [name for name in self.store.resources() if resources.by_name(name) is None]

    # Reads

    def find(self, who: str, resource: str, namespace: str, name: str) -> Obj | None:
        """The object or None. Raises ApiUnavailable, and StatusError while etcd cannot answer."""
        self._reach()
        if resource in self.computed:
            return next((obj for obj in self.computed[resource]() if obj["metadata"]["name"] == name), None)
        obj = self.store.get(resource, (namespace, name))
        if obj is not None:
            self.encryption.refuse_unreadable(resource, (namespace, name))
        return self.leases.current(obj) if obj is not None and resource == LEASES else obj

    def get(self, who: str, resource: str, namespace: str, name: str) -> Obj:
        """Raises StatusError NotFound."""
        obj = self.find(who, resource, namespace, name)
        if obj is None:
            raise self._missing(resource, name)
        return obj

    def list(self, who: str, resource: str, namespace: str | None = None) -> Objects:
        """Sorted by key, as etcd returns them."""
        self._reach()
        if resource in self.computed:
            return self.computed[resource]()
        if namespace is None:
            table = self.store.table(resource)
            found = [table[key] for key in sorted(table)]
        else:
            found = sorted(self.store.in_namespace(resource, namespace), key=lambda obj: obj["metadata"]["name"])
        if self.encryption.is_active:
            for obj in found:
                self.encryption.refuse_unreadable(resource, _key_of(obj))
        return [self.leases.current(obj) for obj in found] if resource == LEASES else found

    def told_event(self, identity: Identity) -> Obj | None:
        """The stored Event that says this already. Raises ApiUnavailable."""
        self._reach()
        key = self.commits.event_index.known.get(identity)
        return None if key is None else self.store.get("events", key)

    # Writes

    def create(self, who: str, resource: str, obj: Obj, *, dry_run: bool = False) -> Obj:
        self._reach()
        kind = self.kinds.by_name(resource)
        if kind is None:
            raise errors.path_not_found()
        metadata = dict(obj["metadata"])
        self._naming.name(kind, metadata)
        key = (metadata.get("namespace", ""), metadata["name"])
        if key[0]:
            refuse_namespace(kind, key[1], key[0], self.store.get("namespaces", ("", key[0])))
        if self.store.get(resource, key) is not None:
            raise errors.already_exists(kind.group, kind.plural, key[1])
        if self.max_objects and resource != "events" and self.store.count() + self.others() >= self.max_objects:
            raise errors.forbidden(
                kind.group, kind.plural, key[1], f"this cluster may hold {self.max_objects} objects, all are in use"
            )
        metadata["uid"] = self._naming.new_uid()
        metadata["creationTimestamp"] = self.engine.timestamp()
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            metadata.pop(field, None)
        self.admission.restrict("CREATE", resource, obj, None)
        fresh = self._strategies.prepare_create(resource, {**obj, "metadata": metadata})
        if self.distrust:
            fresh = default(resource, fresh)
            self.refuse_invalid(resource, fresh, validate_create(resource, fresh))
        fresh = self._mutated(who, resource, fresh, None, dry_run=dry_run)
        self.admission.on_create(who, resource, fresh, dry_run=dry_run)
        if dry_run:
            return fresh
        return self.commits.put(who, "create", resource, key, fresh)

    def add_event(self, who: str, event: Obj, identity: Identity) -> None:
        """`create` of an Event as a component's recorder makes it: named, complete and well-formed.

        `event` itself is stored, so nobody else may hold it. Asked for after `told_event`, which has found the API server there.
        Raises what `create` raises.
        """
        if self.distrust or self.admission.looks_closely:
            self.create(who, "events", event)
            return
        metadata, store = event["metadata"], self.store
        key = (metadata["namespace"], metadata["name"])
        if store.get("namespaces", ("", key[0])) is None:
            raise errors.not_found("", "namespaces", key[0])
        if store.get("events", key) is not None:
            raise errors.already_exists("", "events", key[1])
        metadata["uid"] = self._naming.new_uid()
        metadata["creationTimestamp"] = event["firstTimestamp"]
        self.commits.put_event(who, key, event, identity)

    def update(
        self,
        who: str,
        resource: str,
        obj: Obj,
        subresource: str = "",
        *,
        dry_run: bool = False,
        verb: str = "update",
        owned: bool = False,
    ) -> Obj:
        """Replaces the object, or its part named by `subresource`. Conflict (409) on a stale resourceVersion.

        `owned`: `obj` already carries the managedFields that follow from this write.
        """
        self._reach()
        metadata = obj["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        old = self.store.get(resource, key)
        if old is None:
            raise self._missing(resource, key[1])
        refuse_stale(self._kind(resource), metadata, old)
        fresh = self._strategies.prepare_update(resource, obj, old, subresource)
        if self.distrust:
            self.refuse_invalid(resource, fresh, validate_update(resource, fresh, old))
        fresh = _with_fields_of(obj if owned else old, fresh)
        if fresh == old and not self.encryption.is_stale(resource, key):
            return old
        if not owned and "managedFields" in old["metadata"]:
            fresh = ownership.by_component(
                old, fresh, self.writer(ownership.manager_of(who), self._kind(resource), subresource)
            )
        self.admission.restrict("UPDATE", resource, fresh, old, subresource=subresource)
        if subresource == "resize":
            self.admission.on_resize(fresh, old, dry_run=dry_run)
        if not subresource:
            fresh = self._mutated(who, resource, fresh, old, dry_run=dry_run)
            self.admission.on_update(who, resource, fresh, old, dry_run=dry_run)
        if dry_run:
            return fresh
        if is_released(fresh):
            return self.commits.remove(who, resource, key, fresh)
        return self.commits.put(who, verb, resource, key, fresh)

    def _mutated(self, who: str, resource: str, obj: Obj, old: Obj | None, *, dry_run: bool) -> Obj:
        """What webhooks make of an object is defaulted and checked like what a person sends."""
        changed = self.admission.mutated(who, resource, obj, old, dry_run=dry_run)
        if changed is obj:
            return obj
        if (definition := self.kinds.definition(resource)) is not None:
            changed, found = custom_resources.mutated(changed, old, definition)
            self.refuse_invalid(resource, changed, found)
            return changed
        changed = default(resource, changed)
        found = validate_create(resource, changed) if old is None else validate_update(resource, changed, old)
        self.refuse_invalid(resource, changed, found)
        return changed

    def writer(self, manager: str, resource: resources.Resource, subresource: str) -> ownership.Writer:
        """Whom the fields of a write made now will belong to."""
        return ownership.Writer(
            manager,
            self.engine.timestamp(),
            subresource,
            has_status=self._strategies.has_status(resource.name),
            custom=custom_schema(self.kinds, resource),
        )

    def merge(self, who: str, resource: str, namespace: str, name: str, patch: Obj, subresource: str = "") -> Obj:
        """JSON merge patch (RFC 7396)."""
        old = self.get(who, resource, namespace, name)
        fresh = merge_patch(old, patch)
        if "resourceVersion" not in patch.get("metadata", {}):
            fresh = {**fresh, "metadata": {**fresh["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}}
        return self.update(who, resource, fresh, subresource, verb="patch")

    def delete(
        self, who: str, resource: str, namespace: str, name: str, options: Plain = None, *, dry_run: bool = False
    ) -> Obj | None:
        """Deletes or marks for deletion. Returns the object while it still exists, None when it is gone."""
        self._reach()
        options = options or {}
        key = (namespace, name)
        old = self.store.get(resource, key)
        if old is None:
            raise self._missing(resource, name)
        refuse_unmet(self._kind(resource), old, options.get("preconditions") or {})
        if resource == "namespaces" and name in IMMORTAL_NAMESPACES:
            raise errors.forbidden("", "namespaces", name, "this namespace may not be deleted")
        self.admission.on_delete(who, resource, old, dry_run=dry_run)
        fresh = self._strategies.prepare_delete(resource, old, options)
        fresh, waits = marked(
            fresh, options, self.engine.timestamp(), outlives=self._strategies.outlives_delete(resource, fresh)
        )
        if dry_run:
            return fresh
        if not waits:
            self.commits.remove(who, resource, key, fresh)
            return None
        return old if fresh == old else self.commits.put(who, "delete", resource, key, fresh)

    def token(self, who: str, namespace: str, name: str, request: Obj, at_s: int) -> str:
        """The token that a component asked for at a moment past and has kept since; asking again is no new request."""
        return str(
            self.tokens.answer(self.get(who, "serviceaccounts", namespace, name), request, at_s=at_s)["status"]["token"]
        )

    def bind(self, who: str, namespace: str, name: str, node: str) -> None:
        """The binding subresource: gives a pod its node, once and for ever."""
        pod = self.get(who, "pods", namespace, name)
        self.commits.put(who, "bind", "pods", (namespace, name), bound(pod, node, self.engine.timestamp()))

    def finalize_namespace(self, who: str, obj: Obj) -> Obj:
        """`PUT …/namespaces/x/finalize`: replaces spec.finalizers; the namespace goes with the last of them."""
        name = obj["metadata"]["name"]
        old = self.get(who, "namespaces", "", name)
        spec = {**old.get("spec", {}), "finalizers": obj.get("spec", {}).get("finalizers") or []}
        fresh = {**old, "spec": spec}
        if (
            old["metadata"].get("deletionTimestamp")
            and not spec["finalizers"]
            and not old["metadata"].get("finalizers")
        ):
            return self.commits.remove(who, "namespaces", ("", name), fresh)
        return self.commits.put(who, "update", "namespaces", ("", name), fresh)

    def replace_all(self, wanted: dict[str, dict[Key, Obj]]) -> int:
        """Makes the store hold exactly these objects, as they are; returns how many keys changed. What etcd's tools do."""
        self._reach()
        return self.commits.replace_all(wanted)

    def sweep(self) -> None:
        """Event: forget the Events that are an hour old."""
        self.commits.expiry.sweep()

    def note_refusal(self, who: str, verb: str, resource: str, key: Key, error: StatusError) -> None:
        """Remembers that a write was asked for and refused, and why."""
        trail = self.engine.trail
        note = f"the API server refuses: {error.message}"[:300]
        ev = self.engine.record("refusal", who, verb=verb, resource=resource, namespace=key[0], name=key[1], note=note)
        row = trail.get(ev)
        for observer in self.refusal_observers:
            if row is not None:
                observer(row)

    # Inside

    def refuse_invalid(self, resource: str, obj: Obj, found: Sequence[FieldError]) -> None:
        """Raises Invalid (422) when validation found something."""
        if found:
            kind = self._kind(resource)
            raise errors.invalid(
                kind.group, kind.kind, obj["metadata"].get("name", ""), [error.cause() for error in found]
            )

    def _missing(self, resource: str, name: str) -> StatusError:
        kind = self._kind(resource)
        return errors.not_found(kind.group, kind.plural, name)

    def _write_quota(self, quota: Obj) -> None:
        metadata = quota["metadata"]
        self.commits.put(self.name, "update", "resourcequotas", (metadata["namespace"], metadata["name"]), quota)

    def _kind(self, resource: str) -> resources.Resource:
        kind = self.kinds.by_name(resource)
        if kind is not None:
            return kind
        plural, _, group = resource.partition(".")  # a custom resource whose definition has gone, or never came
        return resources.resource_from(f"{group}/v1", kind=plural, plural=plural)

    # State

    def dump(self) -> Plain:
        return {
            "store": self.store.dump(self.commits.unheard()),
            "heartbeats": self.leases.nodes.dump(),
            "elections": self.leases.leaders.dump(),
            "serving": self.availability.serving,
            "version": self.version,
            "certificate_ends": self.availability.certificate_ends,
            "max_objects": self.max_objects,
            **self.commits.expiry.dump(),
        }

    def load(self, state: Plain) -> None:
        self.store.load(state["store"])
        self.kinds.clear()
        for definition in self.store.table(DEFINITIONS).values():
            self.kinds.define(definition)
        self.leases.nodes.load(state["heartbeats"])
        self.leases.leaders.load(state["elections"])
        self.availability.serving = state["serving"]
        self.availability.certificate_ends = state["certificate_ends"]
        self.version = state["version"]
        self.max_objects = state["max_objects"]
        self.commits.expiry.load(state)
        self.commits.event_index.rebuild(self.store.table("events"))
        self.admission.rules_changed()


def _key_of(obj: Obj) -> Key:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _with_fields_of(source: Obj, obj: Obj) -> Obj:
    """`obj` with the managedFields of `source`, or with none."""
    wanted, found = source["metadata"].get("managedFields"), obj["metadata"].get("managedFields")
    if wanted is found:
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": {**metadata, "managedFields": wanted} if wanted is not None else metadata}
