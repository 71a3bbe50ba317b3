"""The objects a fresh cluster is born with, as kubeadm and kind leave them.

https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/: four namespaces, the `kubernetes`
Service, cluster DNS, kube-proxy, the public cluster-info, priority classes; the flavour adds its StorageClasses. The control
plane itself comes from files on its machines (`manifests.py`).
"""

from collections.abc import Iterator
from ipaddress import IPv4Network

from simulator.cloud.storage_flavours import csi_driver, storage_classes, storage_of
from simulator.config import ClusterConfig
from simulator.engine.plain import Obj

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_VERSION = "v1.33.1"
_API_PORT = 6443
#: kubeadm gives cluster DNS the tenth address of the Services' range.
DNS_HOST = 10


def seed_objects(config: ClusterConfig, api_addresses: list[str]) -> Iterator[tuple[str, Obj]]:
    """(resource, object) in the order in which they are created."""
    for name in ("system-node-critical", "system-cluster-critical"):
        yield "priorityclasses.scheduling.k8s.io", _priority_class(name)
    yield "services", _kubernetes_service(config)
    yield "endpointslices.discovery.k8s.io", _kubernetes_slice(api_addresses)
    yield "endpoints", _kubernetes_endpoints(api_addresses)
    yield "configmaps", _cluster_info(config)
    yield "configmaps", _corefile()
    yield "services", _dns_service(config)
    yield "deployments.apps", _coredns()
    yield "daemonsets.apps", _kube_proxy()
    storage = storage_of(config.flavour)
    if storage.is_csi:
        yield "csidrivers.storage.k8s.io", csi_driver(storage)
    for storage_class in storage_classes(storage):
        yield "storageclasses.storage.k8s.io", storage_class


def namespace(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _in_system(name: str, labels: dict[str, str] | None = None, namespace: str = "kube-system") -> Obj:
    metadata: Obj = {"name": name, "namespace": namespace}
    if labels:
        metadata["labels"] = labels
    return metadata


def _priority_class(name: str) -> Obj:
    value = 2_000_001_000 if name == "system-node-critical" else 2_000_000_000
    purpose = (
        "cannot be moved from their current node"
        if name == "system-node-critical"
        else "must run in the cluster, on any node"
    )
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        "preemptionPolicy": "PreemptLowerPriority",
        "description": f"For system pods that {purpose}.",
    }


def service_address(config: ClusterConfig, host: int) -> str:
    """The address of that number in the range of Services."""
    return str(IPv4Network(config.service_subnet).network_address + host)


def _kubernetes_service(config: ClusterConfig) -> Obj:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _in_system("kubernetes", {"component": "apiserver", "provider": "kubernetes"}, "default"),
        "spec": {
            "clusterIP": service_address(config, 1),
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": _API_PORT}],
        },
    }


def _kubernetes_slice(addresses: list[str]) -> Obj:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": _in_system("kubernetes", {"kubernetes.io/service-name": "kubernetes"}, "default"),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": [{"name": "https", "port": _API_PORT, "protocol": "TCP"}],
    }


def _kubernetes_endpoints(addresses: list[str]) -> Obj:
    subset = {
        "addresses": [{"ip": ip} for ip in addresses],
        "ports": [{"name": "https", "port": _API_PORT, "protocol": "TCP"}],
    }
    labels = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    return {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": _in_system("kubernetes", labels, "default"),
        "subsets": [subset],
    }


def _cluster_info(config: ClusterConfig) -> Obj:
    kubeconfig = f'apiVersion: v1\nclusters:\n- cluster:\n    server: https://{config.control_planes[0].name}:{_API_PORT}\n  name: ""\nkind: Config\n'
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _in_system("cluster-info", None, "kube-public"),
        "data": {"kubeconfig": kubeconfig},
    }


#: kubeadm's Corefile (`cmd/kubeadm/app/phases/addons/dns/manifests.go`).
_PLUGINS = (
    "errors",
    "health {",
    "   lameduck 5s",
    "}",
    "ready",
    "kubernetes cluster.local in-addr.arpa ip6.arpa {",
    "   pods insecure",
    "   fallthrough in-addr.arpa ip6.arpa",
    "   ttl 30",
    "}",
    "prometheus :9153",
    "forward . /etc/resolv.conf {",
    "   max_concurrent 1000",
    "}",
    "cache 30 {",
    "   disable success cluster.local",
    "   disable denial cluster.local",
    "}",
    "loop",
    "reload",
    "loadbalance",
)
COREFILE = ".:53 {\n" + "".join(f"    {line}\n" for line in _PLUGINS) + "}\n"


def _corefile() -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": _in_system("coredns"), "data": {"Corefile": COREFILE}}


_DNS_LABELS = {"k8s-app": "kube-dns"}


def _dns_service(config: ClusterConfig) -> Obj:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
        {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
    ]
    labels = {**_DNS_LABELS, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    spec = {"clusterIP": service_address(config, DNS_HOST), "selector": _DNS_LABELS, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _in_system("kube-dns", labels), "spec": spec}


def _coredns() -> Obj:
    container = {
        "name": "coredns",
        "image": "registry.k8s.io/coredns/coredns:v1.12.0",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"containerPort": 53, "name": "dns", "protocol": "UDP"},
            {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
            {"containerPort": 9153, "name": "metrics", "protocol": "TCP"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}, "limits": {"memory": "170Mi"}},
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    config = {
        "name": "config-volume",
        "configMap": {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]},
    }
    template = {
        "metadata": {"labels": _DNS_LABELS},
        "spec": {
            "containers": [container],
            "dnsPolicy": "Default",
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "priorityClassName": "system-cluster-critical",
            "tolerations": [
                {"key": "CriticalAddonsOnly", "operator": "Exists"},
                {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
            ],
            "volumes": [config],
        },
    }
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    spec = {"replicas": 2, "selector": {"matchLabels": _DNS_LABELS}, "strategy": strategy, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _in_system("coredns", _DNS_LABELS), "spec": spec}


def _kube_proxy() -> Obj:
    labels = {"k8s-app": "kube-proxy"}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "containers": [
                {
                    "name": "kube-proxy",
                    "image": f"registry.k8s.io/kube-proxy:{_VERSION}",
                    "command": ["/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/config.conf"],
                }
            ],
            "hostNetwork": True,
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists"}],
        },
    }
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": _in_system("kube-proxy", labels), "spec": spec}
