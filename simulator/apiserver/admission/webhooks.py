"""Admission webhooks: services in the cluster that may change or refuse a write.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/; `apiserver/pkg/admission/plugin/webhook` (1.33), whose texts these
are. Leaves to others: how the service is reached and what it answers (`WebhookCalls`).
"""

from dataclasses import replace
from typing import Any, Protocol

from simulator.apiserver.admission.matching import Change, Pass, in_rule, namespace_matches, objects_match
from simulator.apiserver.admission.policy_evaluation import Undecided, hook_concerns, variables
from simulator.apiserver.admission.said import Said
from simulator.apiserver.errors import StatusError, bad_request, forbidden
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.json_patches import PatchError, json_patch
from simulator.machinery.json_text import compact
from simulator.machinery.store import Store

_GROUP = "admissionregistration.k8s.io"
MUTATING, VALIDATING = f"mutatingwebhookconfigurations.{_GROUP}", f"validatingwebhookconfigurations.{_GROUP}"
_HARMLESS = ("None", "NoneOnDryRun")
_MUTATION = "mutation.webhook.admission.k8s.io/"
#: What is noted below this tells what was in the request, so it wants a log of level Request.
PATCH_NOTE = "patch.webhook.admission.k8s.io/"


class CallFailed(Exception):
    """No answer came back; the text is what Go's HTTP client says after the URL."""


class WebhookCalls(Protocol):
    """The API server's connections to webhooks."""

    def post(self, client: Obj, timeout_s: int, review: Obj) -> Obj:
        """The answer to an AdmissionReview. Raises CallFailed."""


class _Failed(Exception):
    """The call itself failed, which the failure policy judges."""


