"""sig-auth: signing requests, and the tokens of service accounts in pods."""

import json
from base64 import b64encode, urlsafe_b64decode
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from simulator.machinery.certificates import Subject, issue, key_of, make_request
from tests.conformance.conftest import BUSYBOX, CORE, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
CURL = "curlimages/curl:8.10.1"
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
    asked = make_request(key_of("e2e"), Subject("e2e.example.com", ())).encode()
    certificate = encoded(issue("e2e", asked, serial=1, begins_s=0, ends_s=10**10, for_servers=True))
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


# Tokens

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def claims(token: str) -> Obj:
    payload = token.split(".")[1]
    return dict(json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4))))


def reviewed(suite: Suite, token: str) -> Obj:
    path = "/apis/authentication.k8s.io/v1/tokenreviews"
    return dict(suite.do("POST", path, {"spec": {"token": token}})["status"])


@conforms("[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]")
def test_a_pod_finds_token_authority_and_namespace(suite: Suite) -> None:
    pod = suite.pod("pod", {"name": "c", "image": BUSYBOX, "command": ["sleep", "3600"]})
    token = suite.inside("pod", f"cat {MOUNT}/token").strip()
    status = reviewed(suite, token)
    assert status["authenticated"] is True
    assert status.get("error", "") == ""
    assert status["user"]["username"] == "system:serviceaccount:default:default"
    assert "system:serviceaccounts:default" in status["user"]["groups"]
    assert status["user"]["extra"]["authentication.kubernetes.io/pod-name"] == ["pod"]
    assert status["user"]["extra"]["authentication.kubernetes.io/pod-uid"] == [pod["metadata"]["uid"]]
    root = suite.do("GET", f"{CORE}/configmaps/kube-root-ca.crt")["data"]["ca.crt"]
    assert suite.inside("pod", f"cat {MOUNT}/ca.crt").strip() == root.strip()
    assert suite.inside("pod", f"cat {MOUNT}/namespace").strip() == "default"


@conforms("[sig-auth] ServiceAccounts should mount projected service account token [Conformance]")
def test_a_pod_finds_a_projected_token_where_it_asked_for_it(suite: Suite) -> None:
    source = {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600, "audience": "vault"}}
    volume = {"name": "token", "projected": {"sources": [source]}}
    mount = {"name": "token", "mountPath": "/var/run/secrets/tokens"}
    token = suite.ran(
        "cat /var/run/secrets/tokens/token",
        container={"volumeMounts": [mount]},
        volumes=[volume],
        automountServiceAccountToken=False,
    )
    assert claims(token)["aud"] == ["vault"]
    assert claims(token)["sub"] == "system:serviceaccount:default:default"


@conforms(
    "[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview [Conformance]"
)
def test_a_token_that_was_asked_for_is_good(suite: Suite) -> None:
    suite.made(f"{CORE}/serviceaccounts", "e2e-sa")
    token = suite.do("POST", f"{CORE}/serviceaccounts/e2e-sa/token", {})["status"]["token"]
    assert token
    status = reviewed(suite, token)
    assert (status["authenticated"], status.get("error", "")) == (True, "")


@conforms(
    "[sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]"
)
def test_a_pod_checks_its_own_token_with_what_the_issuer_publishes(suite: Suite) -> None:
    source = {"serviceAccountToken": {"path": "token", "expirationSeconds": 7200, "audience": "oidc-discovery-test"}}
    suite.pod(
        "oidc",
        {
            "name": "c",
            "image": CURL,
            "command": ["sleep", "3600"],
            "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/tokens"}],
        },
        volumes=[{"name": "token", "projected": {"sources": [source]}}],
    )
    token = suite.inside("oidc", "cat /var/run/secrets/tokens/token").strip()

    def fetched(path: str) -> Obj:
        api = f'--cacert {MOUNT}/ca.crt -H "Authorization: Bearer $(cat {MOUNT}/token)" https://kubernetes.default.svc'
        return dict(json.loads(suite.inside("oidc", f"curl -s {api}{path}")))

    configuration = fetched("/.well-known/openid-configuration")
    assert configuration["issuer"] == claims(token)["iss"]
    assert configuration["subject_types_supported"] == ["public"]
    assert configuration["response_types_supported"] == ["id_token"]
    keys = fetched("/" + configuration["jwks_uri"].split("/", 3)[3])["keys"]
    head = json.loads(urlsafe_b64decode(token.split(".")[0] + "=="))
    key = next(one for one in keys if one["kid"] == head["kid"])
    assert (head["alg"], key["alg"]) == ("ES256", "ES256")
    assert head["alg"] in configuration["id_token_signing_alg_values_supported"]
    assert is_verified(token, key)
    assert not is_verified(token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb"), key)
    assert claims(token)["aud"] == ["oidc-discovery-test"]
    assert claims(token)["kubernetes.io"]["pod"]["name"] == "oidc"


def is_verified(token: str, key: Obj) -> bool:
    """As any OIDC library does it, with nothing but the public key."""
    body, _, signature = token.rpartition(".")
    x, y, raw = (urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (key["x"], key["y"], signature))
    public = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
    pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    try:
        public.verify(pair, body.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
