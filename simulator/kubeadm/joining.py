"""`kubeadm join` and `kubeadm reset`: a machine becomes a node by a token, and is taken back.

`cmd/kubeadm/app/cmd/join.go`, `discovery/token/token.go`, `phases/kubelet`, `cmd/reset.go`; https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-join/. The
command ends at once; what follows (the kubelet registers, its pods start) takes its time. Left out: `--control-plane`.
"""

from __future__ import annotations

from base64 import b64encode

from simulator.apiserver.errors import ApiUnavailable
from simulator.apiserver.request import Request
from simulator.controlplane import COMPONENTS
from simulator.kubeadm.arguments import Arguments
from simulator.kubeadm.machines import KubeadmError, Machines
from simulator.kubectl.small_command import Outcome
from simulator.machinery import bootstrap_tokens
from simulator.machinery.bootstrap_tokens import PATTERN
from simulator.machinery.certificates import Subject, key_of, make_request

_PREFLIGHT = "error execution phase preflight: "
_IDENTITY = f"{_PREFLIGHT}couldn't validate the identity of the API Server: "
_CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
_JOINED = """[preflight] Running pre-flight checks
[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...
[preflight] Use 'kubeadm init phase upload-config --config your-config-file' to re-upload it.
[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"
[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"
[kubelet-start] Starting the kubelet
[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s
[kubelet-check] The kubelet is healthy after 501.2ms
[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap

This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' on the control-plane to see this node join the cluster.

"""


def preflight_failed(*findings: str) -> KubeadmError:
    lines = "".join(f"\t[ERROR {finding}\n" for finding in findings)
    hint = "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`"
    return KubeadmError(f"{_PREFLIGHT}[preflight] Some fatal errors occurred:\n{lines}{hint}")


def join(machines: Machines, machine: str, arguments: Arguments) -> Outcome:
    """Raises KubeadmError."""
    token = arguments.flag("token", arguments.flag("discovery-token", ""))
    _refuse_arguments(token, arguments)
    if machines.is_node(machine):
        raise preflight_failed(
            "FileAvailable--etc-kubernetes-kubelet.conf]: /etc/kubernetes/kubelet.conf already exists",
            "Port-10250]: Port 10250 is in use",
            "FileAvailable--etc-kubernetes-pki-ca.crt]: /etc/kubernetes/pki/ca.crt already exists",
        )
    _discover(machines, arguments.words[0], token, arguments)
    _bootstrap(machines, machine, token)
    machines.parts.files.version += 1
    machines.parts.yard.bootstrap(machine)
    machines.kubelet_restarts(machine)
    return Outcome(_JOINED)


