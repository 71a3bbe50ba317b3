"""How the API server reaches the webhooks of a cluster: through the network like everybody else.

The service's cluster IP is dialled from a control plane machine, the backend must be a pod whose process is a webhook server, and its certificate must
be one that the configuration's `caBundle` vouches for: in this cluster that is the cluster's own CA (`kube-root-ca.crt`).
The words of a failure are those of Go's HTTP client.
"""

from base64 import b64decode

from simulator.apiserver.admission.webhooks import CallFailed
from simulator.apiserver.registry import Registry
from simulator.engine.plain import Obj
from simulator.network.datapath import REFUSED, Datapath, Source
from simulator.workloads import conversions
from simulator.workloads.webhook_programs import Answer, agnhost, policy

_ROOT = ("kube-system", "kube-root-ca.crt")
_POLICY_IMAGES, _AGNHOST_IMAGE = ("drydock/policy-webhook", "drydock/mesh-injector"), "e2e-test-images/agnhost"
_POLICY_FILE = "policy.yaml"


class ClusterWebhooks:
    def __init__(self, registry: Registry, datapath: Datapath, machine: str) -> None:
        """`machine`: the control plane machine that calls."""
        self._registry = registry
        self._datapath = datapath
        self._machine = machine

    def post(self, client: Obj, timeout_s: int, review: Obj) -> Obj:
        """The `response` of the webhook. Raises CallFailed."""
        service = client.get("service")
        if not service:
            host = str(client.get("url", "")).partition("://")[2].partition("/")[0].partition(":")[0]
            raise CallFailed(f"dial tcp: lookup {host} on 172.18.0.1:53: no such host")
        path = "/" + (service.get("path") or "").lstrip("/")
        pod = self._backend(service)
        self._check_certificate(client, service)
        answer = self._answer(pod, path, review["request"])
        if answer.after_s >= timeout_s:
            raise CallFailed("context deadline exceeded")
        if answer.response is None:
            raise CallFailed("the server could not find the requested resource")
        return answer.response

    def convert(self, client: Obj, timeout_s: int, request: Obj) -> Obj:
        """The `response` to a ConversionReview. Raises CallFailed."""
        service = client.get("service")
        if not service:
            host = str(client.get("url", "")).partition("://")[2].partition("/")[0].partition(":")[0]
            raise CallFailed(f"dial tcp: lookup {host} on 172.18.0.1:53: no such host")
        pod = self._backend(service)
        self._check_certificate(client, service)
        path = "/" + (service.get("path") or "").lstrip("/")
        answer = self._conversion(pod, path, request)
        if answer is None:
            raise CallFailed("the server could not find the requested resource")
        return {"uid": request["uid"], **answer}

    def _conversion(self, pod: Obj, path: str, request: Obj) -> Obj | None:
        for container in pod["spec"]["containers"]:
            if _AGNHOST_IMAGE in container["image"]:
                return conversions.agnhost(path, request)
            if any(one in container["image"] for one in _POLICY_IMAGES):
                return conversions.policy(path, request, self._policy(pod))
        raise CallFailed("net/http: HTTP/1.x transport connection broken: malformed HTTP response")

    def _backend(self, reference: Obj) -> Obj:
        """The pod behind the service that takes this call."""
        namespace, name, port = reference["namespace"], reference["name"], reference.get("port", 443)
        service = self._registry.store.get("services", (namespace, name))
        if service is None:
            raise CallFailed(f'service "{name}" not found')
        if all(one["port"] != port for one in service["spec"].get("ports") or ()):
            raise CallFailed(f'no service port {port} found for service "{name}"')
        address = service["spec"].get("clusterIP", "")
        trace = self._datapath.request(Source(node=self._machine), address, port, "")
        if trace.error == REFUSED:
            raise CallFailed(f"dial tcp {address}:{port}: connect: connection refused")
        if trace.error:
            raise CallFailed("context deadline exceeded")
        owner, _, pod_name = trace.backend.partition("/")
        pod = self._registry.store.get("pods", (owner, pod_name))
        if pod is None:
            raise CallFailed("EOF")
        return pod

    def _check_certificate(self, client: Obj, service: Obj) -> None:
        root = self._registry.store.get("configmaps", _ROOT)
        known = ((root or {}).get("data") or {}).get("ca.crt", "").strip()
        try:
            given = b64decode(client.get("caBundle") or "").decode()
        except ValueError:
            given = ""
        if known not in given or not known:
            raise CallFailed("tls: failed to verify certificate: x509: certificate signed by unknown authority")

    def _answer(self, pod: Obj, path: str, request: Obj) -> Answer:
        for container in pod["spec"]["containers"]:
            if _AGNHOST_IMAGE in container["image"]:
                return agnhost(path, request)
            if any(one in container["image"] for one in _POLICY_IMAGES):
                return policy(path, request, self._policy(pod))
        raise CallFailed("net/http: HTTP/1.x transport connection broken: malformed HTTP response")

    def _policy(self, pod: Obj) -> str:
        """`policy.yaml` of the first ConfigMap that the pod mounts."""
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("configMap") or {}).get("name", "")
            found = self._registry.store.get("configmaps", (pod["metadata"]["namespace"], name)) if name else None
            if found is not None and _POLICY_FILE in (found.get("data") or {}):
                return str(found["data"][_POLICY_FILE])
        return ""
