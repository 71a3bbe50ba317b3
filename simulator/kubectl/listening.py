"""Ports of the workstation: who may take one, and who has it already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError

#: Addresses of the workstation itself: both loopbacks, every address, and its end of kind's network.
_OWN = ("127.0.0.1", "::1", "0.0.0.0", "::", "172.18.0.1")
#: Below it only the superuser may listen.
_FIRST_UNPRIVILEGED = 1_024


class Taken(Exception):
    """The operating system gave no port; the text is its word for the reason."""


def take(call: Call, taken: Sequence[list[Any]], address: str, port: int) -> int:
    """The port, or a free one for 0. `taken`: what this command listens at already. Raises Taken."""
    jobs = call.session.jobs
    if jobs is None:
        raise CommandError("this terminal keeps no process that listens: use the published kubectl for that")
    if address not in _OWN and not address.startswith("127."):
        raise Taken("cannot assign requested address")
    if port == 0:
        return jobs.free_port()
    if port < _FIRST_UNPRIVILEGED:
        raise Taken("permission denied")
    own = any(entry[:2] == [address, port] for entry in taken)
    is_api = address in ("127.0.0.1", "0.0.0.0") and call.session.reach.end(f"https://127.0.0.1:{port}") is not None
    if own or is_api or jobs.listener(address, port) is not None:
        raise Taken("address already in use")
    return port
