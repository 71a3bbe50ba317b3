"""docs/fidelity.md and the inspector tell the same about fields without effect."""

import re
from pathlib import Path
from typing import Any

import pytest

from simulator.accepted_fields import ACCEPTED_FIELDS, without_effect

PAGE = Path(__file__).parents[3] / "docs" / "fidelity.md"


def test_the_page_lists_the_fields_of_the_table() -> None:
    section = PAGE.read_text().partition("## Fields that are accepted and have no effect\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| `([^`]+)` \| (.+) \|$", section, re.MULTILINE)
    assert rows == [(one.kind, one.path, one.why) for one in ACCEPTED_FIELDS]


@pytest.mark.parametrize(
    ("spec", "paths"),
    [
        pytest.param({"securityContext": {}}, [], id="empty"),
        pytest.param({"hostUsers": True}, ["spec.hostUsers"], id="set"),
        pytest.param(
            {"containers": [{}, {"securityContext": {"privileged": True}}]},
            ["spec.containers[].securityContext.privileged"],
            id="in one of the containers",
        ),
    ],
)
def test_the_fields_an_object_sets_are_found(spec: dict[str, Any], paths: list[str]) -> None:
    assert without_effect({"kind": "Pod", "spec": spec}) == paths


def test_the_inspector_tells_them(lab: Any) -> None:
    lab.run(
        "kubectl apply -f -",
        'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostUsers: true, containers: [{name: c, image: "nginx:1.27"}]}\n',
    )
    reply = lab.cluster.apply({"kind": "inspect", "resource": "pods", "namespace": "default", "name": "web"})
    assert reply["not_simulated"] == ["spec.hostUsers"]
