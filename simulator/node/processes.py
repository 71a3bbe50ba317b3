"""What the kernel tells a process in a container: `ps`, `top`, `free`, `df`, `mount`, `kill`, `netstat`.

Promises: the processes are those of the pod's containers that share the asking one's pid namespace (`shareProcessNamespace`, `hostPID`),
numbered as they were started. Follows https://kubernetes.io/docs/tasks/configure-pod-container/share-process-namespace/.
"""

from dataclasses import dataclass

from simulator.engine.plain import Obj
from simulator.machinery.quantities import value
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.disk_free import disk_free
from simulator.node.file_systems import FileSystems
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.records import ContainerRecord, PodRecord
from simulator.workloads.commands.environment_programs import KERNEL
from simulator.workloads.file_tree import absolute
from simulator.workloads.machine import Machine
from simulator.workloads.plans import argv_of

_NODE_PROCESSES = (
    "/sbin/init",
    "/lib/systemd/systemd-journald",
    "/usr/local/bin/containerd",
    "/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml",
)
_FIRST_EXEC, _EXEC_STEP = 7, 6
_SIGNALS = {"1": "HUP", "2": "INT", "3": "QUIT", "9": "KILL", "15": "TERM", "10": "USR1", "12": "USR2"}


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    user: str
    command: str
    container: str = ""
    pod: str = ""
    """uid."""
    is_first: bool = False


