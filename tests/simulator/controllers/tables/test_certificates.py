"""Signing requests: which are approved, which are signed and why not, and when they are thrown away."""

from base64 import b64decode, b64encode
from typing import Any

import pytest

from simulator.apiserver.certificates import RESOURCE
from simulator.controllers.certificates import CertificateApprover, CertificateCleaner, CertificateSigner
from simulator.machinery.certificates import Subject, issue, key_of, make_request, read_certificate
from tests.proof.follows import follows

Obj = dict[str, Any]
HOUR = 3600
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
CLIENT = "kubernetes.io/kube-apiserver-client"
SERVING = "kubernetes.io/kubelet-serving"
SIGN, KEY = "digital signature", "key encipherment"
NODES = ("system:nodes",)
SELF = "Auto approving self kubelet client certificate after SubjectAccessReview."
OTHER = "Auto approving kubelet client certificate after SubjectAccessReview."
BOOTSTRAPPERS = ["system:bootstrappers:kubeadm:default-node-token"]


def moment(world: Any, seconds: float) -> str:
    return str(world.engine.timestamp(world.engine.now + round(seconds * 1_000_000)))


def put(
    world: Any, signer: str, subject: Subject, usages: tuple[str, ...], dns: tuple[str, ...] = (), **rest: Any
) -> None:
    request = b64encode(make_request(key_of("key"), subject, dns).encode()).decode()
    status = {"conditions": [{"status": "True", "reason": "Test", **one} for one in rest.pop("conditions", [])]}
    status |= rest.pop("status", {})
    spec = {"request": request, "signerName": signer, "usages": list(usages), **rest}
    metadata = {"name": "csr"}
    made = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": metadata}
    world.put(RESOURCE, {**made, "spec": spec, "status": status})


@follows("certificatesigningrequest-approving-controller", "pkg/controller/certificates/approver/sarapprove_test.go")
@pytest.mark.parametrize(
    ("subject", "requestor", "groups", "usages", "says"),
    [
        pytest.param(
            Subject("system:node:foo", NODES), "system:node:foo", NODES, (KEY, SIGN, "client auth"), SELF, id="self"
        ),
        pytest.param(
            Subject("system:node:foo", NODES), "system:node:foo", NODES, (SIGN, "client auth"), SELF, id="no RSA key"
        ),
        pytest.param(
            Subject("system:node:foo", NODES),
            "joe",
            BOOTSTRAPPERS,
            (KEY, SIGN, "client auth"),
            OTHER,
            id="another asks",
        ),
        pytest.param(
            Subject("system:node:bar", NODES),
            "system:node:foo",
            NODES,
            (KEY, SIGN, "client auth"),
            "",
            id="for another node",
        ),
        pytest.param(Subject("system:node:foo", NODES), "joe", [], (KEY, SIGN, "client auth"), "", id="may not"),
        pytest.param(Subject("mike", NODES), "mike", NODES, (KEY, SIGN, "client auth"), "", id="no node"),
        pytest.param(
            Subject("system:node:foo"), "system:node:foo", NODES, (KEY, SIGN, "client auth"), "", id="no organization"
        ),
        pytest.param(
            Subject("system:node:foo", ("system:master",)),
            *("system:node:foo", NODES, (KEY, SIGN, "client auth"), ""),
            id="another organization",
        ),
        pytest.param(
            Subject("system:node:foo", NODES),
            *("system:node:foo", NODES, (KEY, SIGN, "client auth", "server auth"), ""),
            id="one usage too many",
        ),
        pytest.param(
            Subject("system:node:foo", NODES), "system:node:foo", NODES, (KEY, SIGN), "", id="one usage too few"
        ),
    ],
)
def test_a_kubelets_request_is_approved(
    stage: Any, subject: Subject, requestor: str, groups: Any, usages: tuple[str, ...], says: str
) -> None:
    world = stage(CertificateApprover)
    put(world, KUBELET, subject, usages, username=requestor, groups=list(groups))
    world.act()
    found = world.get(RESOURCE, "csr", "").get("status", {}).get("conditions") or []
    wanted = [("Approved", "True", "AutoApproved", says)] if says else []
    assert [(one["type"], one["status"], one["reason"], one["message"]) for one in found] == wanted


