"""`docker` at the workstation of a kind cluster, as far as it serves to look into a node: `ps`, `exec`, `cp`.

A node of kind is a container (https://kind.sigs.k8s.io/docs/user/quick-start/), so this is how a learner reads the audit log or lays a
configuration beside the API server. Only files can be looked at; a node has no processes to start here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from simulator.kubectl.home import FileError
from simulator.kubectl.small_command import Outcome, Surface, fail

_USAGE = "docker ps | docker exec NODE cat|ls|tail|head PATH | docker cp FILE NODE:PATH | docker cp NODE:PATH FILE"


class HostRefused(Exception):
    """The machine does not take the file; the text says why."""


class HostFiles(Protocol):
    """The files of the cluster's machines."""

    def machines(self) -> list[str]: ...

    def read(self, machine: str, path: str) -> str | None: ...

    def names(self, machine: str, directory: str) -> list[str]: ...

    def write(self, machine: str, path: str, text: str) -> None:
        """Raises HostRefused."""


def docker(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    hosts = surface.hosts
    if hosts is None:
        return fail("docker", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock")
    match list(words):
        case ["ps", *_]:
            return Outcome("NAMES\n" + "".join(f"{name}\n" for name in hosts.machines()))
        case ["exec", *rest]:
            return _exec(hosts, [word for word in rest if word not in ("-i", "-t", "-it", "--")])
        case ["cp", source, target]:
            return _copy(surface, hosts, source, target)
    return fail("docker", f"wanted {_USAGE}", 125)


def _exec(hosts: HostFiles, words: list[str]) -> Outcome:
    if len(words) < 2:
        return fail("docker", '"docker exec" requires at least 2 arguments.')
    machine, program, *rest = words
    if machine not in hosts.machines():
        return Outcome(stderr=f"Error response from daemon: No such container: {machine}\n", exit=1)
    paths = [word for word in rest if word.startswith("/")]
    match program:
        case "ls":
            return _ls(hosts, machine, paths[0] if paths else "/")
        case "cat" | "tail" | "head":
            return _cat(hosts, machine, program, rest, paths)
    return Outcome(
        stderr=f'OCI runtime exec failed: exec failed: "{program}": executable file not found in $PATH\n', exit=126
    )


def _ls(hosts: HostFiles, machine: str, directory: str) -> Outcome:
    names = hosts.names(machine, directory)
    if not names:
        return fail("ls", f"cannot access '{directory}': No such file or directory", 2)
    return Outcome("".join(f"{name}\n" for name in names))


def _cat(hosts: HostFiles, machine: str, program: str, rest: list[str], paths: list[str]) -> Outcome:
    out = Outcome()
    digits = [word.lstrip("-n") for word in rest if word.lstrip("-n").isdecimal()]
    count = int(digits[0]) if digits else 10
    for path in paths:
        text = hosts.read(machine, path)
        if text is None:
            out.stderr += f"{program}: {path}: No such file or directory\n"
            out.exit = 1
            continue
        lines = text.splitlines(keepends=True)
        shown = {"cat": lines, "tail": lines[-count:] if count else [], "head": lines[:count]}[program]
        out.stdout += "".join(shown)
    return out


def _copy(surface: Surface, hosts: HostFiles, source: str, target: str) -> Outcome:
    machine, colon, path = (target if ":" in target else source).partition(":")
    if not colon:
        return fail("docker", "copying between local files is not supported")
    if machine not in hosts.machines():
        return Outcome(stderr=f"Error response from daemon: No such container: {machine}\n", exit=1)
    try:
        if ":" in target:
            if path.endswith("/"):
                path += source.rpartition("/")[2]
            hosts.write(machine, path, surface.home.read(source))
            return Outcome()
        text = hosts.read(machine, path)
        if text is None:
            return Outcome(
                stderr=f"Error response from daemon: Could not find the file {path} in container {machine}\n", exit=1
            )
        name = target if not surface.home.is_directory(target) else f"{target.rstrip('/')}/{path.rpartition('/')[2]}"
        surface.home.write(name, text)
    except FileError as error:
        return fail("docker", f"{source}: {error}")
    except HostRefused as error:
        return Outcome(stderr=f"{error}\n", exit=1)
    return Outcome()
