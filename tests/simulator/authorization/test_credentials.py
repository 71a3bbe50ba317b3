"""What opens a cluster opens no other, and nothing at all once it is over; every refusal is a Status.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/. The keys of the site are in `tests/web/gateway/test_keys.py`.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from simulator.cluster import Cluster

CSR = """
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: ann}}
spec: {{request: {request}, signerName: kubernetes.io/kube-apiserver-client, expirationSeconds: 600, usages: [client auth]}}
"""
CONTEXT = "--context=kind-kind"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


class Lab:
    def __init__(self, **more: Any) -> None:
        self.cluster = Cluster.create(profile="instant", **more)
        self.wait(10)

    def wait(self, seconds: int) -> None:
        self.cluster.advance(self.cluster.now + seconds * 1_000_000, 10**6)

    def run(self, line: str, stdin: str = "") -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
        assert reply["exit"] == 0, reply
        return str(reply["stdout"]).strip()

    def write(self, path: str, text: str) -> None:
        self.cluster.apply({"kind": "write-file", "path": path, "text": text})

    def asked(self, token: str, cluster: str = "") -> tuple[int, Any]:
        """(code, body) of a question about oneself."""
        path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
        command = {"kind": "request", "method": "POST", "path": path, "headers": {"authorization": f"Bearer {token}"}}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        reply = self.cluster.apply({**command, "body": body, **({"cluster": cluster} if cluster else {})})
        return reply["status"], reply["body"]


def bound_token(lab: Lab) -> str:
    lab.run(f"kubectl {CONTEXT} create serviceaccount bot")
    return lab.run(f"kubectl {CONTEXT} create token bot --duration=10m")


def bootstrap_token(lab: Lab) -> str:
    return lab.run("docker exec kind-control-plane kubeadm token create --ttl 10m").splitlines()[-1]


def is_unauthorized(answer: tuple[int, Any]) -> bool:
    code, body = answer
    return (code, body["kind"], body["status"], body["reason"], body["message"]) == (
        401,
        "Status",
        "Failure",
        "Unauthorized",
        "Unauthorized",
    )


def without_account(lab: Lab) -> None:
    lab.run(f"kubectl {CONTEXT} delete serviceaccount bot")


def without_secret(lab: Lab) -> None:
    names = lab.run(
        f"kubectl {CONTEXT} get secrets -n kube-system -o name --field-selector type=bootstrap.kubernetes.io/token"
    )
    for name in names.splitlines():
        lab.run(f"kubectl {CONTEXT} delete -n kube-system {name}")


SORTS = [
    pytest.param(bound_token, without_account, "system:serviceaccount:default:bot", id="TokenRequest"),
    pytest.param(bootstrap_token, without_secret, "system:bootstrap:", id="bootstrap token"),
]


@pytest.mark.parametrize(("made", "revoke", "who"), SORTS)
def test_a_token_opens_its_own_cluster_and_no_other(made: Callable[[Lab], str], revoke: object, who: str) -> None:
    lab = Lab()
    lab.run("kind create cluster --name two")
    lab.wait(30)
    token = made(lab)
    code, body = lab.asked(token)
    assert code == 201
    assert body["status"]["userInfo"]["username"].startswith(who)
    assert is_unauthorized(lab.asked(token, "two")), "another cluster of the same lab"
    for other in (Lab(seed=2), Lab(epoch_s=1_760_000_001)):
        assert is_unauthorized(other.asked(token)), "somebody else's cluster"


@pytest.mark.parametrize(("made", "revoke", "who"), SORTS)
@pytest.mark.parametrize("ends", ["by time", "by hand"])
def test_a_token_that_is_over_opens_nothing(
    made: Callable[[Lab], str], revoke: Callable[[Lab], None], who: str, ends: str
) -> None:
    lab = Lab()
    token = made(lab)
    lab.wait(599)
    assert lab.asked(token)[0] == 201
    if ends == "by hand":
        revoke(lab)
    else:
        lab.wait(2)
    assert is_unauthorized(lab.asked(token))


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "abcdef.0123456789abcdef", "…", "a" * 5000])
def test_what_is_no_token_opens_nothing(token: str) -> None:
    assert is_unauthorized(Lab().asked(token))


def test_a_certificate_opens_its_own_cluster_until_it_expires() -> None:
    lab = Lab()
    lab.run("openssl genrsa -out ann.key 2048")
    lab.run("openssl req -new -key ann.key -subj /CN=ann -out ann.csr")
    lab.run("kubectl apply -f -", CSR.format(request=encoded(lab.run("cat ann.csr"))))
    lab.run("kubectl certificate approve ann")
    lab.wait(5)
    certificate = b64decode(lab.run("kubectl get csr ann -o jsonpath='{.status.certificate}'")).decode()
    lab.write("ann.crt", certificate)
    lab.run("kubectl config set-credentials ann --client-certificate=ann.crt --client-key=ann.key")
    lab.run("kubectl config set-context ann --cluster=kind-kind --user=ann")
    der = b64decode("".join(certificate.splitlines()[1:-1]))
    fingerprint = sha256(der).hexdigest()
    assert lab.run("kubectl --context=ann auth whoami").splitlines()[1:] == [
        "Username                                            ann",
        "Groups                                              [system:authenticated]",
        f"Extra: authentication.kubernetes.io/credential-id   [X509SHA256={fingerprint}]",
    ]
    other = Lab(seed=2)
    other.write("ann.crt", certificate)
    other.run("kubectl config set-credentials ann --client-certificate=ann.crt --client-key=ann.key")
    other.run("kubectl config set-context ann --cluster=kind-kind --user=ann")
    refused = "error: You must be logged in to the server (Unauthorized)\n"
    line = {"kind": "shell", "line": "kubectl --context=ann auth whoami"}
    assert other.cluster.apply(line)["stderr"] == refused
    lab.wait(600)
    assert lab.cluster.apply(line)["stderr"] == refused
