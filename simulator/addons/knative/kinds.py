"""The kinds of Knative Serving, and the objects that its controller makes for them."""

from simulator.addons.objects import owner_reference
from simulator.engine.plain import Obj

GROUP = "serving.knative.dev"
IMAGE = "gcr.io/knative-releases/knative.dev/serving/cmd/controller"
_QUEUE = "gcr.io/knative-releases/knative.dev/serving/cmd/queue"
SERVICES, CONFIGURATIONS = f"services.{GROUP}", f"configurations.{GROUP}"
REVISIONS, ROUTES = f"revisions.{GROUP}", f"routes.{GROUP}"
SERVICE_LABEL, REVISION_LABEL = f"{GROUP}/service", f"{GROUP}/revision"
CONFIGURATION_LABEL, GENERATION_LABEL = f"{GROUP}/configuration", f"{GROUP}/configurationGeneration"
#: The proxy in front (`net-kourier`).
GATEWAY = "kourier-system/3scale-kourier-gateway"
USER_CONTAINER = "user-container"
_DOMAIN = "svc.cluster.local"
#: After how long a revision whose pods do not become ready has failed (`progress-deadline`).
DEADLINE_S = 600


def host(route: Obj) -> str:
    return f"{route['metadata']['name']}.{route['metadata']['namespace']}.{_DOMAIN}"


def configuration(service: Obj) -> Obj:
    return _part(service, "Configuration", {"template": service["spec"]["template"]})


def route(service: Obj) -> Obj:
    """Traffic for the latest revision follows the Configuration."""
    traffic = service["spec"].get("traffic") or [{"latestRevision": True, "percent": 100}]
    name = service["metadata"]["name"]
    targets = [one if one.get("revisionName") else {**one, "configurationName": name} for one in traffic]
    return _part(service, "Route", {"traffic": targets})


def _part(service: Obj, kind: str, spec: Obj) -> Obj:
    metadata = service["metadata"]
    where = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "labels": {SERVICE_LABEL: metadata["name"]},
        "ownerReferences": [owner_reference(service)],
    }
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": where, "spec": spec}


def revision(owner: Obj) -> Obj:
    """The revision of a Configuration's present template."""
    metadata, template = owner["metadata"], owner["spec"]["template"]
    given, generation = template.get("metadata") or {}, metadata.get("generation", 1)
    labels = {
        **(given.get("labels") or {}),
        **(metadata.get("labels") or {}),
        CONFIGURATION_LABEL: metadata["name"],
        GENERATION_LABEL: str(generation),
    }
    where: Obj = {
        "name": given.get("name") or f"{metadata['name']}-{generation:05d}",
        "namespace": metadata["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(owner)],
    }
    if annotations := given.get("annotations"):
        where["annotations"] = annotations
    return {"apiVersion": f"{GROUP}/v1", "kind": "Revision", "metadata": where, "spec": template["spec"]}


def deployment(of: Obj) -> Obj:
    metadata, spec = of["metadata"], of["spec"]
    container = {
        "terminationMessagePolicy": "FallbackToLogsOnError",
        **spec["containers"][0],
        "name": user_container(of),
    }
    ports = container.get("ports") or [{"containerPort": 8080}]
    container["ports"] = [{"name": "user-port", "containerPort": ports[0]["containerPort"]}]
    queue = {
        "name": "queue-proxy",
        "image": f"{_QUEUE}:v1.18.0",
        "ports": [{"name": "queue-port", "containerPort": 8012}],
    }
    labels = _labels(of)
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container, queue]}}
    where = {
        "name": deployment_name(of),
        "namespace": metadata["namespace"],
        "labels": labels,
        "ownerReferences": [owner_reference(of)],
    }
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": where,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {REVISION_LABEL: metadata["name"]}},
            "progressDeadlineSeconds": DEADLINE_S,
            "strategy": rolling,
            "template": template,
        },
    }


def deployment_name(of: Obj) -> str:
    return f"{of['metadata']['name']}-deployment"


def user_container(of: Obj) -> str:
    return str(of["spec"]["containers"][0].get("name") or USER_CONTAINER)


def backing_service(of: Obj) -> Obj:
    metadata = of["metadata"]
    where = {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "labels": _labels(of),
        "ownerReferences": [owner_reference(of)],
    }
    ports = [{"name": "http", "port": 80, "targetPort": "user-port", "protocol": "TCP"}]
    selector = {REVISION_LABEL: metadata["name"]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": where, "spec": {"selector": selector, "ports": ports}}


def _labels(of: Obj) -> dict[str, str]:
    labels = of["metadata"]["labels"]
    known = {label: labels[label] for label in (SERVICE_LABEL, CONFIGURATION_LABEL) if label in labels}
    return {REVISION_LABEL: of["metadata"]["name"], **known}
