"""`/livez`, `/readyz` and `/healthz`: the API server's checks of itself, one by one with `?verbose`.

https://kubernetes.io/docs/reference/using-api/health-checks/; `apiserver/pkg/server/healthz/healthz.go` (1.33), whose texts and order these are.
"""

from simulator.apiserver.request import Request, Response

_FIRST = ("ping", "log", "etcd")
_READY = ("etcd-readiness", "informer-sync")
_HOOKS = """
    start-apiserver-admission-initializer generic-apiserver-start-informers priority-and-fairness-config-consumer priority-and-fairness-filter
    storage-object-count-tracker-hook start-apiextensions-informers start-apiextensions-controllers crd-informer-synced
    start-system-namespaces-controller start-cluster-authentication-info-controller start-kube-apiserver-identity-lease-controller
    start-kube-apiserver-identity-lease-garbage-collector start-legacy-token-tracking-controller start-service-ip-repair-controllers
    rbac/bootstrap-roles scheduling/bootstrap-system-priority-classes priority-and-fairness-config-producer bootstrap-controller
    start-kubernetes-service-cidr-controller aggregator-reload-proxy-client-cert start-kube-aggregator-informers
    apiservice-status-local-available-controller apiservice-status-remote-available-controller apiservice-registration-controller
    apiservice-discovery-controller kube-apiserver-autoregistration autoregister-completion apiservice-openapi-controller
    apiservice-openapiv3-controller
"""
_PLAIN = ("autoregister-completion",)
_AFTER = tuple(name if name in _PLAIN else f"poststarthook/{name}" for name in _HOOKS.split())
_CHECKS = {
    "livez": (*_FIRST, *_AFTER),
    "readyz": (*_FIRST, *_READY, *_AFTER, "shutdown"),
    "healthz": (*_FIRST, *_AFTER),
}
_WITHHELD = "failed: reason withheld"


def checked(request: Request, *, etcd: bool) -> Response | None:
    """The answer to a health check; None for any other path. `etcd`: whether it can be written."""
    parts = [part for part in request.path.split("/") if part]
    if not parts or parts[0] not in _CHECKS:
        return None
    names, failing = _CHECKS[parts[0]], () if etcd else ("etcd", "etcd-readiness")
    if len(parts) > 1:
        return _single("/".join(parts[1:]), names, failing)
    left_out = [name for name in request.query.get("exclude", "").split(",") if name]
    lines = [_line(name, failing, left_out) for name in names]
    unknown = [name for name in left_out if name not in names]
    if unknown:
        quoted = ", ".join(f'"{name}"' for name in unknown)
        lines.append(f"warn: some health checks cannot be excluded: no matches for {quoted}")
    if any(line.startswith("[-]") for line in lines):
        return Response(500, "\n".join([*lines, f"{parts[0]} check failed", ""]))
    if "verbose" not in request.query:
        return Response(200, "ok")
    return Response(200, "\n".join([*lines, f"{parts[0]} check passed", ""]))


def _line(name: str, failing: tuple[str, ...], left_out: list[str]) -> str:
    if name in left_out:
        return f"[+]{name} excluded: ok"
    return f"[-]{name} {_WITHHELD}" if name in failing else f"[+]{name} ok"


def _single(name: str, names: tuple[str, ...], failing: tuple[str, ...]) -> Response | None:
    if name not in names:
        return None
    return Response(500, "internal server error: etcd failed\n") if name in failing else Response(200, "ok")
