"""`kubeadm certs`: when the control plane's certificates expire, and how they are renewed.

`cmd/kubeadm/app/cmd/certs.go`, `phases/certs/renewal/manager.go`; https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/. A certificate lives a year, an
authority ten. The API server's own is the one that counts here: when it is over, no client goes on talking to it.
"""

from __future__ import annotations

from simulator.apiserver.errors import ApiUnavailable
from simulator.kubeadm.arguments import Arguments
from simulator.kubeadm.machines import KubeadmError, Machines
from simulator.kubeadm.tokens import short_duration
from simulator.kubectl.aligned import align
from simulator.kubectl.small_command import Outcome
from simulator.machinery.go_time import month_day

YEAR_US = 365 * 86_400 * 1_000_000
SERVING = "apiserver"
#: Name → (authority, what it is called).
CERTIFICATES = {
    "admin.conf": ("ca", "certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself"),
    SERVING: ("ca", "certificate for serving the Kubernetes API"),
    "apiserver-etcd-client": ("etcd-ca", "certificate the apiserver uses to access etcd"),
    "apiserver-kubelet-client": ("ca", "certificate for the API server to connect to kubelet"),
    "controller-manager.conf": (
        "ca",
        "certificate embedded in the kubeconfig file for the controller manager to use",
    ),
    "etcd-healthcheck-client": ("etcd-ca", "certificate for liveness probes to healthcheck etcd"),
    "etcd-peer": ("etcd-ca", "certificate for etcd nodes to communicate with each other"),
    "etcd-server": ("etcd-ca", "certificate for serving etcd"),
    "front-proxy-client": ("front-proxy-ca", "certificate for the front proxy client"),
    "scheduler.conf": ("ca", "certificate embedded in the kubeconfig file for the scheduler manager to use"),
    "super-admin.conf": ("ca", "certificate embedded in the kubeconfig file for the super-admin"),
}
_AUTHORITIES = ("ca", "etcd-ca", "front-proxy-ca")
_DONE = (
    "\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, "
    "so that they can use the new certificates.\n"
)


def certs(machines: Machines, machine: str, arguments: Arguments) -> Outcome:
    """Raises KubeadmError."""
    match arguments.words:
        case ["check-expiration"]:
            return _check(machines, machine)
        case ["renew", "all"]:
            head = _read(machines, "renew")
            said = "".join(_renewed(machines, machine, name) for name in CERTIFICATES)
            return Outcome(f"{head}{said}{_DONE}")
        case ["renew", name] if name in CERTIFICATES:
            return Outcome(_read(machines, "renew") + _renewed(machines, machine, name))
    raise KubeadmError("missing subcommand; wanted check-expiration, renew all or renew CERTIFICATE")


def renew_all(machines: Machines) -> None:
    """What an upgrade does in passing."""
    for name in CERTIFICATES:
        machines.issue(name)
    machines.parts.registry.availability.certify(machines.parts.engine.now + YEAR_US)


def _read(machines: Machines, phase: str) -> str:
    """The configuration comes from the cluster, if there is one to ask."""
    try:
        machines.parts.registry.availability.reach()
    except ApiUnavailable:
        return f"[{phase}] Error reading configuration from the Cluster. Falling back to default configuration\n\n"
    return (
        f'[{phase}] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n'
        f"[{phase}] Use 'kubeadm init phase upload-config --config your-config-file' to re-upload it.\n\n"
    )


def _renewed(machines: Machines, machine: str, name: str) -> str:
    if not machines.is_control_plane(machine):
        return f"MISSING! {CERTIFICATES[name][1]}\n"
    machines.issue(name)
    if name == SERVING:
        machines.parts.registry.availability.certify(machines.parts.engine.now + YEAR_US)
    return f"{CERTIFICATES[name][1]} renewed\n"


def _check(machines: Machines, machine: str) -> Outcome:
    has_files = machines.is_control_plane(machine) and machines.is_node(machine)
    lines = ["CERTIFICATE\tEXPIRES\tRESIDUAL TIME\tCERTIFICATE AUTHORITY\tEXTERNALLY MANAGED"]
    for name, (authority, _) in CERTIFICATES.items():
        lines.append(_row(machines, name, YEAR_US, authority) if has_files else f"!MISSING! {name}\t\t\t\t")
    lines += ["", "CERTIFICATE AUTHORITY\tEXPIRES\tRESIDUAL TIME\tEXTERNALLY MANAGED"]
    lines += [_row(machines, name, 10 * YEAR_US) if has_files else f"!MISSING! {name}\t\t\t" for name in _AUTHORITIES]
    return Outcome(_read(machines, "check-expiration") + align("\n".join(lines), min_width=10, padding=3) + "\n")


def _row(machines: Machines, name: str, life_us: int, *authority: str) -> str:
    engine = machines.parts.engine
    end = (machines.issued(name) if authority else engine.born) + life_us
    left = short_duration((end - engine.now) // 1_000_000)
    return "\t".join([name, month_day(engine.epoch_s + end // 1_000_000), left, *authority, f"{'no':<8}"])
