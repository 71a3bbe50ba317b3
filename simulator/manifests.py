"""The files of static pods that kubeadm writes on a machine of the control plane, as kind's kubeadm does.

`cmd/kubeadm/app/phases/controlplane/manifests.go`, `phases/etcd/local.go`; https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/. Left out: probes and the
host's directories of certificates, which have no processes behind them here.
"""

from simulator.config import ClusterConfig
from simulator.engine.plain import Obj
from simulator.node.addresses import node_address
from simulator.node.static_pods import DIRECTORY

VERSION = "v1.33.1"
ETCD_VERSION = "3.5.21-0"
_PKI = "/etc/kubernetes/pki"


def manifests(config: ClusterConfig, index: int, version: str = VERSION) -> dict[str, Obj]:
    """Path → pod of the cluster's `index`-th machine."""
    name, address = config.nodes[index].name, node_address(index)
    made = (
        _etcd(name, address),
        _component("kube-apiserver", version, "250m", _api_server(config, address), annotation=f"{address}:6443"),
        _component("kube-controller-manager", version, "200m", _controller_manager(config)),
        _component("kube-scheduler", version, "100m", _clients("scheduler")),
    )
    return {f"{DIRECTORY}/{pod['metadata']['labels']['component']}.yaml": pod for pod in made}


def _pod(component: str, image: str, requests: dict[str, str], flags: dict[str, str], annotations: Obj) -> Obj:
    command = [component, *(f"--{flag}={value}" for flag, value in sorted(flags.items()))]
    metadata: Obj = {"name": component, "namespace": "kube-system"}
    if annotations:
        metadata["annotations"] = annotations
    metadata["labels"] = {"component": component, "tier": "control-plane"}
    container = {
        "name": component,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "resources": {"requests": requests},
    }
    spec = {
        "containers": [container],
        "hostNetwork": True,
        "priority": 2_000_001_000,
        "priorityClassName": "system-node-critical",
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}}


def _component(name: str, version: str, cpu: str, flags: dict[str, str], *, annotation: str = "") -> Obj:
    annotations = {"kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint": annotation} if annotation else {}
    return _pod(name, f"registry.k8s.io/{name}:{version}", {"cpu": cpu}, flags, annotations)


def _etcd(name: str, address: str) -> Obj:
    flags = {
        "advertise-client-urls": f"https://{address}:2379",
        "cert-file": f"{_PKI}/etcd/server.crt",
        "client-cert-auth": "true",
        "data-dir": "/var/lib/etcd",
        "initial-advertise-peer-urls": f"https://{address}:2380",
        "initial-cluster": f"{name}=https://{address}:2380",
        "key-file": f"{_PKI}/etcd/server.key",
        "listen-client-urls": f"https://127.0.0.1:2379,https://{address}:2379",
        "listen-metrics-urls": "http://127.0.0.1:2381",
        "listen-peer-urls": f"https://{address}:2380",
        "name": name,
        "peer-cert-file": f"{_PKI}/etcd/peer.crt",
        "peer-client-cert-auth": "true",
        "peer-key-file": f"{_PKI}/etcd/peer.key",
        "peer-trusted-ca-file": f"{_PKI}/etcd/ca.crt",
        "snapshot-count": "10000",
        "trusted-ca-file": f"{_PKI}/etcd/ca.crt",
    }
    annotations = {"kubeadm.kubernetes.io/etcd.advertise-client-urls": f"https://{address}:2379"}
    requests = {"cpu": "100m", "memory": "100Mi"}
    return _pod("etcd", f"registry.k8s.io/etcd:{ETCD_VERSION}", requests, flags, annotations)


def _api_server(config: ClusterConfig, address: str) -> dict[str, str]:
    gates = ",".join(f"{gate}=true" for gate in config.feature_gates)
    return {
        "advertise-address": address,
        "allow-privileged": "true",
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{_PKI}/ca.crt",
        "enable-admission-plugins": "NodeRestriction",
        "enable-bootstrap-token-auth": "true",
        "etcd-cafile": f"{_PKI}/etcd/ca.crt",
        "etcd-certfile": f"{_PKI}/apiserver-etcd-client.crt",
        "etcd-keyfile": f"{_PKI}/apiserver-etcd-client.key",
        "etcd-servers": "https://127.0.0.1:2379",
        **({"feature-gates": gates} if gates else {}),
        "kubelet-client-certificate": f"{_PKI}/apiserver-kubelet-client.crt",
        "kubelet-client-key": f"{_PKI}/apiserver-kubelet-client.key",
        "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
        "proxy-client-cert-file": f"{_PKI}/front-proxy-client.crt",
        "proxy-client-key-file": f"{_PKI}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{_PKI}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "runtime-config": ",".join(f"{version}=true" for version in config.runtime_config),
        "secure-port": "6443",
        "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "service-account-key-file": f"{_PKI}/sa.pub",
        "service-account-signing-key-file": f"{_PKI}/sa.key",
        "service-cluster-ip-range": config.service_subnets,
        "tls-cert-file": f"{_PKI}/apiserver.crt",
        "tls-private-key-file": f"{_PKI}/apiserver.key",
    }


def _controller_manager(config: ClusterConfig) -> dict[str, str]:
    return {
        **_clients("controller-manager"),
        "allocate-node-cidrs": "true",
        "client-ca-file": f"{_PKI}/ca.crt",
        "cluster-cidr": config.pod_subnet,
        "cluster-name": config.name,
        "cluster-signing-cert-file": f"{_PKI}/ca.crt",
        "cluster-signing-key-file": f"{_PKI}/ca.key",
        "controllers": "*,bootstrapsigner,tokencleaner",
        "requestheader-client-ca-file": f"{_PKI}/front-proxy-ca.crt",
        "root-ca-file": f"{_PKI}/ca.crt",
        "service-account-private-key-file": f"{_PKI}/sa.key",
        "service-cluster-ip-range": config.service_subnets,
        "use-service-account-credentials": "true",
    }


def _clients(name: str) -> dict[str, str]:
    """What the two components that elect a leader have in common."""
    kubeconfig = f"/etc/kubernetes/{name}.conf"
    return {
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "kubeconfig": kubeconfig,
        "leader-elect": "true",
    }
