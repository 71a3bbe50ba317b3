"""What is refused of storage classes, attachments and drivers, word for word after `pkg/apis/storage/validation/validation.go` (1.33)."""

from typing import Any

import pytest

from simulator.machinery import resources
from simulator.machinery.defaulting import default
from simulator.machinery.validation import validate_create

Obj = dict[str, Any]

CASES = [
    pytest.param(
        "storageclasses.storage.k8s.io",
        {"volumeBindingMode": "Immediate"},
        ["provisioner: Required value"],
        id="storageclasses: no provisioner",
    ),
    pytest.param(
        "storageclasses.storage.k8s.io",
        {"provisioner": "a/b", "volumeBindingMode": "Later"},
        ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"'],
        id="storageclasses: binding",
    ),
    pytest.param(
        "storageclasses.storage.k8s.io",
        {"provisioner": "a/b", "reclaimPolicy": "Keep"},
        ['reclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Retain"'],
        id="storageclasses: what becomes of volumes",
    ),
    pytest.param(
        "storageclasses.storage.k8s.io",
        {"provisioner": "a/b", "parameters": {"": "x"}},
        ['parameters: Invalid value: "": field can not be empty.'],
        id="storageclasses: a parameter without a key",
    ),
    pytest.param(
        "volumeattachments.storage.k8s.io",
        {"spec": {"attacher": "a", "nodeName": "n", "source": {}}},
        ["spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName"],
        id="volumeattachments: no volume",
    ),
    pytest.param(
        "volumeattachments.storage.k8s.io",
        {"spec": {"source": {"persistentVolumeName": "a"}}},
        [
            "spec.attacher: Required value",
            "spec.nodeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ],
        id="volumeattachments: nobody and nowhere",
    ),
    pytest.param(
        "csinodes.storage.k8s.io",
        {"spec": {"drivers": [{"name": "a", "nodeID": "n"}, {"name": "a", "nodeID": ""}]}},
        ["spec.drivers[1].nodeID: Required value", 'spec.drivers[1].name: Duplicate value: "a"'],
        id="csinodes: a driver twice",
    ),
]


@pytest.mark.parametrize(("resource", "given", "says"), CASES)
def test_what_is_refused(resource: str, given: Obj, says: list[str]) -> None:
    known = resources.by_name(resource)
    assert known is not None
    place = {"namespace": "default"} if known.namespaced else {}
    whole = {**given, "metadata": {"name": "x", **place, **given.get("metadata", {})}}
    assert [str(error) for error in validate_create(resource, default(resource, whole))] == says
