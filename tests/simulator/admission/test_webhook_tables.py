"""Webhooks, case by case as the plugins' own tests have them (`webhook/testing/testcase.go`): who is asked, what comes of it, what is noted."""

from typing import Any

import pytest

from simulator.apiserver.admission.matching import Change
from simulator.apiserver.admission.said import Said
from simulator.apiserver.admission.webhooks import MUTATING, CallFailed, Webhooks
from simulator.apiserver.errors import StatusError
from simulator.engine import Engine
from simulator.machinery.resources import by_kind
from tests.proof.follows import follows

Obj = dict[str, Any]
EVERYTHING = [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]
TABLE = "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/testing/testcase.go: "
NOTED = {"key1": "value1"}


class _Server:
    """`webhook/testing/webhook_server.go`."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def post(self, client: Obj, timeout_s: int, review: Obj) -> Obj:
        path = client["service"]["path"]
        self.asked.append(path)
        match path:
            case "allow":
                return {"allowed": True, "auditAnnotations": NOTED}
            case "disallow":
                return {"allowed": False, "status": {"code": 403}}
            case "disallowReason":
                return {"allowed": False, "status": {"code": 403, "message": "you shall not pass"}}
            case "removeLabel":
                patch = [{"op": "remove", "path": "/metadata/labels/remove"}]
                return {"allowed": True, "patch": patch, "auditAnnotations": NOTED}
            case "addLabel":
                return {"allowed": True, "patch": [{"op": "add", "path": "/metadata/labels/added", "value": "test"}]}
            case "invalidMutation":
                return {"allowed": True, "patch": [{"op": "add", "CORRUPTED_KEY": "x"}]}
            case "noop":
                return {"allowed": True}
        raise CallFailed("webhook internal server error" if path == "internalErr" else "webhook response was absent")


class _Store:
    """The labels of one namespace, and the configurations under test."""

    def __init__(self, hooks: list[Obj]) -> None:
        self._hooks = hooks

    def table(self, kind: str) -> Obj:
        return {("", "test-webhooks"): {"webhooks": self._hooks}}

    def get(self, resource: str, key: tuple[str, str]) -> Obj:
        return {"metadata": {"name": key[1], "labels": {"runlevel": "0"}}}


def hook(path: str, name: str = "", **more: Any) -> Obj:
    client = {"service": {"name": "webhook-test", "namespace": "default", "path": path}}
    return {"name": name or path, "clientConfig": client, "rules": EVERYTHING, "sideEffects": "None", **more}


def change(
    *, dry_run: bool = False, labels: Obj | None = None, kind: str = "Pod", namespace: str = "webhook-test"
) -> Change:
    resource = by_kind("v1", kind)
    assert resource is not None
    where = {"namespace": namespace} if namespace else {}
    metadata = {"name": "my-pod", "labels": {"pod.name": "my-pod", **(labels or {})}, **where}
    obj = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    return Change("UPDATE", resource, "webhook-test", obj, obj, (), dry_run)


class Case:
    def __init__(self, *hooks: Obj) -> None:
        self.said, self.server = Said(), _Server()
        found: Any = _Store(list(hooks))
        self.webhooks = Webhooks(Engine(seed=1, epoch_s=1_760_000_000, profile="instant"), found, self.said)
        self.webhooks.calls = self.server
        self.said.listen()


def selecting(operator: str, value: str) -> Obj:
    return {"namespaceSelector": {"matchExpressions": [{"key": "runlevel", "operator": operator, "values": [value]}]}}


ONLY_CREATE = [{**EVERYTHING[0], "operations": ["CREATE"]}]
THREE = ("internalErr A", "internalErr B", "internalErr C")
FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_"
CALL_A = (
    'Internal error occurred: failed calling webhook "internalErr A": failed to call webhook: '
    'Post "https://webhook-test.default.svc:443/internalErr?timeout=10s": webhook internal server error'
)
ABSENT = (
    'Internal error occurred: failed calling webhook "nilResponse": failed to call webhook: '
    'Post "https://webhook-test.default.svc:443/nilResponse?timeout=10s": webhook response was absent'
)
DENIED = 'admission webhook "disallow" denied the request without explanation'
NO_DRY_RUN = 'admission webhook "allow" does not support dry run'
KEPT_OUT = {"objectSelector": {"matchLabels": {"label": "nonexistent"}}}


@follows("ValidatingAdmissionWebhook", TABLE + "NewNonMutatingTestCases")
@pytest.mark.parametrize(
    ("hooks", "dry_run", "refused", "notes"),
    [
        pytest.param([hook("disallow", rules=ONLY_CREATE)], False, None, {}, id="no match"),
        pytest.param([hook("allow")], False, None, {"allow/key1": "value1"}, id="match & allow"),
        pytest.param([hook("disallow")], False, (403, DENIED), {}, id="match & disallow"),
        pytest.param(
            [hook("disallowReason")],
            False,
            (403, 'admission webhook "disallowReason" denied the request: you shall not pass'),
            {},
            id="match & disallow ii",
        ),
        pytest.param(
            [hook("disallow", **selecting("In", "1"))], False, None, {}, id="namespaceSelector exempts the ns"
        ),
        pytest.param(
            [hook("disallow", **selecting("NotIn", "0"))], False, None, {}, id="namespaceSelector exempts the ns ii"
        ),
        pytest.param(
            [hook("internalErr", name, failurePolicy="Ignore") for name in THREE],
            False,
            None,
            {f"{FAILED_OPEN}{index}": name for index, name in enumerate(THREE)},
            id="match & fail (but allow because fail open)",
        ),
        pytest.param(
            [hook("internalErr", name) for name in THREE],
            False,
            (500, CALL_A),
            {},
            id="match & fail (but disallow because fail close on nil FailurePolicy)",
        ),
        pytest.param(
            [hook("internalErr", name, failurePolicy="Fail") for name in THREE],
            False,
            (500, CALL_A),
            {},
            id="match & fail (but fail because fail closed)",
        ),
        pytest.param(
            [hook("nilResponse", failurePolicy="Ignore")],
            False,
            None,
            {f"{FAILED_OPEN}0": "nilResponse"},
            id="absent response and fail open",
        ),
        pytest.param([hook("nilResponse", failurePolicy="Fail")], False, (500, ABSENT), {}, id="absent, fail closed"),
        pytest.param([hook("allow", rules=ONLY_CREATE, sideEffects="Some")], True, None, {}, id="no match dry run"),
        pytest.param(
            [hook("allow", sideEffects="Unknown")], True, (400, NO_DRY_RUN), {}, id="dry run, effects Unknown"
        ),
        pytest.param([hook("allow")], True, None, {"allow/key1": "value1"}, id="dry run, effects None"),
        pytest.param([hook("allow", sideEffects="Some")], True, (400, NO_DRY_RUN), {}, id="dry run, effects Some"),
        pytest.param(
            [hook("allow", sideEffects="NoneOnDryRun")],
            True,
            None,
            {"allow/key1": "value1"},
            id="dry run, effects NoneOnDryRun",
        ),
        pytest.param(
            [hook("allow"), hook("shouldNotBeCalled", **KEPT_OUT)],
            False,
            None,
            {"allow/key1": "value1"},
            id="skip webhook whose objectSelector does not match",
        ),
    ],
)
def test_who_is_asked_and_what_comes_of_it(hooks: list[Obj], dry_run: bool, refused: Any, notes: Obj) -> None:
    case = Case(*hooks)
    if refused is None:
        case.webhooks.validate(change(dry_run=dry_run))
    else:
        with pytest.raises(StatusError) as error:
            case.webhooks.validate(change(dry_run=dry_run))
        assert (error.value.code, error.value.message) == refused
    assert case.said.take_annotations() == notes
    assert "shouldNotBeCalled" not in case.server.asked


def told(name: str, mutated: bool, place: str = "round_0_index_0") -> Obj:
    says = f'{{"configuration":"test-webhooks","webhook":"{name}","mutated":{str(mutated).lower()}}}'
    return {f"mutation.webhook.admission.k8s.io/{place}": says}


def patched(name: str, patch: str, place: str = "round_0_index_0") -> Obj:
    says = f'{{"configuration":"test-webhooks","webhook":"{name}","patch":{patch},"patchType":"JSONPatch"}}'
    return {f"patch.webhook.admission.k8s.io/{place}": says}


REMOVES = '[{"op":"remove","path":"/metadata/labels/remove"}]'
ADDS = '[{"op":"add","path":"/metadata/labels/added","value":"test"}]'
REMOVED = {"removeLabel/key1": "value1"}
REMOVE, ADDED = {"remove": "me"}, {"added": "test"}
BY_LABEL = {"objectSelector": {"matchLabels": REMOVE}}


@follows("MutatingAdmissionWebhook", TABLE + "NewMutatingTestCases")
@pytest.mark.parametrize(
    ("hooks", "labels", "left", "notes", "again"),
    [
        pytest.param(
            [hook("removeLabel")],
            REMOVE,
            {},
            {**REMOVED, **told("removeLabel", True), **patched("removeLabel", REMOVES)},
            frozenset(),
            id="match & remove label",
        ),
        pytest.param(
            [hook("addLabel")],
            {},
            ADDED,
            {**told("addLabel", True), **patched("addLabel", ADDS)},
            frozenset(),
            id="match & add label",
        ),
        pytest.param(
            [hook("removeLabel", **BY_LABEL), hook("shouldNotBeCalled", **BY_LABEL)],
            REMOVE,
            {},
            {**REMOVED, **told("removeLabel", True), **patched("removeLabel", REMOVES)},
            frozenset(),
            id="first webhook remove labels, second webhook shouldn't be called",
        ),
        pytest.param(
            [hook("addLabel", reinvocationPolicy="IfNeeded"), hook("removeLabel", reinvocationPolicy="IfNeeded")],
            REMOVE,
            ADDED,
            {
                **REMOVED,
                **told("addLabel", True),
                **told("removeLabel", True, "round_0_index_1"),
                **patched("addLabel", ADDS),
                **patched("removeLabel", REMOVES, "round_0_index_1"),
            },
            frozenset({"test-webhooks/0"}),
            id="match & reinvoke if needed policy",
        ),
        pytest.param(
            [hook("addLabel", reinvocationPolicy="Never")],
            {},
            ADDED,
            {**told("addLabel", True), **patched("addLabel", ADDS)},
            frozenset(),
            id="match & never reinvoke policy",
        ),
        pytest.param([hook("noop")], {}, {}, told("noop", False), frozenset(), id="match & no reinvoke"),
        pytest.param(
            [hook("internalErr", failurePolicy="Ignore")],
            {},
            {},
            {
                **told("internalErr", False),
                "failed-open.mutation.webhook.admission.k8s.io/round_0_index_0": "internalErr",
            },
            frozenset(),
            id="fail open",
        ),
    ],
)
def test_what_webhooks_change(hooks: list[Obj], labels: Obj, left: Obj, notes: Obj, again: frozenset[str]) -> None:
    case = Case(*hooks)
    found = case.webhooks.mutated(_new(change(labels=labels)))
    assert found.change.obj is not None
    assert found.change.obj["metadata"]["labels"] == {"pod.name": "my-pod", **left}
    assert found.again == again
    assert case.said.take_annotations() == notes
    assert "shouldNotBeCalled" not in case.server.asked


def _new(found: Change) -> Change:
    return Change("CREATE", found.resource, found.who, found.obj, None, (), found.dry_run)


@follows("MutatingAdmissionWebhook", TABLE + "NewMutatingTestCases")
@pytest.mark.parametrize(
    ("found", "dry_run", "code", "says"),
    [
        pytest.param(hook("invalidMutation"), False, 500, "Internal error occurred: ", id="match & invalid mutation"),
        pytest.param(
            hook("removeLabel", sideEffects="Unknown"),
            True,
            400,
            'admission webhook "removeLabel" does not support dry run',
            id="match & remove label dry run unsupported",
        ),
        pytest.param(hook("disallow"), False, 403, DENIED, id="match & disallow"),
    ],
)
def test_webhooks_that_fail_are_noted_too(found: Obj, dry_run: bool, code: int, says: str) -> None:
    case = Case(found)
    with pytest.raises(StatusError) as error:
        case.webhooks.mutated(_new(change(dry_run=dry_run, labels=REMOVE)))
    assert error.value.code == code
    assert error.value.message.startswith(says)
    assert case.said.take_annotations() == told(found["name"], False)


@follows(
    "MutatingAdmissionWebhook",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go: Dispatch",
)
def test_a_second_walk_keeps_the_places_of_the_first() -> None:
    case = Case(hook("noop"), hook("addLabel", reinvocationPolicy="IfNeeded"))
    case.webhooks.mutated(_new(change()), frozenset({"test-webhooks/1"}))
    assert case.server.asked == ["addLabel"]
    assert [key for key in case.said.take_annotations() if key.startswith("mutation.")] == [
        "mutation.webhook.admission.k8s.io/round_1_index_1"
    ]


@follows(
    "ValidatingAdmissionWebhook",
    "staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/namespace/matcher_test.go: TestNotExemptClusterScopedResource",
)
def test_what_lies_in_no_namespace_is_never_exempt() -> None:
    case = Case(hook("disallow", **selecting("In", "1")))
    with pytest.raises(StatusError):
        case.webhooks.validate(change(kind="Node", namespace=""))


@follows(
    "ValidatingAdmissionWebhook",
    "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/",
)
@pytest.mark.parametrize("kind", ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
def test_nobody_is_asked_about_webhooks(kind: str) -> None:
    resource = by_kind("admissionregistration.k8s.io/v1", kind)
    assert resource is not None
    case = Case(hook("disallow"))
    obj = {"metadata": {"name": "hooks"}}
    case.webhooks.validate(Change("DELETE", resource, "me", None, obj))
    assert case.webhooks.mutated(Change("CREATE", resource, "me", obj, None)).change.obj == obj
    assert case.server.asked == []
    assert MUTATING.startswith("mutatingwebhookconfigurations")
