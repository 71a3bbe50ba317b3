"""Commands on a machine of the cluster, as `docker exec NODE …` and `ssh NODE …` run them: the shell of the workstation over the machine's files.

Promises: a machine without power runs nothing; what a command changes on the machine is files, its kubelet (`systemctl`) or the cluster (`kubeadm`,
`kubectl`). Leaves to others: which files mean something (`host_files.py`), what kubeadm does (`kubeadm/`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence

from simulator.host_files import ADMIN, HostFiles
from simulator.kubectl.call import End, Session
from simulator.kubectl.docker_command import HostRefused
from simulator.kubectl.home import FileError, Home
from simulator.kubectl.kubeconfig import Kubeconfig
from simulator.kubectl.shell import Shell
from simulator.kubectl.shell_commands import SMALL
from simulator.kubectl.small_command import Outcome, Small, Surface, fail
from simulator.kubectl.text_filters import FILTERS
from simulator.kubectl.workstation import Clock
from simulator.node.kubelets import Kubelets

_FILES = (
    "ls",
    "pwd",
    "cd",
    "echo",
    "rm",
    "mkdir",
    "touch",
    "cp",
    "mv",
    "true",
    ":",
    "false",
    "env",
    "printenv",
    "export",
)
#: A program that is only on machines: (machine, words, standard input) → what it printed.
Program = Callable[[str, Sequence[str], str], Outcome]


class MachineHome(Home):
    """The files of one machine in the shape that the shell's commands work on."""

    def __init__(self, files: HostFiles, machine: str) -> None:
        super().__init__()
        self.cwd = "/"
        self._hosts, self._machine = files, machine

    def is_file(self, path: str) -> bool:
        return self._hosts.read(self._machine, self.absolute(path)) is not None

    def is_directory(self, path: str) -> bool:
        return self._hosts.is_directory(self._machine, self.absolute(path))

    def read(self, path: str) -> str:
        text = self._hosts.read(self._machine, self.absolute(path))
        if text is None:
            raise FileError("Is a directory" if self.is_directory(path) else "No such file or directory")
        return text

    def entries(self, path: str) -> list[str]:
        return self._hosts.names(self._machine, self.absolute(path))

    def write(self, path: str, text: str) -> None:
        where = self.absolute(path)
        if not self.is_directory(posixpath.dirname(where)):
            raise FileError("No such file or directory")
        try:
            self._hosts.write(self._machine, where, text)
        except HostRefused as error:
            raise FileError(str(error).rpartition(": ")[2]) from error

    def remove(self, path: str) -> None:
        self.read(path)
        try:
            self._hosts.remove(self._machine, self.absolute(path))
        except HostRefused as error:
            raise FileError(str(error).rpartition(": ")[2]) from error

    def make_directory(self, path: str) -> None:
        if self.is_file(path) or self.is_directory(path):
            raise FileError("File exists")
        if not self.is_directory(posixpath.dirname(self.absolute(path))):
            raise FileError("No such file or directory")
        self._hosts.make_directory(self._machine, self.absolute(path))

    def remove_directory(self, path: str) -> None:
        self._hosts.remove_directory(self._machine, self.absolute(path))


class OwnCluster:
    """`kubectl.call.Reach` of a machine: its own cluster, by the names of the control plane's machines."""

    def __init__(self, end: End, files: HostFiles) -> None:
        self._end, self._files = end, files

    def first(self) -> End:
        return self._end

    def end(self, address: str) -> End | None:
        return self._end if address == self._files.endpoint else None


class MachineShell:
    def __init__(self, files: HostFiles, kubelets: Kubelets, end: End, clock: Clock) -> None:
        """`end`: what the machine's own `kubectl` reaches."""
        self.programs: dict[str, Program] = {"hostname": _hostname, "whoami": _whoami}
        self._files = files
        self._kubelets = kubelets
        self._reach = OwnCluster(end, files)
        self._clock = clock

    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        if machine in self._kubelets.nodes() and not self._kubelets.is_powered(machine):
            return Outcome(stderr=f"Error response from daemon: container {machine} is not running\n", exit=1)
        home = MachineHome(self._files, machine)
        shell = self._shell(home, machine)
        plain = list(words[1:] if words[:1] == ["sudo"] else words)
        if plain[:2] in (["sh", "-c"], ["bash", "-c"]) and len(plain) > 2:
            return _outcome(shell, plain[2], stdin)
        if plain[:1] and plain[0] in ("sh", "bash"):
            return fail("docker", "a shell on a machine takes its line with -c here", 1)
        if plain[:1] and plain[0] not in shell.known:
            why = f'exec: "{plain[0]}": executable file not found in $PATH'
            return Outcome(
                stderr=f"OCI runtime exec failed: exec failed: unable to start container process: {why}\n", exit=127
            )
        return _outcome(shell, " ".join(_quoted(word) for word in plain), stdin)

    def _shell(self, home: Home, machine: str) -> _Line:
        def small(program: Program) -> Small:
            return lambda surface, words, stdin: program(machine, words, stdin)

        commands = {name: SMALL[name] for name in (*FILTERS, *_FILES)}
        commands |= {name: small(program) for name, program in self.programs.items()}
        commands["sudo"] = lambda surface, words, stdin: commands[words[0]](surface, words[1:], stdin)
        environment = {"HOME": "/root", "USER": "root", "KUBECONFIG": ADMIN}
        session = Session(self._reach, home, Kubeconfig(home, environment), environment, self._now_us)
        return _Line(session, Surface(home, environment), commands)

    def _now_us(self) -> int:
        return self._clock.epoch_s * 1_000_000 + self._clock.now


class _Line(Shell):
    @property
    def known(self) -> tuple[str, ...]:
        return (*self._commands, "kubectl")


def _outcome(shell: Shell, line: str, stdin: str) -> Outcome:
    done = shell.run(line, stdin)
    return Outcome(done.stdout, done.stderr, done.exit)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _hostname(machine: str, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(f"{machine}\n")


def _whoami(machine: str, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome("root\n")
