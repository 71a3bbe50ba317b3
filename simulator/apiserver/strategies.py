"""What is special to one kind when it is created, changed or deleted.

Counterparts of `pkg/registry/<group>/<kind>/strategy.go`: which fields the system owns, when `generation` grows, what a
graceful deletion means. Objects come in as a fresh copy at the top level; anything deeper is copied before it is changed.
"""

from simulator.apiserver import api_services, certificates, custom_resources, errors, storage
from simulator.apiserver.admission import node_taint
from simulator.apiserver.admission.default_ingress_class import with_class
from simulator.apiserver.api_services import RESOURCE as API_SERVICES
from simulator.apiserver.jobs import with_selector
from simulator.apiserver.pods import PodAdmission
from simulator.apiserver.services import ServiceAllocator, without_leftovers
from simulator.apiserver.version_conversion import Converter, completed
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.custom.definitions import CLEANUP, with_condition
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Store

#: Kinds whose `metadata.generation` counts changes of spec.
_GENERATION = frozenset(
    {
        "pods",
        "replicationcontrollers",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "networkpolicies.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "endpointslices.discovery.k8s.io",
        "customresourcedefinitions.apiextensions.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
    }
)
#: Kinds with a status that users cannot write through the main resource. The rest is written whole.
_HAS_STATUS = frozenset(
    {
        "pods",
        "nodes",
        "namespaces",
        "services",
        "persistentvolumes",
        "persistentvolumeclaims",
        "volumeattachments.storage.k8s.io",
        "resourcequotas",
        "replicationcontrollers",
        "deployments.apps",
        "replicasets.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
        "ingresses.networking.k8s.io",
        "poddisruptionbudgets.policy",
        "horizontalpodautoscalers.autoscaling",
        "customresourcedefinitions.apiextensions.k8s.io",
        "apiservices.apiregistration.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        certificates.RESOURCE,
    }
)
#: Metadata that only the system writes.
_SYSTEM_METADATA = (
    "uid",
    "creationTimestamp",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
)


