"""Keeps a pod for each instance, and an instance for each machine that is to run."""

from typing import ClassVar

from simulator.addons.kubevirt import instance_status, machine_status
from simulator.addons.kubevirt.conditions import find, updated
from simulator.addons.kubevirt.kinds import FINALIZER, GROUP, INSTANCES, MACHINES, NAME_LABEL, NODE_LABEL, launcher
from simulator.addons.objects import complete, owner_reference
from simulator.apiserver.errors import StatusError
from simulator.client import About, Controller
from simulator.engine.plain import Obj

_SECOND_US = 1_000_000
_STARTING = ("Always", "RerunOnFailure", "Once")


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
        name = ((about or {"metadata": {}})["metadata"].get("labels") or {}).get(NAME_LABEL)
        if about is not None and name:
            self.enqueue(f"{INSTANCES}|{about['metadata']['namespace']}|{name}")

    def _look_at(self, resource: str, obj: Obj, after_us: int = 0) -> None:
        self.enqueue(f"{resource}|{obj['metadata']['namespace']}|{obj['metadata']['name']}", after_us)

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        obj = self.cache.get(resource, namespace, name)
        if obj is None:
            return
        if resource == MACHINES:
            self._machine(obj)
        elif "deletionTimestamp" in obj["metadata"]:
            self._remove(obj)
        else:
            self._instance(obj)

    # Instances

    def _instance(self, instance: Obj) -> None:
        status = instance.get("status") or {}
        phase, problem = status.get("phase", ""), None
        if not phase:
            self._hold(instance)
        pod = self._pod(instance)
        if pod is None and phase == "Pending":
            pod, problem = self._launch(instance)
        now = self.engine.timestamp()
        wanted: Obj = {
            **status,
            "phase": instance_status.next_phase(phase, pod),
            "conditions": instance_status.conditions(instance, pod, problem, now),
        }
        if pod is not None:
            wanted |= _shown(pod, wanted["phase"])
        if wanted["phase"] == "Running":
            for one in instance_status.migratable(instance):
                wanted["conditions"] = updated(wanted["conditions"], one)
        if wanted["phase"] != phase:
            passed = {"phase": wanted["phase"], "phaseTransitionTimestamp": now}
            wanted["phaseTransitionTimestamps"] = [*(status.get("phaseTransitionTimestamps") or ()), passed]
            self._tell_phase(instance, pod, wanted["phase"])
        self._set(instance, wanted)

    def _pod(self, instance: Obj) -> Obj | None:
        """The launcher; one that goes counts until another is there."""
        pods = self.cache.owned("pods", instance["metadata"]["uid"])
        return next(iter(sorted(pods, key=lambda pod: "deletionTimestamp" in pod["metadata"])), None)

    def _hold(self, instance: Obj) -> None:
        metadata = instance["metadata"]
        if FINALIZER not in (metadata.get("finalizers") or ()):
            patch = {"metadata": {"finalizers": [*(metadata.get("finalizers") or ()), FINALIZER]}}
            self.client.patch(INSTANCES, metadata["namespace"], metadata["name"], patch)

    def _launch(self, instance: Obj) -> tuple[Obj | None, tuple[str, str] | None]:
        """(the pod, why there is none)."""
        try:
            pod = self.client.create("pods", complete(self.client.kinds, "pods", launcher(instance)))
        except StatusError as error:
            if "violates PodSecurity" in str(error):
                where = f"{instance['metadata']['namespace']}/{instance['metadata']['name']}"
                why = f"failed to create pod for vmi {where}, it needs a privileged namespace to run: {error}"
                says = f"failed to render launch manifest: {why}"
            else:
                why, says = f"failed to create virtual machine pod: {error}", f"Error creating pod: {error}"
            self.client.event(instance, "Warning", "FailedCreate", says, source=self.name)
            self._look_at(INSTANCES, instance, 5 * _SECOND_US)
            return None, ("FailedCreate", why)
        says = f"Created virtual machine pod {pod['metadata']['name']}"
        self.client.event(instance, "Normal", "SuccessfulCreate", says, source=self.name)
        return pod, None

    def _tell_phase(self, instance: Obj, pod: Obj | None, phase: str) -> None:
        if pod is None:
            return
        metadata = instance["metadata"]
        if phase == "Scheduled":
            patch = {"metadata": {"labels": {NODE_LABEL: pod["spec"]["nodeName"]}}}
            self.client.patch(INSTANCES, metadata["namespace"], metadata["name"], patch)
        if phase == "Running":
            handler = {"source": "virt-handler", "host": pod["spec"]["nodeName"]}
            self.client.event(instance, "Normal", "Created", "VirtualMachineInstance defined.", **handler)
            self.client.event(instance, "Normal", "Started", "VirtualMachineInstance started.", **handler)

    def _remove(self, instance: Obj) -> None:
        """Its pods first: the finalizer goes when they are gone."""
        metadata = instance["metadata"]
        pods = self.cache.owned("pods", metadata["uid"])
        for pod in pods:
            if "deletionTimestamp" not in pod["metadata"]:
                self.client.delete("pods", metadata["namespace"], pod["metadata"]["name"])
                says = f"Deleted virtual machine pod {pod['metadata']['name']}"
                self.client.event(instance, "Normal", "SuccessfulDelete", says, source=self.name)
        if pods:
            status = instance.get("status") or {}
            now = self.engine.timestamp()
            self._set(
                instance, {**status, "conditions": instance_status.conditions(instance, self._pod(instance), None, now)}
            )
        elif FINALIZER in (metadata.get("finalizers") or ()):
            left = [one for one in metadata["finalizers"] if one != FINALIZER]
            self.client.patch(INSTANCES, metadata["namespace"], metadata["name"], {"metadata": {"finalizers": left}})

    def _set(self, obj: Obj, status: Obj) -> None:
        if status == obj.get("status"):
            return
        resource = INSTANCES if obj["kind"] == "VirtualMachineInstance" else MACHINES
        metadata = obj["metadata"]
        try:
            self.client.patch(
                resource,
                metadata["namespace"],
                metadata["name"],
                {"status": _changes(obj, status)},
                subresource="status",
            )
        except StatusError as error:
            if error.reason not in ("NotFound", "Conflict"):
                raise

    # Machines

    def _machine(self, machine: Obj) -> None:
        metadata = machine["metadata"]
        found = self.cache.get(INSTANCES, metadata["namespace"], metadata["name"])
        failure = machine_status.start_failure(
            machine, found, lambda seconds: self.engine.timestamp(self.engine.now + seconds * _SECOND_US)
        )
        is_starting = is_stopping = False
        if "deletionTimestamp" not in metadata:
            is_starting = found is None and self._start(machine, failure)
            is_stopping = found is not None and self._stop(machine, found)
        now = self.engine.timestamp()
        status: Obj = {
            **{
                field: value
                for field, value in (machine.get("status") or {}).items()
                if field not in ("created", "ready", "startFailure")
            },
            **({"created": True} if found is not None else {}),
            **({"ready": True} if (find(found, "Ready") or {}).get("status") == "True" else {}),
            **({"startFailure": failure} if failure else {}),
            "conditions": machine_status.conditions(machine, found, now),
            "printableStatus": machine_status.printable(
                machine, found, is_starting=is_starting, is_stopping=is_stopping
            ),
            "runStrategy": machine_status.strategy(machine),
        }
        self._set(machine, status)

    def _start(self, machine: Obj, failure: Obj | None) -> bool:
        """True when an instance was made; after failures the next one waits."""
        if machine_status.strategy(machine) not in _STARTING:
            return False
        if failure is not None:
            left = self.engine.micros(failure["retryAfterTimestamp"]) - self.engine.now
            if left > 0:
                self._look_at(MACHINES, machine, left)
                return False
        metadata, template = machine["metadata"], machine["spec"].get("template") or {}
        where: Obj = {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "labels": (template.get("metadata") or {}).get("labels") or {},
            "ownerReferences": [owner_reference(machine)],
        }
        kind = {"apiVersion": f"{GROUP}/v1", "kind": "VirtualMachineInstance"}
        try:
            self.client.create(INSTANCES, {**kind, "metadata": where, "spec": template.get("spec") or {}})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            return True
        says = f"Started the virtual machine by creating the new virtual machine instance {metadata['name']}"
        self.client.event(machine, "Normal", "SuccessfulCreate", says, source=self.name)
        return True

    def _stop(self, machine: Obj, instance: Obj) -> bool:
        """True when the instance was deleted: the machine is not to run, or is to run anew."""
        metadata, wanted = instance["metadata"], machine_status.strategy(machine)
        phase = (instance.get("status") or {}).get("phase")
        ends = {"Halted": True, "Always": phase in ("Succeeded", "Failed"), "RerunOnFailure": phase == "Failed"}
        if "deletionTimestamp" in metadata or not ends.get(wanted, False):
            return False
        self.client.delete(INSTANCES, metadata["namespace"], metadata["name"], uid=metadata["uid"])
        says = f"Stopped the virtual machine by deleting the virtual machine instance {metadata['uid']}"
        self.client.event(machine, "Normal", "SuccessfulDelete", says, source=self.name)
        return True


def _changes(obj: Obj, status: Obj) -> Obj:
    """As a merge patch: somebody may write the metadata meanwhile."""
    gone = {field: None for field in obj.get("status") or {} if field not in status}
    return {**status, **gone}


def _shown(pod: Obj, phase: str) -> Obj:
    status = pod.get("status") or {}
    shown: Obj = {"activePods": {pod["metadata"]["uid"]: pod["spec"].get("nodeName", "")}}
    if phase not in ("", "Pending", "Scheduling") and pod["spec"].get("nodeName"):
        shown["nodeName"] = pod["spec"]["nodeName"]
    if status.get("qosClass"):
        shown["qosClass"] = status["qosClass"]
    shown["launcherContainerImageVersion"] = pod["spec"]["containers"][0]["image"]
    if status.get("podIP"):
        shown["interfaces"] = [{"name": "default", "ipAddress": status["podIP"]}]
    return shown
