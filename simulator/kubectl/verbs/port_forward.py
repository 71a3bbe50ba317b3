"""`kubectl port-forward`: ports of the workstation that lead into a pod.

`client-go/tools/portforward/portforward.go` and `kubectl/pkg/cmd/portforward/portforward.go` of v1.33. The process does nothing by itself: it holds
its ports until somebody connects (`curl_command.py`); the first connection that fails ends it, as the real one ends with "lost connection to pod".

Leaves to others: the way into the pod (`simulator.port_forward`).
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.acting import Acted
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.listening import Taken, take
from simulator.kubectl.pod_choice import named_target, pods_of

_FORWARDABLE = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service", "ReplicationController")


def port_forward(call: Call) -> None:
    if len(call.rest) < 2:
        raise call.wrong_usage("TYPE/NAME and list of ports are required for port-forward")
    obj, pod = _chosen(call)
    ports = [_translated(text, obj, pod) for text in call.rest[1:]]
    phase = (pod.get("status") or {}).get("phase", "")
    if phase != "Running":
        raise CommandError(f"unable to forward port because pod is not running. Current status={phase}")
    addresses = _addresses(call.many("address"))
    pairs = [_pair(text) for text in ports]
    metadata = pod["metadata"]
    try:
        call.api.connect(metadata["namespace"], metadata["name"], "portforward", {})
    except ApiRefusal as refusal:
        raise CommandError(f"error upgrading connection: {refusal.message}") from refusal
    token: Token = {
        "kind": "port-forward",
        "namespace": metadata["namespace"],
        "pod": metadata["name"],
        "uid": metadata.get("uid", ""),
        "listens": [],
    }
    acted = Acted(token)
    for index, (local, remote) in enumerate(pairs):
        pairs[index] = (_listen(call, acted, addresses, local, remote), remote)
    if not token["listens"]:
        shown = " ".join(f"{{{local} {remote}}}" for local, remote in pairs)
        call.goes_on(Acted(token, acted.said, done=True, exit=1))
        call.err(f"error: unable to listen on any of the requested ports: [{shown}]\n")
        return
    call.goes_on(acted)


def _chosen(call: Call) -> tuple[Obj, Obj]:
    """The object that was named, and the pod that it means."""
    target = named_target(call, call.rest[:1])
    obj = call.api.get(target.resource, target.namespace, target.name)
    kind = target.resource.kind
    if kind == "Pod":
        return obj, obj
    if kind not in _FORWARDABLE:
        raise CommandError(f"cannot attach to *v1.{kind}: selector for *v1.{kind} not implemented")
    pods = pods_of(call, target)
    if not pods:
        raise CommandError("timed out waiting for the condition")
    return obj, pods[0]


# Ports as they are typed


def _split(text: str) -> tuple[str, str]:
    parts = text.split(":")
    return (parts[0], parts[1]) if len(parts) == 2 else (parts[0], parts[0])


def _translated(text: str, obj: Obj, pod: Obj) -> str:
    """With the number of a container's port on the right: a Service's port leads to its target port."""
    local, remote = _split(text)
    if obj["kind"] == "Service":
        number = _number(remote)
        if number is None:
            number = _service_port_named(obj, remote)
            local = str(number) if local == remote else local
        wanted = str(_target_port(obj, pod, number))
    else:
        if not remote:
            _container_port_named(pod, remote)
        wanted = remote if _number(remote) is not None else str(_container_port_named(pod, remote))
    _refuse_udp(remote, obj if obj["kind"] == "Service" else pod, wanted)
    return wanted if local == wanted else f"{local}:{wanted}"


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else None


def _service_port_named(service: Obj, name: str) -> int:
    for port in service["spec"].get("ports") or ():
        if port.get("name") == name:
            return int(port["port"])
    raise CommandError(f"Service '{service['metadata']['name']}' does not have a named port '{name}'")


def _container_port_named(pod: Obj, name: str) -> int:
    for container in pod["spec"]["containers"]:
        for port in container.get("ports") or ():
            if port.get("name") == name:
                return int(port["containerPort"])
    raise CommandError(f"Pod '{pod['metadata']['name']}' does not have a named port '{name}'")


def _target_port(service: Obj, pod: Obj, number: int) -> int:
    for port in service["spec"].get("ports") or ():
        if port["port"] != number:
            continue
        target = port.get("targetPort", 0)
        if service["spec"].get("clusterIP") == "None":
            return number
        return (target or number) if isinstance(target, int) else _container_port_named(pod, target)
    raise CommandError(f"Service {service['metadata']['name']} does not have a service port {number}")


def _refuse_udp(remote: str, obj: Obj, wanted: str) -> None:
    """Only a port that is UDP and nothing else."""
    if obj["kind"] == "Service":
        known = [(port["port"], port.get("name"), port) for port in obj["spec"].get("ports") or ()]
    else:
        ports = [port for container in obj["spec"]["containers"] for port in container.get("ports") or ()]
        known = [(port["containerPort"], port.get("name"), port) for port in ports]
    number = _number(remote)
    number = next((n for n, name, _ in known if name == remote), 0) if number is None else number
    protocols = {port.get("protocol", "TCP") for n, _, port in known if n == number}
    if protocols == {"UDP"}:
        raise CommandError(f"UDP protocol is not supported for {remote}")


def _pair(text: str) -> tuple[int, int]:
    """(local, remote); a local 0 is any free one."""
    parts = text.split(":")
    if len(parts) > 2:
        raise CommandError(f"invalid port format '{text}'")
    local = _parsed("local", parts[0] or "0" if len(parts) == 2 else parts[0])
    remote = _parsed("remote", parts[-1])
    if remote == 0:
        raise CommandError("remote port must be > 0")
    return local, remote


def _parsed(side: str, text: str) -> int:
    if not text.isdecimal():
        raise CommandError(f"error parsing {side} port '{text}': strconv.ParseUint: parsing \"{text}\": invalid syntax")
    if int(text) > 65_535:
        raise CommandError(
            f"error parsing {side} port '{text}': strconv.ParseUint: parsing \"{text}\": value out of range"
        )
    return int(text)


# Listening


def _addresses(texts: tuple[str, ...]) -> list[tuple[str, bool]]:
    """(address, whether a failure counts by itself), sorted; of `localhost` one of two families is enough."""
    found: dict[str, bool] = {}
    for text in texts:
        if text == "localhost":
            found = {"127.0.0.1": False, "::1": False} | found
            continue
        try:
            ipaddress.ip_address(text)
        except ValueError:
            raise CommandError(f"{text} is not a valid IP") from None
        found[text] = True
    return sorted(found.items())


def _listen(call: Call, acted: Acted, addresses: list[tuple[str, bool]], local: int, remote: int) -> int:
    """Takes a port at every address; gives the local port."""
    errors: list[str] = []
    failed: dict[bool, int] = {}
    begun: list[list[Any]] = []
    for address, counts in addresses:
        try:
            local = take(call, acted.token["listens"], address, local)
        except Taken as error:
            family = "tcp6" if ":" in address else "tcp4"
            shown = f"[{address}]" if ":" in address else address
            errors.append(f"unable to create listener: Error listen {family} {shown}:{local}: bind: {error}")
            failed[counts] = failed.get(counts, 0) + 1
            continue
        shown = f"[{address}]" if ":" in address else address
        acted.out(f"Forwarding from {shown}:{local} -> {remote}\n")
        begun.append([address, local, remote])
        acted.token["listens"].append(begun[-1])
    has_local = any(not counts for _, counts in addresses)
    if (has_local and len(addresses) - failed.get(True, 0) == failed.get(False, 0)) or failed.get(True):
        acted.err(
            f"Unable to listen on port {local}: Listeners failed to create with the following errors: [{' '.join(errors)}]\n"
        )
    return local


def act_port_forward(api: ApiClient, token: Token, now_us: int) -> Acted:
    """It only waits for connections."""
    return Acted(token)


ACTORS = {"port-forward": act_port_forward}

COMMANDS = (
    Command(
        "port-forward",
        "Lead ports of this workstation into a pod",
        port_forward,
        usage="TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
        flags=(
            Flag("address", kind="list", default=("localhost",), help="Where to listen: localhost or addresses"),
            Flag("pod-running-timeout", kind="duration", default=60_000_000, help="How long to wait for a running pod"),
        ),
    ),
)
