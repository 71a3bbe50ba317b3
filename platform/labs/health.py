"""`/healthz`: this process answers. `/readyz`: everything it needs answers, part by part, by name."""

from collections.abc import Awaitable, Callable

from channels.db import database_sync_to_async
from django.db import DatabaseError, connection

from labs.bus import BusUnavailable
from labs.messages import encode_json
from labs.router import current_router
from labs.web import Answer, Receive, Scope, Send, send_answer


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """200 when well, 503 with the parts that are not."""
    parts = {} if scope["path"] == "/healthz" else {name: await check() for name, check in _CHECKS.items()}
    is_well = all(state == "ok" for state in parts.values())
    text = encode_json({"ok": is_well, "parts": parts})
    await send_answer(send, Answer(200 if is_well else 503, text))


async def _database() -> str:
    try:
        await database_sync_to_async(_ask_database)()
    except DatabaseError as error:
        return f"does not answer: {type(error).__name__}"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _bus() -> str:
    try:
        router = await current_router()
        heard = await router.bus.listeners(f"reply:{router.web}")
    except BusUnavailable as error:
        return f"does not answer: {error}"
    return "ok" if heard else "this process does not hear its replies"


_CHECKS: dict[str, Callable[[], Awaitable[str]]] = {"database": _database, "bus": _bus}
