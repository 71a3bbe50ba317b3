"""Sockets that do not exist: closed politely instead of failing the server."""

from typing import Any

from django.urls import re_path


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 4404})


# Channels routes ASGI apps where Django's types expect views.
refuse = re_path(r"", _refuse)  # type: ignore[arg-type]
