"""`handle(Request) -> Response`: the API server as a function.

Order of work as in Kubernetes (https://kubernetes.io/docs/concepts/security/controlling-access/): route, decode strictly,
default, admit, validate, store; then the answer in the shape the client asked for. Every refusal is a Status.

Leaves to others: the store and its rules (`registry.py`), bytes and sockets (the HTTP front).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import msgspec

from simulator.apiserver import autoscalers, certificates, custom_resources, errors, ownership, paths
from simulator.apiserver.aggregation import Aggregator
from simulator.apiserver.authorization.attributes import Attributes, attributes_of
from simulator.apiserver.authorization.escalation import refuse_escalation
from simulator.apiserver.authorization.impersonation import acting_user
from simulator.apiserver.authorization.rbac import Rbac, is_administrator
from simulator.apiserver.authorization.tokens import Tokens, unauthorized
from simulator.apiserver.certificates import certificate_user
from simulator.apiserver.conversions import converted
from simulator.apiserver.delete_options import checked_options, delete_options
from simulator.apiserver.discovery import discover
from simulator.apiserver.disruption import evict
from simulator.apiserver.errors import StatusError
from simulator.apiserver.health import checked
from simulator.apiserver.lists import list_page
from simulator.apiserver.paths import Target
from simulator.apiserver.proxying import Reach, passed_on
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request, Response, User
from simulator.apiserver.reviews import Reviewer
from simulator.apiserver.scale import scale_of, with_scale
from simulator.apiserver.services import without_leftovers
from simulator.apiserver.shapes import refuse_table, refuse_unknown_media, shaped
from simulator.apiserver.watches import watch_events
from simulator.engine.plain import Obj
from simulator.machinery.custom.definition_validation import validate_definition, validate_definition_update
from simulator.machinery.custom.definitions import RESOURCE as DEFINITIONS
from simulator.machinery.custom.typed import custom_schema
from simulator.machinery.decoding import DecodingError, check, decode
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.patches import PatchError, json_patch, merge_patch, strategic_merge_patch
from simulator.machinery.schemas import schema_for
from simulator.machinery.typed_values import undeclared
from simulator.machinery.validation import FieldError, validate_create, validate_update
from simulator.machinery.validation.pod_updates import validate_ephemeral_update
from simulator.machinery.validation.resize import validate_resize

_MAX_OBJECT_BYTES = 1_500_000
APPLY_PATCH = "application/apply-patch+yaml"
#: What they answer is not the API server's.
_OTHER_MEDIA = frozenset({"proxy", "exec", "attach", "portforward"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class NodeProxy(Protocol):
    """What the API server asks a kubelet for. Raises StatusError when the node does not answer."""

    def logs(self, pod: Obj, container: str, query: "dict[str, str]") -> str: ...


class Server:
    """Holds no state of its own."""

    def __init__(self, registry: Registry, nodes: NodeProxy | None = None) -> None:
        self.registry = registry
        self.nodes = nodes
        self.reach: Reach | None = None
        """Set at assembly: where `…/proxy` leads."""
        self.aggregator = Aggregator(registry.store)
        self._rbac = Rbac(registry.store)
        self._tokens = Tokens(registry.engine, registry.store)
        self._reviewer = Reviewer(self._rbac, self._tokens)

    @property
    def kinds(self) -> Kinds:
        """What is served, as a client's discovery would find it."""
        return self.registry.kinds

    def handle(self, request: Request) -> Response:
        """Raises ApiUnavailable when no instance of the API server is up; every other refusal is a Response."""
        self.registry.reach()
        admission = self.registry.admission
        admission.said.listen()
        admission.said.is_wanted = self.registry.audit.is_on
        caller = request.user
        try:
            request = self._identified(request)
            caller, request = request.user, self._acting(request)
            self._authorize(request)
            admission.person = request.user
            response = self._answered(request)
        except StatusError as error:
            self._note_refusal(request, error)
            response = Response(error.code, error.status())
        finally:
            admission.person = None
            admission.said.stop()
        said = admission.said.take_warnings()
        response = replace(response, warnings=(*response.warnings, *said)) if said else response
        return self._logged(request, caller, response) if self.registry.audit.is_on and request.is_logged else response

    def _logged(self, request: Request, caller: User, response: Response) -> Response:
        """Writes the request into the audit log and tells its id."""
        notes = self.registry.admission.said.take_annotations()
        asked = self._asked(request)
        if response.status == 403 and not notes:
            notes = (
                {"authorization.k8s.io/decision": "forbid"}
                if not self._rbac.decide(request.user, asked).allowed
                else {}
            )
        audit_id = self.registry.audit.request(request, caller, asked, response, notes)
        return replace(response, headers={**response.headers, "audit-id": audit_id}) if audit_id else response

    def _answered(self, request: Request) -> Response:
        aggregated = self.aggregator.answer(request)
        if aggregated is not None:
            return aggregated
        healthy = checked(request, etcd=self.registry.etcd.is_writable)
        if healthy is not None:
            return healthy
        found = discover(request.path, request.headers.get("accept", ""), self.kinds, self.registry.version)
        found = self.aggregator.listed(request, found)
        return self._route(request) if found is None else _unless_known(request, found)

    def _identified(self, request: Request) -> Request:
        """The request of the holder of the token."""
        if request.certificate:
            known = certificate_user(self.registry.engine, request.certificate)
            if known is None:
                raise unauthorized()
            return replace(request, user=known)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            holder = self._tokens.user(token)
            if holder is None:
                raise unauthorized()
            request = replace(request, user=holder)
        return request

    def _acting(self, request: Request) -> Request:
        """The request of the one whom the caller acts for."""
        user = acting_user(self._rbac, request)
        return request if user is request.user else replace(request, user=user)

    def _authorize(self, request: Request) -> None:
        if not is_administrator(request.user):
            self._rbac.require(request.user, self._asked(request))

    def _asked(self, request: Request) -> Attributes:
        target = paths.parse(request.path, self.kinds)
        if target is None:
            return Attributes(request.method.lower(), path=request.path)
        return attributes_of(request, target)

    def _note_refusal(self, request: Request, error: StatusError) -> None:
        """A write that was refused is part of the history: a message that got no further than this door."""
        target = paths.parse(request.path, self.kinds)
        if target is None or request.method not in _WRITES or _is_dry_run(request):
            return
        metadata = request.body.get("metadata") if isinstance(request.body, dict) else None
        name = target.name or (metadata.get("name") if isinstance(metadata, dict) else "") or ""
        key = (target.namespace or "", str(name)[:253])
        self.registry.note_refusal(request.user.name, _verb(request, target), target.resource.name, key, error)

    def _route(self, request: Request) -> Response:
        target = paths.parse(request.path, self.kinds)
        if target is None:
            raise errors.path_not_found()
        verb = _verb(request, target)
        if target.subresource not in _OTHER_MEDIA:
            refuse_unknown_media(request)
        if _is_watch(request, target):
            return self._watch(request, target)
        if not target.subresource and bool(target.name) is (verb in ("create", "list", "deletecollection")):
            raise errors.method_not_allowed()
        is_custom = self.kinds.definition(target.resource.name) is not None
        if not target.subresource and not is_custom and verb not in target.resource.verbs:
            raise errors.method_not_supported(target.resource.group, target.resource.plural, request.method)
        custom_resources.refuse_at_the_end(self.kinds, target.resource, verb)
        if target.subresource:
            return self._subresource(request, target)
        return _VERBS[verb](self, request, target)

    def seed(self, who: str, resource: str, obj: Obj) -> Obj:
        """An object that a fresh cluster is born with: defaulted like any other, but nobody asked for it."""
        return self.registry.create(who, resource, self._defaulted(resource, obj))

    # Verbs on objects

    def _get(self, request: Request, target: Target) -> Response:
        obj = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        return self._answer(request, target, 200, self._as_served(obj, target), [*_deprecation(target)])

    def _list(self, request: Request, target: Target) -> Response:
        page = list_page(self.registry, request, target)
        page = replace(page, items=self.registry.converter.all_served(page.items, target.resource))
        return Response(200, shaped(request, target, page, self._now_us(), self.kinds), _deprecation(target))

    def _watch(self, request: Request, target: Target) -> Response:
        def shape(obj: Obj) -> Obj:
            return shaped(request, target, self._as_served(obj, target), self._now_us(), self.kinds)

        return Response(200, watch_events(self.registry, request, target, shape))

    def _create(self, request: Request, target: Target) -> Response:
        obj, warnings = self._decoded(request, target)
        review = self._reviewer.reviewed(target.resource.name, obj, request)
        if review is not None:
            refuse_table(request)
            return Response(201, review, tuple(warnings))
        metadata = dict(obj.get("metadata") or {})
        self._place(metadata, target)
        obj = self._defaulted(target.resource.name, {**obj, "metadata": metadata})
        self._refuse_foreign_namespace(metadata, target)
        self.registry.refuse_invalid(target.resource.name, obj, self._problems_of_new(obj, target))
        refuse_escalation(self._rbac, request.user, target.resource.name, obj, None)
        if target.resource.name == certificates.RESOURCE:
            obj = certificates.requested(obj, request.user)
        obj = ownership.created(obj, self._writer(request, target))
        made = self.registry.create(request.user.name, target.resource.name, obj, dry_run=_is_dry_run(request))
        warnings += self.registry.admission.warnings(request.user.name, target.resource.name, made, None)
        return self._answer(request, target, 201, self._as_served(made, target), warnings)

    def _update(self, request: Request, target: Target) -> Response:
        obj, warnings = self._decoded(request, target)
        metadata = dict(obj.get("metadata") or {})
        self._place(metadata, target)
        _refuse_other_name(metadata, target)
        return self._replace(request, target, {**obj, "metadata": metadata}, warnings)

    def _patch(self, request: Request, target: Target) -> Response:
        _refuse_bad_options(request)
        if _media_type(request) == APPLY_PATCH:
            return self._apply(request, target)
        old = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        patched = self._patched(request, target, ownership.shown(self._as_served(old, target)))
        obj, warnings = self._checked(patched, request, target)
        _refuse_other_name(obj.get("metadata") or {}, target)
        return self._replace(request, target, obj, warnings, verb="patch")

    def _apply(self, request: Request, target: Target) -> Response:
        """Server-side apply: the body is what its author has an opinion on."""
        config, warnings = self._configuration(request, target)
        resource, who = target.resource.name, request.user.name
        old = self.registry.find(who, resource, target.namespace or "", target.name)
        if old is None and target.subresource:
            raise errors.not_found(target.resource.group, target.resource.plural, target.name)
        live = None if old is None else self._as_served(old, target)
        obj = ownership.applied(
            live,
            config,
            self._writer(request, target),
            force=request.query.get("force") == "true",
            fill=lambda merged: self._completed(merged, target),
        )
        if old is not None:
            return self._replace(request, target, obj, warnings, verb="patch", is_applied=True)
        self.registry.refuse_invalid(resource, obj, self._problems_of_new(obj, target))
        refuse_escalation(self._rbac, request.user, resource, obj, None)
        made = self.registry.create(who, resource, obj, dry_run=_is_dry_run(request))
        warnings += self.registry.admission.warnings(who, resource, made, None)
        return self._answer(request, target, 201, self._as_served(made, target), warnings)

    def _completed(self, merged: Obj, target: Target) -> Obj:
        """What applying led to, with the defaults of its kind."""
        custom = self.kinds.version(target.resource)
        if custom is not None:
            return custom_resources.decoded(merged, target.resource, custom, "Ignore")[0]
        return default(target.resource.name, converted(target.resource, merged))

    def _configuration(self, request: Request, target: Target) -> tuple[Obj, list[str]]:
        """The body of an apply patch, without defaults."""
        body = request.body
        if not isinstance(body, dict):
            raise errors.bad_request(f"error decoding YAML: found {_json_type(body)}, wanted an object")
        if not body.get("kind") or not body.get("apiVersion"):
            missing = "Kind" if not body.get("kind") else "apiVersion"
            raise errors.bad_request(f"Object '{missing}' is missing in '{_compact(body)}'")
        version, wanted = body["apiVersion"], target.resource.api_version
        if body["kind"] == target.resource.kind and version != wanted:
            raise errors.bad_request(
                f"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {wanted}"
            )
        if body["kind"] != target.resource.kind:
            raise errors.bad_request(f"invalid object type: {version}, Kind={body['kind']}")
        given = body.get("metadata")
        if isinstance(given, dict) and given.get("managedFields") is not None:
            raise errors.bad_request("metadata.managedFields must be nil")
        schema = custom_schema(self.kinds, target.resource) or schema_for(body["apiVersion"], body["kind"])
        if unknown := undeclared(body, schema):
            raise _no_typed_patch(target, unknown)
        config, warnings = self._checked(body, request, target, is_whole=False)
        metadata = dict(config.get("metadata") or {})
        metadata.setdefault("name", target.name)
        self._place(metadata, target)
        self._refuse_foreign_namespace(metadata, target)
        _refuse_other_name(metadata, target)
        return {**config, "metadata": metadata}, warnings

    def _writer(self, request: Request, target: Target) -> ownership.Writer:
        """Who the fields of this write will belong to (`managerOrUserAgent`)."""
        agent = request.headers.get("user-agent", "").partition("/")[0]
        manager = request.query.get("fieldManager") or agent[:128] or "unknown"
        return self.registry.writer(manager, target.resource, target.subresource)

    def _delete(self, request: Request, target: Target) -> Response:
        options = delete_options(request)
        namespace = target.namespace or ""
        dry_run = bool(options.get("dryRun"))
        before = self.registry.get(request.user.name, target.resource.name, namespace, target.name)
        left = self.registry.delete(
            request.user.name, target.resource.name, namespace, target.name, options, dry_run=dry_run
        )
        if left is not None:
            return self._answer(request, target, 200, self._as_served(left, target))
        return Response(200, _deleted(target, before))

    def _delete_collection(self, request: Request, target: Target) -> Response:
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
        return Response(200, shaped(request, target, page, self._now_us(), self.kinds))

    # Subresources

    def _defaulted(self, resource: str, obj: Obj) -> Obj:
        """Custom objects had their defaults when they were decoded."""
        return obj if self.kinds.definition(resource) is not None else default(resource, obj)

    def _problems_of_new(self, obj: Obj, target: Target) -> list[FieldError]:
        version = self.kinds.version(target.resource)
        if version is not None:
            return custom_resources.problems_of_new(obj, target.resource, version)
        found = validate_create(target.resource.name, obj)
        return found + validate_definition(obj) if target.resource.name == DEFINITIONS else found

    def _problems_of_update(self, obj: Obj, old: Obj, target: Target) -> list[FieldError]:
        version = self.kinds.version(target.resource)
        if version is not None:
            return custom_resources.problems_of_update(obj, old, version)
        if target.resource.name == "services":
            obj = without_leftovers(obj, old)
        found = validate_update(target.resource.name, obj, old)
        return found + validate_definition_update(obj, old) if target.resource.name == DEFINITIONS else found

    def _subresource(self, request: Request, target: Target) -> Response:
        handler = _SUBRESOURCES.get((target.subresource, _verb(request, target)))
        if handler is None:
            raise errors.method_not_supported(
                target.resource.group, f"{target.resource.plural}/{target.subresource}", request.method
            )
        return handler(self, request, target)

    def _update_status(self, request: Request, target: Target) -> Response:
        obj, warnings = self._decoded(request, target)
        metadata = dict(obj.get("metadata") or {})
        self._place(metadata, target)
        _refuse_other_name(metadata, target)
        return self._replace(request, target, {**obj, "metadata": metadata}, warnings)

    def _approve(self, request: Request, target: Target) -> Response:
        old = self.registry.get(request.user.name, target.resource.name, "", target.name)
        certificates.refuse_approval(self._rbac, request.user, old)
        given = self._patched(request, target, old) if request.method == "PATCH" else request.body
        obj, warnings = self._checked(given, request, target)
        _refuse_other_name(obj.get("metadata") or {}, target)
        return self._replace(request, target, obj, warnings)

    def _get_scale(self, request: Request, target: Target) -> Response:
        obj = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        return Response(200, self._scale_of(obj, target))

    def _scale_of(self, obj: Obj, target: Target) -> Obj:
        version = self.kinds.version(target.resource)
        return scale_of(obj) if version is None else custom_resources.custom_scale(obj, version)

    def _write_scale(self, request: Request, target: Target) -> Response:
        old = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        scale = self._scale_of(old, target)
        scale = self._patched(request, target, scale) if request.method == "PATCH" else request.body
        version = self.kinds.version(target.resource)
        if version is None:
            fresh = with_scale(old, scale)
        else:
            scaled = with_scale({"metadata": old["metadata"], "spec": {}}, scale)
            fresh = custom_resources.with_replicas(old, version, scaled["spec"]["replicas"])
            fresh["metadata"] = scaled["metadata"]
        fresh = ownership.updated(old, fresh, self._writer(request, target))
        self.registry.refuse_invalid(target.resource.name, fresh, self._problems_of_update(fresh, old, target))
        made = self.registry.update(
            request.user.name, target.resource.name, fresh, dry_run=_is_dry_run(request), verb="scale", owned=True
        )
        return Response(200, self._scale_of(made, target))

    def _bind(self, request: Request, target: Target) -> Response:
        body = _of_kind(request.body, "v1", "Binding")
        node = (body.get("target") or {}).get("name", "")
        if not node:
            cause = ("FieldValueRequired", "Required value", "target.name")
            raise errors.invalid("", "Binding", target.name, [cause])
        self.registry.bind(request.user.name, target.namespace or "", target.name, node)
        return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _evict(self, request: Request, target: Target) -> Response:
        body = _of_kind(request.body, "policy/v1", "Eviction")
        options = checked_options(body.get("deleteOptions"))
        dry_run = _is_dry_run(request) or bool(options.get("dryRun"))
        evict(self.registry, request.user.name, target.namespace or "", target.name, options, dry_run=dry_run)
        return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _log(self, request: Request, target: Target) -> Response:
        pod = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        container = _log_container(pod, request.query.get("container", ""))
        if self.nodes is None or not pod["spec"].get("nodeName"):
            return Response(200, "")
        return Response(200, self.nodes.logs(pod, container, dict(request.query)))

    def _connect(self, request: Request, target: Target) -> Response:
        """Whether a stream may begin (`pkg/registry/core/pod/strategy.go`: streamLocation, PortForwardLocation); what flows in it is
        none of the API's business."""
        pod = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        if target.subresource != "portforward":
            _log_container(pod, request.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {target.name} does not have a host assigned")
        if not request.headers.get("upgrade"):
            raise errors.bad_request("Upgrade request required")
        return Response(101, "")

    def _pass_on(self, request: Request, target: Target) -> Response:
        if self.reach is None:
            raise StatusError(503, "ServiceUnavailable", "error trying to reach service: there is no network")
        return passed_on(self.registry, self.reach, request, target)

    def _token(self, request: Request, target: Target) -> Response:
        account = self.registry.get(request.user.name, "serviceaccounts", target.namespace or "", target.name)
        body = _of_kind(request.body, "authentication.k8s.io/v1", "TokenRequest")
        return Response(201, self._tokens.answer(account, body))

    def _get_part(self, request: Request, target: Target) -> Response:
        return Response(200, self.registry.get(request.user.name, "pods", target.namespace or "", target.name))

    def _write_ephemeral(self, request: Request, target: Target) -> Response:
        """`pkg/registry/core/pod/strategy.go` (podEphemeralContainersStrategy): containers may be added, and nothing else."""
        old = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        body = self._patched(request, target, old) if request.method == "PATCH" else request.body
        wanted = self._checked(body, request, target)[0]
        spec = {**old["spec"], "ephemeralContainers": (wanted.get("spec") or {}).get("ephemeralContainers") or []}
        fresh = default("pods", {**old, "spec": spec})
        self.registry.refuse_invalid("pods", fresh, validate_ephemeral_update(fresh, old))
        fresh = ownership.updated(old, fresh, self._writer(request, target))
        made = self.registry.update(
            request.user.name, "pods", fresh, "ephemeralcontainers", dry_run=_is_dry_run(request), owned=True
        )
        return Response(200, made)

    def _write_resize(self, request: Request, target: Target) -> Response:
        """`pkg/registry/core/pod/strategy.go` (podResizeStrategy): only CPU and memory of containers."""
        old = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        body = self._patched(request, target, old) if request.method == "PATCH" else request.body
        wanted = self._checked(body, request, target)[0]
        fresh = default("pods", {**old, "spec": wanted.get("spec") or {}})
        self.registry.refuse_invalid("pods", fresh, validate_resize(fresh, old))
        fresh = ownership.updated(old, fresh, self._writer(request, target))
        made = self.registry.update(
            request.user.name, "pods", fresh, "resize", dry_run=_is_dry_run(request), owned=True
        )
        return Response(200, made)

    def _finalize(self, request: Request, target: Target) -> Response:
        obj, _ = self._decoded(request, target)
        return Response(
            200, self.registry.finalize_namespace(request.user.name, {**obj, "metadata": {"name": target.name}})
        )

    # Steps

    def _decoded(self, request: Request, target: Target) -> tuple[Obj, list[str]]:
        return self._checked(request.body, request, target)

    def _checked(self, body: Any, request: Request, target: Target, *, is_whole: bool = True) -> tuple[Obj, list[str]]:
        """The decoded body; `is_whole` when what is not in it is meant to be empty."""
        resource = target.resource
        if not isinstance(body, dict):
            raise errors.bad_request(f"the body of the request: found {_json_type(body)}, wanted an object")
        kind, version = body.get("kind") or resource.kind, body.get("apiVersion") or resource.api_version
        if (kind, version) != (resource.kind, resource.api_version):
            raise errors.bad_request(
                f"{kind} in version {_quoted(version)} cannot be handled as a {resource.kind}: "
                f"no kind {_quoted(kind)} is registered for version {_quoted(version)}"
                if kind != resource.kind
                else f"the API version in the data ({version}) does not match the expected API version ({resource.api_version})"
            )
        level = request.query.get("fieldValidation", "") or "Warn"
        custom = self.kinds.version(resource)
        if custom is not None:
            return custom_resources.decoded(
                {**body, "kind": kind, "apiVersion": version}, resource, custom, level, is_whole=is_whole
            )
        try:
            obj, warnings = decode({**body, "kind": kind, "apiVersion": version}, resource, level=level)
        except DecodingError as error:
            raise errors.bad_request(str(error)) from error
        obj = converted(resource, obj) if is_whole else obj
        return (autoscalers.stored(obj) if resource.name == autoscalers.RESOURCE else obj), warnings

    def _patched(self, request: Request, target: Target, current: Obj) -> Obj:
        kind = _media_type(request)
        _refuse_no_patch(kind, request.body)
        try:
            if kind == "application/json-patch+json":
                patched: Obj = json_patch(current, request.body)
                return patched
            if kind == "application/merge-patch+json":
                merged: Obj = merge_patch(current, request.body)
                return merged
            if kind == "application/strategic-merge-patch+json" and not self._is_custom(current):
                schema = schema_for(current["apiVersion"], current["kind"])
                return strategic_merge_patch(current, request.body, schema)
        except PatchError as error:
            raise errors.bad_request(str(error)) from error
        if self._is_custom(current):
            raise errors.unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
            )
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: "
            f"application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, "
            f"application/apply-patch+yaml (found {kind or 'none'})"
        )

    def _is_custom(self, obj: Obj) -> bool:
        resource = self.kinds.by_kind(obj["apiVersion"], obj["kind"])
        return resource is not None and self.kinds.definition(resource.name) is not None

    def _replace(
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
        obj = self._defaulted(resource, obj)
        if not is_applied:
            obj = ownership.updated(self._as_served(old, target), obj, self._writer(request, target))
        if target.subresource not in ("status", "approval"):
            candidate = {**obj, "metadata": {**old["metadata"], **obj["metadata"]}}
            if "status" in old and "status" in target.resource.subresources:
                candidate["status"] = old["status"]
            self.registry.refuse_invalid(
                resource, obj, self._problems_of_update(candidate, self._as_served(old, target), target)
            )
            refuse_escalation(self._rbac, request.user, resource, obj, old)
        elif self.kinds.version(target.resource) is not None:
            candidate = {
                **_without_status(self._as_served(old, target)),
                **({"status": obj["status"]} if "status" in obj else {}),
            }
            self.registry.refuse_invalid(
                resource, obj, self._problems_of_update(candidate, self._as_served(old, target), target)
            )
        subresource = target.subresource if target.subresource in ("status", "approval") else ""
        made = self.registry.update(
            request.user.name, resource, obj, subresource, dry_run=_is_dry_run(request), verb=verb, owned=True
        )
        if not subresource:
            warnings += self.registry.admission.warnings(request.user.name, resource, made, old)
        return self._answer(request, target, 200, self._as_served(made, target), warnings)

    def _answer(
        self, request: Request, target: Target, status: int, obj: Obj, warnings: list[str] | None = None
    ) -> Response:
        return Response(status, shaped(request, target, obj, self._now_us(), self.kinds), tuple(warnings or ()))

    def _as_served(self, obj: Obj, target: Target) -> Obj:
        """The stored object under the version of the URL."""
        return self.registry.converter.served(obj, target.resource)

    def _now_us(self) -> int:
        engine = self.registry.engine
        return engine.epoch_s * 1_000_000 + engine.now

    @staticmethod
    def _place(metadata: Obj, target: Target) -> None:
        if target.resource.namespaced and not metadata.get("namespace"):
            metadata["namespace"] = target.namespace or "default"
        if not target.resource.namespaced:
            metadata.pop("namespace", None)

    @staticmethod
    def _refuse_foreign_namespace(metadata: Obj, target: Target) -> None:
        if target.namespace and metadata.get("namespace") != target.namespace:
            raise errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )


