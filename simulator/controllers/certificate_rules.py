"""What each of Kubernetes' own signers asks of a signing request, in the words in which it says what is missing.

`pkg/apis/certificates/v1/helpers.go: ValidateKubeletServingCSR, ValidateKubeletClientCSR`; `pkg/controller/certificates/signer/signer.go`.
"""

from collections.abc import Sequence

from simulator.machinery.certificates import Subject

CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
KUBELET_SIGNER = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING_SIGNER = "kubernetes.io/kubelet-serving"
SIGNERS = (CLIENT_SIGNER, KUBELET_SIGNER, SERVING_SIGNER)
NODES, NODE = "system:nodes", "system:node:"

#: Keys that are no RSA keys need no key encipherment.
_OPTIONAL = "key encipherment"
_CLIENT, _SERVER = ("client auth", "digital signature"), ("digital signature", "server auth")


def refusal(signer: str, subject: Subject, usages: Sequence[str]) -> str:
    """Why the signer will not sign this, "" when it will."""
    if signer == SERVING_SIGNER:
        return _serving(subject, usages)
    if signer == KUBELET_SIGNER:
        return _kubelet(subject, usages)
    return _client(usages)


def _serving(subject: Subject, usages: Sequence[str]) -> str:
    kinds = subject.alternatives
    if subject.organizations != (NODES,):
        return "subject organization is not system:nodes"
    if "DNS" not in kinds and "IP" not in kinds:
        return "DNS or IP subjectAltName is required"
    for kind in ("Email", "URI"):
        if kind in kinds:
            return f"{kind} subjectAltNames are not allowed"
    if found := _other_usages(usages, _SERVER):
        return found
    return "" if subject.name.startswith(NODE) else "subject common name does not begin with system:node:"


def _kubelet(subject: Subject, usages: Sequence[str]) -> str:
    if subject.organizations != (NODES,):
        return "subject organization is not system:nodes"
    for kind in ("DNS", "Email", "IP", "URI"):
        if kind in subject.alternatives:
            return f"{kind} subjectAltNames are not allowed"
    if not subject.name.startswith(NODE):
        return "subject common name does not begin with system:node:"
    return _other_usages(usages, _CLIENT)


def _other_usages(usages: Sequence[str], wanted: tuple[str, ...]) -> str:
    if sorted(one for one in dict.fromkeys(usages) if one != _OPTIONAL) == sorted(wanted):
        return ""
    return f"usages did not match [{' '.join(sorted((*wanted, _OPTIONAL)))}]"


def _client(usages: Sequence[str]) -> str:
    for usage in usages:
        if usage not in ("digital signature", _OPTIONAL, "client auth"):
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"
