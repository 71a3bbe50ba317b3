"""`kubectl debug`: an ephemeral container beside a pod's own, a copy of a pod, or a pod on a node's namespaces.

Follows `kubectl/pkg/cmd/debug/debug.go` and, for the profiles legacy (the default of v1.33) and general, `profiles.go`. The names that
it makes up follow from the clock and the pod, so that a repeated run is the same run.
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

_LEGACY_WARNING = (
    "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, "
    'for example "--profile=general".\n'
)
_PROFILES = ("legacy", "general")
_PTRACE: Obj = {"capabilities": {"add": ["SYS_PTRACE"]}}
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def debug(call: Call) -> None:
    named, command = _split(call)
    if call.text("profile") not in _PROFILES:
        raise CommandError(f"unknown profile: {call.text('profile')}")
    _validate(call, named, command)
    target = named_target(call, named)
    if target.resource.kind == "Node":
        _on_node(call, target.name, command)
        return
    pod = call.api.get(target.resource, target.namespace, target.name)
    if target.resource.kind != "Pod":
        group = f"{target.resource.group}/" if target.resource.group else ""
        shown = f"{group}{target.resource.version}, Kind={target.resource.kind}"
        raise CommandError(f'"{shown}" not supported by debug')
    if call.text("copy-to"):
        _copy(call, pod, command)
    else:
        _beside(call, pod, command)


def _validate(call: Call, named: list[str], command: list[str]) -> None:
    """`DebugOptions.Validate`, in its order; warnings and notices come before the server is asked."""
    image, target = call.text("image"), call.text("target")
    if call.text("copy-to"):
        if not image and not command:
            raise CommandError("you must specify --image, --set-image or command arguments.")
        if command and not call.text("container") and not image:
            raise CommandError("you must specify an existing container or a new image when specifying args.")
    elif call.on("replace") or call.on("same-node"):
        flag = "--replace" if call.on("replace") else "--same-node"
        raise CommandError(f"{flag} may only be used with --copy-to.")
    elif not image:
        raise CommandError("you must specify --image when not using --copy-to.")
    if not named:
        raise CommandError("NAME or filename is required for debug")
    if target:
        if call.text("copy-to"):
            raise CommandError("--target is incompatible with --copy-to. Use --share-processes instead.")
        if not call.on("quiet"):
            call.out(
                f'Targeting container "{target}". If you don\'t see processes from this container it may be because the '
                "container runtime doesn't support this feature.\n"
            )
    if call.on("tty") and not call.on("stdin"):
        raise CommandError("-i/--stdin is required for containers with -t/--tty=true")
    if call.text("profile") == "legacy":
        call.err(_LEGACY_WARNING)


def _split(call: Call) -> tuple[list[str], list[str]]:
    dash = call.arguments.dash
    return (call.rest[:dash], call.rest[dash:]) if dash >= 0 else (call.rest[:1], call.rest[1:])


def _suffix(call: Call, name: str) -> str:
    digest = blake2b(f"{name}/{call.now_us}".encode(), digest_size=5).digest()
    return "".join(SUFFIX_LETTERS[byte % len(SUFFIX_LETTERS)] for byte in digest)


def _name(call: Call, seed: str) -> str:
    if call.text("container"):
        return call.text("container")
    name = f"debugger-{_suffix(call, seed)}"
    if not call.on("quiet"):
        call.out(f"Defaulting debug container name to {name}.\n")
    return name


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
    name = _name(call, pod["metadata"]["name"])
    container = _container(call, name, command)
    if call.text("target"):
        container["targetContainerName"] = call.text("target")
    if call.text("profile") == "general":
        container["securityContext"] = _PTRACE
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
    is_general = call.text("profile") == "general"
    spec = {key: value for key, value in pod["spec"].items() if key not in ("ephemeralContainers", "nodeName")}
    containers = [dict(one) for one in pod["spec"]["containers"]]
    chosen = call.text("container")
    known = next((one for one in containers if one["name"] == chosen), None)
    if known is None:
        if not call.text("image"):
            raise CommandError("you must specify image when creating new container")
        known = _container(call, _name(call, name), command)
        containers.append(known)
    else:
        if call.text("image"):
            known["image"] = call.text("image")
        if command:
            known["args" if call.on("arguments-only") else "command"] = command
            if not call.on("arguments-only"):
                known.pop("args", None)
        for key in ("stdin", "tty"):
            known.pop(key, None)
            known.update({key: True} if call.on(key) else {})
    if is_general:
        known["securityContext"] = {**(known.get("securityContext") or {}), **_PTRACE}
        spec["shareProcessNamespace"] = True
        spec.pop("initContainers", None)
        containers = [{key: value for key, value in one.items() if key not in _PROBES} for one in containers]
    spec["containers"] = containers
    if call.given("share-processes"):
        spec["shareProcessNamespace"] = call.on("share-processes")
    if call.on("same-node"):
        spec["nodeName"] = pod["spec"].get("nodeName", "")
    annotations = {} if is_general else pod["metadata"].get("annotations") or {}
    _create(call, pod["metadata"]["namespace"], name, spec, known["name"], annotations)
    if call.on("replace"):
        resource = call.api.kinds.by_kind("v1", "Pod")
        assert resource is not None
        call.api.delete(
            resource, pod["metadata"]["namespace"], pod["metadata"]["name"], options={"gracePeriodSeconds": 0}
        )


def _on_node(call: Call, node: str, command: list[str]) -> None:
    """A pod in the node's own namespaces, with its disk at /host."""
    name = f"node-debugger-{node}-{_suffix(call, node)}"
    own = call.text("container") or "debugger"
    container = _container(call, own, command)
    container["volumeMounts"] = [{"name": "host-root", "mountPath": "/host"}]
    if not call.on("quiet"):
        call.out(f"Creating debugging pod {name} with container {own} on node {node}.\n")
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
    _create(call, call.namespace, name, spec, own, {})


def _create(call: Call, namespace: str, name: str, spec: Obj, container: str, annotations: Obj) -> None:
    resource = call.api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    metadata: Obj = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = annotations
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
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
            Flag("profile", default="legacy"),
            Flag("replace", kind="bool", help="Delete the pod when the copy has been made"),
        ),
    ),
)