class Strategies:
    def __init__(self, engine: Engine, store: Store, cluster_cidr: str, kinds: Kinds, converter: Converter) -> None:
        self._kinds = kinds
        self._converter = converter
        self.pods = PodAdmission(engine, store)
        self.services = ServiceAllocator(engine, store, cluster_cidr)
        self._engine = engine
        self._store = store

    def has_status(self, resource: str) -> bool:
        """Whether the main resource leaves status alone."""
        if (definition := self._kinds.definition(resource)) is not None:
            return definition.version(definition.preferred.version).has_status
        return resource in _HAS_STATUS

    def prepare_create(self, resource: str, obj: Obj) -> Obj:
        """`obj.metadata` is complete but for generation and resourceVersion."""
        if (definition := self._kinds.definition(resource)) is not None:
            fresh = custom_resources.prepare_create(obj, definition)
            return self._converter.stored(fresh, definition)
        if resource in _GENERATION:
            obj["metadata"]["generation"] = 1
        if resource == "pods":
            return self.pods.admit(obj)
        if resource == "services":
            return self._service({**obj, "status": {"loadBalancer": {}}}, None)
        if resource == "namespaces":
            return _new_namespace(obj)
        if resource == "nodes":
            return node_taint.tainted(obj)
        if resource == "jobs.batch":
            obj = with_selector(obj)
        if resource == "ingresses.networking.k8s.io":
            obj = with_class(self._store, obj)
        if resource == DEFINITIONS:
            return custom_resources.new_definition(obj)
        if resource in storage.KINDS:
            obj = storage.prepared(resource, obj, self._store)
        if resource == API_SERVICES:
            return api_services.with_status(obj, self._engine.timestamp())
        if resource in _HAS_STATUS and resource != "nodes":
            return {**obj, "status": _INITIAL_STATUS.get(resource, {})}
        return obj

    def prepare_update(self, resource: str, obj: Obj, old: Obj, subresource: str) -> Obj:
        """The object to store: system metadata from `old`, and only the part that `subresource` may write."""
        if (definition := self._kinds.definition(resource)) is not None:
            metadata = _metadata(obj["metadata"], old["metadata"])
            was = self._converter.converted([completed(old, definition)], definition, obj["apiVersion"])[0]
            fresh = custom_resources.prepare_update(obj, was, metadata, definition, subresource)
            return self._converter.stored(fresh, definition)
        if subresource == "approval":
            return certificates.approved(obj, old, self._engine.timestamp())
        if subresource == "status":
            metadata = {
                **old["metadata"],
                "labels": obj["metadata"].get("labels"),
                "annotations": obj["metadata"].get("annotations"),
            }
            status = obj.get("status") or {}
            if resource == "persistentvolumes":
                status = storage.volume_status(status, old, self._engine.timestamp())
            return {**old, "metadata": _without_none(metadata), "status": status}
        fresh = {**obj, "metadata": _metadata(obj["metadata"], old["metadata"])}
        if resource in _HAS_STATUS:
            fresh["status"] = old.get("status") or {}
        if resource == "services":
            fresh = self._service(fresh, old)
        if resource in ("namespaces", certificates.RESOURCE):
            fresh["spec"] = old.get("spec", {})
        if resource == DEFINITIONS:
            fresh = custom_resources.changed_definition(fresh)
        if resource in _GENERATION and fresh.get("spec") != old.get("spec"):
            fresh["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        return fresh

    def prepare_delete(self, resource: str, obj: Obj, options: Obj) -> Obj:
        """Marks a pod or namespace for graceful deletion; other kinds go at once."""
        if resource == "pods":
            return self._mark_pod(obj, options.get("gracePeriodSeconds"))
        if resource == "namespaces" and not obj["metadata"].get("deletionTimestamp"):
            return {**obj, "status": {**(obj.get("status") or {}), "phase": "Terminating"}}
        if resource == DEFINITIONS and not obj["metadata"].get("deletionTimestamp"):
            return self._ending_definition(obj)
        return obj

    def _ending_definition(self, crd: Obj) -> Obj:
        """`pkg/registry/customresourcedefinition/etcd.go: Delete`: it waits until its objects are gone."""
        finalizers = crd["metadata"].get("finalizers") or []
        if CLEANUP not in finalizers:
            crd = {**crd, "metadata": {**crd["metadata"], "finalizers": [*finalizers, CLEANUP]}}
        says = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        condition = {"type": "Terminating", "status": "True", "reason": "InstanceDeletionPending", "message": says}
        return with_condition(crd, condition, self._engine.timestamp())

    def outlives_delete(self, resource: str, obj: Obj) -> bool:
        """A namespace stays until its finalizers in spec are gone."""
        return resource == "namespaces" and bool(obj.get("spec", {}).get("finalizers"))

    def _mark_pod(self, pod: Obj, wanted_s: int | None) -> Obj:
        """`pkg/registry/core/pod/strategy.go: CheckGracefulDelete` and `rest.BeforeDelete`."""
        metadata, spec = pod["metadata"], pod["spec"]
        if wanted_s is None:
            wanted_s = spec.get("terminationGracePeriodSeconds", 30)
        if wanted_s < 0:
            wanted_s = 1
        if not spec.get("nodeName") or pod["status"].get("phase") in ("Failed", "Succeeded"):
            wanted_s = 0
        if "deletionTimestamp" in metadata:
            known = metadata.get("deletionGracePeriodSeconds", 0)
            if wanted_s >= known:
                return pod
            started = self._engine.micros(metadata["deletionTimestamp"]) - known * 1_000_000
        else:
            started = self._engine.now
        due = self._engine.timestamp(started + wanted_s * 1_000_000)
        return {**pod, "metadata": {**metadata, "deletionTimestamp": due, "deletionGracePeriodSeconds": wanted_s}}

    def _service(self, service: Obj, old: Obj | None) -> Obj:
        filled, causes = self.services.fill(service if old is None else without_leftovers(service, old), old)
        if causes:
            raise errors.invalid("", "Service", service["metadata"]["name"], causes)
        return filled


_INITIAL_STATUS: dict[str, Obj] = {
    "replicasets.apps": {"replicas": 0},
    "replicationcontrollers": {"replicas": 0},
    "statefulsets.apps": {"replicas": 0, "availableReplicas": 0},
    "daemonsets.apps": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "volumeattachments.storage.k8s.io": {"attached": False},
    "persistentvolumes": {"phase": "Pending"},
    "persistentvolumeclaims": {"phase": "Pending"},
    "ingresses.networking.k8s.io": {"loadBalancer": {}},
}


def _new_namespace(obj: Obj) -> Obj:
    metadata = dict(obj["metadata"])
    metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    finalizers = list(obj.get("spec", {}).get("finalizers") or ())
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")
    return {**obj, "metadata": metadata, "spec": {"finalizers": finalizers}, "status": {"phase": "Active"}}


def _metadata(given: Obj, old: Obj) -> Obj:
    metadata = {key: value for key, value in given.items() if key not in _SYSTEM_METADATA and key != "resourceVersion"}
    for key in (*_SYSTEM_METADATA, "resourceVersion"):
        if key in old:
            metadata[key] = old[key]
    return _without_none(metadata)


def _without_none(metadata: Obj) -> Obj:
    return {key: value for key, value in metadata.items() if value is not None and value != {} and value != []}
