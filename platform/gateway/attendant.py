"""What the `drydock` command itself asks of a cluster that `drydock serve` holds: commands, snapshots, and taking one back.

Behind the secret path only: `POST /~drydock/command` with a command of `docs/architecture.md` 1.6 (its reply, and the simulated time), `GET` and `PUT
/~drydock/snapshot`. Leaves to others: who asks (`gateway.served`).
"""

from typing import Protocol

import msgspec

from gateway.backend import ATTENDANT
from gateway.front import refused, send_response
from gateway.requests import Receive, Scope, Send, read_bytes
from simulator.apiserver.errors import StatusError, bad_request, path_not_found
from simulator.apiserver.request import Response
from simulator.cluster import Cluster, SnapshotRefused

MOST_BYTES = 512 * 1024 * 1024


class Holder(Protocol):
    """Who holds the cluster."""

    @property
    def cluster(self) -> Cluster: ...

    async def ask(self, command: dict[str, object], *, is_read: bool) -> dict[str, object]: ...

    def take_back(self, cluster: Cluster) -> None:
        """Goes on with this one instead. Whoever watches the former lists again."""


async def attend(scope: Scope, receive: Receive, send: Send, path: str, holder: Holder) -> None:
    try:
        await send_response(send, await _answered(scope, receive, path, holder))
    except StatusError as error:
        await send_response(send, refused(error))


async def _answered(scope: Scope, receive: Receive, path: str, holder: Holder) -> Response:
    match scope["method"], path.removeprefix(ATTENDANT):
        case "POST", "command":
            command = _command(await read_bytes(receive, MOST_BYTES))
            reply = await holder.ask(command, is_read=False)
            clock = holder.cluster.engine
            return Response(200, {"reply": reply, "now": clock.epoch_s * 1_000_000 + clock.now})
        case "GET", "snapshot":
            return Response(200, holder.cluster.dump(), headers={"content-type": "application/octet-stream"})
        case "PUT", "snapshot":
            try:
                fresh = Cluster.load(await read_bytes(receive, MOST_BYTES))
            except SnapshotRefused as error:
                raise bad_request(str(error)) from error
            holder.take_back(fresh)
            return Response(200, {"name": fresh.config.name, "revision": fresh.revision})
    raise path_not_found()


def _command(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise bad_request(f"the command cannot be read: {error}") from error
