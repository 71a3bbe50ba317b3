"""Users by certificate and by token, and contexts that switch between them (row C3); signing requests."""

from base64 import b64decode, b64encode
from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def out(self, line: str, stdin: str = "") -> str:
        said = self.shell(line, stdin)
        assert said["exit"] == 0, said
        return str(said["stdout"])

    def wait(self, seconds: int = 5) -> None:
        self.cluster.advance(self.cluster.now + seconds * 1_000_000, 1_000_000)

    def request(self, name: str, subject: str, **spec: object) -> Obj:
        self.out(f"openssl genrsa -out {name}.key 2048")
        self.out(f"openssl req -new -key {name}.key -out {name}.csr -subj {subject}")
        text = self.cluster.workstation.read_file(f"{name}.csr") or ""
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": name},
            "spec": {
                "request": b64encode(text.encode()).decode(),
                "signerName": "kubernetes.io/kube-apiserver-client",
                "usages": ["client auth"],
                **spec,
            },
        }
        path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
        return self.cluster.apply({"kind": "request", "method": "POST", "path": path, "body": body})

    def certify(self, name: str, subject: str, **spec: object) -> None:
        assert self.request(name, subject, **spec)["status"] == 201
        self.out(f"kubectl certificate approve {name}")
        self.wait()
        certificate = self.out(f"kubectl get csr {name} -o jsonpath={{.status.certificate}}")
        self.cluster.workstation.write_file(f"{name}.crt", b64decode(certificate).decode())
        self.out(
            f"kubectl config set-credentials {name} --client-certificate={name}.crt --client-key={name}.key --embed-certs=true"
        )


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_request_waits_is_approved_and_signed(lab: Lab) -> None:
    lab.request("ann", "/CN=ann/O=dev")
    assert lab.out("kubectl get csr").splitlines()[1].split()[2:] == [
        "kubernetes.io/kube-apiserver-client",
        "kubernetes-admin",
        "<none>",
        "Pending",
    ]
    assert lab.out("kubectl certificate approve ann") == "certificatesigningrequest.certificates.k8s.io/ann approved\n"
    lab.wait()
    assert lab.out("kubectl get csr ann --no-headers").split()[-1] == "Approved,Issued"


def test_a_denied_request_is_not_signed(lab: Lab) -> None:
    lab.request("ann", "/CN=ann")
    assert lab.out("kubectl certificate deny ann") == "certificatesigningrequest.certificates.k8s.io/ann denied\n"
    lab.wait()
    assert lab.out("kubectl get csr ann --no-headers").split()[-1] == "Denied"


def test_a_context_is_a_cluster_and_a_user(lab: Lab) -> None:
    lab.certify("ann", "/CN=ann/O=dev")
    lab.out("kubectl create rolebinding readers --clusterrole=view --group=dev")
    lab.out("kubectl config set-context dev --cluster=kind-kind --user=ann")
    assert lab.out("kubectl config use-context dev") == 'Switched to context "dev".\n'
    assert lab.out("kubectl auth whoami -o jsonpath='{.status.userInfo.username} {.status.userInfo.groups}'") == (
        'ann ["dev","system:authenticated"]'
    )
    assert lab.out("kubectl get pods") == ""
    assert lab.shell("kubectl get nodes")["stderr"] == (
        'Error from server (Forbidden): nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the '
        "cluster scope\n"
    )
    lab.out("kubectl config use-context kind-kind")
    assert lab.out("kubectl get nodes --no-headers") != ""


def test_two_users_and_two_clusters_stand_side_by_side(lab: Lab) -> None:
    token = lab.out("kubectl create token default").strip()
    lab.out(f"kubectl config set-credentials robot --token={token}")
    lab.out("kubectl config set-cluster other --server=https://127.0.0.1:6443")
    lab.out("kubectl config set-context robot --cluster=other --user=robot --namespace=default")
    assert lab.out("kubectl config get-contexts -o name") == "kind-kind\nrobot\n"
    who = "kubectl auth whoami -o jsonpath='{.status.userInfo.username}'"
    assert lab.out(f"{who} --context robot") == "system:serviceaccount:default:default"
    assert lab.out(who) == "kubernetes-admin"


def test_a_certificate_expires(lab: Lab) -> None:
    lab.certify("ann", "/CN=ann", expirationSeconds=600)
    assert lab.shell("kubectl auth whoami --user ann")["exit"] == 0
    lab.wait(700)
    assert lab.shell("kubectl auth whoami --user ann")["stderr"] == (
        "error: You must be logged in to the server (Unauthorized)\n"
    )


