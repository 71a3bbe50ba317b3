"""Bodies against the schema: what is kept, what is warned about, what is refused, in upstream's words."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.machinery import decoding, resources
from simulator.machinery.decoding import DecodingError
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import schema_for


def resource(name: str) -> Resource:
    found = resources.by_name(name)
    assert found is not None
    return found


def refusal(name: str, obj: dict[str, Any], level: str = "Strict") -> str:
    with pytest.raises(DecodingError) as refused:
        decoding.decode(obj, resource(name), level=level)
    return str(refused.value)


TYPO = {"spec": {"containers": [{"name": "a", "imagee": "x"}]}, "extra": 1}


def test_strict_refuses_unknown_fields_all_at_once() -> None:
    assert refusal("pods", TYPO) == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "spec.containers[0].imagee", unknown field "extra"'
    )


def test_warn_drops_unknown_fields_and_says_so() -> None:
    kept, warnings = decoding.decode(TYPO, resource("pods"), level="Warn")
    assert kept == {"spec": {"containers": [{"name": "a"}]}}
    assert warnings == ['unknown field "spec.containers[0].imagee"', 'unknown field "extra"']


def test_ignore_drops_unknown_fields_in_silence() -> None:
    assert decoding.decode(TYPO, resource("pods"), level="Ignore") == ({"spec": {"containers": [{"name": "a"}]}}, [])


def test_a_clean_object_is_returned_as_it_is() -> None:
    obj = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    kept, warnings = decoding.decode(obj, resource("pods"))
    assert (kept, warnings) == (obj, [])
    assert kept is obj


def env(value: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"env": [{"name": "A", "value": value}]}]}}}}


def container(**fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [fields]}}


@pytest.mark.parametrize(
    ("name", "obj", "says"),
    [
        (
            "deployments.apps",
            {"spec": {"replicas": "3"}},
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "deployments.apps",
            {"spec": {"replicas": 3_000_000_000}},
            "json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            "deployments.apps",
            env(1),
            "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string",
        ),
        (
            "pods",
            {"spec": {"containers": {}}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            "pods",
            {"spec": "x"},
            "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec",
        ),
        (
            "pods",
            {"metadata": {"labels": {"a": 1}}},
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            "pods",
            container(imagePullPolicy=3),
            "json: cannot unmarshal number into Go struct field Container.spec.containers.imagePullPolicy "
            "of type v1.PullPolicy",
        ),
        (
            "pods",
            container(resources={"limits": {"cpu": "x"}}),
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        ("secrets", {"data": {"a": "admin"}}, "illegal base64 data at input byte 4"),
    ],
)
def test_a_wrong_type_is_refused_even_when_fields_are_ignored(name: str, obj: dict[str, Any], says: str) -> None:
    kind = resource(name).kind
    wanted = f'{kind} in version "v1" cannot be handled as a {kind}: {says}'
    assert refusal(name, obj, "Ignore") == wanted


def test_quantities_become_canonical_and_nulls_vanish() -> None:
    obj = {"metadata": {"labels": None}, **container(resources={"requests": {"cpu": 0.5, "memory": "1024Mi"}})}
    kept, _ = decoding.decode(obj, resource("pods"))
    assert kept == {"metadata": {}, **container(resources={"requests": {"cpu": "500m", "memory": "1Gi"}})}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("contaners", "containers"), ("RestartPolicy", "restartPolicy"), ("nodeSelectors", "nodeSelector"), ("zzz", "")],
)
def test_a_misspelt_field_suggests_its_neighbour(typed: str, meant: str) -> None:
    schema = schema_for("v1", "Pod")
    assert schema is not None
    _, (problem,) = decoding.check({"spec": {typed: 1}}, schema)
    assert (problem.path, problem.suggestion) == (f"spec.{typed}", meant)


def test_an_unknown_validation_level_is_refused() -> None:
    with pytest.raises(DecodingError, match=r'^fieldValidation: Unsupported value: "Maybe": supported values: '):
        decoding.decode({}, resource("pods"), level="Maybe")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-28T02:29:41Z", "2026-11-28T02:29:41Z"),
        ("2026-11-28T02:29:41+00:00", "2026-11-28T02:29:41Z"),
        ("2026-11-28T04:29:41.75+02:00", "2026-11-28T02:29:41Z"),
    ],
    ids=["as the server writes it", "as Python writes it", "in another zone, with a fraction"],
)
def test_a_moment_is_kept_in_utc_and_whole_seconds(given: str, kept: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "creationTimestamp": given}}
    read, _ = decoding.decode(body, resource("configmaps"))
    assert read["metadata"]["creationTimestamp"] == kept


def test_a_lease_keeps_microseconds() -> None:
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "spec": {"renewTime": "2026-01-01T00:00:00.5+00:00"},
    }
    read, _ = decoding.decode(body, resource("leases.coordination.k8s.io"))
    assert read["spec"]["renewTime"] == "2026-01-01T00:00:00.500000Z"


def test_a_month_that_does_not_exist_is_no_time() -> None:
    body = {"metadata": {"creationTimestamp": "2026-13-01T00:00:00Z.0"}}
    assert "parsing time" in refusal("configmaps", body)
