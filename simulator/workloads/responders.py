"""The servers whose answers are worked out, by the name that the catalogue gives them (`responder`)."""

from collections.abc import Callable

from simulator.workloads.agnhost_servers import Asked, Dial, Got, Said, guestbook, netexec, netexec_udp, nettest, porter
from simulator.workloads.sample_apiserver import sample_apiserver

#: Of sockets for UDP the name ends with `/udp`.
RESPONDERS: dict[str, Callable[[Asked, Dial], Said]] = {
    "netexec": netexec,
    "netexec/udp": netexec_udp,
    "porter": porter,
    "porter/udp": porter,
    "nettest": nettest,
    "guestbook": guestbook,
    "sample-apiserver": sample_apiserver,
}


def status_of(responder: str, path: str) -> int:
    """The status of a GET that leaves no trace: a probe's."""
    return RESPONDERS[responder](Asked(path), lambda wish: Got(error="not asked")).status
