"""Looks after Services, Configurations, Revisions and Routes, and programs the proxies in front."""

from typing import Any, ClassVar, Protocol

from simulator.addons.knative import revision_status, service_status, traffic
from simulator.addons.knative.conditions import Conditions, condition, is_ready
from simulator.addons.knative.kinds import (
    CONFIGURATION_LABEL,
    CONFIGURATIONS,
    DEADLINE_S,
    GATEWAY,
    GENERATION_LABEL,
    REVISION_LABEL,
    REVISIONS,
    ROUTES,
    SERVICE_LABEL,
    SERVICES,
    backing_service,
    configuration,
    deployment,
    deployment_name,
    host,
    revision,
    route,
)
from simulator.addons.objects import complete
from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.engine.plain import Obj

_DEPLOYMENTS = "deployments.apps"
_SECOND_US = 1_000_000
_STABLE_WINDOW_US = 60 * _SECOND_US
#: How often the autoscaler looks (`tick-interval`).
_TICK_US = 2 * _SECOND_US
#: After the deadline an activation that does not succeed is given up.
_ACTIVATION_US = (DEADLINE_S + 30) * _SECOND_US
_MIN_SCALE = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
_KINDS = {"Service": SERVICES, "Configuration": CONFIGURATIONS, "Revision": REVISIONS, "Route": ROUTES}


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
        CONFIGURATIONS: "on_object",
        ROUTES: "on_object",
        _DEPLOYMENTS: "on_deployment",
    }
    writes = (SERVICES, CONFIGURATIONS, REVISIONS, ROUTES, _DEPLOYMENTS, "services", "events")

    def __init__(self, process: Process, client: Client, activator: Activator) -> None:
        self._activator = activator
        super().__init__(process, client)

    def about(self, key: str) -> About:
        resource, namespace, name = key.split("|")
        return About(resource, namespace, name)

    # What is watched

    def on_object(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        metadata, labels = about["metadata"], about["metadata"].get("labels") or {}
        self._look(_KINDS[about["kind"]], metadata["namespace"], metadata["name"])
        if about["kind"] == "Revision" and CONFIGURATION_LABEL in labels:
            self._look(CONFIGURATIONS, metadata["namespace"], labels[CONFIGURATION_LABEL])
        if about["kind"] in ("Configuration", "Revision"):
            for one in self.cache.list(ROUTES, metadata["namespace"]):
                self._look(ROUTES, metadata["namespace"], one["metadata"]["name"])
        if about["kind"] in ("Configuration", "Route") and SERVICE_LABEL in labels:
            self._look(SERVICES, metadata["namespace"], labels[SERVICE_LABEL])

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        metadata, labels = about["metadata"], about["metadata"].get("labels") or {}
        if REVISION_LABEL in labels:
            self._look(REVISIONS, metadata["namespace"], labels[REVISION_LABEL])
        if f"{metadata['namespace']}/{metadata['name']}" == GATEWAY:
            for one in self.cache.list(ROUTES):
                self._look(ROUTES, one["metadata"]["namespace"], one["metadata"]["name"])

    def asked(self, key: str) -> None:
        """A request came for a revision (`namespace/name`) that has no pod."""
        if self.process.running:
            namespace, _, name = key.partition("/")
            self._look(REVISIONS, namespace, name)

    def _look(self, resource: str, namespace: str, name: str, after_us: int = 0) -> None:
        self.enqueue(f"{resource}|{namespace}|{name}", after_us)

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        obj = self.cache.get(resource, namespace, name)
        if obj is not None and "deletionTimestamp" not in obj["metadata"]:
            {SERVICES: self._service, CONFIGURATIONS: self._configuration, REVISIONS: self._revision}.get(
                resource, self._route
            )(obj)
        if resource == ROUTES:
            self._program()

    # Services

    def _service(self, service: Obj) -> None:
        conditions = Conditions(service_status.DEPENDENTS, _conditions(service))
        conditions.begin(service)
        parts = [
            self._part(service, CONFIGURATIONS, configuration(service)),
            self._part(service, ROUTES, route(service)),
        ]
        self._set(SERVICES, service, service_status.tell_parts(conditions, *parts), conditions)

    def _part(self, service: Obj, resource: str, wanted: Obj) -> Obj:
        metadata = wanted["metadata"]
        found = self.cache.get(resource, metadata["namespace"], metadata["name"])
        if found is None:
            found = self._ensure(resource, wanted)
            message = f'Created {wanted["kind"]} "{metadata["name"]}"'
            self.client.event(service, "Normal", "Created", message, source="service-controller")
        elif found["spec"] != wanted["spec"]:
            found = self.client.update(resource, {**found, "spec": wanted["spec"]})
        return found

    # Configurations

    def _configuration(self, owner: Obj) -> None:
        conditions, status = Conditions((), _conditions(owner)), owner.get("status") or {}
        conditions.begin(owner)
        wanted = revision(owner)
        name, namespace = wanted["metadata"]["name"], wanted["metadata"]["namespace"]
        latest = self.cache.get(REVISIONS, namespace, name)
        if latest is None:
            latest = self._ensure(REVISIONS, wanted)
            self._tell(owner, "Created", f'Created Revision "{name}"')
        names = service_status.tell_revisions(conditions, status, latest, self._revisions(owner))
        if "latestReadyRevisionName" in names and "latestReadyRevisionName" not in status:
            self._tell(owner, "ConfigurationReady", "Configuration becomes ready")
        if names.get("latestReadyRevisionName") != status.get("latestReadyRevisionName"):
            message = f'LatestReadyRevisionName updated to "{names["latestReadyRevisionName"]}"'
            self._tell(owner, "LatestReadyUpdate", message)
        if conditions.status("Ready") == "False" and conditions.get("Ready") != _told(owner):
            which = "ready" if name == names.get("latestReadyRevisionName") else "created"
            message = f'Latest {which} revision "{name}" has failed'
            self._tell(owner, f"Latest{which.title()}Failed", message, "Warning")
        self._set(CONFIGURATIONS, owner, names, conditions)

    def _tell(self, owner: Obj, reason: str, message: str, severity: str = "Normal") -> None:
        self.client.event(owner, severity, reason, message, source="configuration-controller")

    def _revisions(self, owner: Obj) -> list[Obj]:
        """The newest first."""
        name = owner["metadata"]["name"]
        found = [
            one
            for one in self.cache.list(REVISIONS, owner["metadata"]["namespace"])
            if (one["metadata"].get("labels") or {}).get(CONFIGURATION_LABEL) == name
        ]
        return sorted(found, key=lambda one: -int(one["metadata"]["labels"][GENERATION_LABEL]))

    # Routes

    def _route(self, owner: Obj) -> None:
        namespace = owner["metadata"]["namespace"]
        conditions = Conditions(traffic.DEPENDENTS, _conditions(owner))
        conditions.begin(owner)
        known = traffic.Known(
            {one["metadata"]["name"]: one for one in self.cache.list(CONFIGURATIONS, namespace)},
            {one["metadata"]["name"]: one for one in self.cache.list(REVISIONS, namespace)},
        )
        found = traffic.targets(owner, known)
        traffic.tell(conditions, found, self.cache.get(_DEPLOYMENTS, *GATEWAY.split("/")))
        url = f"http://{host(owner)}"
        shown: Obj = {"url": url, "address": {"url": url}}
        if not isinstance(found, traffic.Refusal):
            shown["traffic"] = found
        self._set(ROUTES, owner, shown, conditions)

    # Revisions

    def _revision(self, owner: Obj) -> None:
        metadata = owner["metadata"]
        conditions = Conditions(revision_status.DEPENDENTS, _conditions(owner))
        conditions.begin(owner)
        found = self.cache.get(_DEPLOYMENTS, metadata["namespace"], deployment_name(owner))
        if found is None:
            revision_status.begin(conditions)
            self._ensure(_DEPLOYMENTS, deployment(owner))
            self._ensure("services", backing_service(owner))
            self._set(REVISIONS, owner, {}, conditions)
            return
        got = (found.get("status") or {}).get("readyReplicas", 0)
        least = _least(owner)
        is_initialized = got >= max(least, 1) or condition(owner, "ContainerHealthy").get("status") == "True"
        want = self._wanted(owner, least, got)
        if found["spec"]["replicas"] != want:
            self.client.patch(
                _DEPLOYMENTS, metadata["namespace"], found["metadata"]["name"], {"spec": {"replicas": want}}
            )
        revision_status.tell_deployment(conditions, found)
        if found["spec"]["replicas"] and not (found.get("status") or {}).get("availableReplicas"):
            self._tell_pod(conditions, owner, found)
        revision_status.tell_scale(conditions, revision_status.Scale(want, got, max(least, 1), is_initialized))
        if conditions.status("Active") == "Unknown" and conditions.status("Ready") != "False":
            self._look(REVISIONS, metadata["namespace"], metadata["name"], _TICK_US)
        if conditions.status("Ready") == "True" and not is_ready(owner):
            message = "Revision becomes ready upon all resources being ready"
            self.client.event(owner, "Normal", "RevisionReady", message, source="revision-controller")
        self._set(REVISIONS, owner, {"actualReplicas": got, "desiredReplicas": want}, conditions)

    def _tell_pod(self, conditions: Conditions, owner: Obj, found: Obj) -> None:
        metadata = owner["metadata"]
        for pod in self.client.list("pods", metadata["namespace"]):
            if (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == metadata["name"]:
                revision_status.tell_pod(conditions, owner, found, pod)
                return

    def _wanted(self, owner: Obj, least: int, got: int) -> int:
        """One from the beginning and for a while after each request, else what `min-scale` says; none when it does not come to life."""
        metadata, active = owner["metadata"], condition(owner, "Active")
        if active.get("status") == "False" and condition(owner).get("status") != "True":
            return 0
        left = self._awake_us(owner, active, got >= max(least, 1))
        if left > 0:
            self._look(REVISIONS, metadata["namespace"], metadata["name"], left)
            return max(least, 1)
        return 0 if active.get("status") == "Unknown" else least

    def _awake_us(self, owner: Obj, active: Obj, is_up: bool) -> int:
        """For how long there is to be a pod whatever `min-scale` says."""
        now = self.engine.now
        since = self.engine.micros(active["lastTransitionTime"]) if active else now
        if active.get("status", "Unknown") == "Unknown":
            return _STABLE_WINDOW_US if is_up else since + _ACTIVATION_US - now
        metadata = owner["metadata"]
        asked = self._activator.last_asked(f"{metadata['namespace']}/{metadata['name']}")
        if active["status"] == "True":
            return max(since, asked or 0) + _STABLE_WINDOW_US - now
        return 0 if asked is None else asked + _STABLE_WINDOW_US - now

    # Writing

    def _ensure(self, resource: str, wanted: Obj) -> Obj:
        metadata = wanted["metadata"]
        try:
            return self.client.create(resource, complete(self.client.kinds, resource, wanted))
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            return self.client.get(resource, metadata["namespace"], metadata["name"])

    def _set(self, resource: str, obj: Obj, shown: Obj, conditions: Conditions) -> None:
        status = {
            **(obj.get("status") or {}),
            **shown,
            "observedGeneration": obj["metadata"].get("generation", 1),
            "conditions": conditions.listed(self.engine.timestamp()),
        }
        if status == obj.get("status"):
            return
        try:
            self.client.update_status(resource, {**obj, "status": status})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # The proxy

    def _program(self) -> None:
        routes = [_programmed(one) for one in self.cache.list(ROUTES) if (one.get("status") or {}).get("traffic")]
        listener = {
            "name": "http",
            "port": 8080,
            "hostname": "",
            "is_stream": False,
            "is_tls": False,
            "say": "kourier listens on port 8080",
            "routes": routes,
        }
        self._activator.program(GATEWAY, {"listeners": [listener]})


def _conditions(obj: Obj) -> list[Obj]:
    return (obj.get("status") or {}).get("conditions") or []


def _told(obj: Obj) -> Obj:
    return {field: value for field, value in condition(obj).items() if field != "lastTransitionTime"}


def _least(owner: Obj) -> int:
    annotations = owner["metadata"].get("annotations") or {}
    return next((int(annotations[one]) for one in _MIN_SCALE if str(annotations.get(one, "")).isdecimal()), 0)


def _programmed(owner: Obj) -> dict[str, Any]:
    metadata = owner["metadata"]
    backends = [
        {
            "namespace": metadata["namespace"],
            "name": target["revisionName"],
            "port": 80,
            "weight": target.get("percent", 0),
            "ok": True,
            "activate": f"{metadata['namespace']}/{target['revisionName']}",
        }
        for target in owner["status"]["traffic"]
    ]
    return {
        "kind": "Route",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "created": metadata["creationTimestamp"],
        "hostnames": [host(owner)],
        "rules": [{"matches": [], "filters": [], "backends": backends}],
    }