def test_a_certificate_tells_its_subject_and_dates(lab: Lab) -> None:
    lab.certify("ann", "/CN=ann/O=dev", expirationSeconds=86_400)
    assert lab.out("openssl x509 -in ann.crt -noout -subject -issuer -dates") == (
        "subject=O = dev, CN = ann\nissuer=CN = kubernetes\nnotBefore=Oct  9 08:48:20 2025 GMT\nnotAfter=Oct 10 08:48:20 2025 GMT\n"
    )


def test_nobody_becomes_master_by_certificate(lab: Lab) -> None:
    refused = lab.request("ann", "/CN=ann/O=system:masters")
    assert (refused["status"], refused["body"]["message"]) == (
        403,
        'certificatesigningrequests.certificates.k8s.io "ann" is forbidden: use of kubernetes.io/kube-apiserver-client signer '
        "with system:masters group is not allowed",
    )


def test_a_life_of_less_than_ten_minutes_is_refused(lab: Lab) -> None:
    refused = lab.request("ann", "/CN=ann", expirationSeconds=60)
    assert refused["body"]["message"] == (
        'CertificateSigningRequest.certificates.k8s.io "ann" is invalid: spec.expirationSeconds: Invalid value: 60: may not '
        "specify a duration less than 600 seconds (10 minutes)"
    )


def test_approving_needs_the_right_to_speak_for_the_signer(lab: Lab) -> None:
    lab.request("ann", "/CN=ann")
    lab.out(
        "kubectl create clusterrole approver --verb=get,list,update "
        "--resource=certificatesigningrequests.certificates.k8s.io,certificatesigningrequests.certificates.k8s.io/approval"
    )
    lab.out("kubectl create clusterrolebinding approver --clusterrole=approver --user=bob")
    assert lab.shell("kubectl certificate approve ann --as bob")["stderr"] == (
        'Error from server (Forbidden): certificatesigningrequests.certificates.k8s.io "ann" is forbidden: user not permitted to '
        'approve requests with signerName "kubernetes.io/kube-apiserver-client"\n'
    )


def test_a_kubelets_request_is_approved_by_itself(lab: Lab) -> None:
    lab.out("kubectl create clusterrolebinding n --clusterrole=system:node --group=system:nodes")
    lab.out("openssl genrsa -out k.key")
    lab.out("openssl req -new -key k.key -out k.csr -subj /CN=system:node:kind-worker/O=system:nodes")
    text = lab.cluster.workstation.read_file("k.csr") or ""
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "node"},
        "spec": {
            "request": b64encode(text.encode()).decode(),
            "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
            "usages": ["digital signature", "client auth"],
        },
    }
    headers = {"impersonate-user": "system:node:kind-worker", "impersonate-group": "system:nodes"}
    path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
    made = lab.cluster.apply({"kind": "request", "method": "POST", "path": path, "body": body, "headers": headers})
    assert made["status"] == 201, made["body"]
    lab.wait()
    assert lab.out("kubectl get csr node -o jsonpath='{.status.conditions[0].message}'") == (
        "Auto approving self kubelet client certificate after SubjectAccessReview."
    )
    assert lab.out("kubectl get csr node --no-headers").split()[-1] == "Approved,Issued"


def test_old_requests_are_thrown_away(lab: Lab) -> None:
    lab.request("ann", "/CN=ann")
    lab.out("kubectl certificate deny ann")
    lab.wait(3_000)
    assert lab.out("kubectl get csr -o name") != ""
    lab.wait(1_400)
    assert lab.out("kubectl get csr -o name") == ""


def test_entries_are_set_and_removed_one_by_one(lab: Lab) -> None:
    assert lab.out("kubectl config set users.joe.token abc") == 'Property "users.joe.token" set.\n'
    assert lab.out("kubectl config get-users") == "NAME\njoe\nkind-kind\n"
    assert lab.out("kubectl config delete-user joe") == "deleted user joe from /home/learner/.kube/config\n"
    assert lab.shell("kubectl config delete-user joe")["stderr"] == (
        "error: cannot delete user joe, not in /home/learner/.kube/config\n"
    )
    assert lab.out("kubectl config unset current-context") == 'Property "current-context" unset.\n'


def test_equal_clusters_issue_equal_certificates() -> None:
    texts = []
    for _ in range(2):
        lab = Lab()
        lab.certify("ann", "/CN=ann")
        texts.append(lab.cluster.workstation.read_file("ann.crt"))
    assert texts[0] == texts[1]