class Processes:
    def __init__(self, fleet: Fleet, runtime: ContainerRuntime, file_systems: FileSystems) -> None:
        self._fleet = fleet
        self._runtime = runtime
        self._file_systems = file_systems

    def answers(self, program: str) -> bool:
        return program in KERNEL

    def ask(
        self,
        pod: Obj,
        record: PodRecord,
        one: ContainerRecord,
        argv: tuple[str, ...],
        asking: str,
        machine: Machine | None = None,
    ) -> tuple[int, list[str]]:
        """(status, lines); `asking` is the command line of the process that asks, as `ps` shows it, `machine` what it sees itself."""
        words = list(argv[1:])
        match argv[0]:
            case "ps":
                return 0, self._ps(pod, record, one, words, asking)
            case "top":
                return 0, self._top(pod, record, one, asking)
            case "free":
                return 0, _free(*self._memory(record, one), human="-m" not in words and "-h" not in words)
            case "df":
                return self._df(pod, record, one, words, machine)
            case "mount":
                return 0, [each.line for each in self._file_systems.of(pod, record, one)]
            case "uptime":
                return 0, [" 08:53:20 up  1:00,  0 users,  load average: 0.12, 0.08, 0.05"]
            case "kill" | "killall" | "pkill":
                return self._kill(pod, record, one, argv[0], words)
            case "pgrep":
                found = [one for one in self.of(pod, record, one) if words and words[-1] in one.command]
                return int(not found), [str(one.pid) for one in found]
            case "netstat" | "ss":
                return 0, self._sockets(record)
            case "ip" if words[:2] == ["link", "add"]:
                spec = container_spec(pod, one.name)
                return (0, []) if _may_administer(spec) else (2, ["ip: RTNETLINK answers: Operation not permitted"])
            case "ip" | "ifconfig":
                return 0, [
                    f"eth0      inet addr:{record.ip}  Mask:255.255.255.0",
                    "lo        inet addr:127.0.0.1  Mask:255.0.0.0",
                ]
        return 1, []

    # Who runs

    def of(self, pod: Obj, record: PodRecord, one: ContainerRecord) -> list[Process]:
        """The processes that a container sees, by number."""
        spec = pod["spec"]
        if spec.get("hostPID"):
            return self._on_node(record)
        target = next(
            (
                each.get("targetContainerName", "")
                for each in spec.get("ephemeralContainers") or ()
                if each["name"] == one.name
            ),
            "",
        )
        if not spec.get("shareProcessNamespace"):
            return self._numbered(
                record, [*([record.containers[target]] if target in record.containers else []), one], []
            )
        running = [other for other in record.containers.values() if other.state == "running"]
        return self._numbered(record, running, [Process(1, "65535", "/pause")])

    def _numbered(self, record: PodRecord, containers: list[ContainerRecord], before: list[Process]) -> list[Process]:
        found = list(before)
        for one in containers:
            for place, command in enumerate(self._commands(one)):
                number = (
                    1 if not found else _FIRST_EXEC + _EXEC_STEP * (len(found) - 1) if before else found[-1].pid + 1
                )
                found.append(Process(number, self._user(one), command, one.name, record.uid, place == 0))
        return found

    def _on_node(self, record: PodRecord) -> list[Process]:
        found = [Process(1 + 113 * place, "root", command) for place, command in enumerate(_NODE_PROCESSES)]
        for uid in self._fleet.nodes[record.node].pods:
            other = self._fleet.pods[uid]
            for one in other.containers.values():
                if one.state == "running":
                    first = found[-1].pid + 41
                    found += [
                        Process(first + place, self._user(one), command, one.name, uid, place == 0)
                        for place, command in enumerate(self._commands(one))
                    ]
        return found

    def _commands(self, one: ContainerRecord) -> list[str]:
        """The container's first process, and those it keeps beside it."""
        if one.run is None or one.state != "running":
            return []
        recipe = one.run.recipe
        image = self._fleet.image(recipe.image)
        argv = argv_of(image, recipe.command, recipe.args)
        if image.entrypoint and argv[:1] == image.entrypoint[:1] and argv[0].endswith(".sh") and len(argv) > 1:
            argv = argv[1:]
        server = image.server(argv)
        if server is not None and server.processes:
            return list(server.processes)
        return [" ".join(" ".join(argv).split())]

    def _user(self, one: ContainerRecord) -> str:
        uid = 0 if one.run is None else one.run.recipe.setting.uid
        return "root" if uid == 0 else str(uid)

    # Programs

    def _ps(self, pod: Obj, record: PodRecord, one: ContainerRecord, words: list[str], asking: str) -> list[str]:
        found = self.of(pod, record, one)
        user = self._user(one)
        own = (found[-1].pid if found else 0) + _EXEC_STEP
        shown = [*found, *([Process(own, user, asking)] if asking else [])]
        if self._is_busybox(one):
            return [
                "PID   USER     TIME  COMMAND",
                *(f"{each.pid:>5} {each.user:<8.8}  0:00 {each.command}" for each in shown),
            ]
        letters = "".join(words).replace("-", "")
        if "a" in letters and "u" in letters:
            head = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND"
            return [
                head,
                *(
                    f"{each.user:<8} {each.pid:>7}  0.0  0.0   4356  3212 ?        Ss   08:53   0:00 {each.command}"
                    for each in shown
                ),
            ]
        if "e" in letters or "f" in letters:
            head = "UID          PID    PPID  C STIME TTY          TIME CMD"
            return [
                head,
                *(f"{each.user:<8} {each.pid:>7}       0  0 08:53 ?        00:00:00 {each.command}" for each in shown),
            ]
        return [
            "    PID TTY          TIME CMD",
            *(f"{each.pid:>7} ?        00:00:00 {each.command.split()[0].rsplit('/', 1)[-1]}" for each in shown),
        ]

    def _is_busybox(self, one: ContainerRecord) -> bool:
        return one.run is not None and self._fleet.image(one.run.recipe.image).shell == "busybox"

    def _top(self, pod: Obj, record: PodRecord, one: ContainerRecord, asking: str) -> list[str]:
        used, total = self._memory(record, one)
        rows = [
            f"{each.pid:>5}     0 {each.user:<8} S     4356   0%   0   0% {each.command}"
            for each in self.of(pod, record, one)
        ]
        return [
            f"Mem: {used // 1024}K used, {(total - used) // 1024}K free, 3212K shrd, 0K buff, 0K cached",
            "CPU:   0% usr   0% sys   0% nic 100% idle   0% io   0% irq   0% sirq",
            "Load average: 0.12 0.08 0.05 1/412 7",
            "  PID  PPID USER     STAT   VSZ %VSZ CPU %CPU COMMAND",
            *rows,
        ]

    def _memory(self, record: PodRecord, one: ContainerRecord) -> tuple[int, int]:
        """Of the machine, as `/proc/meminfo` shows it: a container's limit is not visible there."""
        node = self._fleet.nodes[record.node]
        used = sum(
            self._fleet.plan(each.run).memory
            for uid in node.pods
            for each in self._fleet.pods[uid].containers.values()
            if each.state == "running" and each.run is not None
        )
        return used, value(node.spec["memory"])

    def _df(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, words: list[str], machine: Machine | None
    ) -> tuple[int, list[str]]:
        if one.run is None:
            return 1, []
        tree = machine.tree if machine is not None else None
        if tree is None:
            tree = self._runtime.files.tree(record, one, pod, container_spec(pod, one.name))
        directory = tree.setting.directory if machine is None else machine.directory

        def resolved(path: str) -> str | None:
            where = absolute(path, directory or "/")
            return self._file_systems.resolved(where, one) if tree.exists(where) else None

        is_gnu = self._fleet.image(one.run.recipe.image).shell == "full"
        return disk_free(words, self._file_systems.of(pod, record, one, tree.seen), resolved, is_gnu=is_gnu)

    def _sockets(self, record: PodRecord) -> list[str]:
        rows = [
            "Active Internet connections (only servers)",
            "Proto Recv-Q Send-Q Local Address           Foreign Address         State       ",
        ]
        for one in record.containers.values():
            if one.state == "running" and one.run is not None:
                age = self._fleet.engine.now - one.run.started_us
                plan = self._fleet.plan(one.run)
                rows += [
                    f"tcp        0      0 {f'0.0.0.0:{each.port}':<23} {'0.0.0.0:*':<23} LISTEN      "
                    for each in plan.listens
                    if each.protocol != "udp" and age >= plan.serving_us
                ]
        return rows

    # Signals

    def _kill(
        self, pod: Obj, record: PodRecord, one: ContainerRecord, program: str, words: list[str]
    ) -> tuple[int, list[str]]:
        name = "TERM"
        targets: list[str] = []
        for word in words:
            if word.startswith("-") and len(word) > 1 and word != "--":
                text = word.lstrip("-").removeprefix("s").strip() if word == "-s" else word[1:]
                name = _SIGNALS.get(text, text.upper().removeprefix("SIG")) or name
            else:
                targets.append(word)
        known = self.of(pod, record, one)
        status, lines = 0, []
        for target in targets:
            if program == "kill":
                found = [each for each in known if str(each.pid) == target]
            else:
                found = [each for each in known if target in each.command and each.container]
            if not found:
                status = 1
                lines.append(
                    f"sh: can't kill pid {target}: No such process"
                    if program == "kill"
                    else f"{program}: {target}: no process killed"
                )
            for each in found:
                self._signal(pod, each, name, own=each.pid == 1)
        return status, lines

    def _signal(self, pod: Obj, process: Process, name: str, *, own: bool) -> None:
        """The first process of a namespace gets no signal from inside that it does not handle, SIGKILL included."""
        record = self._fleet.pods.get(process.pod)
        if record is None or process.container not in record.containers or name == "0":
            return
        one = record.containers[process.container]
        if name == "KILL":
            if not own:
                self._runtime.kill(record, one)
            return
        self._runtime.signal(record, one, name, ignorable=own)


def _free(used: int, total: int, *, human: bool) -> list[str]:
    scale = 1024 if human else 1 << 20
    head = f"{'':>14}{'total':>12}{'used':>12}{'free':>12}{'shared':>12}{'buff/cache':>12}{'available':>12}"
    row = "".join(f"{amount // scale:>12}" for amount in (total, used, total - used, 0, 0, total - used))
    return [head, f"{'Mem:':<14}{row}", f"{'Swap:':<14}{0:>12}{0:>12}{0:>12}"]


def _may_administer(spec: Obj) -> bool:
    """Whether a container may change the network of its pod."""
    context = spec.get("securityContext") or {}
    added = (context.get("capabilities") or {}).get("add") or ()
    return bool(context.get("privileged")) or any(name in ("ALL", "NET_ADMIN") for name in added)
