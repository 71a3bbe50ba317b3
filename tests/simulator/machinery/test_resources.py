"""The registry of built-in resources against kubectl's terms and the published API."""

from __future__ import annotations

import ast
from importlib import metadata

import pytest

from simulator.machinery import resources


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("po", "pods"),
        ("Pod", "pods"),
        ("PODS", "pods"),
        ("deploy", "deployments.apps"),
        ("deployment", "deployments.apps"),
        ("deployments.apps", "deployments.apps"),
        ("deployment.apps", "deployments.apps"),
        ("deployments.v1.apps", "deployments.apps"),
        ("events", "events"),
        ("ev", "events"),
        ("events.events.k8s.io", "events.events.k8s.io"),
        ("event.v1.events.k8s.io", "events.events.k8s.io"),
        ("endpointslices", "endpointslices.discovery.k8s.io"),
        ("hpa", "horizontalpodautoscalers.autoscaling"),
        ("crds", "customresourcedefinitions.apiextensions.k8s.io"),
        ("pods.v1.", "pods"),
        ("pods.", "pods"),
        ("no", "nodes"),
        ("ns", "namespaces"),
    ],
)
def test_a_term_resolves_as_kubectl_resolves_it(term: str, name: str) -> None:
    found = resources.lookup(term)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("term", ["", "foo", "pods.apps", "deployments.v2.apps", "."])
def test_an_unknown_term_resolves_to_nothing(term: str) -> None:
    assert resources.lookup(term) is None


def test_a_resource_in_two_versions_prefers_the_newer() -> None:
    preferred = resources.by_name("horizontalpodautoscalers.autoscaling")
    assert preferred is not None
    assert preferred.version == "v2"
    older = resources.by_kind("autoscaling/v1", "HorizontalPodAutoscaler")
    assert older is resources.by_path("autoscaling", "v1", "horizontalpodautoscalers")
    assert older is not None
    assert older.version == "v1"


def test_category_all_lists_the_nine_workload_resources() -> None:
    assert [row.plural for row in resources.RESOURCES if "all" in row.categories] == [
        "pods", "replicationcontrollers", "services", "daemonsets", "deployments",
        "replicasets", "statefulsets", "horizontalpodautoscalers", "cronjobs", "jobs",
    ]  # fmt: skip


PUBLISHED_VERB = {"post": "create", "put": "update"}


def published() -> dict[tuple[str, str, str], tuple[str, bool, set[str]]]:
    """(group, version, kind) -> (plural, namespaced, verbs), read from the source of lightkube-models."""
    rows = {}
    for file in metadata.files("lightkube-models") or []:
        if file.parent.name != "resources" or not file.name.endswith(("_v1.py", "_v2.py")):
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and (row := published_row(node)):
                rows[row[0]] = row[1]
    return rows


def published_row(node: ast.ClassDef) -> tuple[tuple[str, str, str], tuple[str, bool, set[str]]] | None:
    base = node.bases[0]
    assert isinstance(base, ast.Attribute)
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            arguments = {k.arg: k.value for k in statement.value.keywords}
            if "parent" in arguments or not isinstance(arguments["resource"], ast.Call):
                return None
            key = tuple(ast.literal_eval(a) for a in arguments["resource"].args)
            verbs = {PUBLISHED_VERB.get(v, v) for v in ast.literal_eval(arguments["verbs"]) if "global" not in v}
            return key, (ast.literal_eval(arguments["plural"]), base.attr.startswith("Namespaced"), verbs)  # type: ignore[return-value]
    return None


def test_plurals_scopes_and_verbs_agree_with_the_published_api() -> None:
    rows = published()
    ours = {
        (r.group, r.version, r.kind): (r.plural, r.namespaced, set(r.verbs))
        for r in resources.SERVED
        if r.plural != "componentstatuses"  # listed as watchable in OpenAPI, not in discovery
    }
    assert len(ours) == 60
    assert ours == {key: row for key, row in rows.items() if key in ours}
