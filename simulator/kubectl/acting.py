"""Commands that act while time passes: what `kubectl drain` or `kubectl port-forward` do after their first moment.

A process is a token of plain data, like a followed command, but looking at it may write: only whoever keeps it (the jobs of a workstation,
or a terminal of its own) makes it act, at the moments that it names itself.

Promises: an actor keeps nothing outside its token, so a process survives a dump at any moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Token

OUT, ERR = 1, 2


@dataclass(slots=True)
class Acted:
    """What one moment brought."""

    token: Token
    said: list[tuple[int, str]] = field(default_factory=list)
    """Pairs of a descriptor and its text, in their order."""
    due: int | None = None
    """When to act again, in microseconds since 1970; None: only when something comes from outside."""
    done: bool = False
    exit: int = 0

    def out(self, text: str) -> None:
        self.said.append((OUT, text))

    def err(self, text: str) -> None:
        self.said.append((ERR, text))

    @property
    def text(self) -> str:
        """All of it, as a terminal shows it."""
        return "".join(text for _, text in self.said)


class Actor(Protocol):
    """Does what is due at simulated time `now_us`. May raise CommandError, which ends the process."""

    def __call__(self, api: ApiClient, token: Token, now_us: int) -> Acted: ...
