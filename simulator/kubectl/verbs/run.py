"""`kubectl run`, `expose` and `exec`: one pod, one Service, one command inside a container."""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call, ExecRefused
from simulator.kubectl.change_cause import RECORD, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.overriding import OVERRIDE_FLAGS, overridden
from simulator.kubectl.pod_choice import container_of, named_target, pods_of
from simulator.kubectl.selection import Found, select
from simulator.kubectl.shared_flags import DRY_RUN, FILE_FLAGS, GRACE_PERIOD, PRINT_FLAGS, TIMEOUT, dry_run, manager
from simulator.kubectl.verbs import exec_watch
from simulator.kubectl.verbs.attach import create_attached
from simulator.kubectl.verbs.create_objects import create_built
from simulator.workloads.images import is_reference

_EXPOSABLE = ("Pod", "Service", "ReplicationController", "Deployment", "ReplicaSet")
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")


# run


def run(call: Call) -> None:
    if not call.rest:
        raise call.wrong_usage("NAME is required for run")
    attaches = call.on("attach") or call.on("stdin")
    if call.on("rm") and not attaches:
        raise call.wrong_usage("--rm should only be used for attached containers")
    if dry_run(call) != "none" and (attaches or call.on("tty")):
        raise call.wrong_usage(
            "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
        )
    if attaches and (not call.session.is_terminal or call.end.attach_shell is None):
        raise CommandError(
            "attaching to a container (-i, -t, --rm, --attach) is not available in this workstation yet; create the pod "
            "without them and use 'kubectl logs' or 'kubectl exec'"
        )
    if not call.text("image"):
        raise CommandError("--image is required")
    if not is_reference(call.text("image")):
        raise CommandError(f'Invalid image name "{call.text("image")}": invalid reference format')
    name, rest = call.rest[0], call.rest[1:]
    if call.text("restart") not in ("Always", "OnFailure", "Never"):
        raise call.wrong_usage(f"invalid restart policy: {call.text('restart')}")
    if call.text("image-pull-policy") not in ("", "Always", "IfNotPresent", "Never"):
        raise call.wrong_usage(f"invalid image pull policy: {call.text('image-pull-policy')}")
    container: Obj = {"image": call.text("image"), "name": name}
    if rest:
        container["command" if call.on("command") else "args"] = rest
    if call.many("env"):
        container["env"] = [_variable(text) for text in call.many("env")]
    if call.text("port"):
        container["ports"] = [{"containerPort": _port(call.text("port"))}]
    if call.text("image-pull-policy"):
        container["imagePullPolicy"] = call.text("image-pull-policy")
    if call.on("privileged"):
        container["securityContext"] = {"privileged": True}
    if call.on("stdin"):
        container["stdin"] = True
        if not call.on("leave-stdin-open"):
            container["stdinOnce"] = True
    if call.on("tty"):
        container["tty"] = True
    container["resources"] = {}
    labels = _labels(call.text("labels")) if call.given("labels") else {"run": name}
    metadata: Obj = {"creationTimestamp": None, "labels": labels, "name": name}
    if call.many("annotations"):
        metadata["annotations"] = dict(_pair(text) for text in call.many("annotations"))
    spec = {"containers": [container], "dnsPolicy": "ClusterFirst", "restartPolicy": call.text("restart")}
    if call.on("expose"):
        if not call.text("port"):
            raise call.wrong_usage("--port must be set when exposing a service")
        port = {"port": _port(call.text("port")), "protocol": "TCP", "targetPort": _port(call.text("port"))}
        _create_service(call, name, {}, {"ports": [port], "selector": labels})
        if call.text("output") == "yaml":
            call.out("---\n---\n")  # once by the command, once by the printer of the second object
    pod = overridden(call, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}})
    pod = recorded(call, pod)
    if attaches and dry_run(call) == "none":
        create_attached(call, pod, name, remove=call.on("rm"))
    else:
        create_built(call, pod)


def _variable(text: str) -> Obj:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise CommandError(f"invalid env: {text}")
    return {"name": name, "value": value} if value else {"name": name}


def _port(text: str) -> int:
    if not text.isdecimal():
        raise CommandError(f'strconv.Atoi: parsing "{text}": invalid syntax')
    return int(text)


def _labels(text: str) -> dict[str, str]:
    return dict(_pair(part) for part in text.split(",") if part)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise CommandError(f"unexpected label spec: {text}")
    return key, value


# expose


def expose(call: Call) -> None:
    selection = select(call, call.rest)
    if len(selection.found) > 1:
        raise CommandError("multiple resources provided: found more than one, wanted exactly one")
    selection.attempt(lambda found: _expose_one(call, found))
    selection.done()


