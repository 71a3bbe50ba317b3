"""The HTTP calls of a lab page, as a raw ASGI app: commands, the clock, the log. docs/architecture.md, section 2.5.

Checks who asks, how large it is and what they may do; then the cluster's owner answers. `rid` makes a repeated command
harmless: a page may send it again after any failure.
"""

import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.urls import reverse

from foundation.errors import ApplicationError
from foundation.logs import bound
from labs.messages import encode_json, refusal
from labs.models import Cluster
from labs.permissions import READ_KINDS, Access, clock_held
from labs.router import Told, current_router
from labs.selectors import branches_of
from labs.services import cluster_branch, cluster_reset
from labs.sessions import check_csrf, visitor
from labs.web import Answer, Receive, Refused, Scope, Send, query, read_object, send_answer
from labs.worlds import world_text

logger = logging.getLogger(__name__)
_PATH = re.compile(r"^/api/clusters/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(command|clock|log|past)$")
_RID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")
_METHODS = {"command": "POST", "clock": "POST", "log": "GET", "past": "POST"}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """The door: every request gets one JSON answer."""
    try:
        answer = await _answer(scope, receive)
    except Refused as refused:
        answer = Answer(refused.status, refusal(refused.code, refused.message, **refused.more))
    except ApplicationError as refused:
        answer = Answer(int(refused.status), refusal(refused.code, refused.message))
    except Exception:
        logger.exception("%s %s failed", scope["method"], scope["path"])
        answer = Answer(500, refusal("Broken", "This failed on our side; it is logged."))
    await send_answer(send, answer)


async def _answer(scope: Scope, receive: Receive) -> Answer:
    matched = _PATH.match(scope["path"])
    if matched is None:
        raise Refused(404, "NotFound", f"There is nothing at {scope['path']}.")
    cluster, what = matched.groups()
    if scope["method"] != _METHODS[what]:
        raise Refused(405, "BadMethod", f"method: found {scope['method']}, wanted {_METHODS[what]}")
    person, access = await visitor(scope, cluster)
    if what == "log":
        return await _log(cluster, query(scope))
    check_csrf(scope)
    body = await read_object(scope, receive, settings.DRYDOCK_LIMITS["body_bytes"])
    acts: dict[str, Callable[[str, str, Access, dict[str, Any]], Awaitable[Answer]]] = {
        "command": _command,
        "clock": _clock,
        "past": _past,
    }
    return await acts[what](cluster, person, access, body)


async def _command(cluster: str, person: str, access: Access, body: dict[str, Any]) -> Answer:
    command = body.get("command")
    if not isinstance(command, dict):
        raise Refused(400, "BadBody", f"command: found {type(command).__name__}, wanted a JSON object")
    is_read = command.get("kind") in READ_KINDS
    if not (access.write or is_read):
        raise Refused(403, "Forbidden", access.reason)
    rid = "" if is_read else _rid(body)
    with bound(rid=rid, cluster=cluster):
        router = await current_router()
        return _sent(await router.call(cluster, "query" if is_read else "command", command, rid=rid, actor=person))


async def _clock(cluster: str, person: str, access: Access, body: dict[str, Any]) -> Answer:
    if not access.write:
        raise Refused(403, "Forbidden", access.reason)
    if held := await database_sync_to_async(clock_held)(cluster):
        raise Refused(403, "ClassPaused", f"{held} has paused the whole class. Time goes on when the pause is over.")
    if body.get("op") == "reset":
        return await _reset(cluster, person)
    control = {"op": body.get("op"), "value": body.get("value")}
    router = await current_router()
    rid = _rid(body) if "rid" in body else secrets.token_hex(8)
    return _sent(await router.call(cluster, "clock", control, rid=rid, actor=person))


async def _reset(cluster: str, person: str) -> Answer:
    found = await database_sync_to_async(Cluster.objects.get)(pk=cluster)
    await database_sync_to_async(cluster_reset)(cluster=found, actor=person)
    return await _begun(cluster)


async def _begun(cluster: str) -> Answer:
    """The clock of the branch that has just begun."""
    told = await (await current_router()).call(cluster, "view", {})
    if not told.is_ok:
        return _sent(told)
    view = told.json()
    return Answer(200, encode_json({"ok": True, "gen": view["gen"], "clock": view["clock"]}))


async def _past(cluster: str, person: str, access: Access, body: dict[str, Any]) -> Answer:
    """Looking at a past moment is reading; going on from it is not."""
    operation, command = body.get("op"), body.get("command")
    if operation == "branches":
        told = await database_sync_to_async(branches_of)(cluster=cluster)
        return Answer(200, encode_json({"ok": True, "branches": told}))
    if operation == "world":
        return Answer(200, encode_json({"ok": True, "url": await _world(cluster, body)}))
    if operation == "ask" and not (isinstance(command, dict) and command.get("kind") in {*READ_KINDS, "shell"}):
        raise Refused(403, "ReadOnly", "This is the past: it can be looked at, not changed.")
    if operation == "branch" and not access.write:
        raise Refused(403, "Forbidden", access.reason)
    told = await (await current_router()).call(cluster, "past", body, actor=person)
    if operation != "branch" or not told.is_ok:
        return _sent(told)
    found = await database_sync_to_async(Cluster.objects.get)(pk=cluster)
    await database_sync_to_async(cluster_branch)(cluster=found, prepared=told.json(), actor=person)
    return await _begun(cluster)


async def _world(cluster: str, body: dict[str, Any]) -> str:
    """The address of a page that opens a cluster at this moment, on any installation."""
    gen, at = body.get("gen"), body.get("at")
    if not isinstance(gen, int) or not isinstance(at, int) or at < 0:
        raise Refused(400, "BadBody", f"gen and at: found {gen!r} and {at!r}, wanted two numbers")
    text = await database_sync_to_async(world_text)(cluster=cluster, gen=gen, at_us=at)
    return f"{reverse('labs:world')}?world={text}"


async def _log(cluster: str, wanted: dict[str, str]) -> Answer:
    """Delta items after `from`, as far as the owner still remembers them."""
    numbers = {name: wanted.get(name, "") for name in ("gen", "from", "to")}
    for name, text in numbers.items():
        if not text.isdigit() and (text or name != "to"):
            raise Refused(400, "BadQuery", f"{name}: found {text!r}, wanted a whole number")
    router = await current_router()
    told = await router.call(cluster, "view", {"gen": int(numbers["gen"]), "ev": int(numbers["from"])})
    if not told.is_ok:
        return _sent(told)
    view = told.json()
    if "items" not in view:
        raise Refused(410, "Gone", "This part of the log is no longer kept. Ask for the whole picture.")
    shown = {name: view[name] for name in ("gen", "since", "ev", "at", "items")}
    return Answer(200, encode_json({"ok": True, "gen": shown["gen"], "from": shown["since"], "to": shown["ev"],
                                    "at": shown["at"], "items": shown["items"]}))  # fmt: skip


def _rid(body: dict[str, Any]) -> str:
    rid = body.get("rid")
    if not isinstance(rid, str) or not _RID.match(rid):
        raise Refused(400, "BadBody", f"rid: found {rid!r}, wanted 1 to 64 letters, digits or . _ : -")
    return rid


def _sent(told: Told) -> Answer:
    headers = [(b"retry-after", b"1")] if told.status in (429, 503) else []
    return Answer(told.status, told.text, headers)
