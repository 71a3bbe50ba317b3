"""Commands that go on: what `kubectl get -w`, `logs -f`, `rollout status` and the like print later.

A followed command is a token of plain data. Asking what came since is a pure read: it changes nothing in the cluster and
nothing in the workstation, so any number of viewers may ask, and a token outlives a restart.

Who asks stays who asked: a command typed with `--as`, a token or a client certificate goes on with their rights, and ends when they end.

Promises: `stdout` holds only what is new since the token was made; the next question takes the returned token.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Token


@dataclass(frozen=True, slots=True)
class Followed:
    """What one look brought."""

    stdout: str
    token: Token
    done: bool = False
    exit: int = 0


class Follower(Protocol):
    """Looks at the cluster at simulated time `now_us` and says what came since `token`."""

    def __call__(self, api: ApiClient, token: Token, now_us: int) -> Followed: ...


def quiet(token: Token) -> Followed:
    """Nothing new yet."""
    return Followed("", token)


def finished(token: Token, stdout: str = "", *, exit_code: int = 0) -> Followed:
    return Followed(stdout, token, done=True, exit=exit_code)