def _unless_known(request: Request, found: Response) -> Response:
    """304 for a document that the client has already; some are large."""
    etag = found.headers.get("etag", "")
    is_known = bool(etag) and request.headers.get("if-none-match") == etag
    return Response(304, "", headers={"etag": etag}) if is_known else found


_Handler = Callable[[Server, Request, Target], Response]


def _deprecation(target: Target) -> tuple[str, ...]:
    """The warning of a kind that is served and no longer wanted (`k8s.io/apiserver/pkg/endpoints/deprecation`)."""
    return ("v1 ComponentStatus is deprecated in v1.19+",) if target.resource.name == "componentstatuses" else ()


_VERBS: dict[str, _Handler] = {
    "get": Server._get,
    "list": Server._list,
    "create": Server._create,
    "update": Server._update,
    "patch": Server._patch,
    "delete": Server._delete,
    "deletecollection": Server._delete_collection,
}
_SUBRESOURCES: dict[tuple[str, str], _Handler] = {
    ("status", "get"): Server._get,
    ("status", "update"): Server._update_status,
    ("status", "patch"): Server._patch,
    ("approval", "get"): Server._get,
    ("approval", "update"): Server._approve,
    ("approval", "patch"): Server._approve,
    ("scale", "get"): Server._get_scale,
    ("scale", "update"): Server._write_scale,
    ("scale", "patch"): Server._write_scale,
    ("binding", "create"): Server._bind,
    ("eviction", "create"): Server._evict,
    ("log", "get"): Server._log,
    **{("proxy", verb): Server._pass_on for verb in ("get", "create", "update", "patch", "delete")},
    **{(name, verb): Server._connect for name in ("exec", "attach", "portforward") for verb in ("get", "create")},
    ("ephemeralcontainers", "get"): Server._get_part,
    ("resize", "get"): Server._get_part,
    ("resize", "update"): Server._write_resize,
    ("resize", "patch"): Server._write_resize,
    ("ephemeralcontainers", "update"): Server._write_ephemeral,
    ("ephemeralcontainers", "patch"): Server._write_ephemeral,
    ("finalize", "update"): Server._finalize,
    ("token", "create"): Server._token,
}


