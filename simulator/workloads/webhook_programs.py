"""What the webhook servers of the catalogue answer: agnhost's fixed paths, and a policy server that reads its rules.

agnhost is the image of Kubernetes' own tests (`test/images/agnhost/webhook`, whose texts these are). `drydock/policy-webhook` is ours: each rule
of its file `policy.yaml` names a path and says, in CEL, what to deny, what to warn about or when to patch.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from simulator.machinery.expressions import ExpressionError, evaluate

Obj = dict[str, Any]
#: Longer than any webhook may be waited for.
FOREVER_S = 1 << 30


@dataclass(frozen=True, slots=True)
class Answer:
    """`response` of an AdmissionReview, after so many seconds; None: the path is not served."""

    response: Obj | None
    after_s: float = 0


def agnhost(path: str, request: Obj) -> Answer:
    program = _AGNHOST.get(path)
    return Answer(None) if program is None else program(request)


def policy(path: str, request: Obj, text: str) -> Answer:
    """`text` is the server's policy.yaml. A rule that cannot be evaluated denies, and says why."""
    try:
        document = yaml.safe_load(text) or {}
        rules = [rule for rule in document.get("rules") or () if rule.get("path", "/") == path]
    except (yaml.YAMLError, AttributeError) as error:
        return Answer(_deny(f"policy.yaml cannot be read: {error}", code=500))
    if not rules:
        return Answer(None)
    response: Obj = {"allowed": True}
    delay = sum(float(rule.get("delaySeconds") or 0) for rule in rules)
    for rule in rules:
        try:
            response = _ruled(rule, request, response)
        except ExpressionError as error:
            return Answer(_deny(f"rule {rule.get('name', path)}: {error}", code=500), delay)
        if not response["allowed"]:
            break
    return Answer(response, delay)


def _ruled(rule: Obj, request: Obj, response: Obj) -> Obj:
    variables = {"object": request.get("object"), "oldObject": request.get("oldObject"), "request": request}
    message = str(rule.get("message") or rule.get("name") or "not allowed")
    if "deny" in rule and evaluate(rule["deny"], variables) is True:
        return {**response, **_deny(message, code=int(rule.get("code") or 403))}
    if "warn" in rule and evaluate(rule["warn"], variables) is True:
        return {**response, "warnings": [*response.get("warnings", ()), message]}
    if "patch" in rule and ("when" not in rule or evaluate(rule["when"], variables) is True):
        return {**response, "patch": [*response.get("patch", ()), *rule["patch"]]}
    return response


def _deny(message: str, *, code: int = 0) -> Obj:
    return {"allowed": False, "status": {"message": message, **({"code": code} if code else {})}}


# agnhost


def _pods(request: Obj) -> Answer:
    pod = request.get("object") or {}
    found = ""
    wanted = ((pod.get("metadata") or {}).get("labels") or {}).get("webhook-e2e-test")
    if wanted == "wait-forever":
        return Answer({"allowed": False}, FOREVER_S)
    if wanted == "webhook-disallow":
        found += "the pod contains unwanted label; "
    if any("webhook-disallow" in one.get("name", "") for one in (pod.get("spec") or {}).get("containers") or ()):
        found += "the pod contains unwanted container name; "
    return Answer(_deny(found.strip()) if found else {"allowed": True})


def _mutating_pods(request: Obj) -> Answer:
    pod = request.get("object") or {}
    inits = (pod.get("spec") or {}).get("initContainers") or ()
    name = "webhook-added-init-container"
    if pod["metadata"].get("name") != "webhook-to-be-mutated" or any(one["name"] == name for one in inits):
        return Answer({"allowed": True})
    added = [{"image": "webhook-added-image", "name": name, "resources": {}}]
    return Answer({"allowed": True, "patch": [{"op": "add", "path": "/spec/initContainers", "value": added}]})


def _config_maps(request: Obj) -> Answer:
    data = ((request.get("object") or request.get("oldObject") or {}).get("data")) or {}
    value, operation = data.get("webhook-e2e-test"), request["operation"]
    if value == "webhook-disallow" and operation in ("CREATE", "UPDATE"):
        return Answer({"allowed": False, "status": {"reason": "the configmap contains unwanted key and value"}})
    if value == "webhook-nondeletable" and operation == "DELETE":
        reason = "the configmap cannot be deleted because it contains unwanted key and value"
        return Answer({"allowed": False, "status": {"reason": reason}})
    return Answer({"allowed": True})


def _mutating_config_maps(request: Obj) -> Answer:
    data = (request.get("object") or {}).get("data") or {}
    patch = [
        {"op": "add", "path": f"/data/mutation-stage-{stage}", "value": "yes"}
        for stage, needs in ((1, "mutation-start"), (2, "mutation-stage-1"))
        if data.get(needs) == "yes"
    ]
    return Answer({"allowed": True, "patch": patch})


def _add_label(request: Obj) -> Answer:
    labels = ((request.get("object") or {}).get("metadata") or {}).get("labels")
    if labels is None:
        patch = [{"op": "add", "path": "/metadata/labels", "value": {"added-label": "yes"}}]
    elif labels.get("added-label") is None:
        patch = [{"op": "add", "path": "/metadata/labels/added-label", "value": "yes"}]
    else:
        patch = [] if labels["added-label"] == "yes" else [_relabel()]
    return Answer({"allowed": True, "patch": patch})


def _relabel() -> Obj:
    return {"op": "replace", "path": "/metadata/labels/added-label", "value": "yes"}


def _custom_resource(request: Obj) -> Answer:
    data = ((request.get("object") or request.get("oldObject") or {}).get("data")) or {}
    value, operation = data.get("webhook-e2e-test"), request["operation"]
    if value == "webhook-disallow" and operation in ("CREATE", "UPDATE"):
        return Answer({"allowed": False, "status": {"reason": "the custom resource contains unwanted data"}})
    if value == "webhook-nondeletable" and operation == "DELETE":
        reason = "the custom resource cannot be deleted because it contains unwanted key and value"
        return Answer({"allowed": False, "status": {"reason": reason}})
    return Answer({"allowed": True})


def _attaching_pods(request: Obj) -> Answer:
    """`main.go: denySpecificAttachment`."""
    options = request.get("object") or {}
    if (
        request.get("name") != "to-be-attached-pod"
        or not options.get("stdin")
        or options.get("container") != "container1"
    ):
        return Answer({"allowed": True})
    return Answer(_deny("attaching to pod 'to-be-attached-pod' is not allowed"))


def _definition(request: Obj) -> Answer:
    labels = ((request.get("object") or {}).get("metadata") or {}).get("labels") or {}
    if labels.get("webhook-e2e-test") == "webhook-disallow":
        return Answer({"allowed": False, "status": {"reason": "the crd contains unwanted label"}})
    return Answer({"allowed": True})


_AGNHOST: dict[str, Callable[[Obj], Answer]] = {
    "/always-allow-delay-5s": lambda request: Answer({"allowed": True}, 5),
    "/always-deny": lambda request: Answer(_deny("this webhook denies all requests")),
    "/add-label": _add_label,
    "/pods": _pods,
    "/pods/attach": _attaching_pods,
    "/mutating-pods": _mutating_pods,
    "/configmaps": _config_maps,
    "/mutating-configmaps": _mutating_config_maps,
    "/custom-resource": _custom_resource,
    "/mutating-custom-resource": _mutating_config_maps,
    "/crd": _definition,
}
