"""`kubectl exec … -- curl '…?watch=true'`: a watch from inside a pod goes on, event after event, as long as somebody waits.

A command in a container takes no time here, so the rest of a watch is asked for again each second, from the revision that the last answer reached
(its bookmark, which is not shown).

Promises: only what prints a watch's events goes on; any other command is over when it has answered.
"""

from __future__ import annotations

import json
import re

from simulator.engine.plain import Obj
from simulator.kubectl.acting import Acted
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, End, ExecRefused, Token
from simulator.kubectl.errors import ApiRefusal, CommandError

_WATCH = r"[?&]watch=(?:true|1)\b"
_BARE = re.compile(rf"https?://[^\s\"']*{_WATCH}[^\s\"']*")
_QUOTED = re.compile(rf"([\"'])(https?://[^\"']*{_WATCH}[^\"']*)\1")
_REVISION = re.compile(r"([?&])resourceVersion=\d*&?")
_TIMEOUT = re.compile(r"[?&]timeoutSeconds=(\d+)")
_BOOKMARK = '{"type":"BOOKMARK"'
_LOOK_US = 1_000_000
_KILLED = 137


def goes_on(call: Call, pod: Obj, container: str, command: list[str], stdout: str) -> None:
    """Leaves the rest of a watch behind; called when the command has answered."""
    if not _is_watch(command) or _revision(stdout) is None:
        return
    found = _TIMEOUT.search(" ".join(command))
    token: Token = {
        "kind": "exec-watch",
        "pod": [pod["metadata"]["namespace"], pod["metadata"]["name"], container],
        "command": continued(command, _revision(stdout) or ""),
        "until": call.now_us + int(found[1]) * 1_000_000 if found else 0,
        "for_reader": True,
    }
    call.goes_on(Acted(token, due=call.now_us + _LOOK_US))


def _is_watch(command: list[str]) -> bool:
    return any(_BARE.search(word) or _QUOTED.search(word) for word in command)


def _revision(stdout: str) -> str | None:
    """Where a watch is after these events: empty before the first; None when this is no watch."""
    lines = stdout.splitlines()
    if not all(line.startswith('{"type":"') for line in lines) or any(
        line.startswith('{"type":"ERROR"') for line in lines
    ):
        return None
    if not lines:
        return ""
    try:
        return str(json.loads(lines[-1])["object"]["metadata"].get("resourceVersion", ""))
    except (ValueError, KeyError, TypeError):
        return None


def continued(command: list[str], revision: str) -> list[str]:
    """The command that asks for what came after a revision."""
    if not revision:
        return command
    return [_continued(word, revision) for word in command]


def _continued(word: str, revision: str) -> str:
    if _BARE.fullmatch(word):
        return _after(word, revision)
    if _QUOTED.search(word):
        return _QUOTED.sub(lambda found: found[1] + _after(found[2], revision) + found[1], word)
    return _BARE.sub(lambda found: f"'{_after(found[0], revision)}'", word)


def _after(url: str, revision: str) -> str:
    plain = _REVISION.sub(r"\1", url).rstrip("?&")
    marked = plain if "allowWatchBookmarks=" in plain else f"{plain}&allowWatchBookmarks=true"
    return f"{marked}&resourceVersion={revision}"


def act(api: ApiClient, token: Token, now_us: int) -> Acted:
    """What has come since."""
    end, (namespace, name, container) = api.end, token["pod"]
    if not isinstance(end, End) or end.exec_in_container is None:
        raise CommandError("the container runtime does not answer")
    if not _is_running(api, namespace, name, container):
        return _ended(token, _KILLED)
    try:
        stdout, stderr, code = end.exec_in_container(namespace, name, container, token["command"], "")
    except ExecRefused:
        return _ended(token, _KILLED)
    revision = _revision(stdout)
    acted = Acted(token, due=now_us + _LOOK_US)
    acted.out("".join(line for line in stdout.splitlines(keepends=True) if not line.startswith(_BOOKMARK)))
    acted.err(stderr)
    if code or revision is None:
        return _ended(token, code, acted)
    if token["until"] and now_us >= token["until"]:
        acted.done = True
        return acted
    acted.token = {**token, "command": continued(token["command"], revision)}
    return acted


def _is_running(api: ApiClient, namespace: str, name: str, container: str) -> bool:
    pods = api.kinds.by_name("pods")
    assert pods is not None
    try:
        pod = api.get(pods, namespace, name)
    except ApiRefusal:
        return False
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(one["name"] == container and "running" in (one.get("state") or {}) for one in statuses)


def _ended(token: Token, code: int, acted: Acted | None = None) -> Acted:
    acted = acted or Acted(token)
    acted.done, acted.exit = True, code
    if code:
        acted.err(f"command terminated with exit code {code}\n")
    return acted


ACTORS = {"exec-watch": act}