def _verb(request: Request, target: Target) -> str:
    match request.method:
        case "GET" | "HEAD":
            return "get" if target.name else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
    raise errors.method_not_supported(target.resource.group, target.resource.plural, request.method)


def _of_kind(body: Any, api_version: str, kind: str) -> Obj:
    """The body of a subresource that takes a kind of its own, when its fields have the types of that kind."""
    read, problems = check(body if isinstance(body, dict) else {}, schema_for(api_version, kind))
    wrong = next((problem for problem in problems if problem.sort == "type"), None)
    if wrong is not None:
        version = api_version.rpartition("/")[2]
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {wrong.message}')
    return read


def _refuse_other_name(metadata: Obj, target: Target) -> None:
    """`apiserver/pkg/endpoints/handlers/rest.go: checkName`."""
    if not metadata.get("name"):
        raise errors.bad_request(
            f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
        )
    if metadata.get("name") != target.name:
        found = metadata.get("name", "")
        raise errors.bad_request(f"the name of the object ({found}) does not match the name on the URL ({target.name})")


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip()


def _refuse_bad_options(request: Request) -> None:
    """`apimachinery/pkg/apis/meta/v1/validation: ValidatePatchOptions`."""
    is_apply = _media_type(request) == APPLY_PATCH
    causes = []
    if is_apply and not request.query.get("fieldManager"):
        causes.append(("FieldValueRequired", "Required value: is required for apply patch", "fieldManager"))
    if not is_apply and request.query.get("force") == "true":
        causes.append(("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"))
    if causes:
        raise errors.invalid("meta.k8s.io", "PatchOptions", "", causes)


