"""Writes into the status of every ValidatingAdmissionPolicy what its expressions get wrong about types.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking;
`pkg/controller/validatingadmissionpolicystatus/controller.go` (1.33).
"""

from importlib import import_module
from typing import ClassVar

from simulator.client import Controller
from simulator.controllers.kinds.objects import one_of
from simulator.engine.plain import Obj

POLICIES = "validatingadmissionpolicies.admissionregistration.k8s.io"


class AdmissionPolicyStatusController(Controller):
    """Looks at a policy once for each generation."""

    name: ClassVar[str] = "validatingadmissionpolicy-status-controller"
    watches = {POLICIES: "on_policy"}
    writes = (POLICIES,)

    def on_policy(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(one_of(old, new)["metadata"]["name"])

    def reconcile(self, key: str) -> None:
        policy = self.cache.get(POLICIES, "", key)
        if policy is None or _is_seen(policy):
            return
        # The language is loaded with the first policy: most clusters never have one.
        found = import_module("simulator.machinery.policy_types").expression_warnings(policy, self.client.kinds)
        status = {
            "observedGeneration": policy["metadata"]["generation"],
            "typeChecking": {"expressionWarnings": found} if found else {},
        }
        self.client.update_status(POLICIES, {**policy, "status": {**(policy.get("status") or {}), **status}})


def _is_seen(policy: Obj) -> bool:
    generation = int(policy["metadata"].get("generation") or 0)
    return generation <= int((policy.get("status") or {}).get("observedGeneration") or 0)
