"""The one door to the store: every read and write of every component and person passes here.

Follows the generic registry of Kubernetes (`staging/src/k8s.io/apiserver/pkg/registry/generic/registry/store.go`):
prepare → admit → validate → commit, optimistic locking, finalizers, graceful deletion. A write that changes nothing is
not a write. In-tree components are trusted to send well-formed objects and skip schema checks; people never do
(`server.py` decodes, defaults and validates). Set `distrust` to check components as well, as the tests do.

Leaves to others: HTTP shapes (`server.py`), what is special to one kind (`strategies.py`).
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.apiserver import api_services, errors, ownership
from simulator.apiserver.admission.chain import AdmissionChain
from simulator.apiserver.audit import Audit
from simulator.apiserver.authorization import bootstrap
from simulator.apiserver.encryption import Encryption
from simulator.apiserver.errors import ApiUnavailable, CertificateExpired, StatusError
from simulator.apiserver.etcd import Etcd
from simulator.apiserver.event_index import EventIndex, packed, unpacked
from simulator.apiserver.heartbeats import ELECTION_RENEW_US, Heartbeats, election_lease, lease
from simulator.apiserver.strategies import Strategies
from simulator.apiserver.version_conversion import Converter
from simulator.engine import Engine, Plain, TrailRow
from simulator.engine.plain import Obj
from simulator.machinery import resources
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.custom.typed import custom_schema
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.patches import merge_patch
from simulator.machinery.store import Change, Key, Store
from simulator.machinery.validation import FieldError, validate_create, validate_update

VERSION = "v1.33.1"
#: Events live an hour (kube-apiserver --event-ttl).
_EVENT_TTL_US = 3_600_000_000
_EVENT_SWEEP_US = 60_000_000
_NAME_TRIES = 8
#: Admission plugin NamespaceLifecycle.
_IMMORTAL = ("default", "kube-system", "kube-public")
_LEASES = "leases.coordination.k8s.io"
_ORPHAN, _FOREGROUND = "orphan", "foregroundDeletion"
#: What a process that wants every custom resource, whichever there are, subscribes to.
ANY_CUSTOM = "*"


#: The bits that tell a version 4 UUID of RFC 9562.
_UUID_MASK, _UUID_FORM = ~(0xF << 76) & ~(3 << 62), (4 << 76) | (2 << 62)
#: Names that the method `list` would hide inside the classes below.
Objects = list[Obj]
Strings = list[str]


class Watcher(Protocol):
    """A process that watches (`client.Process`)."""

    @property
    def heard(self) -> int | None: ...

    def hear(self, change: Change) -> None: ...

    def resync(self) -> None: ...


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
        self.heartbeats = Heartbeats()
        self.elections = Heartbeats(ELECTION_RENEW_US)
        """Leaders that renew their Lease in kube-system, by component."""
        self.audit = Audit(engine, self.kinds)
        self.encryption = Encryption()
        engine.register(self.encryption)
        self.serving = True
        """Whether any instance of kube-apiserver is up."""
        self.version = VERSION
        """Of the API server that was started last."""
        self.certificate_ends: int | None = None
        """When the API servers' serving certificate expires (microseconds); None: never, it is somebody else's business."""
        self.distrust = False
        self.max_objects = 0
        """Refuses creations beyond this many objects; 0 is no limit. A quota of the host, not of Kubernetes."""
        self.others: Callable[[], int] = lambda: 0
        """How many objects there are in other clusters under the same quota."""
        self.observers: list[Callable[[Change], None]] = []
        """Called at once with every change: pictures and checks, never components."""
        self.computed: dict[str, Callable[[], Objects]] = {}
        """Resources that are nowhere stored: worked out when they are read."""
        self.refusal_observers: list[Callable[[TrailRow], None]] = []
        """Called with the trail's row of every refused write of a person."""
        self.converter = Converter(engine, self.kinds)
        self._strategies = Strategies(engine, self.store, cluster_cidr, self.kinds, self.converter)
        self.admission = AdmissionChain(engine, self.store, self.kinds, self._write_quota)
        self.admission.has_mutating_policies = "MutatingAdmissionPolicy" in gates
        self._watchers: dict[str, list[Watcher]] = {}
        self._processes: list[Watcher] = []
        self._fading: list[tuple[int, Key]] = []
        """Events in order of expiry: (due, key)."""
        self._sweeping = False
        self._event_index = EventIndex()
        self._uid = engine.rng("uid")
        engine.register(self)

    # Source: what processes need

    def subscribe(self, process: Watcher, resources: Strings) -> None:
        self._processes.append(process)
        for resource in resources:
            self._watchers.setdefault(resource, []).append(process)

    def objects(self, resource: str) -> Objects:
        return list(self.store.table(resource).values())

    def custom_resources(self) -> Strings:
        """Resources that hold objects of custom kinds, sorted."""
        return [name for name in self.store.resources() if resources.by_name(name) is None]

    def is_serving(self) -> bool:
        return self.serving and not self._is_expired()

    def _is_expired(self) -> bool:
        return self.certificate_ends is not None and self.engine.now >= self.certificate_ends

    def certify(self, until: int) -> None:
        """The API servers have a certificate that is good until then; whoever had given up takes up its watches again."""
        was_expired = self._is_expired()
        self.certificate_ends = until
        if was_expired and self.is_serving():
            for process in self._processes:
                process.resync()

    def set_serving(self, serving: bool) -> None:
        """The last instance went or the first one came: watches break, and are taken up again by a list."""
        if serving == self.serving:
            return
        self.serving = serving
        if serving:
            for process in self._processes:
                process.resync()

    # Reads

    def find(self, who: str, resource: str, namespace: str, name: str) -> Obj | None:
        """The object or None. Raises ApiUnavailable, and StatusError while etcd cannot answer."""
        self._reach()
        if resource in self.computed:
            return next((obj for obj in self.computed[resource]() if obj["metadata"]["name"] == name), None)
        obj = self.store.get(resource, (namespace, name))
        if obj is not None:
            self.encryption.refuse_unreadable(resource, (namespace, name))
        return self._current(obj) if obj is not None and resource == _LEASES else obj

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
        return [self._current(obj) for obj in found] if resource == _LEASES else found

    def repeated_event(self, event: Obj) -> Obj | None:
        """The stored Event that `event` would be a repeat of. Raises ApiUnavailable."""
        self._reach()
        key = self._event_index.find(event)
        return None if key is None else self.store.get("events", key)

    # Writes

    def create(self, who: str, resource: str, obj: Obj, *, dry_run: bool = False) -> Obj:
        self._reach()
        if self.kinds.by_name(resource) is None:
            raise errors.path_not_found()
        metadata = dict(obj["metadata"])
        self._name(resource, metadata)
        key = (metadata.get("namespace", ""), metadata["name"])
        self._admit_namespace(resource, key)
        if self.store.get(resource, key) is not None:
            kind = self._kind(resource)
            raise errors.already_exists(kind.group, kind.plural, key[1])
        if self.max_objects and resource != "events" and self.store.count() + self.others() >= self.max_objects:
            kind = self._kind(resource)
            raise errors.forbidden(
                kind.group, kind.plural, key[1], f"this cluster may hold {self.max_objects} objects, all are in use"
            )
        metadata["uid"] = self._new_uid()
        metadata["creationTimestamp"] = self.engine.timestamp()
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
            metadata.pop(field, None)
        fresh = self._strategies.prepare_create(resource, {**obj, "metadata": metadata})
        if self.distrust:
            fresh = default(resource, fresh)
            self.refuse_invalid(resource, fresh, validate_create(resource, fresh))
        fresh = self._mutated(who, resource, fresh, None, dry_run=dry_run)
        self.admission.on_create(who, resource, fresh, dry_run=dry_run)
        if dry_run:
            return fresh
        return self._put(who, "create", resource, key, fresh)

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
        stale = metadata.get("resourceVersion")
        if stale and stale != old["metadata"]["resourceVersion"]:
            kind = self._kind(resource)
            raise errors.conflict(kind.group, kind.plural, key[1], errors.OPTIMISTIC_LOCK)
        if metadata.get("uid") and metadata["uid"] != old["metadata"]["uid"]:
            raise self._other_uid(resource, key[1], metadata["uid"], old["metadata"]["uid"])
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
        if not subresource:
            fresh = self._mutated(who, resource, fresh, old, dry_run=dry_run)
            self.admission.on_update(who, resource, fresh, old, dry_run=dry_run)
        if dry_run:
            return fresh
        if _is_released(fresh):
            return self._remove(who, resource, key, fresh)
        return self._put(who, verb, resource, key, fresh)

    def _mutated(self, who: str, resource: str, obj: Obj, old: Obj | None, *, dry_run: bool) -> Obj:
        """What webhooks make of an object is defaulted and checked like what a person sends."""
        changed = self.admission.mutated(who, resource, obj, old, dry_run=dry_run)
        if changed is obj:
            return obj
        if self.kinds.definition(resource) is not None:
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
        self._precondition(resource, old, options.get("preconditions") or {})
        if resource == "namespaces" and name in _IMMORTAL:
            raise errors.forbidden("", "namespaces", name, "this namespace may not be deleted")
        self.admission.on_delete(who, resource, old, dry_run=dry_run)
        fresh = self._strategies.prepare_delete(resource, old, options)
        metadata = dict(fresh["metadata"])
        finalizers = self._propagation(metadata, options)
        if finalizers:
            metadata["finalizers"] = finalizers
        else:
            metadata.pop("finalizers", None)
        waits = (
            bool(finalizers)
            or metadata.get("deletionGracePeriodSeconds", 0) > 0
            or self._strategies.outlives_delete(resource, fresh)
        )
        if waits and "deletionTimestamp" not in metadata:
            metadata["deletionTimestamp"] = self.engine.timestamp()
            metadata.setdefault("deletionGracePeriodSeconds", 0)
        fresh = {**fresh, "metadata": metadata}
        if dry_run:
            return fresh
        if not waits:
            self._remove(who, resource, key, fresh)
            return None
        return old if fresh == old else self._put(who, "delete", resource, key, fresh)

    def bind(self, who: str, namespace: str, name: str, node: str) -> None:
        """The binding subresource: gives a pod its node, once and for ever."""
        pod = self.get(who, "pods", namespace, name)
        if pod["metadata"].get("deletionTimestamp"):
            raise errors.conflict(
                "", "pods/binding", name, f"pod {name} is being deleted, cannot be assigned to a host"
            )
        if pod["spec"].get("nodeName"):
            raise errors.conflict(
                "", "pods/binding", name, f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
            )
        status = pod.get("status") or {}
        conditions = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"]
        conditions.append(
            {
                "type": "PodScheduled",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": self.engine.timestamp(),
            }
        )
        bound = {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": {**status, "conditions": conditions}}
        self._put(who, "bind", "pods", (namespace, name), bound)

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
            return self._remove(who, "namespaces", ("", name), fresh)
        return self._put(who, "update", "namespaces", ("", name), fresh)

    def replace_all(self, wanted: dict[str, dict[Key, Obj]]) -> int:
        """Makes the store hold exactly these objects, as they are; returns how many keys changed. What etcd's tools do."""
        self._reach()
        changed = 0
        for resource in sorted({*self.store.resources(), *wanted}):
            rows = wanted.get(resource, {})
            for key, obj in self.store.written(resource):
                if key not in rows:
                    self._remove("etcd", resource, key, obj)
                    changed += 1
            for key, obj in rows.items():
                if self.store.get(resource, key) != obj:
                    self._put("etcd", "restore", resource, key, obj)
                    changed += 1
        return changed

    # Heartbeats

    def heartbeat_start(self, node: str) -> None:
        """A kubelet begins to renew its Lease."""
        now = self.engine.now
        self.heartbeats.start(node, now)
        self._write_lease(node, now)

    def heartbeat_stop(self, node: str) -> None:
        """A kubelet stops: its last renewal becomes a written fact."""
        renewed = self.heartbeats.stop(node, self.engine.now)
        if renewed is not None:
            self._write_lease(node, renewed)

    def _write_lease(self, node: str, renewed: int) -> None:
        owner = self.store.get("nodes", ("", node))
        key = ("kube-node-lease", node)
        old = self.store.get(_LEASES, key)
        fresh = lease(node, owner["metadata"]["uid"] if owner else "", self.engine.micro_timestamp(renewed))
        if old is not None:
            fresh["metadata"] = old["metadata"]
        else:
            fresh["metadata"].update(uid=self._new_uid(), creationTimestamp=self.engine.timestamp())
        self._put(f"kubelet/{node}", "update" if old else "create", _LEASES, key, fresh)

    # Leader election

    def lead(self, component: str, holder: str) -> None:
        """An instance takes the Lease of its component, and renews it from now on."""
        now, old = self.engine.now, self.store.get(_LEASES, ("kube-system", component))
        self.elections.start(component, now)
        transitions = 0 if old is None else old["spec"]["leaseTransitions"] + 1
        stamp = self.engine.micro_timestamp(now)
        fresh = election_lease(component, holder, acquired=stamp, renewed=stamp, transitions=transitions)
        self._write_election(component, fresh, old)

    def cease_to_lead(self, component: str) -> int:
        """It died: its last renewal becomes a written fact, and is returned."""
        renewed = self.elections.stop(component, self.engine.now)
        old = self.store.get(_LEASES, ("kube-system", component))
        if renewed is None or old is None:
            return self.engine.now
        spec = {**old["spec"], "renewTime": self.engine.micro_timestamp(renewed)}
        self._write_election(component, {**old, "spec": spec}, old)
        return renewed

    def _write_election(self, component: str, fresh: Obj, old: Obj | None) -> None:
        if old is not None:
            fresh["metadata"] = old["metadata"]
        else:
            fresh["metadata"].update(uid=self._new_uid(), creationTimestamp=self.engine.timestamp())
        self._put(component, "update" if old else "create", _LEASES, ("kube-system", component), fresh)

    def _current(self, obj: Obj) -> Obj:
        """A Lease as whoever holds it has renewed it by now."""
        namespace, name = obj["metadata"].get("namespace"), obj["metadata"]["name"]
        beats = {"kube-node-lease": self.heartbeats, "kube-system": self.elections}.get(namespace or "")
        renewed = beats.last(name, self.engine.now) if beats is not None else None
        if renewed is None:
            return obj
        return {**obj, "spec": {**obj["spec"], "renewTime": self.engine.micro_timestamp(renewed)}}

    # Events' time to live

    def sweep(self) -> None:
        """Event: forget Events that are an hour old."""
        self._sweeping = False
        due = [entry for entry in self._fading if entry[0] <= self.engine.now]
        self._fading = self._fading[len(due) :]
        self.engine.cause = self.engine.record("timer", self.name, note="events older than one hour expire", because=0)
        for _, key in due:
            event = self.store.get("events", key)
            if event is not None and self._fades(event) <= self.engine.now:
                self._remove(self.name, "events", key, event)
        self._arm_sweep()

    def _fades(self, event: Obj) -> int:
        return self.engine.micros(event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]) + _EVENT_TTL_US

    def _arm_sweep(self) -> None:
        if self._fading and not self._sweeping:
            self._sweeping = True
            wait = max(self._fading[0][0] - self.engine.now, 0)
            self.engine.schedule(-(-wait // _EVENT_SWEEP_US) * _EVENT_SWEEP_US, self.name, "sweep")

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

    def reach(self) -> None:
        """Raises ApiUnavailable when no API server can be talked to."""
        if not self.serving:
            raise ApiUnavailable
        if self._is_expired():
            now, end = self.engine.timestamp(), self.engine.timestamp(self.certificate_ends)
            raise CertificateExpired(
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
                f"current time {now} is after {end}"
            )

    def _reach(self) -> None:
        self.reach()
        if not self.etcd.is_writable:
            raise errors.etcd_timeout()

    def _missing(self, resource: str, name: str) -> StatusError:
        kind = self._kind(resource)
        return errors.not_found(kind.group, kind.plural, name)

    def _other_uid(self, resource: str, name: str, wanted: str, found: str) -> StatusError:
        kind = self._kind(resource)
        why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        return errors.conflict(kind.group, kind.plural, name, why)

    def _precondition(self, resource: str, obj: Obj, wanted: Obj) -> None:
        """What a deletion asked for, in the words of `registry/rest/delete.go`."""
        metadata, kind = obj["metadata"], self._kind(resource)
        for field, name, fate in (
            ("uid", "UID", "deleted and then recreated"),
            ("resourceVersion", "ResourceVersion", "modified"),
        ):
            if wanted.get(field) and wanted[field] != metadata[field]:
                why = (
                    f"the {name} in the precondition ({wanted[field]}) does not match the {name} in record "
                    f"({metadata[field]}). The object might have been {fate}"
                )
                raise errors.conflict(kind.group, kind.kind, metadata["name"], why)

    def _name(self, resource: str, metadata: Obj) -> None:
        """Fills in the name from generateName, eight tries long (feature RetryGenerateName)."""
        if metadata.get("name"):
            return
        prefix = metadata.get("generateName")
        if not prefix:
            kind = self._kind(resource)
            cause = ("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
            raise errors.invalid(kind.group, kind.kind, "", [cause])
        rng = self.engine.rng("names")
        for _ in range(_NAME_TRIES):
            metadata["name"] = prefix[:58] + rng.suffix(5)
            if self.store.get(resource, (metadata.get("namespace", ""), metadata["name"])) is None:
                return

    def _admit_namespace(self, resource: str, key: Key) -> None:
        """Admission plugin NamespaceLifecycle."""
        if not key[0]:
            return
        namespace = self.store.get("namespaces", ("", key[0]))
        if namespace is None:
            raise errors.not_found("", "namespaces", key[0])
        if namespace["metadata"].get("deletionTimestamp") and resource != "events":
            kind = self._kind(resource)
            refusal = errors.forbidden(
                kind.group,
                kind.plural,
                key[1],
                f"unable to create new content in namespace {key[0]} because it is being terminated",
            )
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {key[0]} is being terminated",
                "field": "metadata.namespace",
            }
            refusal.details["causes"] = [cause]
            raise refusal

    @staticmethod
    def _propagation(metadata: Obj, options: Obj) -> Strings:
        """Finalizers that the deletion policy adds or takes away (`store.go: deletionFinalizersForGarbageCollection`)."""
        finalizers = [f for f in metadata.get("finalizers") or () if f not in (_ORPHAN, _FOREGROUND)]
        policy = options.get("propagationPolicy")
        if policy is None and options.get("orphanDependents"):
            policy = "Orphan"
        if policy == "Orphan":
            finalizers.append(_ORPHAN)
        elif policy == "Foreground":
            finalizers.append(_FOREGROUND)
        elif policy is None:
            finalizers = list(metadata.get("finalizers") or ())
        return finalizers

    def _write_quota(self, quota: Obj) -> None:
        metadata = quota["metadata"]
        self._put(self.name, "update", "resourcequotas", (metadata["namespace"], metadata["name"]), quota)

    def _kind(self, resource: str) -> resources.Resource:
        kind = self.kinds.by_name(resource)
        if kind is not None:
            return kind
        plural, _, group = resource.partition(".")  # a custom resource whose definition has gone, or never came
        return resources.resource_from(f"{group}/v1", kind=plural, plural=plural)

    def _new_uid(self) -> str:
        """A random (version 4) UUID from the seeded stream."""
        value = (self._uid.bits64() << 64) | self._uid.bits64()
        digits = f"{value & _UUID_MASK | _UUID_FORM:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _put(self, who: str, verb: str, resource: str, key: Key, obj: Obj) -> Obj:
        metadata = obj["metadata"]
        revision = self.store.revision + 1
        stored = {**obj, "metadata": {**metadata, "resourceVersion": str(revision)}}
        ev = self._record(who, verb, resource, key, stored, revision)
        self.encryption.wrote(resource, key)
        change = self.store.put(resource, key, stored, ev)
        if resource == DEFINITIONS:
            self.kinds.define(stored)
        self._announce(change)
        if resource == "events":
            self._event_index.add(key, stored)
            self._fading.append((self.engine.now + _EVENT_TTL_US, key))
            self._arm_sweep()
        return stored

    def _remove(self, who: str, resource: str, key: Key, obj: Obj) -> Obj:
        revision = self.store.revision + 1
        last = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
        ev = self._record(who, "delete", resource, key, last, revision)
        self.encryption.removed(resource, key)
        if resource == "events":
            self._event_index.remove(key, last)
        if resource == DEFINITIONS:
            self.kinds.forget(key[1])
        self._announce(self.store.remove(resource, key, last, ev))
        return last

    def _record(self, who: str, verb: str, resource: str, key: Key, obj: Obj, revision: int) -> int:
        engine = self.engine
        if self.audit.is_on and self.admission.person is None:
            self.audit.component(who, verb, resource, key, obj)
        return engine.trail.append(
            at=engine.now,
            type="write",
            actor=who,
            verb=verb,
            resource=resource,
            namespace=key[0],
            name=key[1],
            uid=obj["metadata"]["uid"],
            rev=revision,
            because=engine.cause,
        )

    def _announce(self, change: Change) -> None:
        for observer in self.observers:
            observer(change)
        listeners = self._watchers.get(change.resource, ())
        for process in listeners:
            process.hear(change)
        everywhere = self._watchers.get(ANY_CUSTOM)
        if everywhere and resources.by_name(change.resource) is None:
            for process in everywhere:
                if process not in listeners:
                    process.hear(change)

    # State

    def unheard(self) -> int:
        """The revision after which somebody still waits to hear of changes."""
        heard = [process.heard for process in self._processes if process.heard is not None]
        return min(heard) - 1 if heard else self.store.revision

    def dump(self) -> Plain:
        return {
            "store": self.store.dump(self.unheard()),
            "heartbeats": self.heartbeats.dump(),
            "elections": self.elections.dump(),
            "serving": self.serving,
            "version": self.version,
            "certificate_ends": self.certificate_ends,
            "max_objects": self.max_objects,
            "fading": packed(self._fading, self.store.table("events")),
            "sweeping": self._sweeping,
        }

    def load(self, state: Plain) -> None:
        self.store.load(state["store"])
        self.kinds.clear()
        for definition in self.store.table(DEFINITIONS).values():
            self.kinds.define(definition)
        self.heartbeats.load(state["heartbeats"])
        self.elections.load(state["elections"])
        self.serving = state["serving"]
        self.version, self.certificate_ends = state["version"], state["certificate_ends"]
        self.max_objects = state["max_objects"]
        self._fading = unpacked(state["fading"], self.store.table("events"))
        self._sweeping = state["sweeping"]
        self._event_index.rebuild(self.store.table("events"))


def _key_of(obj: Obj) -> Key:
    return (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])


def _with_fields_of(source: Obj, obj: Obj) -> Obj:
    """`obj` with the managedFields of `source`, or with none."""
    wanted, found = source["metadata"].get("managedFields"), obj["metadata"].get("managedFields")
    if wanted is found:
        return obj
    metadata = {key: value for key, value in obj["metadata"].items() if key != "managedFields"}
    return {**obj, "metadata": {**metadata, "managedFields": wanted} if wanted is not None else metadata}


def _is_released(obj: Obj) -> bool:
    """Marked for deletion, and nothing holds it any more."""
    metadata = obj["metadata"]
    if "deletionTimestamp" not in metadata or metadata.get("finalizers"):
        return False
    return not metadata.get("deletionGracePeriodSeconds") and not obj.get("spec", {}).get("finalizers")