def _no_typed_patch(target: Target, unknown: list[str]) -> StatusError:
    """`structuredmerge.go`; an error without a reason of its own."""
    resource = target.resource
    lines = [f"{path}: field not declared in schema" for path in unknown]
    says = lines[0] if len(lines) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in lines)
    about = f"{target.namespace or ''}/{target.name}; {resource.group}/{resource.version}, Kind={resource.kind}"
    return StatusError(500, "", f"failed to create typed patch object ({about}): {says}")


def _compact(body: Obj) -> str:
    return msgspec.json.encode(body).decode()


def _refuse_no_patch(kind: str, patch: object) -> None:
    """In the words of Go's JSON decoder, which reads the patch first."""
    wanted, go_type = (list, "jsonpatch.Patch") if kind == "application/json-patch+json" else (dict, _GO_MAP)
    if kind.endswith("patch+json") and not isinstance(patch, wanted):
        found = _GO_NAMES.get(type(patch), "null")
        raise errors.bad_request(f"json: cannot unmarshal {found} into Go value of type {go_type}")


_GO_MAP = "map[string]interface {}"
_GO_NAMES = {str: "string", int: "number", float: "number", bool: "bool", list: "array", dict: "object"}


def _is_watch(request: Request, target: Target) -> bool:
    is_asked = request.query.get("watch") in ("true", "1") and request.method == "GET"
    return is_asked and not target.subresource and "watch" in target.resource.verbs


