"""What is below an object: status, scale, binding, eviction, log, exec, proxy, token, resize and their like.

Follows `pkg/registry/core/pod/rest`, `pkg/registry/core/pod/strategy.go` and the scale and status storages of each kind.

Leaves to others: whole objects (`object_verbs.py`), what flows in a stream (the HTTP front).
"""

from collections.abc import Callable
from typing import Protocol

from simulator.apiserver import certificates, connections, custom_resources, errors, ownership
from simulator.apiserver.authorization.rbac import Rbac
from simulator.apiserver.authorization.tokens import Tokens
from simulator.apiserver.bodies import checked, of_kind, place, refuse_other_name
from simulator.apiserver.delete_options import checked_options
from simulator.apiserver.disruption import evict
from simulator.apiserver.errors import StatusError
from simulator.apiserver.object_verbs import ObjectVerbs
from simulator.apiserver.patching import patched
from simulator.apiserver.paths import Target
from simulator.apiserver.proxying import Reach, passed_on
from simulator.apiserver.request import Request, Response
from simulator.apiserver.routing import is_dry_run, verb_of
from simulator.apiserver.scale import scale_of, with_scale
from simulator.engine.plain import Obj
from simulator.machinery.defaulting import default
from simulator.machinery.kinds import Kinds
from simulator.machinery.validation.pod_updates import validate_ephemeral_update
from simulator.machinery.validation.resize import resized_spec, validate_resize


class NodeProxy(Protocol):
    """What the API server asks a kubelet for. Raises StatusError when the node does not answer."""

    def logs(self, pod: Obj, container: str, query: dict[str, str]) -> str: ...