class Webhooks:
    """Holds no state of its own but the connection."""

    def __init__(self, engine: Engine, store: Store, said: Said) -> None:
        self.calls: WebhookCalls | None = None
        self._engine = engine
        self._store = store
        self._said = said

    def mutated(self, change: Change, only: frozenset[str] | None = None) -> Pass:
        """The write as the mutating webhooks leave it; `only`: a second walk, over those that must look again. Raises StatusError."""
        if not self._is_watched(MUTATING, change):
            return Pass(change)
        return self._round(change, only)

    def validate(self, change: Change) -> None:
        """Raises StatusError when a webhook refuses; the first of them speaks."""
        if not self._is_watched(VALIDATING, change):
            return
        refusals = []
        asked = [hook for _, hook in self._hooks(VALIDATING) if self._concerns(hook, change)]
        for index, hook in enumerate(asked):
            try:
                self._asked(hook, change, f"validating.webhook.admission.k8s.io/round_0_index_{index}")
            except StatusError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _is_watched(self, kind: str, change: Change) -> bool:
        """Nobody is asked about the objects that configure admission."""
        return bool(self._store.table(kind)) and change.resource.group != _GROUP

    def _hooks(self, kind: str) -> list[tuple[str, Obj]]:
        """Every webhook with an identity, by the name of its configuration."""
        table = self._store.table(kind)
        return [
            (f"{key[1]}/{index}", hook)
            for key in sorted(table)
            for index, hook in enumerate(table[key].get("webhooks") or ())
        ]

    def _round(self, change: Change, only: frozenset[str] | None) -> Pass:
        """One pass over the hooks, and which of them must look again because a later one changed something."""
        called: list[str] = []
        again: frozenset[str] = frozenset()
        for index, (uid, hook) in enumerate(self._hooks(MUTATING)):
            if (only is not None and uid not in only) or not self._concerns(hook, change):
                continue
            place = f"round_{0 if only is None else 1}_index_{index}"
            fresh = change.obj
            try:
                fresh = self._changed(hook, change, uid, place)
            finally:
                self._note_mutation(uid, hook, place, fresh != change.obj)
            if fresh != change.obj:
                change, again, called = replace(change, obj=fresh), again | frozenset(called), []
            if hook.get("reinvocationPolicy") == "IfNeeded":
                called.append(uid)
        return Pass(change, again, frozenset(called))

    def _changed(self, hook: Obj, change: Change, uid: str, place: str) -> Obj | None:
        """The object as the webhook leaves it. Raises StatusError."""
        patch = self._asked(hook, change, f"{_MUTATION}{place}")
        if not patch:
            return change.obj
        fresh = self._patched(hook, change, patch)
        whole = f'{{{_named(uid, hook)},"patch":{compact(patch)},"patchType":"JSONPatch"}}'
        self._said.note(f"{PATCH_NOTE}{place}", whole)
        return fresh

    def _note_mutation(self, uid: str, hook: Obj, place: str, mutated: bool) -> None:
        self._said.note(f"{_MUTATION}{place}", f'{{{_named(uid, hook)},"mutated":{compact(mutated)}}}')

    # Whom it concerns

    def _concerns(self, hook: Obj, change: Change) -> bool:
        exact = hook.get("matchPolicy") == "Exact"
        return (
            any(in_rule(rule, change, exact=exact) for rule in hook.get("rules") or ())
            and namespace_matches(self._store, hook.get("namespaceSelector"), change)
            and objects_match(hook.get("objectSelector"), change)
            and self._conditions_hold(hook, change)
        )

    def _conditions_hold(self, hook: Obj, change: Change) -> bool:
        if not hook.get("matchConditions"):
            return True
        try:
            return hook_concerns(hook, variables(self._store, change, None))
        except Undecided as trouble:
            resource = change.resource
            raise forbidden(resource.group, resource.plural, change.name, str(trouble)) from trouble

    # The call

    def _asked(self, hook: Obj, change: Change, place: str) -> list[Obj]:
        """The patch of a webhook that allows. Raises StatusError when it refuses, or fails and that matters."""
        name = hook["name"]
        if change.dry_run and hook.get("sideEffects") not in _HARMLESS:
            raise bad_request(f'admission webhook "{name}" does not support dry run')
        try:
            answer = self._answer(hook, change)
        except _Failed as failure:
            if hook.get("failurePolicy") == "Ignore":
                self._said.note(f"failed-open.{place}", name)
                return []
            says = f'failed calling webhook "{name}": {failure}'
            details = {"causes": [{"message": says}]}
            raise StatusError(500, "InternalError", f"Internal error occurred: {says}", details) from None
        for key, text in (answer.get("auditAnnotations") or {}).items():
            self._said.note(f"{name}/{key}", str(text))
        for warning in answer.get("warnings") or ():
            self._said.warn(str(warning))
        if not answer.get("allowed"):
            raise denied(name, answer.get("status") or {})
        return list(answer.get("patch") or ())

    def _answer(self, hook: Obj, change: Change) -> Obj:
        client, timeout_s = hook.get("clientConfig") or {}, int(hook.get("timeoutSeconds") or 10)
        uid = f"{self._engine.rng('admission').bits64():016x}"
        review = {
            "kind": "AdmissionReview",
            "apiVersion": "admission.k8s.io/v1",
            "request": {"uid": uid, **_request(change), "object": change.obj, "oldObject": change.old},
        }
        url = f"{service_url(client)}?timeout={timeout_s}s"
        if self.calls is None:
            raise _Failed(f'failed to call webhook: Post "{url}": no route to the cluster\'s network')
        try:
            return self.calls.post(client, timeout_s, review)
        except CallFailed as error:
            raise _Failed(f'failed to call webhook: Post "{url}": {error}') from error

    def _patched(self, hook: Obj, change: Change, patch: list[Obj]) -> Obj:
        if change.obj is None:
            says = f'admission webhook "{hook["name"]}" attempted to modify the object, which is not supported for this operation'
            raise StatusError(500, "InternalError", f"Internal error occurred: {says}", {"causes": [{"message": says}]})
        try:
            patched: Obj = json_patch(change.obj, patch)
        except PatchError as error:
            causes = {"causes": [{"message": str(error)}]}
            raise StatusError(500, "InternalError", f"Internal error occurred: {error}", causes) from error
        return patched


def _named(uid: str, hook: Obj) -> str:
    return f'"configuration":{compact(uid.rpartition("/")[0])},"webhook":{compact(hook["name"])}'


def service_url(client: Obj) -> str:
    """What a webhook is called by."""
    service = client.get("service")
    if not service:
        return str(client.get("url", ""))
    path = "/" + (service.get("path") or "").lstrip("/")
    return f"https://{service['name']}.{service['namespace']}.svc:{service.get('port', 443)}{path}"


def _request(change: Change) -> Obj:
    resource, kind = change.resource, change.kind
    where = {"group": resource.group, "version": resource.version, "resource": resource.plural}
    found: Obj = {
        "kind": kind,
        "resource": where,
        "requestKind": kind,
        "requestResource": where,
        "name": change.name,
        "operation": change.operation,
        "userInfo": change.user_info,
        "dryRun": change.dry_run,
    }
    if change.subresource:
        found |= {"subResource": change.subresource, "requestSubResource": change.subresource}
    return {**found, "namespace": change.namespace} if change.namespace else found


def denied(name: str, status: Obj) -> StatusError:
    """`webhook/errors/statuserror.go: ToStatusErr`."""
    says = f'admission webhook "{name}" denied the request'
    if status.get("message"):
        says += f": {status['message']}"
    elif status.get("reason"):
        says += f": {status['reason']}"
    else:
        says += " without explanation"
    details: Any = status.get("details") or {}
    code = int(status.get("code") or 0)
    return StatusError(code if code >= 400 else 400, str(status.get("reason") or ""), says, details)