def _expose_one(call: Call, found: Found) -> None:
    if found.resource.kind not in _EXPOSABLE:
        group = f"{found.resource.kind}.{found.resource.group}" if found.resource.group else found.resource.kind
        raise CommandError(f"cannot expose a {group}")
    selector = _labels(call.text("selector")) if call.text("selector") else _selector_of(found)
    ports = _ports_of(call, found)
    spec: Obj = {"ports": ports, "selector": selector}
    if call.text("type"):
        if call.text("type") not in _TYPES:
            raise CommandError(f"invalid service type: found {call.text('type')}, wanted one of {', '.join(_TYPES)}")
        spec["type"] = call.text("type")
    if call.text("cluster-ip"):
        spec["clusterIP"] = call.text("cluster-ip")
    if call.text("external-ip"):
        spec["externalIPs"] = [call.text("external-ip")]
    if call.text("session-affinity"):
        spec["sessionAffinity"] = call.text("session-affinity")
    if call.text("load-balancer-ip"):
        spec["loadBalancerIP"] = call.text("load-balancer-ip")
    labels = _labels(call.text("labels")) if call.text("labels") else found.obj["metadata"].get("labels") or {}
    _create_service(call, call.text("name") or found.name, labels, spec)


def _create_service(call: Call, name: str, labels: dict[str, str], spec: Obj) -> None:
    metadata: Obj = {"creationTimestamp": None, "name": name}
    if labels:
        metadata["labels"] = labels
    obj = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}
    if call.path.endswith("run"):
        create_built(call, recorded(call, obj))
    else:
        create_built(call, recorded(call, overridden(call, obj)), verb="exposed")


def _selector_of(found: Found) -> dict[str, str]:
    spec = found.obj.get("spec") or {}
    if found.resource.kind == "Pod":
        labels = found.obj["metadata"].get("labels") or {}
        if not labels:
            raise CommandError(
                "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed"
            )
        return dict(labels)
    selector = spec.get("selector") or {}
    if selector.get("matchExpressions"):
        raise CommandError(
            "couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - "
            f'"{selector["matchExpressions"]}" to map-based selector format'
        )
    labels = selector.get("matchLabels") if found.resource.kind in ("Deployment", "ReplicaSet") else selector
    if not labels:
        raise CommandError(
            "couldn't retrieve selectors via --selector flag or introspection: the object has no selector"
        )
    return dict(labels)


def _ports_of(call: Call, found: Found) -> list[Obj]:
    numbers = [_port(text) for text in call.text("port").split(",")] if call.text("port") else _declared(found)
    if not numbers:
        raise CommandError("couldn't find port via --port flag or introspection")
    ports = []
    for index, number in enumerate(numbers):
        port: Obj = {"port": number, "protocol": call.text("protocol") or "TCP", "targetPort": _target(call, number)}
        if len(numbers) > 1:
            port["name"] = f"port-{index + 1}"
        ports.append(port)
    return ports


def _target(call: Call, port: int) -> Any:
    text = call.text("target-port")
    return (int(text) if text.isdecimal() else text) if text else port


def _declared(found: Found) -> list[int]:
    spec = found.obj.get("spec") or {}
    if found.resource.kind == "Service":
        return [port["port"] for port in spec.get("ports") or ()]
    pod = spec if found.resource.kind == "Pod" else (spec.get("template") or {}).get("spec") or {}
    return [port["containerPort"] for c in pod.get("containers") or () for port in c.get("ports") or ()]


# exec


def exec_in_pod(call: Call) -> None:
    named, command = _split(call)
    target = named_target(call, named)
    if target.resource.kind == "Pod":
        pod = call.api.get(target.resource, target.namespace, target.name)
    else:
        pods = pods_of(call, target)
        if not pods:
            raise CommandError("timed out waiting for the condition")
        pod = pods[0]
    phase = (pod.get("status") or {}).get("phase", "")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = container_of(call, pod, call.text("container"), quiet=call.on("quiet"), by_server=True)
    if call.on("tty") and call.on("stdin") and not call.session.is_terminal:
        call.err("Unable to use a TTY - input is not a terminal or the right kind of file\n")
    elif call.on("stdin") and not call.stdin and _is_shell(command) and call.end.open_shell is not None:
        _open_shell(call, pod, container, command)
        return
    _execute(call, pod, container, command)


def _is_shell(command: list[str]) -> bool:
    """A shell that will wait for what is typed."""
    program = command[0].rsplit("/", 1)[-1]
    return program in _SHELLS and all(word in ("-i", "-l", "--login", "-il") for word in command[1:])


def _open_shell(call: Call, pod: Obj, container: str, command: list[str]) -> None:
    assert call.end.open_shell is not None
    _connect(call, pod, container, command)
    _check_running(pod, container)
    try:
        call.opened = call.end.open_shell(pod["metadata"]["namespace"], pod["metadata"]["name"], container, command)
    except ExecRefused as refused:
        raise _refused(refused) from refused


def _split(call: Call) -> tuple[list[str], list[str]]:
    dash = call.arguments.dash
    named = call.rest[:dash] if dash >= 0 else call.rest[:1]
    command = call.rest[dash:] if dash >= 0 else call.rest[1:]
    if not named:
        raise CommandError("pod, type/name or --filename must be specified")
    if not command:
        raise CommandError("you must specify at least one command for the container")
    if dash < 0:
        raise call.wrong_usage("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")
    return named, command


