"""What the kubelet says of volumes whose sources are not there."""

from typing import Any

import pytest

from simulator.node.volume_sources import problem_of, sources_of
from tests.proof.follows import follows

HERE = {
    ("configmaps", "app"): {"kind": "ConfigMap", "data": {"a": "1"}, "binaryData": {"b": ""}},
    ("secrets", "app"): {"kind": "Secret", "data": {"a": ""}},
}


def projected(*sources: Any) -> Any:
    return {"projected": {"sources": list(sources)}}


def items(*keys: str) -> Any:
    return [{"key": key, "path": key} for key in keys]


@follows(
    "Volumes",
    "pkg/volume/configmap/configmap_test.go: TestMakePayload",
    "pkg/volume/secret/secret_test.go: TestMakePayload",
    "pkg/volume/projected/projected_test.go: TestCollectDataWithSecret, TestCollectDataWithConfigMap",
)
@pytest.mark.parametrize(
    ("volume", "wanted"),
    [
        pytest.param({"configMap": {"name": "app"}}, None, id="no overrides"),
        pytest.param({"configMap": {"name": "app", "items": items("a", "b")}}, None, id="text and bytes"),
        pytest.param({"configMap": {"name": "gone"}}, 'configmap "gone" not found', id="no ConfigMap"),
        pytest.param({"configMap": {"name": "gone", "optional": True}}, None, id="an optional ConfigMap"),
        pytest.param(
            {"configMap": {"name": "app", "items": items("x")}},
            "references non-existent config key: x",
            id="no such key in a ConfigMap",
        ),
        pytest.param({"configMap": {"name": "app", "items": items("x"), "optional": True}}, None, id="an optional key"),
        pytest.param({"secret": {"secretName": "gone"}}, 'secret "gone" not found', id="no Secret"),
        pytest.param(
            {"secret": {"secretName": "app", "items": items("x")}},
            "references non-existent secret key: x",
            id="no such key in a Secret",
        ),
        pytest.param(
            projected({"secret": {"name": "app", "items": items("x")}}),
            "references non-existent secret key: x",
            id="projected: one problem",
        ),
        pytest.param(
            projected({"secret": {"name": "gone"}}, {"configMap": {"name": "lost"}}, {"secret": {"name": "gone"}}),
            '[secret "gone" not found, configmap "lost" not found]',
            id="projected: every problem once",
        ),
        pytest.param(
            projected({"downwardAPI": {"items": []}}, {"secret": {"name": "gone", "optional": True}}),
            None,
            id="projected: nothing that matters",
        ),
    ],
)
def test_why_a_volume_cannot_be_set_up(volume: Any, wanted: str | None) -> None:
    assert (
        problem_of(sources_of(volume), "default", lambda resource, namespace, name: HERE.get((resource, name)))
        == wanted
    )
