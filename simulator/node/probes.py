"""What one probe of a container finds, and in which words.

Follows `pkg/probe/{http,tcp,exec,grpc}` and `pkg/kubelet/prober/prober.go` of v1.33. Promises: pure questions about the plans of
running containers; `steady_us` says how long the finding cannot change by itself, so that nobody has to ask again.
"""

import json
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.node.container_files import ContainerFiles
from simulator.node.durations import go_duration
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.workloads.commands.environment_programs import has_program
from simulator.workloads.machine import Machine
from simulator.workloads.responders import status_of
from simulator.workloads.shell_scripts import NotSimulated
from simulator.workloads.timeline import Plan

#: Programs that ask a server of the same pod whether it is well, and the port they ask.
_CLIENT_PORTS = {
    "redis-cli": 6379,
    "pg_isready": 5432,
    "psql": 5432,
    "mysqladmin": 3306,
    "mysql": 3306,
    "mariadb-admin": 3306,
    "healthcheck.sh": 3306,
    "mongosh": 27017,
    "etcdctl": 2379,
}


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    output: str = ""
    steady_us: int | None = None
    """From now on; None: until something happens to the pod's processes."""
    unknown: bool = False
    """The probe itself failed; its result does not count."""


def find(
    fleet: Fleet, files: ContainerFiles, record: PodRecord, one: ContainerRecord, spec: Obj, probe: Obj
) -> Finding:
    """`spec` is the container's, `probe` one of its probes."""
    if "exec" in probe:
        return _exec(fleet, files, one, record, probe)
    action = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc") or {}
    port = port_number(action.get("port", 0), spec)
    if port is None:
        return Finding(False, f'strconv.Atoi: parsing "{action.get("port")}": invalid syntax', unknown=True)
    if "httpGet" in probe:
        return _http(fleet, record, action, port)
    return _grpc(fleet, record, port, probe) if "grpc" in probe else _tcp(fleet, record, action, port)


def port_number(port: object, spec: Obj) -> int | None:
    """A number, or the name of one of the container's ports; None when there is no such port."""
    if isinstance(port, int):
        return port
    for declared in spec.get("ports") or ():
        if declared.get("name") == port:
            return int(declared["containerPort"])
    return int(port) if isinstance(port, str) and port.isdigit() else None


def _host(record: PodRecord, action: Obj) -> str:
    return str(action.get("host") or record.ip)


def _until_serving(fleet: Fleet, record: PodRecord) -> int | None:
    """When the next container of the pod opens its sockets."""
    waits = []
    for other in record.containers.values():
        if other.state == "running" and other.run is not None:
            left = other.run.started_us + fleet.plan(other.run).serving_us - fleet.engine.now
            if left > 0:
                waits.append(left)
    return min(waits, default=None)


def _refused(fleet: Fleet, record: PodRecord, action: Obj, port: int, prefix: str = "") -> Finding:
    return Finding(
        False,
        f"{prefix}dial tcp {_host(record, action)}:{port}: connect: connection refused",
        _until_serving(fleet, record),
    )


def _http(fleet: Fleet, record: PodRecord, action: Obj, port: int) -> Finding:
    path = action.get("path") or "/"
    path = path if path.startswith("/") else f"/{path}"
    scheme = (action.get("scheme") or "HTTP").lower()
    url = f'Get "{scheme}://{_host(record, action)}:{port}{path}": '
    server = fleet.serving(record, port)
    if server is None or server.run is None:
        return _refused(fleet, record, action, port, url)
    age = fleet.engine.now - server.run.started_us
    plan = fleet.plan(server.run)
    listener = plan.answers(port, age)
    if listener is None or listener.protocol not in ("http", "https", "grpc"):
        return Finding(False, f"{url}net/http: HTTP/1.x transport connection broken: malformed HTTP response")
    status, until = http_status(plan, path, age)
    steady = None if until is None else until - age
    if 200 <= status < 400:
        return Finding(True, steady_us=steady)
    return Finding(False, f"HTTP probe failed with statuscode: {status}", steady)


def http_status(plan: Plan, path: str, age_us: int) -> tuple[int, int | None]:
    """The status of a GET, and the age until which it stays so. A server knows its own paths only."""
    if plan.responder:
        return status_of(plan.responder, path), None
    route, until = plan.route(path, age_us)
    return (404, None) if route is None else (route.status, until)


