"""Certificate signing requests and the users that certificates make.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/; `pkg/registry/certificates/certificates`, `pkg/apis/certificates/validation`
(1.33). A certificate of the cluster's CA makes its CN a user and its O's groups, until it expires.
"""

from base64 import b64decode

from simulator.apiserver import errors
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.authorization.rbac import Rbac, is_administrator
from simulator.apiserver.request import User
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.certificates import CertificateError, is_signed_by, read_certificate, read_request
from simulator.machinery.validation.certificates import validate_conditions, validate_request

RESOURCE = "certificatesigningrequests.certificates.k8s.io"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
#: What of the metadata a client may write.
_WRITABLE = ("labels", "annotations", "finalizers", "managedFields")
_GROUP, _PLURAL = "certificates.k8s.io", "certificatesigningrequests"


def authority_of(seed: int) -> str:
    """What the key of a cluster's CA follows from."""
    return f"{seed}/ca"


def certificate_user(engine: Engine, text: str) -> User | None:
    """Whom a client certificate stands for; None when it is worth nothing (any more).

    Common name and organizations are name and groups; its fingerprint tells one of a person's certificates from another
    (`apiserver/pkg/authentication/request/x509/x509.go: CommonNameUserConversion`).
    """
    if not is_signed_by(authority_of(engine.seed), text):
        return None
    try:
        found = read_certificate(text)
    except CertificateError:
        return None
    now_s = engine.epoch_s + engine.now // 1_000_000
    if not found.begins_s <= now_s <= found.ends_s:
        return None
    extra = (("authentication.kubernetes.io/credential-id", (f"X509SHA256={found.fingerprint}",)),)
    return User(found.subject.name, (*found.subject.organizations, "system:authenticated"), extra=extra)


def requested(obj: Obj, user: User) -> Obj:
    """A new request as it is kept: who asked is the server's to say. Raises StatusError."""
    spec = obj.get("spec") or {}
    name = (obj.get("metadata") or {}).get("name", "")
    if problems := validate_request(spec):
        causes = [problem.cause() for problem in problems]
        raise errors.invalid(_GROUP, "CertificateSigningRequest", name, causes)
    subject = read_request(b64decode(spec["request"]))
    if spec["signerName"] == CLIENT_SIGNER and "system:masters" in subject.organizations:
        says = f"use of {CLIENT_SIGNER} signer with system:masters group is not allowed"
        raise errors.forbidden(_GROUP, _PLURAL, name, says)
    own = {**user.info(), "groups": list(user.groups)}
    return {**obj, "spec": {**{key: value for key, value in spec.items() if key not in ("uid", "extra")}, **own}}


def approved(obj: Obj, old: Obj, now: str) -> Obj:
    """The request with the conditions, labels and annotations that `obj` says, and nothing else of it. Raises StatusError."""
    before = {one["type"]: one for one in (old.get("status") or {}).get("conditions") or ()}
    given = (obj.get("status") or {}).get("conditions") or ()
    problems = validate_conditions(given, before)
    if problems:
        causes = [problem.cause() for problem in problems]
        raise errors.invalid(_GROUP, "CertificateSigningRequest", old["metadata"]["name"], causes)
    conditions = []
    for one in given:
        same = before.get(one["type"]) or {}
        moved = same.get("lastTransitionTime") if same.get("status") == one.get("status") else None
        conditions.append(
            {**one, "lastUpdateTime": one.get("lastUpdateTime") or now, "lastTransitionTime": moved or now}
        )
    metadata = {key: value for key, value in old["metadata"].items() if key not in _WRITABLE}
    metadata |= {key: obj["metadata"][key] for key in _WRITABLE if obj["metadata"].get(key)}
    return {**old, "metadata": metadata, "status": {**(old.get("status") or {}), "conditions": conditions}}


def refuse_approval(rbac: Rbac, user: User, request: Obj) -> None:
    """Admission plugin CertificateApproval: whoever approves must be allowed to speak for the signer."""
    _refuse_for_signer(rbac, user, request, "approve")


def refuse_signing(rbac: Rbac, user: User, request: Obj, old: Obj) -> None:
    """Admission plugin CertificateSigning: so must whoever puts a certificate, or says that it failed, into the status."""
    now, before = request.get("status") or {}, old.get("status") or {}
    if any(now.get(field) != before.get(field) for field in ("certificate", "conditions")):
        _refuse_for_signer(rbac, user, old, "sign")


def _refuse_for_signer(rbac: Rbac, user: User, request: Obj, verb: str) -> None:
    if is_administrator(user):
        return
    signer = request["spec"]["signerName"]
    names = (signer, f"{signer.partition('/')[0]}/*")
    asked = [Attributes(verb, "signers", _GROUP, name=name) for name in names]
    if any(rbac.decide(user, one).allowed for one in asked):
        return
    says = f'user not permitted to {verb} requests with signerName "{signer}"'
    raise errors.forbidden(_GROUP, _PLURAL, request["metadata"]["name"], says)
