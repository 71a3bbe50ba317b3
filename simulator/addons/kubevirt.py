"""Virtual machines as custom resources, each in a launcher pod of its own.

https://kubevirt.io/user-guide/; behaves like KubeVirt (`pkg/virt-operator`, `pkg/virt-controller/watch`): the operator brings the kinds and the
controller once a KubeVirt object asks for them; a VirtualMachineInstance becomes a pod `virt-launcher-…`, and a VirtualMachine keeps one.
Left out: the guest itself, its disks and networks, migration, and the words of virt-api.
"""

from typing import Any, ClassVar

from simulator.addons.objects import complete, owner_reference, with_condition
from simulator.apiserver.errors import StatusError
from simulator.client import About, Controller
from simulator.engine.plain import Obj
from simulator.machinery.quantities import parse

GROUP = "kubevirt.io"
OPERATOR_IMAGE, CONTROLLER_IMAGE = "quay.io/kubevirt/virt-operator", "quay.io/kubevirt/virt-controller"
_LAUNCHER = "quay.io/kubevirt/virt-launcher"
INSTALLS, MACHINES, INSTANCES = f"kubevirts.{GROUP}", f"virtualmachines.{GROUP}", f"virtualmachineinstances.{GROUP}"
_DEFINITIONS, _DEPLOYMENTS = "customresourcedefinitions.apiextensions.k8s.io", "deployments.apps"
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
_KINDS = (
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


class VirtOperator(Controller):
    name: ClassVar[str] = "virt-operator"
    watches = {INSTALLS: "on_change", _DEPLOYMENTS: "on_deployment"}
    writes = (INSTALLS, _DEFINITIONS, _DEPLOYMENTS)

    def on_change(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.enqueue(f"{new['metadata']['namespace']}/{new['metadata']['name']}")

    def on_deployment(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and new["metadata"]["name"] == "virt-controller":
            for install in self.cache.list(INSTALLS, new["metadata"]["namespace"]):
                self.on_change(None, install)

    def reconcile(self, key: str) -> None:
        namespace, _, name = key.partition("/")
        install = self.cache.get(INSTALLS, namespace, name)
        if install is None:
            return
        for crd in _KINDS:
            self._ensure(_DEFINITIONS, crd)
        controller = self._ensure(_DEPLOYMENTS, self._controller(namespace, _version(install)))
        is_up = (controller.get("status") or {}).get("readyReplicas", 0) > 0
        phase = "Deployed" if is_up else "Deploying"
        if (install.get("status") or {}).get("phase") != phase:
            self.client.update_status(
                INSTALLS, {**install, "status": {**(install.get("status") or {}), "phase": phase}}
            )

    def _ensure(self, resource: str, wanted: Obj) -> Obj:
        metadata = wanted["metadata"]
        try:
            return self.client.get(resource, metadata.get("namespace", ""), metadata["name"])
        except StatusError as error:
            if error.reason != "NotFound":
                raise
        return self.client.create(resource, complete(self.client.kinds, resource, wanted))

    @staticmethod
    def _controller(namespace: str, version: str) -> Obj:
        labels = {"kubevirt.io": "virt-controller"}
        container = {"name": "virt-controller", "image": f"{CONTROLLER_IMAGE}:{version}"}
        spec = {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        }
        where = {"name": "virt-controller", "namespace": namespace, "labels": labels}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": where, "spec": spec}


def _version(install: Obj) -> str:
    return str((install["spec"] or {}).get("imageTag") or "v1.5.2")


class VirtController(Controller):
    name: ClassVar[str] = "virtualmachine-controller"
    watches = {INSTANCES: "on_instance", MACHINES: "on_machine", "pods": "on_pod"}
    writes = (INSTANCES, MACHINES, "pods", "events")

    def about(self, key: str) -> About:
        resource, namespace, name = key.split("|")
        return About(resource, namespace, name)

    def on_instance(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        assert about is not None
        self._look_at(INSTANCES, about)
        for reference in about["metadata"].get("ownerReferences") or ():
            self.enqueue(f"{MACHINES}|{about['metadata']['namespace']}|{reference['name']}")

    def on_machine(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self._look_at(MACHINES, new)

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        about = new if new is not None else old
        name = ((about or {"metadata": {}})["metadata"].get("labels") or {}).get("vm.kubevirt.io/name")
        if about is not None and name:
            self.enqueue(f"{INSTANCES}|{about['metadata']['namespace']}|{name}")

    def _look_at(self, resource: str, obj: Obj) -> None:
        self.enqueue(f"{resource}|{obj['metadata']['namespace']}|{obj['metadata']['name']}")

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        obj = self.cache.get(resource, namespace, name)
        if obj is None or "deletionTimestamp" in obj["metadata"]:
            return
        if resource == MACHINES:
            self._machine(obj)
        else:
            self._instance(obj)

    # Instances

    def _instance(self, instance: Obj) -> None:
        status = instance.get("status") or {}
        pods = [
            pod
            for pod in self.cache.owned("pods", instance["metadata"]["uid"])
            if "deletionTimestamp" not in pod["metadata"]
        ]
        if not pods:
            if not status.get("phase"):
                self._set(instance, {**status, "phase": "Pending"})
            elif status["phase"] == "Pending":
                self._launch(instance)
            elif status["phase"] not in ("Succeeded", "Failed"):
                self._set(instance, {**status, "phase": "Failed"})
            return
        self._follow(instance, pods[0])

    def _launch(self, instance: Obj) -> None:
        pod = self.client.create("pods", complete(self.client.kinds, "pods", _launcher(instance)))
        says = f"Created virtual machine pod {pod['metadata']['name']}"
        self.client.event(instance, "Normal", "SuccessfulCreate", says, source=self.name)
        self._set(instance, {**(instance.get("status") or {}), "phase": "Scheduling"})

    def _follow(self, instance: Obj, pod: Obj) -> None:
        status = instance.get("status") or {}
        found = pod.get("status") or {}
        phase = _PHASES.get(found.get("phase", ""), "Scheduling")
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in found.get("conditions") or ())
        if phase == "Running" and not ready:
            phase = "Scheduled"
        wanted: Obj = {**status, "phase": phase}
        if pod["spec"].get("nodeName"):
            wanted["nodeName"] = pod["spec"]["nodeName"]
        if found.get("podIP"):
            wanted["interfaces"] = [{"name": "default", "ipAddress": found["podIP"]}]
        condition = {"type": "Ready", "status": "True"} if phase == "Running" else _NOT_RUNNING
        wanted["conditions"] = with_condition(list(status.get("conditions") or ()), condition, self.engine.timestamp())
        if phase == "Running" and status.get("phase") != "Running":
            handler = {"source": "virt-handler", "host": pod["spec"]["nodeName"]}
            self.client.event(instance, "Normal", "Created", "VirtualMachineInstance defined.", **handler)
            self.client.event(instance, "Normal", "Started", "VirtualMachineInstance started.", **handler)
        self._set(instance, wanted)

    def _set(self, obj: Obj, status: Obj) -> None:
        if status == obj.get("status"):
            return
        resource = INSTANCES if obj["kind"] == "VirtualMachineInstance" else MACHINES
        try:
            self.client.update_status(resource, {**obj, "status": status})
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # Machines

    def _machine(self, machine: Obj) -> None:
        spec, metadata = machine["spec"], machine["metadata"]
        wanted = spec.get("running") is True or spec.get("runStrategy") in ("Always", "RerunOnFailure")
        found = self.cache.get(INSTANCES, metadata["namespace"], metadata["name"])
        if wanted and found is None:
            template = spec.get("template") or {}
            instance = {
                "apiVersion": f"{GROUP}/v1",
                "kind": "VirtualMachineInstance",
                "metadata": {
                    "name": metadata["name"],
                    "namespace": metadata["namespace"],
                    "labels": (template.get("metadata") or {}).get("labels") or {},
                    "ownerReferences": [owner_reference(machine)],
                },
                "spec": template.get("spec") or {},
            }
            self.client.create(INSTANCES, instance)
        elif not wanted and found is not None and "deletionTimestamp" not in found["metadata"]:
            self.client.delete(INSTANCES, metadata["namespace"], metadata["name"], uid=found["metadata"]["uid"])
        phase = ((found or {}).get("status") or {}).get("phase")
        shown = "Running" if phase == "Running" else "Starting" if wanted else "Stopping" if found else "Stopped"
        status = machine.get("status") or {}
        condition = {"type": "Ready", "status": "True" if shown == "Running" else "False"}
        conditions = with_condition(list(status.get("conditions") or ()), condition, self.engine.timestamp())
        self._set(machine, {**status, "printableStatus": shown, "ready": shown == "Running", "conditions": conditions})


#: `pkg/virt-controller/watch/vmi/vmi.go`: syncReadyConditionFromPod.
_NOT_RUNNING = {
    "type": "Ready",
    "status": "False",
    "reason": "GuestNotRunning",
    "message": "Guest VM is not reported as running",
}
_PHASES = {"Pending": "Scheduling", "Running": "Running", "Succeeded": "Succeeded", "Failed": "Failed"}


def _launcher(instance: Obj) -> Obj:
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
        "vm.kubevirt.io/name": metadata["name"],
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
