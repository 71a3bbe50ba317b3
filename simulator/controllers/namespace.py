"""Empties a namespace that is being deleted and then lets it go.

https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/; upstream's namespaced_resources_deleter.go. The
API server sets `deletionTimestamp`; five seconds later everything inside is deleted, the conditions say what is left, and
when nothing is, the `kubernetes` finalizer is removed.
"""

from collections.abc import Iterator
from typing import ClassVar

from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.conditions import condition, replaced
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.controllers.kinds.pods import is_terminal
from simulator.engine.plain import Obj
from simulator.machinery.resources import RESOURCES, Resource

#: namespaceDeletionGracePeriod: time for the last objects that were on their way to arrive.
_GRACE_US = 5_000_000
#: Assumed when something with a finalizer is left.
_FINALIZER_ESTIMATE_S = 15
_SECOND_US = 1_000_000
_FINALIZER = "kubernetes"


def _is_content(one: Resource) -> bool:
    return one.namespaced and {"list", "delete"} <= set(one.verbs)


_CONTENT = tuple(one.name for one in RESOURCES if _is_content(one))

#: type → (reason, message) when all is well; the order is upstream's.
_FINE = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


class NamespaceController(Controller):
    name: ClassVar[str] = "namespace-controller"
    watches = {"namespaces": "on_namespace"}
    writes = ("*",)

    def on_namespace(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and is_ending(new):
            self.enqueue(one_of(old, new)["metadata"]["name"], _GRACE_US)

    def reconcile(self, key: str) -> None:
        namespace = self.cache.get("namespaces", "", key)
        if (
            namespace is None
            or not is_ending(namespace)
            or _FINALIZER not in (namespace["spec"].get("finalizers") or ())
        ):
            return
        wait_s = self._longest_grace_s(key, namespace)
        for resource, obj in self._content(key):
            if not is_ending(obj):
                self._delete(resource, obj)
        left = list(self._content(key))
        namespace = self._tell(namespace, left)
        if not left:
            finalizers = [one for one in namespace["spec"]["finalizers"] if one != _FINALIZER]
            self.client.finalize({**namespace, "spec": {**namespace["spec"], "finalizers": finalizers}})
            return
        if any(obj["metadata"].get("finalizers") for _, obj in left):
            wait_s = max(wait_s, _FINALIZER_ESTIMATE_S)
        self.enqueue(key, (wait_s // 2 + 1) * _SECOND_US)

    def _content(self, namespace: str) -> Iterator[tuple[str, Obj]]:
        custom = [one.name for one in self.client.kinds.custom if _is_content(one)]
        for resource in (*_CONTENT, *custom):
            for obj in self.client.list(resource, namespace):
                yield resource, obj

    def _delete(self, resource: str, obj: Obj) -> None:
        metadata = obj["metadata"]
        try:
            self.client.delete(resource, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _longest_grace_s(self, key: str, namespace: Obj) -> int:
        """How long the pods may take; 0 once that time has passed."""
        pods = [pod for pod in self.client.list("pods", key) if not is_terminal(pod)]
        longest = max((pod["spec"].get("terminationGracePeriodSeconds") or 0 for pod in pods), default=0)
        since = self.engine.now - self.engine.micros(namespace["metadata"]["deletionTimestamp"])
        return 0 if since >= longest * _SECOND_US else int(longest)

    def _tell(self, namespace: Obj, left: list[tuple[str, Obj]]) -> Obj:
        status = namespace.get("status") or {}
        conditions, now = list(status.get("conditions") or ()), self.engine.timestamp()
        for type, (reason, message) in (_FINE | _remaining(left)).items():
            state = "False" if (reason, message) == _FINE[type] else "True"
            known = condition(conditions, type)
            wanted = {"type": type, "status": state, "lastTransitionTime": now, "reason": reason, "message": message}
            if known is not None and known["status"] == state:
                wanted["lastTransitionTime"] = known["lastTransitionTime"]
            conditions = replaced(conditions, wanted)
        if conditions == status.get("conditions"):
            return namespace
        return self.client.update_status("namespaces", {**namespace, "status": {**status, "conditions": conditions}})


def _remaining(left: list[tuple[str, Obj]]) -> dict[str, tuple[str, str]]:
    kinds: dict[str, int] = {}
    finalizers: dict[str, int] = {}
    for resource, obj in left:
        name = resource if "." in resource else f"{resource}."
        kinds[name] = kinds.get(name, 0) + 1
        for finalizer in obj["metadata"].get("finalizers") or ():
            finalizers[finalizer] = finalizers.get(finalizer, 0) + 1
    told = {}
    if kinds:
        what = ", ".join(f"{name} has {count} resource instances" for name, count in sorted(kinds.items()))
        told["NamespaceContentRemaining"] = ("SomeResourcesRemain", f"Some resources are remaining: {what}")
    if finalizers:
        what = ", ".join(f"{name} in {count} resource instances" for name, count in sorted(finalizers.items()))
        told["NamespaceFinalizersRemaining"] = (
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {what}",
        )
    return told
