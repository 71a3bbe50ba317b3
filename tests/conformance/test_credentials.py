"""sig-auth: signing requests, and the tokens of service accounts in pods."""

from base64 import b64encode
from typing import Any

from simulator.machinery.certificates import Subject, authority_certificate, key_of, make_request
from tests.conformance.conftest import AGNHOST, CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
CERTIFICATES = "/apis/certificates.k8s.io/v1"
SIGNER = "example.com/e2e"


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


@conforms("[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations [Conformance]")
def test_a_signing_request_lives_and_ends(suite: Suite) -> None:
    groups = {one["name"]: [v["version"] for v in one["versions"]] for one in suite.do("GET", "/apis")["groups"]}
    assert "v1" in groups["certificates.k8s.io"]
    assert "v1" in [one["version"] for one in suite.do("GET", "/apis/certificates.k8s.io")["versions"]]
    served = {one["name"] for one in suite.do("GET", CERTIFICATES)["resources"]}
    plural = "certificatesigningrequests"
    assert {plural, f"{plural}/approval", f"{plural}/status"} <= served

    path, selector = f"{CERTIFICATES}/{plural}", {"fieldSelector": f"spec.signerName={SIGNER}"}
    spec = {
        "request": encoded(make_request(key_of("e2e"), Subject("e2e.example.com", ()))),
        "signerName": SIGNER,
        "expirationSeconds": 3600,
        "usages": ["digital signature", "key encipherment", "server auth"],
    }
    for _ in range(3):
        made = suite.do("POST", path, {"metadata": {"generateName": "e2e-example-csr-"}, "spec": spec})
    name, uid = made["metadata"]["name"], made["metadata"]["uid"]
    found = suite.do("GET", f"{path}/{name}")
    assert (found["metadata"]["uid"], found["spec"]["expirationSeconds"]) == (uid, 3600)
    listed = suite.do("GET", path, **selector)
    assert len(listed["items"]) == 3

    patched = suite.do("PATCH", f"{path}/{name}", {"metadata": {"annotations": {"patched": "true"}}})
    assert patched["metadata"]["annotations"] == {"patched": "true"}
    patched["metadata"]["annotations"]["updated"] = "true"
    assert suite.do("PUT", f"{path}/{name}", patched)["metadata"]["annotations"]["updated"] == "true"
    heard = suite.events(path, listed["metadata"]["resourceVersion"], fieldSelector=f"metadata.name={name}")
    assert [(one["type"], one["object"]["metadata"]["annotations"]) for one in heard] == [
        ("MODIFIED", {"patched": "true"}),
        ("MODIFIED", {"patched": "true", "updated": "true"}),
    ]

    found = suite.do("GET", f"{path}/{name}/approval")
    assert (found["kind"], found["metadata"]["uid"]) == ("CertificateSigningRequest", uid)
    condition = {"type": "ApprovalPatch", "status": "True", "reason": "e2e"}
    change = {"metadata": {"annotations": {"patchedapproval": "true"}}, "status": {"conditions": [condition]}}
    patched = suite.do("PATCH", f"{path}/{name}/approval", change)
    assert [one["type"] for one in patched["status"]["conditions"]] == ["ApprovalPatch"]
    assert patched["metadata"]["annotations"]["patchedapproval"] == "true"
    approval = {"type": "Approved", "status": "True", "reason": "E2E", "message": "Set from an e2e test"}
    patched["status"]["conditions"].append(approval)
    updated = suite.do("PUT", f"{path}/{name}/approval", patched)
    assert [one["type"] for one in updated["status"]["conditions"]] == ["ApprovalPatch", "Approved"]

    found = suite.do("GET", f"{path}/{name}/status")
    assert (found["kind"], found["metadata"]["uid"]) == ("CertificateSigningRequest", uid)
    certificate = encoded(authority_certificate("e2e"))
    change = {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": {"certificate": certificate}}
    patched = suite.do("PATCH", f"{path}/{name}/status", change)
    assert patched["status"]["certificate"] == certificate
    assert patched["metadata"]["annotations"]["patchedstatus"] == "true"
    patched["status"]["conditions"].append({**approval, "type": "StatusUpdate"})
    updated = suite.do("PUT", f"{path}/{name}/status", patched)
    assert [one["type"] for one in updated["status"]["conditions"]] == ["ApprovalPatch", "Approved", "StatusUpdate"]

    suite.do("DELETE", f"{path}/{name}")
    assert suite.ask("GET", f"{path}/{name}")["status"] == 404
    assert len(suite.do("GET", path, **selector)["items"]) == 2
    suite.do("DELETE", path, **selector)
    assert suite.do("GET", path, **selector)["items"] == []
