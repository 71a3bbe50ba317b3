"""Where a pod's specification is written: in the workload that makes the pod, or in the pod itself.

Promises: an edit is the command that a person would type. A Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController is
patched in its template; a Job and a bare pod cannot be changed and are replaced
(https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement).
"""

import json
from collections.abc import Callable
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.yaml_text import to_yaml
from simulator.remedies.change import Command, shell

#: (resource, namespace, name) → the object.
Find = Callable[[str, str, str], Obj | None]
_RESOURCES = {
    "ReplicaSet": "replicasets.apps",
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "ReplicationController": "replicationcontrollers",
    "Job": "jobs.batch",
}
#: Their pods stay as they are when the template changes: who is stuck has to go first.
_KEEP_THEIR_PODS = ("ReplicaSet", "ReplicationController", "StatefulSet")
_GIVEN_BY_THE_SERVER = (
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "ownerReferences",
    "selfLink",
)
_JOB_LABELS = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)

#: A JSON patch without the path to the pod's specification.
Edits = list[dict[str, Any]]


class Written:
    """The object in which a pod's specification is written."""

    def __init__(self, pod: Obj, find: Find) -> None:
        self.pod = pod
        self.obj = _root(pod, find)
        self.kind: str = self.obj["kind"]
        self.is_template = self.kind != "Pod"

    @property
    def about(self) -> str:
        return f"{self.kind} {self.obj['metadata']['name']}"

    @property
    def uid(self) -> str:
        return str(self.obj["metadata"]["uid"])

    @property
    def spec(self) -> Obj:
        """The pod's specification, as it is written there."""
        found: Obj = self.obj["spec"]["template"]["spec"] if self.is_template else self.obj["spec"]
        return found

    def field(self, path: str) -> str:
        return f"spec.template.spec.{path}" if self.is_template else f"spec.{path}"

    def edit(self, edits: Edits) -> tuple[Command, ...]:
        """The commands that change the specification so."""
        if self.kind in ("Pod", "Job"):
            return (self._replace(edits),)
        based = [{**one, "path": f"/spec/template/spec{one['path']}"} for one in edits]
        line = f"kubectl patch {self._target} --type=json -p '{json.dumps(based)}'"
        return (shell(line), *self._let_go())

    def request(self, container: str, amounts: dict[str, str], edits: Edits) -> tuple[Command, ...]:
        """The commands that set requests of a container."""
        if self.kind in ("Pod", "Job"):
            return (self._replace(edits),)
        requests = ",".join(f"{name}={amount}" for name, amount in amounts.items())
        return (
            shell(f"kubectl set resources {self._target} -c {container} --requests={requests}"),
            *self._let_go(),
        )

    def patch_pod(self, edits: Edits) -> tuple[Command, ...]:
        """Of the few fields of a pod that may change while it waits."""
        based = [{**one, "path": f"/spec{one['path']}"} for one in edits]
        return (shell(f"kubectl patch {_target(self.pod)} --type=json -p '{json.dumps(based)}'"),)

    @property
    def _target(self) -> str:
        return _target(self.obj)

    def _let_go(self) -> tuple[Command, ...]:
        return (shell(f"kubectl delete {_target(self.pod)} --wait=false"),) if self.kind in _KEEP_THEIR_PODS else ()

    def _replace(self, edits: Edits) -> Command:
        metadata = {key: value for key, value in self.obj["metadata"].items() if key not in _GIVEN_BY_THE_SERVER}
        spec: Obj = json.loads(json.dumps(self.obj["spec"]))
        if self.kind == "Job":
            spec.pop("selector", None)
            for labels in (metadata.get("labels"), (spec["template"].get("metadata") or {}).get("labels")):
                for name in _JOB_LABELS:
                    (labels or {}).pop(name, None)
        _apply(spec["template"]["spec"] if self.is_template else spec, edits)
        text = to_yaml({"apiVersion": self.obj["apiVersion"], "kind": self.kind, "metadata": metadata, "spec": spec})
        return shell("kubectl replace --force -f -", text)


def _root(pod: Obj, find: Find) -> Obj:
    """The topmost workload that makes the pod; the pod itself when there is none, or one that we know nothing of."""
    obj = pod
    while True:
        reference = next((one for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), None)
        resource = _RESOURCES.get(reference["kind"]) if reference is not None else None
        if reference is None or resource is None:
            return obj
        owner = find(resource, pod["metadata"]["namespace"], reference["name"])
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            return obj
        obj = owner


def root_uid(pod: Obj, find: Find) -> str:
    return str(_root(pod, find)["metadata"]["uid"])


def _target(obj: Obj) -> str:
    metadata = obj["metadata"]
    return f"{obj['kind'].lower()} {metadata['name']} -n {metadata['namespace']}"


def _apply(spec: Obj, edits: Edits) -> None:
    """`add` and `remove` on a fresh copy; paths are our own, so they fit."""
    for one in edits:
        *steps, last = [step.replace("~1", "/").replace("~0", "~") for step in one["path"].split("/")[1:]]
        place: Any = spec
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        if isinstance(place, list):
            if one["op"] == "remove":
                del place[int(last)]
            elif last == "-":
                place.append(one["value"])
            else:
                place.insert(int(last), one["value"])
        elif one["op"] == "remove":
            del place[last]
        else:
            place[last] = one["value"]


def step(name: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
