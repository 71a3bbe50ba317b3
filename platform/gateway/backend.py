"""What the front asks of whoever runs the cluster: in this process (`standalone.py`) or behind the router (`site.py`)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from foundation.waiting import is_set_within
from simulator.apiserver.request import Request, Response

TOO_MANY_REQUESTS = 429
ATTENDANT = "/~drydock/"
"""Where `drydock serve` answers the `drydock` command itself, behind the secret path."""


@dataclass(frozen=True, slots=True)
class Executed:
    """A command that ran to its end in a container."""

    status: int
    """The command's exit code."""
    written: Sequence[tuple[int, bytes]] = ()
    """What it wrote to which descriptor, in order."""
    refused: str = ""
    """Why the command could not be started at all."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell that waits for lines in a container."""

    id: str
    prompt: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a shell did with a line."""

    stdout: bytes
    stderr: bytes
    prompt: str = ""
    ended: int | None = None
    """Its exit code, once it has ended."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a port of a pod answered: an HTTP answer, or status 0 for a server that speaks something else."""

    status: int = 0
    body: str = ""
    error: str = ""


class Moves:
    """Counts how often a cluster was heard to move, for any number of waiting tasks: none misses a move that came while it was busy."""

    def __init__(self) -> None:
        self.count = 0
        self._next = asyncio.Event()

    def tell(self) -> None:
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()

    async def after(self, count: int, timeout_s: float) -> None:
        """Returns once there were more than `count` moves, or when the time is over."""
        if self.count == count:
            await is_set_within(self._next, timeout_s)


class Backend(Protocol):
    async def handle(self, request: Request) -> Response:
        """Raises Unreachable when nobody answers."""

    @property
    def moves(self) -> int:
        """How often the cluster was heard to move. Take it before a question, and give it to `changed` after it."""

    async def changed(self, since: int, timeout_s: float) -> None:
        """Returns when the cluster may have changed since `moves` was `since`, or when the time is over."""

    async def execute(self, namespace: str, pod: str, container: str, argv: Sequence[str], stdin: bytes) -> Executed:
        """Raises StatusError when the container cannot run anything."""

    async def open_shell(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Shell | Executed:
        """A shell that takes lines, or how it ended when none stays open. Raises StatusError."""

    async def shell_line(self, shell: Shell, line: str) -> Answered:
        """Raises StatusError."""

    async def forward(self, namespace: str, pod: str, port: int, path: str) -> Forwarded:
        """One request to a port inside a pod; without a path only whether anybody listens."""


async def handle_patiently(backend: Backend, request: Request) -> Response:
    """For a stream that has begun, which nobody can refuse any more: a cluster that is asked too much is asked again, however often.

    Raises Unreachable.
    """
    while (response := await backend.handle(request)).status == TOO_MANY_REQUESTS:
        await asyncio.sleep(response.body["details"].get("retryAfterSeconds", 1))
    return response