def _execute(call: Call, pod: Obj, container: str, command: list[str]) -> None:
    stdout, stderr, code = executed(call, pod, container, command, call.stdin if call.on("stdin") else "")
    call.out(stdout)
    call.err(stderr)
    if code:
        raise CommandError(f"command terminated with exit code {code}", exit_code=code, prefixed=False)
    exec_watch.goes_on(call, pod, container, command, stdout)


def executed(call: Call, pod: Obj, container: str, command: list[str], stdin: str) -> tuple[str, str, int]:
    """(stdout, stderr, exit code) of a command in a container. Raises CommandError when it cannot be started."""
    hook = call.end.exec_in_container
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    _connect(call, pod, container, command)
    _check_running(pod, container)
    if hook is None:
        raise CommandError(
            "Internal error occurred: error executing command in container: the container runtime of this lab does not "
            f"run commands in {namespace}/{name} yet"
        )
    try:
        return hook(namespace, name, container, command, stdin)
    except ExecRefused as refused:
        raise _refused(refused) from refused


def _connect(call: Call, pod: Obj, container: str, command: list[str]) -> None:
    """Asks the API server for the stream. Raises ApiRefusal."""
    query = {"command": "\0".join(command), "container": container, "stdout": "true", "stderr": "true"}
    query |= {name: "true" for name in ("stdin", "tty") if call.on(name)}
    call.api.connect(pod["metadata"]["namespace"], pod["metadata"]["name"], "exec", query)


def _check_running(pod: Obj, container: str) -> None:
    fields = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    statuses = [s for field in fields for s in (pod.get("status") or {}).get(field) or ()]
    if not any(s["name"] == container and "running" in (s.get("state") or {}) for s in statuses):
        raise CommandError(
            f'Internal error occurred: unable to upgrade connection: container not found ("{container}")', prefixed=True
        )


def _refused(refused: ExecRefused) -> CommandError:
    return CommandError(f"Internal error occurred: {not_started(str(refused))}")


def not_started(refused: str) -> str:
    """What containerd and runc say of a command that they could not start."""
    return (
        "error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: "
        f"exec failed: unable to start container process: {refused}: unknown"
    )


COMMANDS = (
    Command(
        "expose",
        "Make a Service for a workload, pod or service",
        expose,
        usage="(-f FILENAME | TYPE NAME) [--port=port] [--target-port=number-or-name] [--type=type]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            DRY_RUN,
            manager("kubectl-expose"),
            Flag("port", help="Port of the Service"),
            Flag("target-port", help="Port or port name of the containers"),
            Flag("protocol", help="TCP, UDP or SCTP"),
            Flag("type", help="ClusterIP, NodePort, LoadBalancer or ExternalName"),
            Flag("name", help="Name of the Service"),
            Flag("selector", help="Labels of the pods, as key=value,..."),
            Flag("labels", "l", help="Labels of the Service"),
            Flag("cluster-ip"),
            Flag("external-ip"),
            Flag("load-balancer-ip"),
            Flag("session-affinity"),
            *OVERRIDE_FLAGS,
            RECORD,
            Flag("save-config", kind="bool"),
        ),
    ),
    Command(
        "run",
        "Run one pod from an image",
        run,
        usage="NAME --image=image [--env=key=value] [--port=port] [-- COMMAND [args...]]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            DRY_RUN,
            GRACE_PERIOD,
            TIMEOUT,
            manager("kubectl-run"),
            Flag("image", help="Image of the container"),
            Flag("env", kind="array", help="KEY=value of the environment; may be given several times"),
            Flag("labels", "l", help="Labels, as key=value,..."),
            Flag("annotations", kind="array"),
            Flag("port", help="Port the container serves"),
            Flag("restart", default="Always", help="Always, OnFailure or Never"),
            Flag("command", kind="bool", help="What follows -- is the command, not its arguments"),
            Flag("image-pull-policy"),
            Flag("expose", kind="bool", help="Also make a Service for --port"),
            Flag("privileged", kind="bool"),
            Flag("attach", kind="bool"),
            Flag("stdin", "i", kind="bool"),
            Flag("tty", "t", kind="bool"),
            Flag("rm", kind="bool"),
            Flag("quiet", "q", kind="bool"),
            Flag("force", kind="bool"),
            Flag("wait", kind="bool"),
            Flag("cascade", default="background", bare="background"),
            Flag("leave-stdin-open", kind="bool"),
            *OVERRIDE_FLAGS,
            RECORD,
            Flag("pod-running-timeout", kind="duration", default=60_000_000),
            Flag("save-config", kind="bool"),
        ),
        required=("image",),
    ),
    Command(
        "exec",
        "Run a command inside a container",
        exec_in_pod,
        usage="(POD | TYPE/NAME) [-c CONTAINER] -- COMMAND [args...]",
        flags=(
            *FILE_FLAGS[:1],
            Flag("container", "c", help="This container"),
            Flag("stdin", "i", kind="bool", help="Pass standard input to the container"),
            Flag("tty", "t", kind="bool"),
            Flag("quiet", "q", kind="bool"),
            Flag("pod-running-timeout", kind="duration", default=60_000_000),
        ),
    ),
)
