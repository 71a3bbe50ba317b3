"""`kubectl debug`: an ephemeral container beside a pod's own, a copy of a pod, or a pod on a node's namespaces.

Follows `kubectl/pkg/cmd/debug/debug.go`; what the profiles do is in `debug_profiles.py`. The names that it makes up follow from the clock and the pod, so that a repeated run is the same run.
"""

from __future__ import annotations

from hashlib import blake2b

import yaml

from simulator.engine.plain import Obj
from simulator.engine.rng import SUFFIX_LETTERS
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError, FlagError
from simulator.kubectl.home import FileError
from simulator.kubectl.manifests import read_manifests
from simulator.kubectl.pod_choice import named_target
from simulator.kubectl.selection import Target
from simulator.kubectl.shared_flags import FILE_FLAGS
from simulator.kubectl.verbs.attach import attached
from simulator.kubectl.verbs.debug_profiles import (
    PROFILES,
    WARNING,
    Style,
    copied_metadata,
    copied_spec,
    in_profile,
    may_not_work,
    node_spec,
)
from simulator.workloads.images import is_reference

_LEGACY_WARNING = (
    "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly specify a profile, "
    'for example "--profile=general".\n'
)
_KEEP = ("keep-labels", "keep-annotations", "keep-liveness", "keep-readiness", "keep-startup", "keep-init-containers")
_POLICIES = ("", "Always", "IfNotPresent", "Never")


def debug(call: Call) -> None:
    named, command = _split(call)
    if call.text("profile") not in PROFILES:
        raise CommandError(f"unknown profile: {call.text('profile')}")
    _pairs(call, "env")
    _pairs(call, "set-image")
    custom = _custom(call)
    _validate(call, named, command)
    for target in _targets(call, named):
        if target.resource.kind == "Node":
            call.api.get(target.resource, "", target.name)
            _on_node(call, target.name, command, custom)
            continue
        pod = call.api.get(target.resource, target.namespace, target.name)
        if target.resource.kind != "Pod":
            shown = f"{target.resource.group}/{target.resource.version}, Kind={target.resource.kind}"
            raise CommandError(f'"{shown}" not supported by debug')
        (_copy if call.text("copy-to") else _beside)(call, pod, command, custom)


def _targets(call: Call, named: list[str]) -> list[Target]:
    if call.names_files:
        return [Target(one.resource, one.namespace, one.name) for one in read_manifests(call)]
    return [named_target(call, [word]) for word in named]


def _pairs(call: Call, flag: str) -> dict[str, str]:
    """`a=b,c=d` of a flag."""
    found: dict[str, str] = {}
    for text in (part for value in call.many(flag) for part in value.split(",")):
        key, equals, value = text.partition("=")
        if not equals:
            why = f'invalid argument "{text}" for "--{flag}" flag: {text} must be formatted as key=value'
            raise FlagError(why, "kubectl debug")
        found[key] = value
    return found


def _custom(call: Call) -> Obj:
    path = call.text("custom")
    if not path:
        return {}
    try:
        text = call.session.home.read(path)
    except FileError as error:
        why = f"must pass a container spec json file for custom profile: open {path}: {str(error).lower()}"
        raise CommandError(why) from error
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        found = None
    if not isinstance(found, dict):
        raise CommandError(f"{path} does not contain a valid container spec: error unmarshaling JSON")
    known = {"env", "resources", "securityContext", "envFrom", "volumeMounts", "imagePullPolicy", "workingDir"}
    return {key: value for key, value in found.items() if key in known}


def _validate(call: Call, named: list[str], command: list[str]) -> None:
    """`DebugOptions.Validate`, in its order; warnings and notices come before the server is asked."""
    image, target = call.text("image"), call.text("target")
    has_images = bool(call.many("set-image"))
    if call.text("copy-to"):
        if not image and not command and not has_images:
            raise CommandError("you must specify --image, --set-image or command arguments.")
        if command and not call.text("container") and not image:
            raise CommandError("you must specify an existing container or a new image when specifying args.")
    elif call.on("replace") or call.on("same-node"):
        flag = "--replace" if call.on("replace") else "--same-node"
        raise CommandError(f"{flag} may only be used with --copy-to.")
    elif has_images:
        raise CommandError("--set-image may only be used with --copy-to.")
    elif not image:
        raise CommandError("you must specify --image when not using --copy-to.")
    if image and not is_reference(image):
        raise CommandError(f'invalid image name "{image}": invalid reference format')
    if not named and not call.names_files:
        raise CommandError("NAME or filename is required for debug")
    if target:
        if call.text("copy-to"):
            raise CommandError("--target is incompatible with --copy-to. Use --share-processes instead.")
        if not call.on("quiet"):
            call.out(
                f'Targeting container "{target}". If you don\'t see processes from this container it may be because the '
                "container runtime doesn't support this feature.\n"
            )
    if call.text("image-pull-policy") not in _POLICIES:
        raise CommandError(f"invalid image pull policy: {call.text('image-pull-policy')}")
    if call.on("tty") and not call.on("stdin"):
        raise CommandError("-i/--stdin is required for containers with -t/--tty=true")
    if call.text("profile") == "legacy":
        call.err(_LEGACY_WARNING)


