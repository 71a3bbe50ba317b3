"""Looks after certificate signing requests: approves those of kubelets, signs what is approved, throws away what is old.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/; `pkg/controller/certificates/{approver,signer,cleaner}` (1.33).
"""

from base64 import b64decode, b64encode
from typing import ClassVar

from simulator.apiserver.certificates import RESOURCE, authority_of
from simulator.apiserver.errors import StatusError
from simulator.client import Controller
from simulator.controllers.certificate_rules import KUBELET_SIGNER, NODES, SERVING_SIGNER, SIGNERS, refusal
from simulator.engine.plain import Obj
from simulator.machinery.certificates import CertificateError, issue, read_certificate, read_request

#: `--cluster-signing-duration`, `PermissiveSigningPolicy.Backdate` and `.Short`.
_LONGEST_S, _BACKDATE_S, _SHORT_S = 365 * 86_400, 300, 8 * 3_600
_HOUR_US, _DAY_US, _POLL_US = 3_600_000_000, 86_400_000_000, 600_000_000


class CertificateApprover(Controller):
    name: ClassVar[str] = "certificatesigningrequest-approving-controller"
    watches = {RESOURCE: "on_request"}
    writes = (RESOURCE,)

    def on_request(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and not _conditions(new) and new["spec"]["signerName"] == KUBELET_SIGNER:
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        request = self.cache.get(RESOURCE, "", key)
        if request is None or _conditions(request):
            return
        says = _recognized(request)
        if not says:
            return
        now = self.engine.timestamp()
        condition = {
            "type": "Approved",
            "status": "True",
            "reason": "AutoApproved",
            "message": says,
            "lastUpdateTime": now,
            "lastTransitionTime": now,
        }
        status = {**(request.get("status") or {}), "conditions": [condition]}
        self.client.update_status(RESOURCE, {**request, "status": status})


class CertificateSigner(Controller):
    name: ClassVar[str] = "certificatesigningrequest-signing-controller"
    watches = {RESOURCE: "on_request"}
    writes = (RESOURCE,)

    def on_request(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _is_to_be_signed(new):
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        request = self.cache.get(RESOURCE, "", key)
        if request is None or not _is_to_be_signed(request):
            return
        spec, engine = request["spec"], self.engine
        if why := refusal(spec["signerName"], read_request(b64decode(spec["request"])), spec["usages"]):
            self._fail(request, why)
            return
        now_s = engine.epoch_s + engine.now // 1_000_000
        life = min(spec.get("expirationSeconds") or _LONGEST_S, _LONGEST_S)
        text = issue(
            authority_of(engine.seed),
            b64decode(spec["request"]),
            serial=engine.rng("certificates").bits64() | 1,
            begins_s=now_s - _BACKDATE_S,
            ends_s=now_s + life - (0 if life < _SHORT_S else _BACKDATE_S),
            for_servers=spec["signerName"] == SERVING_SIGNER,
        )
        status = {**request["status"], "certificate": b64encode(text.encode()).decode()}
        self.client.update_status(RESOURCE, {**request, "status": status})

    def _fail(self, request: Obj, why: str) -> None:
        now = self.engine.timestamp()
        failed = {
            "type": "Failed",
            "status": "True",
            "reason": "SignerValidationFailure",
            "message": why,
            "lastUpdateTime": now,
            "lastTransitionTime": now,
        }
        status = {**request["status"], "conditions": [*_conditions(request), failed]}
        self.client.update_status(RESOURCE, {**request, "status": status})


class CertificateCleaner(Controller):
    name: ClassVar[str] = "certificatesigningrequest-cleaner-controller"
    watches = {RESOURCE: "on_request"}
    writes = (RESOURCE,)

    def on_request(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(new["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        request = self.cache.get(RESOURCE, "", key)
        if request is None:
            return
        due = self._due(request)
        if due is None:
            return
        if due > self.engine.now:
            # Upstream looks every ten minutes.
            self.enqueue(key, -(-(due - self.engine.now) // _POLL_US) * _POLL_US)
            return
        try:
            self.client.delete(RESOURCE, "", key, uid=request["metadata"]["uid"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    def _due(self, request: Obj) -> int | None:
        """An hour after it was issued, denied or failed, a day after it was asked, or when its certificate ends; None while it may stay."""
        conditions = _conditions(request)
        if not conditions:
            return self.engine.micros(request["metadata"]["creationTimestamp"]) + _DAY_US
        certificate = request["status"].get("certificate")
        ends = [
            self.engine.micros(one["lastUpdateTime"]) + _HOUR_US
            for one in conditions
            if one["type"] in ("Denied", "Failed") or (one["type"] == "Approved" and certificate)
        ]
        if certificate and any(one["type"] == "Approved" for one in conditions):
            ends += self._expiry(certificate)
        return min(ends, default=None)

    def _expiry(self, certificate: str) -> list[int]:
        """When a certificate ends; of a text that is none nothing is known."""
        try:
            ends_s = read_certificate(b64decode(certificate).decode()).ends_s
        except (CertificateError, ValueError):
            return []
        return [(ends_s - self.engine.epoch_s) * 1_000_000]


def _conditions(request: Obj) -> list[Obj]:
    return list((request.get("status") or {}).get("conditions") or ())


def _is_to_be_signed(request: Obj) -> bool:
    kinds = [one["type"] for one in _conditions(request)]
    return (
        "Approved" in kinds
        and "Denied" not in kinds
        and "Failed" not in kinds
        and not (request.get("status") or {}).get("certificate")
        and request["spec"]["signerName"] in SIGNERS
    )


def _recognized(request: Obj) -> str:
    """What to say of a kubelet's request, "" for others. The bindings that kubeadm makes allow both kinds."""
    spec = request["spec"]
    try:
        subject = read_request(b64decode(spec["request"]))
    except CertificateError:
        return ""
    if refusal(KUBELET_SIGNER, subject, spec["usages"]):
        return ""
    if spec.get("username") == subject.name and NODES in (spec.get("groups") or ()):
        return "Auto approving self kubelet client certificate after SubjectAccessReview."
    if "system:bootstrappers:kubeadm:default-node-token" in (spec.get("groups") or ()):
        return "Auto approving kubelet client certificate after SubjectAccessReview."
    return ""
