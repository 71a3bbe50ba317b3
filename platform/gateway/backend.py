"""What the front asks of whoever runs the cluster: in this process (`standalone.py`) or behind the router (`site.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from simulator.apiserver.request import Request, Response


@dataclass(frozen=True, slots=True)
class Executed:
    """A command that ran to its end in a container."""

    status: int
    """The command's exit code."""
    stdout: str
    stderr: str
    refused: str = ""
    """Why the command could not be started at all."""


class Backend(Protocol):
    async def handle(self, request: Request) -> Response:
        """Raises Unreachable when nobody answers."""

    async def changed(self, timeout_s: float) -> None:
        """Returns when the cluster may have changed since the last question, or when the time is over."""

    async def execute(self, namespace: str, pod: str, container: str, argv: Sequence[str]) -> Executed:
        """Raises StatusError when the container cannot run anything."""
