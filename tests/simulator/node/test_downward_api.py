"""What a container may learn of its own pod: fields and resources, as variables and as files."""

from typing import Any

import pytest

from tests.proof.follows import follows


@follows(
    "Downward API",
    "pkg/fieldpath/fieldpath_test.go: TestExtractFieldPathAsString",
    "pkg/kubelet/kubelet_pods.go: podFieldSelectorRuntimeValue",
)
@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        pytest.param("metadata.name", "web", id="name"),
        pytest.param("metadata.namespace", "default", id="namespace"),
        pytest.param("metadata.labels['app.kubernetes.io/name']", "shop", id="one label"),
        pytest.param("metadata.annotations['note']", "a\nb", id="one annotation"),
        pytest.param("metadata.labels['absent']", "", id="a label that is not there"),
        pytest.param("spec.nodeName", "node-0", id="node"),
        pytest.param("spec.serviceAccountName", "builder", id="account"),
        pytest.param("status.podIP", "10.244.0.2", id="address"),
        pytest.param("status.hostIP", "172.18.0.2", id="the machine's address"),
    ],
)
def test_fields_as_variables(machines: Any, path: str, wanted: str) -> None:
    start(machines, env=[{"name": "VALUE", "valueFrom": {"fieldRef": {"fieldPath": path}}}])
    assert shell(machines, 'printf "%s" "$VALUE"') == wanted


@follows(
    "Downward API",
    "pkg/fieldpath/fieldpath_test.go: TestExtractFieldPathAsString",
    "pkg/volume/downwardapi/downwardapi_test.go: TestDownwardAPI",
)
@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        pytest.param("metadata.labels", 'app.kubernetes.io/name="shop"\ntier="front"', id="all labels"),
        pytest.param("metadata.annotations", 'note="a\\nb"', id="all annotations, quoted as Go quotes"),
        pytest.param("metadata.name", "web", id="name"),
    ],
)
def test_fields_as_files(machines: Any, path: str, wanted: str) -> None:
    items = [{"path": "value", "fieldRef": {"fieldPath": path}}]
    start(machines, items=items)
    assert shell(machines, "cat /v/value") == wanted


@follows("Downward API", "pkg/api/v1/resource/helpers_test.go: TestExtractResourceValue")
@pytest.mark.parametrize(
    ("resource", "divisor", "wanted"),
    [
        pytest.param("limits.cpu", "", "1", id="1500m of a processor are two, 500m one"),
        pytest.param("limits.cpu", "1m", "500", id="in thousandths"),
        pytest.param("requests.cpu", "1m", "250", id="asked for"),
        pytest.param("limits.memory", "", str(64 << 20), id="bytes"),
        pytest.param("limits.memory", "1Mi", "64", id="in mebibytes"),
        pytest.param("requests.memory", "1Gi", "1", id="rounded up"),
    ],
)
def test_resources(machines: Any, resource: str, divisor: str, wanted: str) -> None:
    reference = {"resource": resource, **({"divisor": divisor} if divisor else {})}
    start(machines, env=[{"name": "VALUE", "valueFrom": {"resourceFieldRef": reference}}])
    assert shell(machines, 'printf "%s" "$VALUE"') == wanted


@follows(
    "Downward API",
    "pkg/api/v1/resource/helpers.go: MergeContainerResourceLimits",
    "pkg/kubelet/kubelet_resources_test.go",
)
@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        pytest.param("limits.cpu", "4", id="processors of the machine"),
        pytest.param("limits.memory", str(8 << 30), id="memory of the machine"),
        pytest.param("requests.cpu", "0", id="nothing was asked for"),
    ],
)
def test_a_limit_that_is_not_set_is_what_the_machine_has(machines: Any, resource: str, wanted: str) -> None:
    start(machines, resources={}, env=[{"name": "VALUE", "valueFrom": {"resourceFieldRef": {"resource": resource}}}])
    assert shell(machines, 'printf "%s" "$VALUE"') == wanted


def start(machines: Any, *, items: Any = (), resources: Any = None, **container: Any) -> None:
    given = {"requests": {"cpu": "250m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "64Mi"}}
    metadata = {
        "name": "web",
        "namespace": "default",
        "labels": {"app.kubernetes.io/name": "shop", "tier": "front"},
        "annotations": {"note": "a\nb"},
    }
    one = {
        "name": "web",
        "image": "busybox:1.36",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "1000"],
        "resources": given if resources is None else resources,
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        **container,
    }
    spec = {
        "nodeName": "node-0",
        "serviceAccountName": "builder",
        "automountServiceAccountToken": False,
        "containers": [one],
        "volumes": [{"name": "v", "downwardAPI": {"items": list(items)}}],
    }
    account = {"name": "builder", "namespace": "default"}
    machines.create("serviceaccounts", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    machines.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    machines.run(2)


def shell(machines: Any, script: str) -> str:
    return str(machines.kubelets.commands.execute(machines.pod(), "web", ("sh", "-c", script)).stdout)
