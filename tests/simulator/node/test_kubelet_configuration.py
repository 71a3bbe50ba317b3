"""What a kubelet reads when it starts, and in which words it ends when it cannot use it."""

import pytest

from simulator.node.kubelet_configuration import KubeletConfigurationError, fresh, read
from tests.proof.follows import follows

HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
LOAD = "failed to load kubelet config file, path: /var/lib/kubelet/config.yaml, error: failed to load Kubelet config file /var/lib/kubelet/config.yaml, error"


def test_the_file_that_kubeadm_writes_leaves_the_defaults_in_force() -> None:
    assert read(fresh("10.96.0.10")) == {}
    assert "clusterDNS:\n- 10.96.0.10\n" in fresh("10.96.0.10")


@follows("Node status", "cmd/kubelet/app/server.go: loadConfigFile, run", "pkg/kubelet/eviction/helpers.go")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(
            None,
            f'{LOAD} failed to read kubelet config file "/var/lib/kubelet/config.yaml", '
            "error: open /var/lib/kubelet/config.yaml: no such file or directory",
            id="no file",
        ),
        pytest.param(f"{HEAD}shutdownGracePeriod: soon\n", f'{LOAD}: time: invalid duration "soon"', id="no duration"),
        pytest.param(
            f"{HEAD}evictionHard: {{mem.available: 1Gi}}\n",
            "failed to run Kubelet: unsupported eviction signal mem.available",
            id="no such signal",
        ),
        pytest.param(
            f"{HEAD}evictionSoft: {{memory.available: 1Gi}}\n",
            "failed to run Kubelet: grace period must be specified for the soft eviction threshold memory.available",
            id="a soft threshold without a period",
        ),
    ],
)
def test_a_file_that_cannot_be_used(text: str | None, why: str) -> None:
    with pytest.raises(KubeletConfigurationError) as refusal:
        read(text)
    assert str(refusal.value) == why


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("evictionPressureTransitionPeriod: 30s\n", {"transition_us": 30_000_000}, id="a transition"),
        pytest.param("evictionMaxPodGracePeriod: 60\n", {"max_pod_grace_s": 60}, id="a pod's grace"),
        pytest.param("evictionHard: {}\n", {"thresholds": []}, id="no threshold at all"),
        pytest.param(
            "evictionHard: {memory.available: 1Gi}\n",
            {
                "thresholds": [
                    ["memory.available", [1 << 30, 0.0], 0, [0, 0.0]],
                    ["allocatableMemory.available", [1 << 30, 0.0], 0, [0, 0.0]],
                ]
            },
            id="one in place of all",
        ),
        pytest.param("maxPods: 50\n", {}, id="what has no effect"),
    ],
)
def test_what_is_kept_of_a_file(text: str, wanted: dict[str, object]) -> None:
    assert read(HEAD + text) == wanted
