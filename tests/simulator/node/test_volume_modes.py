"""Which permissions the kubelet gives to what it mounts."""

from typing import Any

import pytest

from simulator.node.volume_modes import modes_of
from simulator.workloads.file_modes import Modes
from tests.proof.follows import follows

Obj = dict[str, Any]
_ITEMS = [{"key": "a", "path": "dir/a", "mode": 0o600}, {"key": "b", "path": "b"}]


@follows(
    "Volumes",
    "pkg/volume/volume_linux.go: SetVolumeOwnership",
    "pkg/volume/emptydir/empty_dir.go",
    "pkg/volume/projected/projected_test.go: TestCollectDataWithServiceAccountToken",
)
@pytest.mark.parametrize(
    ("volume", "group", "inside", "wanted"),
    [
        pytest.param({"emptyDir": {}}, None, "", Modes(0o777), id="emptyDir"),
        pytest.param(
            {"emptyDir": {"medium": "Memory"}}, None, "", Modes(0o1777, file_system="tmpfs"), id="emptyDir in memory"
        ),
        pytest.param({"emptyDir": {}}, 7, "", Modes(0o2777, group=7), id="emptyDir with a group"),
        pytest.param(
            {"configMap": {"name": "x", "defaultMode": 0o640, "items": _ITEMS}},
            None,
            "",
            Modes(0o777, 0o640, (("b", 0o640), ("dir/a", 0o600)), made_by_kubelet=True),
            id="configMap",
        ),
        pytest.param(
            {"secret": {"secretName": "x", "defaultMode": 0o400}},
            7,
            "",
            Modes(0o3777, 0o440, (), 7, "tmpfs", made_by_kubelet=True),
            id="a secret with a group may be read by it",
        ),
        pytest.param(
            {"configMap": {"name": "x", "items": _ITEMS}},
            None,
            "dir/a",
            Modes(0o755, 0o644, (("", 0o600),), made_by_kubelet=True),
            id="one file by subPath",
        ),
        pytest.param(
            {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}], "defaultMode": 0o644}},
            7,
            "",
            Modes(0o3777, 0o644, (("token", 0o640),), 7, "tmpfs", made_by_kubelet=True),
            id="a token with a group",
        ),
        pytest.param({"hostPath": {"path": "/x"}}, 7, "", Modes(), id="hostPath knows no group"),
    ],
)  # fmt: skip
def test_modes_follow_from_the_pod(volume: Obj, group: int | None, inside: str, wanted: Modes) -> None:
    container = {"name": "c", "volumeMounts": [{"name": "v", "mountPath": "/v/"}]}
    person = {} if group is None else {"securityContext": {"fsGroup": group}}
    pod = {"spec": {"containers": [container], "volumes": [{"name": "v", **volume}], **person}}
    assert modes_of(pod, container, "/v", inside) == wanted
