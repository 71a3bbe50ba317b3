"""`handle(Request) -> Response`: the API server as a function.

Order of work as in Kubernetes (https://kubernetes.io/docs/concepts/security/controlling-access/): route, decode strictly,
default, admit, validate, store; then the answer in the shape the client asked for. Every refusal is a Status.

Here stands the door: who asks, whether they may, what is written into the audit log. Leaves to others: whole objects
(`object_verbs.py`), what is below them (`subresources.py`), the store and its rules (`registry.py`), bytes and sockets (the HTTP front).
"""

from dataclasses import replace

from simulator.apiserver import custom_resources, errors, paths
from simulator.apiserver.aggregation import Aggregator
from simulator.apiserver.authorization.attributes import Attributes, attributes_of
from simulator.apiserver.authorization.authorizer import Authorizer
from simulator.apiserver.authorization.impersonation import acting_user
from simulator.apiserver.authorization.rbac import is_administrator
from simulator.apiserver.authorization.tokens import unauthorized
from simulator.apiserver.certificates import certificate_user
from simulator.apiserver.discovery import discover
from simulator.apiserver.errors import StatusError
from simulator.apiserver.health import checked
from simulator.apiserver.issuer import discovered
from simulator.apiserver.object_verbs import VERBS, ObjectVerbs
from simulator.apiserver.proxying import Reach
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request, Response, User
from simulator.apiserver.reviews import Reviewer
from simulator.apiserver.routing import is_dry_run, is_watch, verb_of
from simulator.apiserver.shapes import refuse_unknown_media
from simulator.apiserver.subresources import NodeProxy, Subresources
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds

#: What they answer is not the API server's.
_OTHER_MEDIA = frozenset({"proxy", "exec", "attach", "portforward"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Server:
    """Holds no state of its own."""

    def __init__(self, registry: Registry, nodes: NodeProxy | None = None, reach: Reach | None = None) -> None:
        """`reach`: where `…/proxy` leads."""
        self.registry = registry
        self.aggregator = Aggregator(registry.store, reach)
        self._rbac = Authorizer(registry.store)
        self._tokens = registry.tokens
        self._verbs = ObjectVerbs(registry, self._rbac, Reviewer(self._rbac, self._tokens))
        self._subresources = Subresources(self._verbs, self._rbac, self._tokens, nodes, reach)

    @property
    def kinds(self) -> Kinds:
        """What is served, as a client's discovery would find it."""
        return self.registry.kinds

    @property
    def discovered(self) -> Kinds:
        """The same with what extension API servers serve."""
        added = self.aggregator.served()
        return self.kinds.with_more(added) if added else self.kinds

    def seed(self, who: str, resource: str, obj: Obj) -> Obj:
        """An object that a fresh cluster is born with: defaulted like any other, but nobody asked for it."""
        return self.registry.create(who, resource, self._verbs.defaulted(resource, obj))

    def handle(self, request: Request) -> Response:
        """Raises ApiUnavailable when no instance of the API server is up; every other refusal is a Response."""
        self.registry.availability.reach()
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
        about_issuer = discovered(request, self._tokens, self._address)
        if about_issuer is not None:
            return about_issuer
        found = discover(request.path, request.headers.get("accept", ""), self.kinds, self.registry.version)
        found = self.aggregator.listed(request, found)
        return self._route(request) if found is None else _unless_known(request, found)

    def _address(self) -> str:
        """Where the cluster itself finds its API server."""
        slices = self.registry.store.get("endpointslices.discovery.k8s.io", ("default", "kubernetes")) or {}
        endpoints, ports = slices.get("endpoints") or (), slices.get("ports") or ()
        return f"{endpoints[0]['addresses'][0]}:{ports[0]['port']}" if endpoints and ports else "kubernetes.default.svc"

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
        if target is None or request.method not in _WRITES or is_dry_run(request):
            return
        metadata = request.body.get("metadata") if isinstance(request.body, dict) else None
        name = target.name or (metadata.get("name") if isinstance(metadata, dict) else "") or ""
        key = (target.namespace or "", str(name)[:253])
        self.registry.note_refusal(request.user.name, verb_of(request, target), target.resource.name, key, error)

    def _route(self, request: Request) -> Response:
        target = paths.parse(request.path, self.kinds)
        if target is None:
            raise errors.path_not_found()
        verb = verb_of(request, target)
        if target.subresource not in _OTHER_MEDIA:
            refuse_unknown_media(request)
        if is_watch(request, target):
            return self._verbs.watch(request, target)
        if not target.subresource and bool(target.name) is (verb in ("create", "list", "deletecollection")):
            raise errors.method_not_allowed()
        is_custom = self.kinds.definition(target.resource.name) is not None
        if not target.subresource and not is_custom and verb not in target.resource.verbs:
            raise errors.method_not_supported(target.resource.group, target.resource.plural, request.method)
        custom_resources.refuse_at_the_end(self.kinds, target.resource, verb)
        if target.subresource:
            return self._subresources.handle(request, target)
        return VERBS[verb](self._verbs, request, target)


def _unless_known(request: Request, found: Response) -> Response:
    """304 for a document that the client has already; some are large."""
    etag = found.headers.get("etag", "")
    is_known = bool(etag) and request.headers.get("if-none-match") == etag
    return Response(304, "", headers={"etag": etag}) if is_known else found
