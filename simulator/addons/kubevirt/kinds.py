"""The kinds of KubeVirt, and the pod that holds a virtual machine."""

from typing import Any

from simulator.addons.objects import owner_reference
from simulator.engine.plain import Obj
from simulator.machinery.quantities import parse

GROUP = "kubevirt.io"
OPERATOR_IMAGE, CONTROLLER_IMAGE = "quay.io/kubevirt/virt-operator", "quay.io/kubevirt/virt-controller"
#: Keeps an instance until its pods are gone.
FINALIZER = "foregroundDeleteVirtualMachine"
NODE_LABEL, NAME_LABEL = "kubevirt.io/nodeName", "vm.kubevirt.io/name"
_LAUNCHER = "quay.io/kubevirt/virt-launcher"
INSTALLS, MACHINES, INSTANCES = f"kubevirts.{GROUP}", f"virtualmachines.{GROUP}", f"virtualmachineinstances.{GROUP}"
#: Memory of libvirt and QEMU around the guest (`pkg/virt-controller/services: GetMemoryOverhead`, rounded).
_OVERHEAD_MIB = 220
_FREE: Obj = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(kind: str, plural: str, short: list[str], columns: list[Obj]) -> Obj:
    schema = {"type": "object", "properties": {"spec": _FREE, "status": _FREE}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns,
        "subresources": {"status": {}},
    }
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "shortNames": short, "categories": ["all"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def _column(name: str, path: str, kind: str = "string") -> Obj:
    return {"name": name, "type": kind, "jsonPath": path}


_AGE = _column("Age", ".metadata.creationTimestamp", "date")
_READY = _column("Ready", '.status.conditions[?(@.type=="Ready")].status')
INSTALL_DEFINITION = definition("KubeVirt", "kubevirts", ["kv", "kvs"], [_AGE, _column("Phase", ".status.phase")])
KINDS = (
    definition(
        "VirtualMachine", "virtualmachines", ["vm", "vms"], [_AGE, _column("Status", ".status.printableStatus"), _READY]
    ),
    definition(
        "VirtualMachineInstance",
        "virtualmachineinstances",
        ["vmi", "vmis"],
        [
            _AGE,
            _column("Phase", ".status.phase"),
            _column("IP", ".status.interfaces[0].ipAddress"),
            _column("NodeName", ".status.nodeName"),
            _READY,
        ],
    ),
)


def launcher(instance: Obj) -> Obj:
    """`pkg/virt-controller/services/template.go`: what a pod needs to hold a virtual machine."""
    metadata, spec = instance["metadata"], instance["spec"]
    domain: dict[str, Any] = spec.get("domain") or {}
    guest = (
        (domain.get("memory") or {}).get("guest")
        or ((domain.get("resources") or {}).get("requests") or {}).get("memory")
        or "1Gi"
    )
    memory = f"{parse(str(guest)).nanos // 1_000_000_000 // (1 << 20) + _OVERHEAD_MIB}Mi"
    cores = (domain.get("cpu") or {}).get("cores", 1)
    container = {
        "name": "compute",
        "image": f"{_LAUNCHER}:v1.5.2",
        "command": ["/usr/bin/virt-launcher-monitor"],
        "resources": {"requests": {"cpu": f"{cores * 100}m", "memory": memory}},
    }
    labels = {
        **(metadata.get("labels") or {}),
        "kubevirt.io": "virt-launcher",
        "kubevirt.io/created-by": metadata["uid"],
        NAME_LABEL: metadata["name"],
    }
    pod_spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": spec.get("terminationGracePeriodSeconds", 30),
        "containers": [container],
        **({"nodeSelector": spec["nodeSelector"]} if spec.get("nodeSelector") else {}),
    }
    where = {
        "generateName": f"virt-launcher-{metadata['name']}-",
        "namespace": metadata["namespace"],
        "labels": labels,
        "annotations": {"kubevirt.io/domain": metadata["name"]},
        "ownerReferences": [owner_reference(instance)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": where, "spec": pod_spec}
