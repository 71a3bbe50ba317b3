"""What is taken with a warning: pods and templates, word for word.

`pkg/api/pod/warnings.go` (1.33).
"""

from typing import Any

import pytest

from simulator.apiserver.pod_warnings import warnings

Obj = dict[str, Any]


def pod(*, annotations: Obj | None = None, container: Obj | None = None, **spec: Any) -> Obj:
    containers = spec.pop("containers", [{"name": "c", "image": "nginx", **(container or {})}])
    return {"metadata": {"name": "web", "annotations": annotations or {}}, "spec": {"containers": containers, **spec}}


AFFINITY = "spec.affinity"
REQUIRED, PREFERRED = (
    "requiredDuringSchedulingIgnoredDuringExecution",
    "preferredDuringSchedulingIgnoredDuringExecution",
)
NULL = "a null labelSelector results in matching no pod"


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(pod(), [], id="nothing"),
        pytest.param(pod(nodeSelector={"beta.kubernetes.io/os": "linux"}), ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'], id="an old label"),
        pytest.param(
            pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [{"key": "failure-domain.beta.kubernetes.io/zone", "operator": "Exists"}]}]}}}),
            [f'{AFFINITY}.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0].key: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
            id="an old label in an affinity",
        ),
        pytest.param(pod(topologySpreadConstraints=[{"topologyKey": "x"}]), [f"spec.topologySpreadConstraints[0].labelSelector: {NULL}"], id="spreading nothing"),
        pytest.param(pod(affinity={"podAntiAffinity": {REQUIRED: [{"topologyKey": "x"}]}}), [f"{AFFINITY}.podAntiAffinity.{REQUIRED}[0].labelSelector: {NULL}"], id="away from nothing"),
        pytest.param(pod(affinity={"podAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": {}}]}}), [f"{AFFINITY}.podAffinity.{PREFERRED}[0].podAffinityTerm.labelSelector: {NULL}"], id="near nothing"),
        pytest.param(pod(annotations={"scheduler.alpha.kubernetes.io/critical-pod": ""}),
                     ['metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead'], id="an old annotation"),
        pytest.param(pod(volumes=[{"name": "v", "gitRepo": {}}, {"name": "w", "rbd": {}}]), ["spec.volumes[0].gitRepo: deprecated in v1.11", "spec.volumes[1].rbd: deprecated in v1.28, non-functional in v1.31+"], id="old volumes"),
        pytest.param(pod(volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"items": [{"key": "k", "path": "t"}]}}]}}]),
                     ['spec.volumes[0].projected.sources.secrets[0]: has duplicated path with ServiceAccountToken "t"'], id="in the token's place"),
        pytest.param(pod(hostAliases=[{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}]), ['spec.hostAliases[1].ip: duplicate ip "1.1.1.1"'], id="an address twice"),
        pytest.param(pod(imagePullSecrets=[{"name": "a"}, {"name": "a"}, {}]), ['spec.imagePullSecrets[1].name: duplicate name "a"', 'spec.imagePullSecrets[2].name: invalid empty name ""'], id="pull secrets"),
        pytest.param(pod(container={"resources": {"requests": {"memory": "128m"}, "limits": {"memory": "1500m", "cpu": "1m"}}}),
                     ['spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
                      'spec.containers[0].resources.requests[memory]: fractional byte value "128m" is invalid, must be an integer'], id="a part of a byte"),
        pytest.param(pod(container={"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}),
                     ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'], id="a variable twice"),
        pytest.param(pod(container={"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}), [], id="a variable that builds on itself"),
        pytest.param(pod(container={"ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "TCP"}, {"containerPort": 80, "protocol": "UDP"}]}),
                     ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"], id="a port twice"),
        pytest.param(pod(container={"ports": [{"containerPort": 80}, {"containerPort": 80, "hostPort": 8080}]}),
                     ["spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]"], id="a port with and without the host's"),
        pytest.param(pod(container={"ports": [{"containerPort": 80, "hostPort": 80}, {"containerPort": 80, "hostPort": 80, "hostIP": "1.1.1.1"}]}),
                     ["spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]"], id="a host's port with and without address"),
        pytest.param(pod(containers=[{"name": "a", "ports": [{"containerPort": 80}]}, {"name": "b", "ports": [{"containerPort": 80}]}]),
                     ["spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]"], id="a port of two containers"),
        pytest.param(pod(terminationGracePeriodSeconds=-1), ["spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"], id="less than no time"),
    ],
)  # fmt: skip
def test_what_a_pod_is_warned_of(one: Obj, says: list[str]) -> None:
    assert warnings("pods", one, None) == says
    assert warnings("pods", one, one) == []
    workload = {"spec": {"template": one}}
    paths = [
        text.replace("spec.", "spec.template.spec.", 1) if text.startswith("spec") else f"spec.template.{text}"
        for text in says
    ]
    found = [
        text.replace("with spec.template.spec.", "with spec.") for text in warnings("deployments.apps", workload, None)
    ]
    assert found == paths
    assert warnings("deployments.apps", workload, workload) == []
