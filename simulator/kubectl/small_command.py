"""What the small commands of the shell have in common: their surroundings, their outcome, and how they read words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.kubectl.home import FileError, Home

if TYPE_CHECKING:
    from simulator.kubectl.docker_command import HostFiles
    from simulator.kubectl.kind_run import KindProvider
    from simulator.kubectl.kubeconfig import Kubeconfig
    from simulator.kubectl.vault_command import VaultDoor


@dataclass(slots=True)
class Outcome:
    """What one command printed and how it ended."""

    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    clear: bool = False
    follow: dict[str, Any] | None = None
    """It goes on, as a followed command."""
    behind: list[dict[str, Any]] = field(default_factory=list)
    """Jobs to be followed behind the prompt."""


@dataclass(slots=True)
class Surface:
    """What the commands may touch."""

    home: Home
    environment: dict[str, str]
    aliases: dict[str, str] = field(default_factory=dict)
    hosts: HostFiles | None = None
    """The machines of the clusters, for `docker`."""
    kind: KindProvider | None = None
    """What makes clusters, for `kind`."""
    config: Kubeconfig | None = None
    """Where `kind` leaves its contexts."""
    clock: Callable[[], int] = lambda: 0
    """Microseconds since 1970, in simulated time."""
    is_terminal: bool = False
    last_job: str = ""
    """The process that went to the background last: `$!`."""
    vault: VaultDoor | None = None
    """A vault that the workstation may write, for `vault`."""


Small = Callable[[Surface, Sequence[str], str], Outcome]


def fail(name: str, why: str, exit_code: int = 1) -> Outcome:
    return Outcome(stderr=f"{name}: {why}\n", exit=exit_code)


def inputs(surface: Surface, name: str, paths: Sequence[str], stdin: str) -> tuple[list[tuple[str, str]], Outcome]:
    """Texts to read, by name: files, or standard input when none is named."""
    texts: list[tuple[str, str]] = []
    problems = Outcome()
    for path in paths or ["-"]:
        if path == "-":
            texts.append(("-", stdin))
            continue
        try:
            texts.append((path, surface.home.read(path)))
        except FileError as error:
            problems.stderr += f"{name}: {path}: {error}\n"
            problems.exit = 1
    return texts, problems


def options(words: Sequence[str], known: str) -> tuple[str, list[str]] | str:
    """Single-letter options and the rest; a letter that is not known comes back as text."""
    letters = ""
    rest: list[str] = []
    for index, word in enumerate(words):
        if word == "--":
            return letters, rest + list(words[index + 1 :])
        if word.startswith("-") and len(word) > 1 and not word[1:].isdigit():
            bad = next((letter for letter in word[1:] if letter not in known), None)
            if bad:
                return bad
            letters += word[1:]
        else:
            rest.append(word)
    return letters, rest
