"""What is refused of the volumes of pods, word for word after `ValidateVolumes` of `pkg/apis/core/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}],
            },
        },
        ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
        id="pods: two sources",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}],
            },
        },
        ['spec.volumes[1].name: Duplicate value: "v"'],
        id="pods: one name twice",
    ),
    pytest.param(
        "pods",
        {"metadata": {}, "spec": {"containers": [{"name": "a", "image": "b:1"}], "volumes": [{"emptyDir": {}}]}},
        ["spec.volumes[0].name: Required value"],
        id="pods: no name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}],
            },
        },
        ["spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
        id="pods: a host path upwards",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Folder"}}],
            },
        },
        [
            'spec.volumes[0].hostPath.type: Unsupported value: "Folder": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"'
        ],
        id="pods: type of a host path",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": 512}}],
            },
        },
        [
            "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"
        ],
        id="pods: a mode",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "volumes": [{"name": "v", "configMap": {}}]},
        },
        ["spec.volumes[0].configMap.name: Required value"],
        id="pods: a config map without a name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "a", "path": "../a"}]}}],
            },
        },
        ["spec.volumes[0].secret.items[0].path: Invalid value: \"../a\": must not contain '..'"],
        id="pods: a secret's item",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "a", "path": "..a"}]}}],
            },
        },
        ["spec.volumes[0].secret.items[0].path: Invalid value: \"..a\": must not start with '..'"],
        id="pods: a path of dots",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "persistentVolumeClaim": {}}],
            },
        },
        ["spec.volumes[0].persistentVolumeClaim.claimName: Required value"],
        id="pods: a claim without a name",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "a"}]}}],
            },
        },
        ["spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"],
        id="pods: downward: nothing",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [
                    {"name": "v", "downwardAPI": {"items": [{"path": "a", "fieldRef": {"fieldPath": "spec.nodeName"}}]}}
                ],
            },
        },
        [
            'spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"'
        ],
        id="pods: downward: unknown field",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [
                    {"name": "v", "projected": {"sources": [{"configMap": {"name": "c"}, "secret": {"name": "s"}}]}}
                ],
            },
        },
        ["spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source"],
        id="pods: projected: two in one",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [
                    {
                        "name": "v",
                        "projected": {
                            "sources": [
                                {"configMap": {"name": "c", "items": [{"key": "k", "path": "x"}]}},
                                {"secret": {"name": "s", "items": [{"key": "k", "path": "x"}]}},
                            ]
                        },
                    }
                ],
            },
        },
        ['spec.volumes[0].projected: Invalid value: "s": conflicting duplicate paths'],
        id="pods: projected: clashing files",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [
                    {
                        "name": "v",
                        "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 60}}]},
                    }
                ],
            },
        },
        [
            "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
        ],
        id="pods: a token that is too short",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {"containers": [{"name": "a", "image": "b:1"}], "volumes": [{"name": "v", "nfs": {"path": "a"}}]},
        },
        [
            "spec.volumes[0].nfs.server: Required value",
            'spec.volumes[0].nfs.path: Invalid value: "a": must be an absolute path',
        ],
        id="pods: NFS",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}],
            },
        },
        [
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value",
        ],
        id="pods: an ephemeral claim without modes",
    ),
    pytest.param(
        "pods",
        {
            "metadata": {},
            "spec": {
                "containers": [{"name": "a", "image": "b:1"}],
                "volumes": [{"name": "v", "csi": {"driver": "a_b"}}],
            },
        },
        [
            "spec.volumes[0].csi.driver: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ],
        id="pods: a driver's name",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
