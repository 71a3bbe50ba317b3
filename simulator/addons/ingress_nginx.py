"""An ingress controller: routes of Ingress objects into its own proxy, and its address into their status.

https://kubernetes.io/docs/concepts/services-networking/ingress/; behaves and speaks like ingress-nginx (`internal/ingress/controller`,
`internal/ingress/status`). Takes the Ingresses whose class names it; those without a class only with `--watch-ingress-without-class`.

Left out: annotations but those of `ingress_options`; the admission webhook; its metrics.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from simulator.addons.ingress_options import Options, app_root, filters_of, match_of, with_canary
from simulator.addons.processes import DEPLOYMENTS, images
from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.engine.plain import Obj

IMAGE = "registry.k8s.io/ingress-nginx/controller"
CONTROLLER = "k8s.io/ingress-nginx"
INGRESSES, CLASSES = "ingresses.networking.k8s.io", "ingressclasses.networking.k8s.io"
_ANNOTATION = "kubernetes.io/ingress.class"
_SERVICE = ("ingress-nginx", "ingress-nginx-controller")


class Proxies(Protocol):
    """Where configurations go (`network.front_doors`)."""

    def program(self, key: str, config: dict[str, Any]) -> None: ...

    def forget(self, key: str) -> None: ...


class IngressController(Controller):
    name: ClassVar[str] = "nginx-ingress-controller"
    watches = {
        INGRESSES: "on_ingress",
        CLASSES: "on_surroundings",
        "services": "on_surroundings",
        "secrets": "on_surroundings",
        DEPLOYMENTS: "on_deployment",
    }
    writes = (INGRESSES, "events")

    def __init__(self, process: Process, client: Client, proxies: Proxies) -> None:
        self._proxies = proxies
        super().__init__(process, client)

    def about(self, key: str) -> About:
        _, namespace, name = key.split("|")
        return About(INGRESSES, namespace, name)

    # What concerns whom

    def on_ingress(self, old: Obj | None, new: Obj | None) -> None:
        if new is None or not self._is_ours(new):
            self.enqueue("program||")
            return
        metadata = new["metadata"]
        for work in ("sync", "status"):
            self.enqueue(f"{work}|{metadata['namespace']}|{metadata['name']}")

    def on_surroundings(self, old: Obj | None, new: Obj | None) -> None:
        self.enqueue("program||")
        about = new if new is not None else old
        assert about is not None
        if about["kind"] == "Secret":
            return
        for ingress in self._ours():
            self.enqueue(f"status|{ingress['metadata']['namespace']}|{ingress['metadata']['name']}")

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        if about is not None and IMAGE in images(about):
            self.enqueue("program||")

    # Which are ours

    def _ours(self) -> Iterator[Obj]:
        for ingress in self.cache.list(INGRESSES):
            if self._is_ours(ingress):
                yield ingress

    def _is_ours(self, ingress: Obj) -> bool:
        named = ingress["spec"].get("ingressClassName")
        if named:
            found = self.cache.get(CLASSES, "", named)
            return found is not None and found["spec"].get("controller") == CONTROLLER
        annotation = (ingress["metadata"].get("annotations") or {}).get(_ANNOTATION)
        if annotation is not None:
            return bool(annotation == "nginx")
        return self._has_argument("--watch-ingress-without-class=true")

    def _deployments(self) -> list[Obj]:
        return [one for one in self.cache.list(DEPLOYMENTS) if IMAGE in images(one)]

    def _arguments(self) -> list[str]:
        return [
            word
            for one in self._deployments()
            for container in one["spec"]["template"]["spec"]["containers"]
            for word in container.get("args") or ()
        ]

    def _has_argument(self, wanted: str) -> bool:
        return wanted in self._arguments()

    # The work

    def reconcile(self, key: str) -> None:
        work, namespace, name = key.split("|")
        self._program()
        ingress = self.cache.get(INGRESSES, namespace, name)
        if ingress is None:
            return
        if work == "sync":
            self.client.event(ingress, "Normal", "Sync", "Scheduled for sync", source=self.name)
        elif work == "status":
            self._tell(ingress)

    def _tell(self, ingress: Obj) -> None:
        status = ingress.get("status") or {}
        wanted = self._addresses()
        if (status.get("loadBalancer") or {}).get("ingress", []) == wanted:
            return
        balancer = {"ingress": wanted} if wanted else {}
        try:
            self.client.update_status(INGRESSES, {**ingress, "status": {**status, "loadBalancer": balancer}})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    def _addresses(self) -> list[Obj]:
        """`status.go: runningAddresses`: an address that was told, or that of the controller's Service."""
        told = next(
            (one.partition("=")[2] for one in self._arguments() if one.startswith("--publish-status-address=")), ""
        )
        if told:
            return [{"hostname": told}] if any(sign.isalpha() for sign in told) else [{"ip": told}]
        service = self.cache.get("services", *_SERVICE)
        if service is None:
            return []
        if service["spec"].get("type") == "LoadBalancer":
            found = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
            return [{key: one[key] for key in ("ip", "hostname") if key in one} for one in found]
        return [{"ip": service["spec"]["clusterIP"]}]

    # The proxy

    def _program(self) -> None:
        ours = sorted(self._ours(), key=_age)
        plain = [route for one in ours for route in self._routes(one, ours, is_tls=False)]
        secure = [route for one in ours for route in self._routes(one, ours, is_tls=True)]
        config = {"listeners": [_listener(80, plain, is_tls=False), _listener(443, secure, is_tls=True)]}
        for deployment in self._deployments():
            metadata = deployment["metadata"]
            self._proxies.program(f"{metadata['namespace']}/{metadata['name']}", config)

    def _routes(self, ingress: Obj, ours: list[Obj], *, is_tls: bool) -> Iterator[dict[str, Any]]:
        """One route a rule; the default backend takes what the rules leave. A canary has none of its own."""
        spec = ingress["spec"]
        fallback = spec.get("defaultBackend")
        if Options(ingress).is_canary:
            return
        for rule in spec.get("rules") or ():
            host = rule.get("host", "")
            paths = list((rule.get("http") or {}).get("paths") or ())
            if fallback is not None:
                paths.append({"path": "/", "pathType": "Prefix", "backend": fallback})
            yield self._route(ingress, host, paths, ours, is_tls=is_tls)
        if fallback is not None and not spec.get("rules"):
            paths = [{"path": "/", "pathType": "Prefix", "backend": fallback}]
            yield self._route(ingress, "", paths, ours, is_tls=is_tls)

    def _route(self, ingress: Obj, host: str, paths: list[Obj], ours: list[Obj], *, is_tls: bool) -> dict[str, Any]:
        metadata, options, has_tls = ingress["metadata"], Options(ingress), _wants_tls(ingress, host)
        is_pattern = any(Options(one).uses_patterns(_paths(one, host)) for one in ours)
        root = app_root(options)
        rules = [] if root is None else [root]
        for path in paths:
            rule = {
                "matches": [{"path": match_of(path, is_pattern=is_pattern)}],
                "filters": filters_of(options, path.get("path") or "/", is_tls=is_tls, has_tls=has_tls),
                "backends": [self._backend(ingress, path["backend"])],
            }
            rules += self._with_canaries(rule, host, path, ours)
        return {
            "kind": "Ingress",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "created": metadata["creationTimestamp"],
            "hostnames": [host] if host else [],
            "one_label": True,
            "rules": rules,
        }

    def _with_canaries(self, rule: dict[str, Any], host: str, path: Obj, ours: list[Obj]) -> list[dict[str, Any]]:
        """The first canary for the same host, path and type takes its share (`mergeAlternativeBackends`)."""
        for one in ours:
            options = Options(one)
            for offered in _rules_of(one, host) if options.is_canary else ():
                if (offered.get("path"), offered.get("pathType")) == (path.get("path"), path.get("pathType")):
                    return with_canary(rule, options, self._backend(one, offered["backend"]))
        return [rule]

    def _backend(self, ingress: Obj, backend: Obj) -> dict[str, Any]:
        namespace = ingress["metadata"]["namespace"]
        service = backend.get("service") or {}
        wanted = service.get("port") or {}
        port = wanted.get("number") or 0
        if not port:
            found = self.cache.get("services", namespace, service.get("name", ""))
            ports = (found or {"spec": {}})["spec"].get("ports") or ()
            port = next((one["port"] for one in ports if one.get("name") == wanted.get("name")), 0)
        return {"namespace": namespace, "name": service.get("name", ""), "port": port, "weight": 1, "ok": True}


def _age(ingress: Obj) -> tuple[str, str, str]:
    metadata = ingress["metadata"]
    return metadata["creationTimestamp"], metadata["namespace"], metadata["name"]


def _listener(port: int, routes: list[dict[str, Any]], *, is_tls: bool) -> dict[str, Any]:
    name = "https" if is_tls else "http"
    say = f"ingress-nginx listens on port {port}"
    return {
        "name": name,
        "port": port,
        "hostname": "",
        "is_stream": False,
        "is_tls": is_tls,
        "say": say,
        "routes": routes,
    }


def _wants_tls(ingress: Obj, host: str) -> bool:
    return any(host in (one.get("hosts") or [host]) for one in ingress["spec"].get("tls") or ())


def _rules_of(ingress: Obj, host: str) -> list[Obj]:
    """The paths of an Ingress for a host."""
    return [
        path
        for rule in ingress["spec"].get("rules") or ()
        if rule.get("host", "") == host
        for path in (rule.get("http") or {}).get("paths") or ()
    ]


def _paths(ingress: Obj, host: str) -> list[str]:
    return [path.get("path") or "/" for path in _rules_of(ingress, host)]
