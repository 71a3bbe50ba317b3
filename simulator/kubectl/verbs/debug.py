"""`kubectl debug`: an ephemeral container beside a pod's own, a copy of a pod, or a pod on a node's namespaces.

Follows `kubectl/pkg/cmd/debug/debug.go` and `profiles.go` (profile `legacy` of v1.33 is `general` by default). The names that it makes
up follow from the clock and the pod, so that a repeated run is the same run.
"""

from __future__ import annotations

from hashlib import blake2b

from simulator.engine.plain import Obj
from simulator.engine.rng import SUFFIX_LETTERS
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.pod_choice import named_target
from simulator.kubectl.verbs.attach import attached


def debug(call: Call) -> None:
    if not call.rest:
        raise CommandError("NAME or --filename is required for debug")
    named, command = _split(call)
    target = named_target(call, named)
    if target.resource.kind == "Node":
        _on_node(call, target.name, command)
        return
    if target.resource.kind != "Pod":
        raise CommandError(f'"{target.resource.plural}" not supported by debug')
    pod = call.api.get(target.resource, target.namespace, target.name)
    if call.text("copy-to"):
        _copy(call, pod, command)
    else:
        _beside(call, pod, command)


def _split(call: Call) -> tuple[list[str], list[str]]:
    dash = call.arguments.dash
    return (call.rest[:dash], call.rest[dash:]) if dash >= 0 else (call.rest[:1], call.rest[1:])


def _suffix(call: Call, name: str) -> str:
    digest = blake2b(f"{name}/{call.now_us}".encode(), digest_size=5).digest()
    return "".join(SUFFIX_LETTERS[byte % len(SUFFIX_LETTERS)] for byte in digest)


def _container(call: Call, name: str, command: list[str]) -> Obj:
    made: Obj = {
        "name": name,
        "image": call.text("image"),
        "imagePullPolicy": "Always"
        if call.text("image").endswith(":latest") or ":" not in call.text("image")
        else "IfNotPresent",
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    if command:
        made["args" if call.on("arguments-only") else "command"] = command
    if call.many("env"):
        made["env"] = [dict(zip(("name", "value"), text.split("=", 1), strict=False)) for text in call.many("env")]
    if call.on("stdin"):
        made["stdin"] = True
    if call.on("tty"):
        made["tty"] = True
    return made


def _beside(call: Call, pod: Obj, command: list[str]) -> None:
    """An ephemeral container in the pod itself."""
    if not call.text("image"):
        raise CommandError("you must specify --image when not using --copy-to.")
    target = call.text("target")
    name = call.text("container") or f"debugger-{_suffix(call, pod['metadata']['name'])}"
    if target and not any(one["name"] == target for one in pod["spec"]["containers"]):
        raise CommandError(f"container {target} not found in pod {pod['metadata']['name']}")
    container = _container(call, name, command)
    if target:
        container["targetContainerName"] = target
        call.err(
            f'Targeting container "{target}". If you don\'t see processes from this container it may be because the '
            "container runtime doesn't support this feature.\n"
        )
    if not call.text("container") and not call.on("quiet"):
        call.err(f"Defaulting debug container name to {name}.\n")
    resource = call.api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    metadata = pod["metadata"]
    value = {"spec": {"ephemeralContainers": [*(pod["spec"].get("ephemeralContainers") or ()), container]}}
    call.api.patch(
        resource,
        metadata["namespace"],
        metadata["name"],
        value,
        kind="application/strategic-merge-patch+json",
        manager="kubectl-debug",
        subresource="ephemeralcontainers",
    )
    _attach(call, metadata["namespace"], metadata["name"], name)


def _attach(call: Call, namespace: str, pod: str, container: str) -> None:
    if (call.on("attach") or call.on("stdin")) and call.session.is_terminal:
        call.follow = attached(call, namespace, pod, container)


def _copy(call: Call, pod: Obj, command: list[str]) -> None:
    """Another pod with the same spec, changed or with one container more."""
    name = call.text("copy-to")
    kept = {
        "affinity",
        "initContainers",
        "nodeSelector",
        "tolerations",
        "volumes",
        "serviceAccountName",
        "securityContext",
        "restartPolicy",
    }
    spec = {key: value for key, value in pod["spec"].items() if key in kept}
    containers = [
        {key: value for key, value in one.items() if key not in ("livenessProbe", "readinessProbe", "startupProbe")}
        for one in pod["spec"]["containers"]
    ]
    changed = call.text("container")
    known = next((one for one in containers if one["name"] == changed), None)
    if known is not None:
        if call.text("image"):
            known["image"] = call.text("image")
        if command:
            known["command"] = command
            known.pop("args", None)
        known.update({key: True for key in ("stdin", "tty") if call.on(key)})
        shown = changed
    else:
        if not call.text("image"):
            raise CommandError("you must specify image, container, or set-image when using --copy-to.")
        shown = changed or f"debugger-{_suffix(call, name)}"
        if not changed:
            call.err(f"Defaulting debug container name to {shown}.\n")
        containers.append(_container(call, shown, command))
    spec["containers"] = containers
    if call.on("share-processes"):
        spec["shareProcessNamespace"] = True
    if call.on("same-node"):
        spec["nodeName"] = pod["spec"].get("nodeName", "")
    _create(call, pod["metadata"]["namespace"], name, spec, shown)


def _on_node(call: Call, node: str, command: list[str]) -> None:
    """A pod in the node's own namespaces, with its disk at /host."""
    if not call.text("image"):
        raise CommandError("you must specify --image when creating a node debugger pod.")
    name = f"node-debugger-{node}-{_suffix(call, node)}"
    container = _container(call, "debugger", command)
    container["volumeMounts"] = [{"name": "host-root", "mountPath": "/host"}]
    call.err(f"Creating debugging pod {name} with container debugger on node {node}.\n")
    spec: Obj = {
        "containers": [container],
        "hostIPC": True,
        "hostNetwork": True,
        "hostPID": True,
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
        "volumes": [{"name": "host-root", "hostPath": {"path": "/"}}],
    }
    _create(call, call.namespace, name, spec, "debugger")


def _create(call: Call, namespace: str, name: str, spec: Obj, container: str) -> None:
    resource = call.api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": spec}
    call.api.create(resource, namespace, pod, manager="kubectl-debug")
    _attach(call, namespace, name, container)


COMMANDS = (
    Command(
        "debug",
        "Add a container to a pod, copy a pod, or open a pod on a node, to find out what is wrong",
        debug,
        usage="(POD | node/NAME) --image=image [--target=container] [--copy-to=name] [-- COMMAND [args...]]",
        flags=(
            Flag("image", help="Image of the debug container"),
            Flag("target", help="Share the processes of this container"),
            Flag("copy-to", help="Make a copy of the pod with this name"),
            Flag("container", "c", help="Name of the debug container, or of the one to change in the copy"),
            Flag("env", kind="array"),
            Flag(
                "share-processes", kind="bool", default=True, help="In the copy, containers see each other's processes"
            ),
            Flag("same-node", kind="bool", help="The copy lands on the same node"),
            Flag("arguments-only", kind="bool", help="What follows -- are arguments, not the command"),
            Flag("attach", kind="bool"),
            Flag("stdin", "i", kind="bool", help="Keep standard input open"),
            Flag("tty", "t", kind="bool", help="Give it a terminal"),
            Flag("quiet", "q", kind="bool"),
            Flag("profile", default="general"),
        ),
    ),
)
