"""The verbs on whole objects: get, list, watch, create, update, patch, apply, delete.

Order of work as in Kubernetes (`apiserver/pkg/endpoints/handlers`): decode strictly, default, own, validate, admit, store;
then the answer in the shape and version the client asked for.

Leaves to others: subresources (`subresources.py`), who may (`server.py`), the store and its rules (`registry.py`).
"""

from collections.abc import Callable
from dataclasses import replace

from simulator.apiserver import certificates, custom_resources, errors, ownership
from simulator.apiserver.authorization.escalation import refuse_escalation
from simulator.apiserver.authorization.rbac import Rbac
from simulator.apiserver.bodies import checked, configuration, place, refuse_foreign_namespace, refuse_other_name
from simulator.apiserver.conversions import converted
from simulator.apiserver.delete_options import delete_options
from simulator.apiserver.errors import StatusError
from simulator.apiserver.lists import list_page
from simulator.apiserver.patching import APPLY_PATCH, patched, refusal, refuse_bad_options
from simulator.apiserver.paths import Target
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request, Response
from simulator.apiserver.reviews import Reviewer
from simulator.apiserver.routing import is_dry_run, media_type
from simulator.apiserver.services import without_leftovers
from simulator.apiserver.shapes import refuse_table, refuse_unstreamable, shaped
from simulator.apiserver.watches import watch_events
from simulator.engine.plain import Obj
from simulator.machinery.custom.definition_changes import validate_definition_update
from simulator.machinery.custom.definition_validation import validate_definition
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.validation import FieldError, validate_create, validate_update


