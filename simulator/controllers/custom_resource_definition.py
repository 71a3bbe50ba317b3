"""Accepts the names of CustomResourceDefinitions, begins to serve them, and empties those that are being deleted.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/; upstream's naming_controller.go,
establishing_controller.go, kubernetes-apiapproval-policy-conformant and crd_finalizer.go, which run inside the API server. A definition whose
names collide in its group is not served; one that is deleted stays until the last of its objects has gone.
"""

from typing import ClassVar

from simulator.apiserver.api_services import AUTOMANAGED, local
from simulator.apiserver.api_services import RESOURCE as API_SERVICES
from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.kinds.objects import is_ending, one_of
from simulator.engine.plain import Obj
from simulator.machinery.custom.definition_validation import is_protected
from simulator.machinery.custom.definitions import CLEANUP, find_condition, is_true, with_condition
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS

#: How often the finalizer looks whether objects are left, and after how long it says that it cannot be sure.
_POLL_US, _PATIENCE_US = 5_000_000, 60_000_000
_APPROVED = "api-approved.kubernetes.io"


class StillThere(StatusError):
    """Objects are left after a minute: tried again with backoff."""


class CustomResourceDefinitionController(Controller):
    """The four loops of upstream in one, each write of which is one step of its own."""

    name: ClassVar[str] = "crd-controller"
    watches = {DEFINITIONS: "on_definition"}
    writes = ("*",)

    def on_definition(self, old: Obj | None, new: Obj | None) -> None:
        crd = one_of(old, new)
        self.enqueue(crd["metadata"]["name"])
        if new is None or (old is not None and old.get("status") != new.get("status")):
            self._ask_the_others(crd)  # it may have set a name free

    def _ask_the_others(self, crd: Obj) -> None:
        for other in self.cache.list(DEFINITIONS):
            if other["spec"]["group"] == crd["spec"]["group"] and not is_true(other, "NamesAccepted"):
                self.enqueue(other["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        crd = self.cache.get(DEFINITIONS, "", key)
        if crd is None:
            self._register(key.partition(".")[2])
            return
        fresh = self._approved(self._named(crd))
        if fresh is crd and is_true(crd, "NamesAccepted") and not is_true(crd, "Established"):
            fresh = self._with(
                crd, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted"
            )
        if fresh is not crd:
            self._write(fresh)
        elif is_ending(crd) and CLEANUP in (crd["metadata"].get("finalizers") or ()):
            self._empty(crd)
        else:
            self._register(crd["spec"]["group"])

    def _register(self, group: str) -> None:
        """`crdregistration_controller.go`: an APIService for each version of the group that some definition serves."""
        wanted = {
            f"{version['name']}.{group}": version["name"]
            for crd in self.cache.list(DEFINITIONS)
            if crd["spec"]["group"] == group and is_true(crd, "Established")
            for version in crd["spec"]["versions"]
            if version.get("served")
        }
        there = {
            one["metadata"]["name"]: one for one in self.client.list(API_SERVICES) if one["spec"].get("group") == group
        }
        for name in sorted(wanted.keys() - there.keys()):
            self.client.create(API_SERVICES, local(group, wanted[name], 1000, 100, managed="true"))
        for name in sorted(there.keys() - wanted.keys()):
            if (there[name]["metadata"].get("labels") or {}).get(AUTOMANAGED) == "true":
                self.client.delete(API_SERVICES, "", name)

    def _write(self, crd: Obj) -> Obj | None:
        try:
            return self.client.update_status(DEFINITIONS, crd)
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
        return None

    def _with(self, crd: Obj, type: str, status: str, reason: str, message: str) -> Obj:
        condition = {"type": type, "status": status, "reason": reason, "message": message}
        known = find_condition(crd, type)
        if known is not None and {**known, **condition} == known:
            return crd
        return with_condition(crd, condition, self.engine.timestamp())

    # Names

    def _named(self, crd: Obj) -> Obj:
        """`calculateNamesAndConditions`: every name that nobody in the group has yet is accepted."""
        wanted, status = crd["spec"]["names"], crd.get("status") or {}
        accepted = status.get("acceptedNames") or {}
        if wanted == accepted:
            return crd
        names, reason, message = self._deconflicted(crd, wanted, accepted)
        fresh = crd if names == accepted else {**crd, "status": {**status, "acceptedNames": names}}
        fresh = self._with(fresh, "NamesAccepted", "False" if reason else "True", reason or "NoConflicts", message)
        if is_true(fresh, "Established"):
            return fresh
        if reason:
            return self._with(fresh, "Established", "False", "NotAccepted", "not all names are accepted")
        return self._with(fresh, "Established", "False", "Installing", "the initial names have been accepted")

    def _deconflicted(self, crd: Obj, wanted: Obj, accepted: Obj) -> tuple[Obj, str, str]:
        resources, kinds = self._taken(crd)
        names, reason, message = dict(accepted), "", "no conflicts found"
        for field, what, taken in (
            ("plural", "PluralConflict", resources),
            ("singular", "SingularConflict", resources),
            ("shortNames", "ShortNamesConflict", resources),
            ("kind", "KindConflict", kinds),
            ("listKind", "ListKindConflict", kinds),
        ):
            value = wanted.get(field)
            given = value if isinstance(value, list) else [value]
            mine = (accepted.get(field) or []) if isinstance(value, list) else [accepted.get(field)]
            clashes = [f'"{one}" is already in use' for one in given if one not in mine and one in taken]
            if clashes:
                reason, message = what, clashes[0] if len(clashes) == 1 else f"[{', '.join(clashes)}]"
            elif value is not None:
                names[field] = value
        if wanted.get("categories"):
            names["categories"] = wanted["categories"]
        return names, reason, message

    def _taken(self, crd: Obj) -> tuple[list[str], list[str]]:
        """Names that other definitions of the group have been given."""
        resources: list[str] = []
        kinds: list[str] = []
        for other in self.client.list(DEFINITIONS):
            if other["spec"]["group"] != crd["spec"]["group"] or other["metadata"]["name"] == crd["metadata"]["name"]:
                continue
            names = (other.get("status") or {}).get("acceptedNames") or {}
            resources += [names.get("plural", ""), names.get("singular", ""), *names.get("shortNames", ())]
            kinds += [names.get("kind", ""), names.get("listKind", "")]
        return [name for name in resources if name], [name for name in kinds if name]

    def _approved(self, crd: Obj) -> Obj:
        """`apiapproval_controller.go`: only groups of the community have this condition."""
        url = (crd["metadata"].get("annotations") or {}).get(_APPROVED, "")
        if not is_protected(crd["spec"]["group"]) or not url:
            return crd
        says = f"approved in {url}"
        reason = "ApprovedAnnotation"
        if url.startswith("unapproved"):
            says, reason = f'not approved: "{url}"', "UnapprovedAnnotation"
        status = "False" if reason == "UnapprovedAnnotation" else "True"
        return self._with(crd, "KubernetesAPIApprovalPolicyConformant", status, reason, says)

    # The end

    def _empty(self, crd: Obj) -> None:
        """Deletes what is left of the kind and lets the definition go when nothing is."""
        if not is_true(crd, "Established"):
            self._let_go(self._with(crd, "Terminating", "False", "NeverEstablished", "resource was never established"))
            return
        resource, name = crd["metadata"]["name"], crd["metadata"]["name"]
        known = find_condition(crd, "Terminating") or {}
        if known.get("reason") == "InstanceDeletionPending":
            says = "CustomResource deletion is in progress"
            self._write(self._with(crd, "Terminating", "True", "InstanceDeletionInProgress", says))
        for obj in self.client.list(resource):
            if not is_ending(obj):
                self._delete(resource, obj)
        if not self.client.list(resource):
            self._finish(name)
            return
        since = self.engine.now - self.engine.micros(crd["metadata"]["deletionTimestamp"])
        if since < _PATIENCE_US:
            self.enqueue(name, _POLL_US)
            return
        says = "could not confirm zero CustomResources remaining: timed out waiting for the condition"
        self._write(self._with(crd, "Terminating", "True", "InstanceDeletionCheck", says))
        raise StillThere(500, "InternalError", says)

    def _finish(self, name: str) -> None:
        """As it is now: it may have been written a moment ago."""
        crd = self.client.get(DEFINITIONS, "", name)
        self._let_go(self._with(crd, "Terminating", "False", "InstanceDeletionCompleted", "removed all instances"))

    def _let_go(self, crd: Obj) -> None:
        fresh = self._write(crd)
        if fresh is None:
            return
        left = [one for one in fresh["metadata"].get("finalizers") or () if one != CLEANUP]
        patch = {"metadata": {"finalizers": left or None}}
        self.client.patch(DEFINITIONS, "", fresh["metadata"]["name"], patch)

    def _delete(self, resource: str, obj: Obj) -> None:
        metadata = obj["metadata"]
        try:
            self.client.delete(resource, metadata.get("namespace", ""), metadata["name"], uid=metadata["uid"])
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise
