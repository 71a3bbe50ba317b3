"""Functions that run only while somebody asks: Knative Serving's Service, Configuration, Revision and Route.

https://knative.dev/docs/serving/; behaves like knative/serving (`pkg/reconciler`, `pkg/autoscaler`): every change of a Service's template makes a
Revision, a Revision is a Deployment called `<revision>-deployment`, and one that nobody has asked for `stable-window` (60 s) has no pods. The first
request that finds none makes the activator ask for one.

Simplified: one pod answers whatever comes (`concurrency` has no effect), and the activator answers the request that wakes a revision with 503
instead of holding it until the pod is there, because a request takes no simulated time.
"""

from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from simulator.addons.objects import complete, owner_reference, with_condition
from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.engine.plain import Obj

GROUP = "serving.knative.dev"
IMAGE = "gcr.io/knative-releases/knative.dev/serving/cmd/controller"
_QUEUE = "gcr.io/knative-releases/knative.dev/serving/cmd/queue"
SERVICES, CONFIGURATIONS = f"services.{GROUP}", f"configurations.{GROUP}"
REVISIONS, ROUTES = f"revisions.{GROUP}", f"routes.{GROUP}"
_DEPLOYMENTS = "deployments.apps"
#: The proxy in front (`net-kourier`).
GATEWAY = "kourier-system/3scale-kourier-gateway"
_STABLE_WINDOW_US = 60_000_000
_MIN_SCALE = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
_DOMAIN = "svc.cluster.local"


class Activator(Protocol):
    """The proxies, which also remember when a revision was last asked (`network.front_doors`)."""

    def program(self, key: str, config: dict[str, Any]) -> None: ...

    def forget(self, key: str) -> None: ...

    def last_asked(self, key: str) -> int | None:
        """Microseconds of the cluster's clock; None: never."""


