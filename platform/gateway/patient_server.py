"""daphne that waits for a client before it writes more to it.

daphne hands on what an application sends and keeps it until the client has read it, however much that is. Here `send` of a
streamed answer returns only when the client has taken nearly everything before (as ASGI allows), so an application that
streams holds one part for each client. Who takes nothing for `STALLED_S` loses the connection and may come again.

A WebSocket that is closed here waits `CLOSING_S` for the other side to close too. Autobahn's one second is too short for a busy
browser: what it had not yet read, the reason it was closed for among it, was lost with the connection (code 1006).
"""

import asyncio
from typing import Any

from daphne import http_protocol
from daphne import server as daphne_server
from daphne.server import Server
from daphne.ws_protocol import WebSocketFactory

from foundation.waiting import is_set_within
from gateway.spdy_upgrade import UpgradingRequest

STALLED_S = 60.0
CLOSING_S = 15.0


class _PatientSockets(WebSocketFactory):  # type: ignore[misc]
    def setProtocolOptions(self, **options: Any) -> None:
        super().setProtocolOptions(closeHandshakeTimeout=CLOSING_S, **options)


class PatientServer(Server):  # type: ignore[misc]
    def run(self) -> None:
        """Serves, and lets requests leave HTTP for SPDY."""
        http_protocol.WebRequest = UpgradingRequest
        daphne_server.WebSocketFactory = _PatientSockets
        super().run()

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        if message["type"] != "http.response.body":
            await super().handle_reply(protocol, message)
            return
        flow = protocol.producer if protocol.channel is not None else None
        if message.get("more_body") and flow is None and protocol in self.connections and protocol.channel is not None:
            flow = _Flow()
            protocol.registerProducer(flow, True)
        if not message.get("more_body") and flow is not None:
            protocol.unregisterProducer()
        await super().handle_reply(protocol, message)
        if message.get("more_body") and flow is not None and not await flow.may_go_on():
            self._hang_up(protocol)

    def protocol_disconnected(self, protocol: Any) -> None:
        flow = getattr(protocol, "producer", None)
        if isinstance(flow, _Flow):
            flow.stopProducing()
        super().protocol_disconnected(protocol)

    @staticmethod
    def _hang_up(protocol: Any) -> None:
        if protocol.channel is not None:
            protocol.channel.transport.abortConnection()


class _Flow:
    """Twisted's `IPushProducer`: told by the transport when it has enough, and when it wants more."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    def pauseProducing(self) -> None:
        self._open.clear()

    def resumeProducing(self) -> None:
        self._open.set()

    def stopProducing(self) -> None:
        self._open.set()

    async def may_go_on(self) -> bool:
        """False when the client took nothing for too long."""
        return await is_set_within(self._open, STALLED_S)