class Subresources:
    """Holds no state of its own."""

    def __init__(
        self, verbs: ObjectVerbs, rbac: Rbac, tokens: Tokens, nodes: NodeProxy | None, reach: Reach | None
    ) -> None:
        """`reach`: where `…/proxy` leads."""
        self.registry = verbs.registry
        self._verbs = verbs
        self._rbac = rbac
        self._tokens = tokens
        self._nodes = nodes
        self._reach = reach

    @property
    def kinds(self) -> Kinds:
        """What is served."""
        return self.registry.kinds

    def handle(self, request: Request, target: Target) -> Response:
        handler = _HANDLERS.get((target.subresource, verb_of(request, target)))
        if handler is None:
            raise errors.method_not_supported(
                target.resource.group, f"{target.resource.plural}/{target.subresource}", request.method
            )
        return handler(self, request, target)

    def _get(self, request: Request, target: Target) -> Response:
        return self._verbs.get(request, target)

    def _patch(self, request: Request, target: Target) -> Response:
        return self._verbs.patch(request, target)

    def _update_status(self, request: Request, target: Target) -> Response:
        obj, warnings = checked(self.kinds, request.body, request, target)
        metadata = dict(obj.get("metadata") or {})
        place(metadata, target)
        refuse_other_name(metadata, target)
        return self._verbs.replace(request, target, {**obj, "metadata": metadata}, warnings)

    def _approve(self, request: Request, target: Target) -> Response:
        old = self.registry.get(request.user.name, target.resource.name, "", target.name)
        certificates.refuse_approval(self._rbac, request.user, old)
        given = patched(self.kinds, request, old) if request.method == "PATCH" else request.body
        obj, warnings = checked(self.kinds, given, request, target)
        refuse_other_name(obj.get("metadata") or {}, target)
        return self._verbs.replace(request, target, obj, warnings)

    def _get_scale(self, request: Request, target: Target) -> Response:
        obj = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        return Response(200, self._scale_of(obj, target))

    def _scale_of(self, obj: Obj, target: Target) -> Obj:
        version = self.kinds.version(target.resource)
        return scale_of(obj) if version is None else custom_resources.custom_scale(obj, version)

    def _write_scale(self, request: Request, target: Target) -> Response:
        old = self.registry.get(request.user.name, target.resource.name, target.namespace or "", target.name)
        scale = self._scale_of(old, target)
        scale = patched(self.kinds, request, scale) if request.method == "PATCH" else request.body
        version = self.kinds.version(target.resource)
        if version is None:
            fresh = with_scale(old, scale)
        else:
            scaled = with_scale({"metadata": old["metadata"], "spec": {}}, scale)
            fresh = custom_resources.with_replicas(old, version, scaled["spec"]["replicas"])
            fresh["metadata"] = scaled["metadata"]
        fresh = ownership.updated(old, fresh, self._verbs.writer(request, target))
        self.registry.refuse_invalid(target.resource.name, fresh, self._verbs.problems_of_update(fresh, old, target))
        made = self.registry.update(
            request.user.name, target.resource.name, fresh, dry_run=is_dry_run(request), verb="scale", owned=True
        )
        return Response(200, self._scale_of(made, target))

    def _bind(self, request: Request, target: Target) -> Response:
        body = of_kind(request.body, "v1", "Binding")
        node = (body.get("target") or {}).get("name", "")
        if not node:
            cause = ("FieldValueRequired", "Required value", "target.name")
            raise errors.invalid("", "Binding", target.name, [cause])
        self.registry.bind(request.user.name, target.namespace or "", target.name, node)
        return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _evict(self, request: Request, target: Target) -> Response:
        body = of_kind(request.body, "policy/v1", "Eviction")
        options = checked_options(body.get("deleteOptions"))
        dry_run = is_dry_run(request) or bool(options.get("dryRun"))
        pod = self.registry.find(request.user.name, "pods", target.namespace or "", target.name)
        if pod is not None:
            self.registry.admission.restrict("CREATE", "pods", None, pod, subresource="eviction")
        evict(self.registry, request.user.name, target.namespace or "", target.name, options, dry_run=dry_run)
        return Response(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})

    def _log(self, request: Request, target: Target) -> Response:
        pod = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        container = _log_container(pod, request.query.get("container", ""))
        if self._nodes is None or not pod["spec"].get("nodeName"):
            return Response(200, "")
        return Response(200, self._nodes.logs(pod, container, dict(request.query)))

    def _connect(self, request: Request, target: Target) -> Response:
        """Whether a stream may begin (`pkg/registry/core/pod/strategy.go`: streamLocation, PortForwardLocation); what flows in it is
        none of the API's business."""
        connections.admit(self.registry, request, target)
        pod = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        if target.subresource != "portforward":
            _log_container(pod, request.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {target.name} does not have a host assigned")
        if not request.headers.get("upgrade"):
            raise errors.bad_request("Upgrade request required")
        return Response(101, "")

    def _pass_on(self, request: Request, target: Target) -> Response:
        if self._reach is None:
            raise StatusError(503, "ServiceUnavailable", "error trying to reach service: there is no network")
        connections.admit(self.registry, request, target)
        return passed_on(self.registry, self._reach, request, target)

    def _token(self, request: Request, target: Target) -> Response:
        account = self.registry.get(request.user.name, "serviceaccounts", target.namespace or "", target.name)
        body = of_kind(request.body, "authentication.k8s.io/v1", "TokenRequest")
        self.registry.admission.restrict("CREATE", "serviceaccounts", body, account, subresource="token")
        return Response(201, self._tokens.answer(account, body))

    def _get_part(self, request: Request, target: Target) -> Response:
        return Response(200, self.registry.get(request.user.name, "pods", target.namespace or "", target.name))

    def _write_ephemeral(self, request: Request, target: Target) -> Response:
        """`pkg/registry/core/pod/strategy.go` (podEphemeralContainersStrategy): containers may be added, and nothing else."""
        old = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        body = patched(self.kinds, request, old) if request.method == "PATCH" else request.body
        wanted = checked(self.kinds, body, request, target)[0]
        spec = {**old["spec"], "ephemeralContainers": (wanted.get("spec") or {}).get("ephemeralContainers") or []}
        fresh = default("pods", {**old, "spec": spec})
        self.registry.refuse_invalid("pods", fresh, validate_ephemeral_update(fresh, old))
        fresh = ownership.updated(old, fresh, self._verbs.writer(request, target))
        made = self.registry.update(
            request.user.name, "pods", fresh, "ephemeralcontainers", dry_run=is_dry_run(request), owned=True
        )
        return Response(200, made)

    def _write_resize(self, request: Request, target: Target) -> Response:
        """`pkg/registry/core/pod/strategy.go` (podResizeStrategy): only CPU and memory of containers."""
        old = self.registry.get(request.user.name, "pods", target.namespace or "", target.name)
        body = patched(self.kinds, request, old) if request.method == "PATCH" else request.body
        wanted = checked(self.kinds, body, request, target)[0]
        fresh = default("pods", {**old, "spec": resized_spec(wanted.get("spec") or {}, old["spec"])})
        self.registry.refuse_invalid("pods", fresh, validate_resize(fresh, old))
        fresh = ownership.updated(old, fresh, self._verbs.writer(request, target))
        made = self.registry.update(request.user.name, "pods", fresh, "resize", dry_run=is_dry_run(request), owned=True)
        return Response(200, made)

    def _finalize(self, request: Request, target: Target) -> Response:
        obj, _ = checked(self.kinds, request.body, request, target)
        return Response(
            200, self.registry.finalize_namespace(request.user.name, {**obj, "metadata": {"name": target.name}})
        )


_Handler = Callable[[Subresources, Request, Target], Response]
_HANDLERS: dict[tuple[str, str], _Handler] = {
    ("status", "get"): Subresources._get,
    ("status", "update"): Subresources._update_status,
    ("status", "patch"): Subresources._patch,
    ("approval", "get"): Subresources._get,
    ("approval", "update"): Subresources._approve,
    ("approval", "patch"): Subresources._approve,
    ("scale", "get"): Subresources._get_scale,
    ("scale", "update"): Subresources._write_scale,
    ("scale", "patch"): Subresources._write_scale,
    ("binding", "create"): Subresources._bind,
    ("eviction", "create"): Subresources._evict,
    ("log", "get"): Subresources._log,
    **{("proxy", verb): Subresources._pass_on for verb in ("get", "create", "update", "patch", "delete", "")},
    **{(name, verb): Subresources._connect for name in ("exec", "attach", "portforward") for verb in ("get", "create")},
    ("ephemeralcontainers", "get"): Subresources._get_part,
    ("resize", "get"): Subresources._get_part,
    ("resize", "update"): Subresources._write_resize,
    ("resize", "patch"): Subresources._write_resize,
    ("ephemeralcontainers", "update"): Subresources._write_ephemeral,
    ("ephemeralcontainers", "patch"): Subresources._write_ephemeral,
    ("finalize", "update"): Subresources._finalize,
    ("token", "create"): Subresources._token,
}


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
