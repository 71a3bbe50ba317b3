"""What goes wrong before a request reaches an API server; answered as `kind: Status` like everything else."""

from simulator.apiserver.errors import StatusError


class Unreachable(Exception):
    """Nobody answers for this cluster just now; the same request may be sent again."""


def unreadable_body(why: str) -> StatusError:
    return StatusError(400, "BadRequest", f"the body of the request cannot be read: {why}")


def too_long(limit: int) -> StatusError:
    """`apiserver/pkg/endpoints/handlers/rest.go: limitedReadBody`."""
    return StatusError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def no_such_upgrade(protocol: str) -> StatusError:
    """ASGI knows no other upgrade than WebSocket; clients that ask for SPDY itself are older than this server's."""
    needed = "kubectl 1.30 or newer for exec, attach and cp, 1.31 or newer for port-forward"
    return StatusError(
        400, "BadRequest", f"cannot upgrade to {protocol}: this server streams over WebSocket; use {needed}"
    )


def unavailable() -> StatusError:
    """A real client would see its connection refused; HTTP has nothing nearer than this."""
    message = "the API server of this cluster cannot be reached"
    return StatusError(503, "ServiceUnavailable", message, {"retryAfterSeconds": 1})


def broken() -> StatusError:
    return StatusError(500, "InternalError", "Internal error occurred: this failed on our side; it is logged")
