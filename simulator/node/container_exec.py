"""Runs one command in a running container: what `kubectl exec` asks the kubelet for.

Promises: the command sees the environment, the mounted ConfigMaps and Secrets, and the files the container's program has left so
far; it changes none of them. What is not simulated says so on its output and fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.node.environment import hostname
from simulator.node.fleet import Fleet
from simulator.node.records import ContainerRecord, PodRecord
from simulator.workloads.machine import Machine, has_program
from simulator.workloads.shell_scripts import NotSimulated, Op

#: Questions to the network that one command may ask, so that `until nslookup x; do :; done` ends.
_MAX_PAUSES = 50


@dataclass(frozen=True, slots=True)
class Execution:
    status: int
    lines: tuple[str, ...]
    refused: str = ""
    """The runtime's words when the command could not even be started."""


def execute(
    fleet: Fleet,
    pod: Obj,
    record: PodRecord,
    one: ContainerRecord,
    argv: tuple[str, ...],
    *,
    env: Mapping[str, str],
    mounted: Mapping[str, str],
) -> Execution:
    """`one` runs. `mounted`: path → content of the files that volumes bring."""
    assert one.run is not None
    image = fleet.image(one.run.recipe[0])
    if not has_program(image, argv[0].rsplit("/", 1)[-1]):
        return Execution(127, (), f'exec: "{argv[0]}": executable file not found in $PATH')
    files = {"/etc/hostname": f"{hostname(pod)}\n", **mounted}
    if fleet.network is not None:
        files["/etc/resolv.conf"] = fleet.network.resolv_conf(pod)
        files["/etc/hosts"] = fleet.network.hosts(pod)
    files.update(fleet.plan(one.run).files_at(fleet.engine.now - one.run.started_us))
    machine = Machine((Op("run", words=tuple((word,) for word in argv)),), image, dict(env), files=files)
    try:
        status = _until_end(fleet, pod, machine)
    except NotSimulated as reason:
        status = 2
        machine.out.append(f"drydock: {reason}")
    return Execution(status, tuple(fleet.placed(line, record) for line in machine.out))


def _until_end(fleet: Fleet, pod: Obj, machine: Machine) -> int:
    for _ in range(_MAX_PAUSES):
        pause = machine.run()
        match pause.kind:
            case "exit":
                return pause.code
            case "sleep":
                continue
            case "ask" if fleet.network is not None:
                status, lines, _ = fleet.network.ask(pod, pause.argv)
                machine.answer(status, tuple(lines))
            case _:
                raise NotSimulated("a command that does not end by itself is not simulated here")
    raise NotSimulated("a command that does not end by itself is not simulated here")