class KnativeController(Controller):
    name: ClassVar[str] = "knative-serving-controller"
    watches = {
        SERVICES: "on_object",
        REVISIONS: "on_object",
        CONFIGURATIONS: "on_part",
        ROUTES: "on_part",
        _DEPLOYMENTS: "on_part",
    }
    writes = (SERVICES, CONFIGURATIONS, REVISIONS, ROUTES, _DEPLOYMENTS, "services", "events")

    def __init__(self, process: Process, client: Client, activator: Activator) -> None:
        self._activator = activator
        super().__init__(process, client)

    def about(self, key: str) -> About:
        resource, namespace, name = key.split("|")
        return About(resource, namespace, name)

    def on_object(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        resource = SERVICES if about["kind"] == "Service" else REVISIONS
        self.enqueue(f"{resource}|{about['metadata']['namespace']}|{about['metadata']['name']}")
        if resource == REVISIONS:
            self.on_part(old, new)

    def on_part(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        labels = about["metadata"].get("labels") or {}
        for label, resource in ((f"{GROUP}/service", SERVICES), (f"{GROUP}/revision", REVISIONS)):
            if label in labels:
                self.enqueue(f"{resource}|{about['metadata']['namespace']}|{labels[label]}")

    def asked(self, key: str) -> None:
        """A request came for a revision (`namespace/name`) that has no pod."""
        if self.process.running:
            namespace, _, name = key.partition("/")
            self.enqueue(f"{REVISIONS}|{namespace}|{name}")

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        obj = self.cache.get(resource, namespace, name)
        if resource == SERVICES:
            if obj is not None:
                self._service(obj)
            self._program()
        elif obj is not None:
            self._revision(obj)

    # Services

    def _service(self, service: Obj) -> None:
        metadata = service["metadata"]
        revisions = self._revisions_of(service)
        template = service["spec"]["template"]
        latest = revisions[-1] if revisions else None
        if latest is None or latest["spec"] != template["spec"]:
            latest = self._make_revision(service, len(revisions) + 1, template)
        for resource, kind in ((CONFIGURATIONS, "Configuration"), (ROUTES, "Route")):
            self._ensure(resource, self._part(service, kind))
        ready = [one for one in revisions if _is_ready(one)]
        status = service.get("status") or {}
        is_ready = latest["metadata"]["name"] in [one["metadata"]["name"] for one in ready]
        wanted: Obj = {
            **status,
            "observedGeneration": metadata.get("generation", 1),
            "url": f"http://{metadata['name']}.{metadata['namespace']}.{_DOMAIN}",
            "latestCreatedRevisionName": latest["metadata"]["name"],
        }
        if ready:
            wanted["latestReadyRevisionName"] = ready[-1]["metadata"]["name"]
        conditions = list(status.get("conditions") or ())
        for kind in ("ConfigurationsReady", "RoutesReady", "Ready"):
            condition = {"type": kind, "status": "True" if is_ready else "Unknown"}
            conditions = with_condition(conditions, condition, self.engine.timestamp())
        self._set(SERVICES, service, {**wanted, "conditions": conditions})

    def _revisions_of(self, service: Obj) -> list[Obj]:
        name = service["metadata"]["name"]
        found = [
            one
            for one in self.cache.list(REVISIONS, service["metadata"]["namespace"])
            if (one["metadata"].get("labels") or {}).get(f"{GROUP}/service") == name
        ]
        return sorted(found, key=lambda one: int(one["metadata"]["labels"][f"{GROUP}/configurationGeneration"]))

    def _make_revision(self, service: Obj, number: int, template: Obj) -> Obj:
        metadata = service["metadata"]
        name = (template.get("metadata") or {}).get("name") or f"{metadata['name']}-{number:05d}"
        labels = {
            f"{GROUP}/service": metadata["name"],
            f"{GROUP}/configuration": metadata["name"],
            f"{GROUP}/configurationGeneration": str(number),
        }
        annotations = (template.get("metadata") or {}).get("annotations") or {}
        where = {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(service)],
        }
        if annotations:
            where["annotations"] = annotations
        return self._ensure(
            REVISIONS, {"apiVersion": f"{GROUP}/v1", "kind": "Revision", "metadata": where, "spec": template["spec"]}
        )

    def _part(self, service: Obj, kind: str) -> Obj:
        metadata = service["metadata"]
        where = {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": {f"{GROUP}/service": metadata["name"]},
            "ownerReferences": [owner_reference(service)],
        }
        spec = {"template": service["spec"]["template"]} if kind == "Configuration" else {"traffic": _traffic(service)}
        return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": where, "spec": spec}

    def _ensure(self, resource: str, wanted: Obj) -> Obj:
        metadata = wanted["metadata"]
        try:
            found = self.client.get(resource, metadata["namespace"], metadata["name"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return self.client.create(resource, complete(self.client.kinds, resource, wanted))
        if resource in (CONFIGURATIONS, ROUTES) and found["spec"] != wanted["spec"]:
            return self.client.update(resource, {**found, "spec": wanted["spec"]})
        return found

    def _set(self, resource: str, obj: Obj, status: Obj) -> None:
        if status == obj.get("status"):
            return
        try:
            self.client.update_status(resource, {**obj, "status": status})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # Revisions

    def _revision(self, revision: Obj) -> None:
        metadata = revision["metadata"]
        name = f"{metadata['name']}-deployment"
        wanted = self._replicas(revision)
        deployment = self.cache.get(_DEPLOYMENTS, metadata["namespace"], name)
        if deployment is None:
            self._ensure(_DEPLOYMENTS, _deployment(revision))
            self._ensure("services", _backing_service(revision))
            return
        if deployment["spec"]["replicas"] != wanted:
            self.client.patch(_DEPLOYMENTS, metadata["namespace"], name, {"spec": {"replicas": wanted}})
        self._tell(revision, deployment, wanted)

    def _replicas(self, revision: Obj) -> int:
        """1 from the beginning and for a while after each request, else what `min-scale` says."""
        annotations = revision["metadata"].get("annotations") or {}
        least = next((int(annotations[one]) for one in _MIN_SCALE if str(annotations.get(one, "")).isdecimal()), 0)
        since = self._busy_since(revision)
        left = since + _STABLE_WINDOW_US - self.engine.now
        if left > 0:
            self.enqueue(f"{REVISIONS}|{revision['metadata']['namespace']}|{revision['metadata']['name']}", left)
            return max(least, 1)
        return least

    def _busy_since(self, revision: Obj) -> int:
        metadata = revision["metadata"]
        ready = next(
            (one for one in (revision.get("status") or {}).get("conditions") or () if one["type"] == "Ready"), None
        )
        began = (
            self.engine.micros(ready["lastTransitionTime"]) if ready and ready["status"] == "True" else self.engine.now
        )
        asked = self._activator.last_asked(f"{metadata['namespace']}/{metadata['name']}")
        return max(began, asked if asked is not None else began)

    def _tell(self, revision: Obj, deployment: Obj, wanted: int) -> None:
        status = revision.get("status") or {}
        has = (deployment.get("status") or {}).get("readyReplicas", 0)
        conditions = list(status.get("conditions") or ())
        if has or _is_ready(revision):
            for kind in ("ContainerHealthy", "ResourcesAvailable", "Ready"):
                conditions = with_condition(conditions, {"type": kind, "status": "True"}, self.engine.timestamp())
        else:
            condition = {"type": "Ready", "status": "Unknown", "reason": "Deploying"}
            conditions = with_condition(conditions, condition, self.engine.timestamp())
        active = {"type": "Active", "status": "True" if wanted else "False", "severity": "Info"}
        if not wanted:
            active |= {"reason": "NoTraffic", "message": "The target is not receiving traffic."}
        conditions = with_condition(
            [one for one in conditions if one["type"] != "Active"], active, self.engine.timestamp()
        )
        known = next((one for one in status.get("conditions") or () if one["type"] == "Active"), None)
        if known is not None and known["status"] == active["status"]:
            conditions[-1]["lastTransitionTime"] = known["lastTransitionTime"]
        self._set(
            REVISIONS, revision, {**status, "conditions": conditions, "actualReplicas": has, "desiredReplicas": wanted}
        )

    # The proxy

    def _program(self) -> None:
        routes = [_route(service, self._revisions_of(service)) for service in self.cache.list(SERVICES)]
        listener = {
            "name": "http",
            "port": 8080,
            "hostname": "",
            "is_stream": False,
            "is_tls": False,
            "say": "kourier listens on port 8080",
            "routes": [route for route in routes if route is not None],
        }
        self._activator.program(GATEWAY, {"listeners": [listener]})


def _is_ready(revision: Obj) -> bool:
    conditions = (revision.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _traffic(service: Obj) -> list[Obj]:
    return service["spec"].get("traffic") or [{"latestRevision": True, "percent": 100}]


def _route(service: Obj, revisions: list[Obj]) -> dict[str, Any] | None:
    metadata = service["metadata"]
    ready = [one["metadata"]["name"] for one in revisions if _is_ready(one)]
    if not ready:
        return None
    backends = list(_backends(service, ready))
    host = f"{metadata['name']}.{metadata['namespace']}.{_DOMAIN}"
    return {
        "kind": "Route",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "created": metadata["creationTimestamp"],
        "hostnames": [host],
        "rules": [{"matches": [], "filters": [], "backends": backends}],
    }


def _backends(service: Obj, ready: list[str]) -> Iterator[dict[str, Any]]:
    namespace = service["metadata"]["namespace"]
    for target in _traffic(service):
        name = target.get("revisionName") or ready[-1]
        yield {
            "namespace": namespace,
            "name": name,
            "port": 80,
            "weight": target.get("percent", 0),
            "ok": name in ready,
            "activate": f"{namespace}/{name}",
        }


def _labels(revision: Obj) -> dict[str, str]:
    labels = revision["metadata"]["labels"]
    return {f"{GROUP}/revision": revision["metadata"]["name"], f"{GROUP}/service": labels[f"{GROUP}/service"]}


def _deployment(revision: Obj) -> Obj:
    metadata, spec = revision["metadata"], revision["spec"]
    container = {"name": "user-container", **spec["containers"][0]}
    ports = container.get("ports") or [{"containerPort": 8080}]
    container["ports"] = [{"name": "user-port", "containerPort": ports[0]["containerPort"]}]
    queue = {
        "name": "queue-proxy",
        "image": f"{_QUEUE}:v1.18.0",
        "ports": [{"name": "queue-port", "containerPort": 8012}],
    }
    labels = _labels(revision)
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container, queue]}}
    where = {
        "name": f"{metadata['name']}-deployment",
        "namespace": metadata["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(revision)],
    }
    selector = {"matchLabels": {f"{GROUP}/revision": metadata["name"]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": where,
        "spec": {"replicas": 1, "selector": selector, "template": template},
    }


def _backing_service(revision: Obj) -> Obj:
    metadata = revision["metadata"]
    where = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "labels": _labels(revision),
        "ownerReferences": [owner_reference(revision)],
    }
    ports = [{"name": "http", "port": 80, "targetPort": "user-port", "protocol": "TCP"}]
    selector = {f"{GROUP}/revision": metadata["name"]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": {"selector": selector, "ports": ports}}