def _is_dry_run(request: Request) -> bool:
    return request.query.get("dryRun") == "All"


def _without_status(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if key != "status"}


def _deleted(target: Target, obj: Obj) -> Obj:
    details = {"name": target.name, "kind": target.resource.plural, "uid": obj["metadata"]["uid"]}
    if target.resource.group:
        details["group"] = target.resource.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _log_container(pod: Obj, wanted: str) -> str:
    """`pkg/registry/core/pod/strategy.go: validateContainer`."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    containers = [c["name"] for c in spec["containers"]]
    init = [c["name"] for c in spec.get("initContainers") or ()]
    ephemeral = [c["name"] for c in spec.get("ephemeralContainers") or ()]
    if not wanted:
        if len(containers) == 1:
            return str(containers[0])
        choice = f"a container name must be specified for pod {name}, choose one of: [{' '.join(containers)}]"
        if init:
            choice += f" or one of the init containers: [{' '.join(init)}]"
        raise errors.bad_request(choice)
    if wanted not in (*containers, *init, *ephemeral):
        raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _quoted(text: str) -> str:
    return f'"{text}"'


def _json_type(value: object) -> str:
    names = {
        type(None): "nothing",
        list: "a list",
        str: "a string",
        int: "a number",
        float: "a number",
        bool: "a boolean",
    }
    return names.get(type(value), "something else")