def _split(call: Call) -> tuple[list[str], list[str]]:
    dash = call.arguments.dash
    return (call.rest[:dash], call.rest[dash:]) if dash >= 0 else (call.rest, [])


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
    image = call.text("image")
    is_latest = image.endswith(":latest") or ":" not in image
    made: Obj = {
        "name": name,
        "image": call.text("image"),
        "imagePullPolicy": call.text("image-pull-policy") or ("Always" if is_latest else "IfNotPresent"),
        "terminationMessagePolicy": "File",
        "resources": {},
    }
    if command:
        made["args" if call.on("arguments-only") else "command"] = command
    if call.many("env"):
        made["env"] = [{"name": name, "value": value} for name, value in sorted(_pairs(call, "env").items())]
    if call.on("stdin"):
        made["stdin"] = True
    if call.on("tty"):
        made["tty"] = True
    return made


def _profiled(call: Call, container: Obj, pod_spec: Obj, style: Style, custom: Obj) -> Obj:
    """With what the profile and `--custom` say."""
    made = in_profile(container, call.text("profile"), style)
    for key, value in custom.items():
        before = made.get(key)
        together = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
        made = {**made, key: [*before, *value] if isinstance(before, list) and isinstance(value, list) else together}
    if style != "node" and may_not_work(made, pod_spec):
        call.err(WARNING)
    return made


def _beside(call: Call, pod: Obj, command: list[str], custom: Obj) -> None:
    """An ephemeral container in the pod itself."""
    name = _name(call, pod["metadata"]["name"])
    container = _container(call, name, command)
    if call.text("target"):
        container["targetContainerName"] = call.text("target")
    container = _profiled(call, container, pod["spec"], "ephemeral", custom)
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


def _copy(call: Call, pod: Obj, command: list[str], custom: Obj) -> None:
    """Another pod with the same spec, changed or with one container more."""
    name, profile = call.text("copy-to"), call.text("profile")
    images = _pairs(call, "set-image")
    spec = {key: value for key, value in pod["spec"].items() if key not in ("ephemeralContainers", "nodeName")}
    spec["containers"] = [_with_image(one, images) for one in pod["spec"]["containers"]]
    metadata = {key: pod["metadata"][key] for key in ("labels", "annotations") if pod["metadata"].get(key)}
    chosen = call.text("container")
    known = next((one for one in spec["containers"] if one["name"] == chosen), None)
    is_only_images = known is None and not call.text("image") and bool(images)
    if not is_only_images:
        spec, chosen = _with_debugger(call, name, spec, known, command, custom)
        kept = [flag for flag in _KEEP if call.on(flag)]
        spec, metadata = copied_spec(spec, profile, kept), copied_metadata(pod["metadata"], profile, kept)
    if call.given("share-processes"):
        spec["shareProcessNamespace"] = call.on("share-processes")
    if call.on("same-node"):
        spec["nodeName"] = pod["spec"].get("nodeName", "")
    _create(call, pod["metadata"]["namespace"], name, spec, chosen, metadata)
    if call.on("replace"):
        resource = call.api.kinds.by_kind("v1", "Pod")
        assert resource is not None
        call.api.delete(
            resource, pod["metadata"]["namespace"], pod["metadata"]["name"], options={"gracePeriodSeconds": 0}
        )


def _with_image(container: Obj, images: dict[str, str]) -> Obj:
    image = images.get(container["name"], images.get("*", ""))
    return {**container, "image": image} if image else dict(container)


def _with_debugger(
    call: Call, name: str, spec: Obj, known: Obj | None, command: list[str], custom: Obj
) -> tuple[Obj, str]:
    """The spec with its debug container, an own one or one more, and the name of that."""
    if known is None:
        if not call.text("image"):
            raise CommandError("you must specify image when creating new container")
        made = _container(call, _name(call, name), command)
    else:
        made = dict(known)
        if call.text("image"):
            made["image"] = call.text("image")
        if command:
            made["args" if call.on("arguments-only") else "command"] = command
            if not call.on("arguments-only"):
                made.pop("args", None)
        for key in ("stdin", "tty"):
            made.pop(key, None)
            made.update({key: True} if call.on(key) else {})
    made = _profiled(call, made, spec, "copy", custom)
    others = [made if one is known else one for one in spec["containers"]]
    return {**spec, "containers": [*others, made] if known is None else others}, made["name"]


def _on_node(call: Call, node: str, command: list[str], custom: Obj) -> None:
    """A pod on a node, most often in the node's own namespaces and with its disk at /host."""
    name = f"node-debugger-{node}-{_suffix(call, node)}"
    own = call.text("container") or "debugger"
    container = _profiled(call, _container(call, own, command), {}, "node", custom)
    if not call.on("quiet"):
        call.out(f"Creating debugging pod {name} with container {own} on node {node}.\n")
    spec: Obj = {
        "containers": [container],
        "nodeName": node,
        "restartPolicy": "Never",
        "tolerations": [{"operator": "Exists"}],
    }
    _create(call, call.namespace, name, node_spec(spec, call.text("profile")), own, {})


def _create(call: Call, namespace: str, name: str, spec: Obj, container: str, kept: Obj) -> None:
    resource = call.api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    metadata: Obj = {"name": name, "namespace": namespace, **kept}
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
            *FILE_FLAGS,
            Flag("custom", help="A file with a part of a container that is put over the profile"),
            Flag("env", kind="array"),
            Flag("image-pull-policy"),
            Flag("keep-annotations", kind="bool", help="The copy keeps annotations"),
            Flag("keep-init-containers", kind="bool", default=True, help="The copy keeps init containers"),
            Flag("keep-labels", kind="bool", help="The copy keeps labels"),
            Flag("keep-liveness", kind="bool"),
            Flag("keep-readiness", kind="bool"),
            Flag("keep-startup", kind="bool"),
            Flag("set-image", kind="array", help="Other images for the copy's containers: NAME=IMAGE, or *=IMAGE"),
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
