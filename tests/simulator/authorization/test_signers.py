"""Who may approve, sign and ask for certificates: the admission plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/; `plugin/pkg/admission/certificates` (1.33).
"""

from base64 import b64encode
from typing import Any

import pytest

from simulator.apiserver.request import User
from simulator.machinery.certificates import Subject, key_of, make_request
from tests.proof.follows import follows

Obj = dict[str, Any]
BOB = User("bob", ("system:authenticated",))
PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
PLUGINS = "plugin/pkg/admission/certificates"
CLIENT, OTHER = "kubernetes.io/kube-apiserver-client", "x.io/y"


def request(signer: str, *organizations: str) -> Obj:
    text = make_request(key_of("k"), Subject("ann", organizations))
    spec = {"request": b64encode(text.encode()).decode(), "signerName": signer, "usages": ["client auth"]}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "ann"},
        "spec": spec,
    }


def let(world: Any, words: Any, verb: str, names: str) -> None:
    asked = "certificatesigningrequests certificatesigningrequests/approval certificatesigningrequests/status"
    group = "certificates.k8s.io"
    rules = [
        words["rule"]("get update patch", asked, groups=group),
        words["rule"](verb, "signers", groups=group, names=names),
    ]
    world.cluster_role("r", *rules)
    world.bind("r", words["person"]("bob"))


GRANTS = [
    pytest.param("x.io/y", CLIENT, False, id="another signer"),
    pytest.param("kubernetes.io/kube-apiserver-client", CLIENT, True, id="the signer"),
    pytest.param("kubernetes.io/*", CLIENT, True, id="all of its domain"),
    pytest.param("x.io/*", CLIENT, False, id="all of another domain"),
]


@follows("CertificateApproval", f"{PLUGINS}/approval/admission_test.go: TestPlugin_Validate")
@pytest.mark.parametrize(("granted", "signer", "may"), GRANTS)
def test_approving_needs_a_word_for_the_signer(world: Any, words: Any, granted: str, signer: str, may: bool) -> None:
    made = world.create(PATH, request(signer))
    let(world, words, "approve", granted)
    conditions = [{"type": "Approved", "status": "True", "reason": "r", "message": "m"}]
    response = world.call("PUT", f"{PATH}/ann/approval", {**made, "status": {"conditions": conditions}}, user=BOB)
    says = f'certificatesigningrequests.certificates.k8s.io "ann" is forbidden: user not permitted to approve requests with signerName "{signer}"'
    assert (response.status, response.body.get("message")) == ((200, None) if may else (403, says))


@follows("CertificateSigning", f"{PLUGINS}/signing/admission_test.go: TestPlugin_Validate")
@pytest.mark.parametrize(("granted", "signer", "may"), GRANTS)
def test_signing_needs_a_word_for_the_signer(world: Any, words: Any, granted: str, signer: str, may: bool) -> None:
    made = world.create(PATH, request(signer))
    let(world, words, "sign", granted)
    conditions = [{"type": "Failed", "status": "True", "reason": "r", "message": "m"}]
    response = world.call("PUT", f"{PATH}/ann/status", {**made, "status": {"conditions": conditions}}, user=BOB)
    says = f'certificatesigningrequests.certificates.k8s.io "ann" is forbidden: user not permitted to sign requests with signerName "{signer}"'
    assert (response.status, response.body.get("message")) == ((200, None) if may else (403, says))
    assert world.call("PUT", f"{PATH}/ann/status", world.call("GET", f"{PATH}/ann").body, user=BOB).status == 200


@follows("CertificateApproval", f"{PLUGINS}/approval/admission_test.go: TestPlugin_Validate")
@follows("CertificateSigning", f"{PLUGINS}/signing/admission_test.go: TestPlugin_Validate")
@pytest.mark.parametrize(
    ("verb", "subresource", "condition"),
    [
        pytest.param("approve", "approval", "Approved", id="approve"),
        pytest.param("approve", "approval", "Denied", id="deny"),
        pytest.param("sign", "status", "Failed", id="fail"),
    ],
)
def test_the_signer_that_counts_is_the_one_that_was_asked(
    world: Any, words: Any, verb: str, subresource: str, condition: str
) -> None:
    """An update that names another signer, which the user may speak for."""
    made = world.create(PATH, request(CLIENT))
    let(world, words, verb, OTHER)
    conditions = [{"type": condition, "status": "True", "reason": "r", "message": "m"}]
    forged = {**made, "spec": {**made["spec"], "signerName": OTHER}, "status": {"conditions": conditions}}
    response = world.call("PUT", f"{PATH}/ann/{subresource}", forged, user=BOB)
    says = f'user not permitted to {verb} requests with signerName "{CLIENT}"'
    assert (response.status, response.body["message"].partition(": ")[2]) == (403, f"{says}")


@follows("CertificateSubjectRestriction", f"{PLUGINS}/subjectrestriction/admission_test.go: TestPlugin_Validate")
@pytest.mark.parametrize(
    ("signer", "organizations", "is_refused"),
    [
        pytest.param(CLIENT, ("system:masters",), True, id="a master"),
        pytest.param(CLIENT, ("panda", "system:masters"), True, id="a master among others"),
        pytest.param(CLIENT, ("panda",), False, id="others"),
        pytest.param(CLIENT, (), False, id="no group"),
        pytest.param(OTHER, ("system:masters",), False, id="another signer"),
    ],
)
def test_no_client_certificate_makes_a_master(
    world: Any, signer: str, organizations: tuple[str, ...], is_refused: bool
) -> None:
    response = world.call("POST", PATH, request(signer, *organizations))
    says = (
        'certificatesigningrequests.certificates.k8s.io "ann" is forbidden: '
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    )
    assert (response.status, response.body.get("message")) == ((403, says) if is_refused else (201, None))


def test_a_request_tells_all_that_is_known_of_who_asks(world: Any) -> None:
    robot = User("robot", ("system:authenticated",), "u-1", (("scopes", ("a", "b")),))
    world.cluster_role(
        "ask", {"verbs": ["create"], "apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"]}
    )
    world.bind("ask", {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "robot"})
    forged = request(OTHER)
    forged["spec"] |= {"username": "root", "uid": "0", "extra": {"x": ["y"]}}
    spec = world.create(PATH, forged, user=robot)["spec"]
    assert (spec["username"], spec["uid"], spec["groups"], spec["extra"]) == (
        "robot",
        "u-1",
        ["system:authenticated"],
        {"scopes": ["a", "b"]},
    )