class ObjectVerbs:
    """Holds no state of its own."""

    def __init__(self, registry: Registry, rbac: Rbac, reviewer: Reviewer) -> None:
        self.registry = registry
        self._rbac = rbac
        self._reviewer = reviewer

    @property
    def kinds(self) -> Kinds:
        """What is served."""
        return self.registry.kinds

    def get(self, request: Request, target: Target) -> Response:
        obj = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        return self.answer(request, target, 200, self.as_served(obj, target), [*_deprecation(target)])

    def page(self, request: Request, target: Target) -> Response:
        page = list_page(self.registry, request, target)
        page = replace(page, items=self.registry.converter.all_served(page.items, target.resource))
        return Response(200, shaped(request, target, page, self.now_us(), self.kinds), _deprecation(target))

    def watch(self, request: Request, target: Target) -> Response:
        refuse_unstreamable(request)

        def shape(obj: Obj) -> Obj:
            return shaped(request, target, self.as_served(obj, target), self.now_us(), self.kinds)

        return Response(200, watch_events(self.registry, request, target, shape))

    def create(self, request: Request, target: Target) -> Response:
        obj, warnings = checked(self.kinds, request.body, request, target)
        metadata = dict(obj.get("metadata") or {})
        place(metadata, target)
        review = self._reviewer.reviewed(target.resource.name, {**obj, "metadata": metadata}, request)
        if review is not None:
            refuse_table(request)
            return Response(201, review, tuple(warnings))
        obj = self.defaulted(target.resource.name, {**obj, "metadata": metadata})
        refuse_foreign_namespace(metadata, target)
        self.registry.refuse_invalid(target.resource.name, obj, self.problems_of_new(obj, target))
        refuse_escalation(self._rbac, request.user, target.resource.name, obj, None)
        if target.resource.name == certificates.RESOURCE:
            obj = certificates.requested(obj, request.user)
        obj = ownership.created(obj, self.writer(request, target))
        made = self.registry.create(request.user.name, target.resource.name, obj, dry_run=is_dry_run(request))
        warnings += self.registry.admission.warnings(request.user.name, target.resource.name, made, None)
        return self.answer(request, target, 201, self.as_served(made, target), warnings)

    def update(self, request: Request, target: Target) -> Response:
        obj, warnings = checked(self.kinds, request.body, request, target)
        metadata = dict(obj.get("metadata") or {})
        place(metadata, target)
        refuse_other_name(metadata, target)
        return self.replace(request, target, {**obj, "metadata": metadata}, warnings)

    def patch(self, request: Request, target: Target) -> Response:
        refuse_bad_options(request)
        if media_type(request) == APPLY_PATCH:
            return self._apply(request, target)
        old = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        fresh = patched(self.kinds, request, ownership.shown(self.as_served(old, target)))
        try:
            obj, warnings = checked(self.kinds, fresh, request, target)
        except StatusError as error:
            raise refusal(request, fresh, error) from error
        refuse_other_name(obj.get("metadata") or {}, target)
        return self.replace(request, target, obj, warnings, verb="patch")

    def _apply(self, request: Request, target: Target) -> Response:
        """Server-side apply: the body is what its author has an opinion on."""
        config, warnings = configuration(self.kinds, request, target)
        resource, who = target.resource.name, request.user.name
        old = self.registry.find(who, resource, target.namespace or "", target.name)
        if old is None and target.subresource:
            raise errors.not_found(target.resource.group, target.resource.plural, target.name)
        live = None if old is None else self.as_served(old, target)
        obj = ownership.applied(
            live,
            config,
            self.writer(request, target),
            force=request.query.get("force") == "true",
            fill=lambda merged: self._completed(merged, target),
        )
        if old is not None:
            return self.replace(request, target, obj, warnings, verb="patch", is_applied=True)
        self.registry.refuse_invalid(resource, obj, self.problems_of_new(obj, target))
        refuse_escalation(self._rbac, request.user, resource, obj, None)
        made = self.registry.create(who, resource, obj, dry_run=is_dry_run(request))
        warnings += self.registry.admission.warnings(who, resource, made, None)
        return self.answer(request, target, 201, self.as_served(made, target), warnings)

    def _completed(self, merged: Obj, target: Target) -> Obj:
        """What applying led to, with the defaults of its kind."""
        custom = self.kinds.version(target.resource)
        if custom is not None:
            return custom_resources.decoded(merged, target.resource, custom, "Ignore")[0]
        return default(target.resource.name, converted(target.resource, merged))

    def delete(self, request: Request, target: Target) -> Response:
        options = delete_options(request)
        namespace = target.namespace or ""
        dry_run = bool(options.get("dryRun"))
        before = self.registry.get(request.user.name, target.resource.name, namespace, target.name)
        left = self.registry.delete(
            request.user.name, target.resource.name, namespace, target.name, options, dry_run=dry_run
        )
        if left is not None:
            return self.answer(request, target, 200, self.as_served(left, target))
        return Response(200, _deleted(target, before))

    def delete_collection(self, request: Request, target: Target) -> Response:
        page = list_page(self.registry, request, target)
        options = delete_options(request)
        for obj in page.items:
            metadata = obj["metadata"]
            self.registry.delete(
                request.user.name,
                target.resource.name,
                metadata.get("namespace", ""),
                metadata["name"],
                options,
                dry_run=bool(options.get("dryRun")),
            )
        return Response(200, shaped(request, target, page, self.now_us(), self.kinds))

    def replace(
        self,
        request: Request,
        target: Target,
        obj: Obj,
        warnings: list[str],
        verb: str = "update",
        *,
        is_applied: bool = False,
    ) -> Response:
        """Stores `obj` in the place of what is there. An applied object already says who owns what."""
        resource = target.resource.name
        old = self.registry.get(request.user.name, resource, target.namespace or "", target.name)
        obj = self.defaulted(resource, obj)
        if not is_applied:
            obj = ownership.updated(self.as_served(old, target), obj, self.writer(request, target))
        if target.subresource not in ("status", "approval"):
            candidate = {**obj, "metadata": {**old["metadata"], **obj["metadata"]}}
            if "status" in old and "status" in target.resource.subresources:
                candidate["status"] = old["status"]
            self.registry.refuse_invalid(
                resource, obj, self.problems_of_update(candidate, self.as_served(old, target), target)
            )
            refuse_escalation(self._rbac, request.user, resource, obj, old)
        elif self.kinds.version(target.resource) is not None:
            candidate = {
                **_without_status(self.as_served(old, target)),
                **({"status": obj["status"]} if "status" in obj else {}),
            }
            self.registry.refuse_invalid(
                resource, obj, self.problems_of_update(candidate, self.as_served(old, target), target)
            )
        if resource == certificates.RESOURCE and target.subresource == "status":
            certificates.refuse_signing(self._rbac, request.user, obj, old)
        subresource = target.subresource if target.subresource in ("status", "approval") else ""
        made = self.registry.update(
            request.user.name, resource, obj, subresource, dry_run=is_dry_run(request), verb=verb, owned=True
        )
        if not subresource:
            warnings += self.registry.admission.warnings(request.user.name, resource, made, old)
        return self.answer(request, target, 200, self.as_served(made, target), warnings)

    def answer(
        self, request: Request, target: Target, status: int, obj: Obj, warnings: list[str] | None = None
    ) -> Response:
        return Response(status, shaped(request, target, obj, self.now_us(), self.kinds), tuple(warnings or ()))

    def as_served(self, obj: Obj, target: Target) -> Obj:
        """The stored object under the version of the URL."""
        return self.registry.converter.served(obj, target.resource)

    def defaulted(self, resource: str, obj: Obj) -> Obj:
        """Custom objects had their defaults when they were decoded."""
        return obj if self.kinds.definition(resource) is not None else default(resource, obj)

    def problems_of_new(self, obj: Obj, target: Target) -> list[FieldError]:
        version = self.kinds.version(target.resource)
        if version is not None:
            return custom_resources.problems_of_new(obj, target.resource, version)
        found = validate_create(target.resource.name, obj)
        return found + validate_definition(obj) if target.resource.name == DEFINITIONS else found

    def problems_of_update(self, obj: Obj, old: Obj, target: Target) -> list[FieldError]:
        version = self.kinds.version(target.resource)
        if version is not None:
            return custom_resources.problems_of_update(obj, old, version, self.registry.admission.said.warn)
        if target.resource.name == "services":
            obj = without_leftovers(obj, old)
        found = validate_update(target.resource.name, obj, old)
        return found + validate_definition_update(obj, old) if target.resource.name == DEFINITIONS else found

    def writer(self, request: Request, target: Target) -> ownership.Writer:
        """Who the fields of this write will belong to (`managerOrUserAgent`)."""
        agent = request.headers.get("user-agent", "").partition("/")[0]
        manager = request.query.get("fieldManager") or agent[:128] or "unknown"
        return self.registry.writer(manager, target.resource, target.subresource)

    def now_us(self) -> int:
        engine = self.registry.engine
        return engine.epoch_s * 1_000_000 + engine.now


_Handler = Callable[[ObjectVerbs, Request, Target], Response]
VERBS: dict[str, _Handler] = {
    "get": ObjectVerbs.get,
    "list": ObjectVerbs.page,
    "watch": ObjectVerbs.watch,
    "create": ObjectVerbs.create,
    "update": ObjectVerbs.update,
    "patch": ObjectVerbs.patch,
    "delete": ObjectVerbs.delete,
    "deletecollection": ObjectVerbs.delete_collection,
}


def _deprecation(target: Target) -> tuple[str, ...]:
    """The warning of a kind that is served and no longer wanted (`k8s.io/apiserver/pkg/endpoints/deprecation`)."""
    return ("v1 ComponentStatus is deprecated in v1.19+",) if target.resource.name == "componentstatuses" else ()


def _without_status(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if key != "status"}


def _deleted(target: Target, obj: Obj) -> Obj:
    details = {"name": target.name, "kind": target.resource.plural, "uid": obj["metadata"]["uid"]}
    if target.resource.group:
        details["group"] = target.resource.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