def _tcp(fleet: Fleet, record: PodRecord, action: Obj, port: int) -> Finding:
    return _refused(fleet, record, action, port) if fleet.serving(record, port) is None else Finding(True)


def _grpc(fleet: Fleet, record: PodRecord, port: int, probe: Obj) -> Finding:
    server = fleet.serving(record, port)
    if server is None:
        message = f'timeout: failed to connect service "{record.ip}:{port}" within {_timeout(probe)}: context deadline exceeded'
        return Finding(False, message, _until_serving(fleet, record))
    assert server.run is not None
    listener = fleet.plan(server.run).answers(port, fleet.engine.now - server.run.started_us)
    speaks = fleet.image(server.run.recipe.image).is_stand_in or (listener is not None and listener.protocol == "grpc")
    if listener is None or not speaks:
        return Finding(
            False,
            "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown service grpc.health.v1.Health",
        )
    return Finding(True)


def _exec(fleet: Fleet, files: ContainerFiles, one: ContainerRecord, record: PodRecord, probe: Obj) -> Finding:
    """Runs the command against the files the container's program has left so far."""
    command: list[str] = probe["exec"].get("command") or []
    if one.run is None or not command:
        return Finding(False, "", unknown=True)
    plan = fleet.plan(one.run)
    age = fleet.engine.now - one.run.started_us
    pod = fleet.pod(record)
    if pod is None:
        return Finding(False, "", unknown=True)
    program = command[0].rsplit("/", 1)[-1]
    image = fleet.image(one.run.recipe[0])
    if program in _CLIENT_PORTS and has_program(image, program):
        return _client(fleet, record, program)
    if not has_program(image, program):
        if image.is_stand_in:
            return Finding(True)
        return Finding(False, exec_refused(command[0]), unknown=True)
    tree = files.tree(record, one, pod, container_spec(pod, one.name))
    machine = Machine(image, env=dict(one.run.recipe.env), tree=tree, name=command[0], argv=tuple(command))
    try:
        pause = machine.run()
    except NotSimulated as reason:
        return Finding(False, f"drydock: {reason}", unknown=True)
    if pause.kind == "ask":
        return _client_of_shell(fleet, record, pause.argv)
    if pause.kind != "exit":
        words = json.dumps(" ".join(command), ensure_ascii=False)
        return Finding(False, f"command timed out: {words} timed out after {_timeout(probe)}")
    change = plan.next_file_change(age)
    return Finding(pause.code == 0, "\n".join(machine.take_lines()), None if change is None else change - age)


def _timeout(probe: Obj) -> str:
    return go_duration(probe.get("timeoutSeconds", 1) * SECOND)


def exec_refused(program: str) -> str:
    return (
        f"rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: "
        f'unable to start container process: exec: "{program}": executable file not found in $PATH: unknown'
    )


def _client_of_shell(fleet: Fleet, record: PodRecord, argv: tuple[str, ...]) -> Finding:
    """`sh -c "redis-cli ping"`, `wget -qO- localhost:8080/healthz`, `nc -z localhost 5432`."""
    if argv[0] in _CLIENT_PORTS:
        return _client(fleet, record, argv[0])
    target = next((word for word in argv[1:] if "localhost" in word or "127.0.0.1" in word), "")
    rest = target.split("://", 1)[-1]
    authority, _, path = rest.partition("/")
    port = authority.partition(":")[2] or next((word for word in argv[1:] if word.isdigit()), "80")
    if not target or not port.isdigit():
        return Finding(False, f"{argv[0]}: bad address")
    if argv[0] == "nc":
        return _tcp(fleet, record, {"host": "127.0.0.1"}, int(port))
    finding = _http(fleet, record, {"path": f"/{path}", "host": "127.0.0.1"}, int(port))
    return Finding(
        finding.ok,
        "" if finding.ok else f"{argv[0]}: can't connect to remote host: Connection refused",
        finding.steady_us,
    )


def _client(fleet: Fleet, record: PodRecord, program: str) -> Finding:
    port = _CLIENT_PORTS[program]
    if fleet.serving(record, port) is not None:
        return Finding(True)
    return Finding(
        False, f"{program}: could not connect to 127.0.0.1:{port}: Connection refused", _until_serving(fleet, record)
    )