def _refuse_arguments(token: str, arguments: Arguments) -> None:
    if arguments.has("control-plane"):
        raise KubeadmError("--control-plane: found a machine that would join the control plane, wanted a worker here")
    if not arguments.words:
        raise KubeadmError('discovery: Invalid value: "": bootstrapToken or file must be set')
    problems = []
    if PATTERN.fullmatch(token) is None:
        says = f'Invalid value: "{token}": the bootstrap token is invalid'
        problems += [f"discovery.bootstrapToken.token: {says}", f"discovery.tlsBootstrapToken: {says}"]
    pinned, skips = arguments.flag("discovery-token-ca-cert-hash", ""), "discovery-token-unsafe-skip-ca-verification"
    if not pinned and not arguments.has(skips):
        problems.append(
            'discovery.bootstrapToken: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. '
            f"Set unsafeSkipCAVerification as true in your kubeadm config file or pass --{skips} flag to continue"
        )
    if problems:
        raise KubeadmError(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _discover(machines: Machines, endpoint: str, token: str, arguments: Arguments) -> None:
    """The public cluster-info says who signed it; the token proves the signature, the hash the authority."""
    info = _cluster_info(machines, endpoint)
    id, _, secret = token.partition(".")
    data = (info or {}).get("data") or {}
    signed = data.get(f"jws-kubeconfig-{id}")
    if signed is None:
        why = f'could not find a JWS signature in the cluster-info ConfigMap for token ID "{id}"'
        raise KubeadmError(_IDENTITY + why)
    if signed != bootstrap_tokens.signature(data.get("kubeconfig", ""), id, secret):
        why = "failed to verify JWS signature of received cluster info object, can't trust this API Server"
        raise KubeadmError(_IDENTITY + why)
    pinned = arguments.flag("discovery-token-ca-cert-hash", "")
    if pinned and machines.pin not in pinned.split(","):
        why = f'cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "{machines.pin}" are pinned'
        raise KubeadmError(_IDENTITY + why)


def _cluster_info(machines: Machines, endpoint: str) -> dict[str, dict[str, str]] | None:
    where = f'Get "https://{endpoint}/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s"'
    failed = f"{_IDENTITY}failed to request the cluster-info ConfigMap: {where}: "
    if endpoint not in machines.endpoints:
        host = endpoint.partition(":")[0]
        is_name = not host.replace(".", "").isdigit()
        why = (
            f"dial tcp: lookup {host}: no such host" if is_name else f"dial tcp {endpoint}: connect: connection refused"
        )
        raise KubeadmError(failed + why)
    try:
        return machines.parts.registry.find("system:anonymous", "configmaps", "kube-public", "cluster-info")
    except ApiUnavailable as error:
        raise KubeadmError(failed + (str(error) or f"dial tcp {endpoint}: connect: connection refused")) from error


def _bootstrap(machines: Machines, machine: str, token: str) -> None:
    """The kubelet asks for its client certificate with the token, and waits until somebody has approved and signed it."""
    parts = machines.parts
    subject = Subject(f"system:node:{machine}", ("system:nodes",))
    wanted = make_request(key_of(f"{parts.engine.seed}/kubelet/{machine}/{parts.engine.now}"), subject)
    spec = {
        "request": b64encode(wanted.encode()).decode(),
        "signerName": _SIGNER,
        "usages": ["digital signature", "client auth"],
    }
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"generateName": "csr-"},
        "spec": spec,
    }
    answer = parts.server.handle(Request("POST", _CSRS, {}, {"authorization": f"Bearer {token}"}, body))
    if answer.status == 201 and parts.plane.leader("kube-controller-manager"):
        return
    raise KubeadmError("error execution phase kubelet-wait-bootstrap: timed out waiting for the condition")


_RESET = """[preflight] Running pre-flight checks
{plane}[reset] Stopping the kubelet service
[reset] Unmounting mounted directories in "/var/lib/kubelet"
[reset] Deleting contents of directories: [/etc/kubernetes/manifests /var/lib/kubelet /etc/kubernetes/pki]
[reset] Deleting files: [/etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf /etc/kubernetes/kubelet.conf \
/etc/kubernetes/bootstrap-kubelet.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf]

The reset process does not perform cleanup of CNI plugin configuration,
network filtering rules and kubeconfig files.

For information on how to perform this cleanup manually, please see:
    https://k8s.io/docs/reference/setup-tools/kubeadm/kubeadm-reset/

"""
_ASKS = """[reset] WARNING: Changes made to this host by 'kubeadm init' or 'kubeadm join' will be reverted.
[reset] Are you sure you want to proceed? [y/N]: """


def reset(machines: Machines, machine: str, arguments: Arguments, stdin: str) -> Outcome:
    """Raises KubeadmError. The Node stays in the API until somebody deletes it."""
    if not arguments.has("force") and stdin.strip().lower() != "y":
        why = f"{_PREFLIGHT}won't proceed; the user didn't answer (Y|y) in order to continue"
        raise KubeadmError(f"{_ASKS}{why}")
    parts, plane = machines.parts, machines.is_control_plane(machine)
    if plane:
        for component in COMPONENTS:
            if parts.plane.is_up(component, machine):
                parts.plane.stop(component, machine)
    if machine in parts.kubelets.nodes():
        parts.kubelets.reset(machine)
    parts.files.forget(machine)
    deleted = "[reset] Deleted contents of the etcd data directory: /var/lib/etcd\n" if plane else ""
    return Outcome(_RESET.format(plane=deleted))