@follows(
    "certificatesigningrequest-signing-controller",
    "pkg/controller/certificates/signer/signer_test.go: TestHandle",
    "pkg/apis/certificates/helpers.go",
)
@pytest.mark.parametrize(
    ("signer", "subject", "usages", "dns", "conditions", "outcome"),
    [
        pytest.param(CLIENT, Subject("hello", ("some",)), ("client auth", SIGN, KEY), (), "A", "signed", id="client"),
        pytest.param(
            CLIENT,
            Subject("hello", ("some",)),
            ("server auth", "client auth", SIGN, KEY),
            *((), "A", "invalid usage for client certificate: server auth"),
            id="client, an unexpected usage",
        ),
        pytest.param(
            CLIENT,
            Subject("hello"),
            (SIGN, KEY),
            *((), "A", "missing required usage for client certificate: client auth"),
            id="client, a missing usage",
        ),
        pytest.param(
            KUBELET, Subject("system:node:hello", NODES), ("client auth", SIGN, KEY), (), "A", "signed", id="kubelet"
        ),
        pytest.param(
            KUBELET,
            Subject("system:node:hello", NODES),
            ("client auth", SIGN, KEY),
            *(("example.com",), "A", "DNS subjectAltNames are not allowed"),
            id="kubelet, with a DNS name",
        ),
        pytest.param(
            KUBELET,
            Subject("hello", NODES),
            ("client auth", SIGN, KEY),
            *((), "A", "subject common name does not begin with system:node:"),
            id="kubelet, of no node",
        ),
        pytest.param(
            KUBELET,
            Subject("system:node:hello", NODES),
            ("client auth", KEY),
            *((), "A", "usages did not match [client auth digital signature key encipherment]"),
            id="kubelet, other usages",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", NODES),
            ("server auth", SIGN, KEY),
            *(("example.com",), "A", "signed"),
            id="serving",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", NODES),
            ("server auth", SIGN, KEY),
            *((), "A", "DNS or IP subjectAltName is required"),
            id="serving, for no name",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", ("other",)),
            ("server auth", SIGN, KEY),
            *(("example.com",), "A", "subject organization is not system:nodes"),
            id="serving, another organization",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", NODES),
            ("client auth", SIGN, KEY),
            *(("example.com",), "A", "usages did not match [digital signature key encipherment server auth]"),
            id="serving, other usages",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", NODES),
            ("server auth", SIGN, KEY),
            ("a.b",),
            "AF",
            "",
            id="nothing if failed",
        ),
        pytest.param(
            SERVING,
            Subject("system:node:n", NODES),
            ("server auth", SIGN, KEY),
            ("a.b",),
            "",
            "",
            id="nothing if not approved",
        ),
        pytest.param(
            "example.com/sample", Subject("hello"), ("client auth",), (), "A", "", id="nothing for another's signer"
        ),
    ],
)
def test_what_is_approved_is_signed(
    stage: Any,
    signer: str,
    subject: Subject,
    usages: tuple[str, ...],
    dns: tuple[str, ...],
    conditions: str,
    outcome: str,
) -> None:
    world = stage(CertificateSigner)
    kinds = [{"type": {"A": "Approved", "F": "Failed"}[one]} for one in conditions]
    put(world, signer, subject, usages, dns, conditions=kinds)
    world.act()
    status = world.get(RESOURCE, "csr", "").get("status") or {}
    assert ("certificate" in status) is (outcome == "signed")
    failed = [one for one in status.get("conditions") or () if one["reason"] != "Test"]
    wanted = [("Failed", "SignerValidationFailure", outcome)] if outcome not in ("", "signed") else []
    assert [(one["type"], one["reason"], one["message"]) for one in failed] == wanted


@follows(
    "certificatesigningrequest-signing-controller",
    "pkg/controller/certificates/signer/signer_test.go: Test_signer_duration",
)
@pytest.mark.parametrize(
    ("asked", "life"),
    [
        pytest.param(1800, 1800, id="shorter than the default"),
        pytest.param(600, 600, id="exactly ten minutes"),
        pytest.param(400 * 86400, 365 * 86400 - 300, id="not longer than the default"),
        pytest.param(365 * 86400, 365 * 86400 - 300, id="the default"),
        pytest.param(None, 365 * 86400 - 300, id="none asked for"),
    ],
)
def test_a_certificate_lives_as_long_as_asked(stage: Any, asked: int | None, life: int) -> None:
    """Long lives are counted from the five minutes by which a certificate begins earlier (`authority/policies.go`)."""
    world = stage(CertificateSigner)
    more = {} if asked is None else {"expirationSeconds": asked}
    put(world, CLIENT, Subject("hello"), ("client auth",), conditions=[{"type": "Approved"}], **more)
    world.act()
    found = read_certificate(b64decode(world.get(RESOURCE, "csr", "")["status"]["certificate"]).decode())
    now = world.engine.epoch_s
    assert (found.begins_s - now, found.ends_s - now) == (-300, life)


@follows("certificatesigningrequest-cleaner-controller", "pkg/controller/certificates/cleaner/cleaner_test.go")
@pytest.mark.parametrize(
    ("age", "conditions", "certificate", "goes"),
    [
        pytest.param(60, [("Approved", 50)], "valid", False, id="approved, not past its deadline"),
        pytest.param(60, [("Approved", 120)], "", False, id="approved, past its deadline, not issued"),
        pytest.param(60, [("Approved", 120)], "valid", True, id="approved, past its deadline"),
        pytest.param(60, [("Denied", 50)], "", False, id="denied, not past its deadline"),
        pytest.param(60, [("Denied", 120)], "", True, id="denied, past its deadline"),
        pytest.param(60, [("Approved", 120), ("Failed", 50)], "", False, id="failed, not past its deadline"),
        pytest.param(60, [("Approved", 120), ("Failed", 120)], "", True, id="failed, past its deadline"),
        pytest.param(5 * HOUR, [], "", False, id="pending, not past its deadline"),
        pytest.param(25 * HOUR, [], "", True, id="pending, past its deadline"),
        pytest.param(60, [("Approved", 50)], "expired", True, id="approved, its certificate has expired"),
        pytest.param(60, [("Approved", 120)], "garbage", True, id="approved, past its deadline, no certificate at all"),
    ],
)
def test_old_requests_go(stage: Any, age: int, conditions: list[tuple[str, int]], certificate: str, goes: bool) -> None:
    """Conditions with their age in minutes."""
    world = stage(CertificateCleaner)
    text = certificate
    if certificate in ("valid", "expired"):
        ends = world.engine.epoch_s + (-HOUR if certificate == "expired" else 10 * HOUR)
        request = make_request(key_of("key"), Subject("a")).encode()
        text = issue("ca", request, serial=1, begins_s=ends - 20 * HOUR, ends_s=ends, for_servers=False)
    listed = [{"type": type, "lastUpdateTime": moment(world, age - minutes * 60)} for type, minutes in conditions]
    status = {"certificate": b64encode(text.encode()).decode()} if text else {}
    put(world, CLIENT, Subject("hello"), ("client auth",), conditions=listed, status=status)
    world.run(age)
    world.act()
    assert (world.find(RESOURCE, "csr", "") is None) is goes
