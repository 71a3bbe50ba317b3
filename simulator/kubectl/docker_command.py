"""`docker` at the workstation of a kind cluster, as far as it serves to look into a node: `ps`, `exec`, `cp`; what a registry
keeps of an image: `manifest inspect`; and `ssh` for other machines.

A node of kind is a container (https://kind.sigs.k8s.io/docs/user/quick-start/), so this is how a learner reads the audit log, moves a manifest
away or runs kubeadm. Leaves to others: what a machine is and does (`HostFiles`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from simulator.engine.plain import Obj
from simulator.kubectl.home import FileError
from simulator.kubectl.small_command import Outcome, Surface, fail

_USAGE = "docker ps | docker exec NODE COMMAND | docker cp FILE NODE:PATH | docker cp NODE:PATH FILE | docker manifest inspect IMAGE"


class HostRefused(Exception):
    """The machine does not take the file; the text says why."""


class HostFiles(Protocol):
    """The files of the cluster's machines."""

    def machines(self) -> list[str]: ...

    def read(self, machine: str, path: str) -> str | None: ...

    def names(self, machine: str, directory: str) -> list[str]: ...

    def write(self, machine: str, path: str, text: str) -> None:
        """Raises HostRefused."""

    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        """A command on the machine, as root."""

    def image_document(self, reference: str) -> tuple[str, Obj | None]:
        """The reference in full, and what a registry answers for it. Raises HostRefused for what is no reference."""


def docker(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    hosts = surface.hosts
    if hosts is None:
        return fail("docker", "Cannot connect to the Docker daemon at unix:///var/run/docker.sock")
    match list(words):
        case ["ps", *_]:
            return Outcome("NAMES\n" + "".join(f"{name}\n" for name in hosts.machines()))
        case ["exec", *rest]:
            return _exec(hosts, _past_flags(rest), stdin)
        case ["cp", source, target]:
            return _copy(surface, hosts, source, target)
        case ["manifest", "inspect", reference]:
            return _manifest(hosts, reference)
    return fail("docker", f"wanted {_USAGE}", 125)


def _past_flags(words: list[str]) -> list[str]:
    """Flags stand before the node's name."""
    while words and words[0].startswith("-"):
        words = words[2 if words[0] in ("-u", "--user", "-w", "--workdir", "-e", "--env") else 1 :]
    return words


def _exec(hosts: HostFiles, words: list[str], stdin: str) -> Outcome:
    if len(words) < 2:
        return fail("docker", '"docker exec" requires at least 2 arguments.')
    machine, *command = words
    if machine not in hosts.machines():
        return Outcome(stderr=f"Error response from daemon: No such container: {machine}\n", exit=1)
    return hosts.run(machine, command, stdin)


def _manifest(hosts: HostFiles, reference: str) -> Outcome:
    """https://docs.docker.com/reference/cli/docker/manifest/inspect/"""
    try:
        full, found = hosts.image_document(reference)
    except HostRefused as refusal:
        return Outcome(stderr=f"{refusal}\n", exit=1)
    if found is None:
        return Outcome(stderr=f"no such manifest: {full}\n", exit=1)
    return Outcome(json.dumps(found, indent="\t") + "\n")


def ssh(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    """`ssh NODE COMMAND`: the way to machines that are no containers."""
    hosts, rest = surface.hosts, [word for word in words if word not in ("-t", "-q", "--")]
    if not rest:
        return fail("ssh", "wanted ssh NODE COMMAND", 255)
    machine = rest[0].rpartition("@")[2]
    if hosts is None or machine not in hosts.machines():
        why = f"Could not resolve hostname {machine}: Name or service not known"
        return fail("ssh", why, 255)
    if len(rest) == 1:
        return fail("ssh", "wanted a command behind the node's name", 255)
    return hosts.run(machine, ["sh", "-c", " ".join(rest[1:])], stdin)


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
