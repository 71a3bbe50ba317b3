"""Both sockets and the API against a real embedded process, as browsers see them, with a fake simulation."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from tests.chaos.fleet import CSRF, ROOT, Fleet, embedded

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("sockets")]


@dataclass
class Site:
    """The running site and who is in it."""

    fleet: Fleet
    made: dict[str, Any]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.fleet.ports[0]}"

    def lab(self, name: str) -> str:
        return f"/ws/labs/{self.made['labs'][name]}/"

    @property
    def wall(self) -> str:
        return f"/ws/wall/{self.made['class']}/"

    @asynccontextmanager
    async def socket(self, path: str, who: str | None, origin: str | None = None) -> AsyncIterator["Wire"]:
        headers = {"origin": origin or self.origin}
        if who:
            headers["cookie"] = f"sessionid={self.made['sessions'][who]}"
        url = self.origin.replace("http", "ws") + path
        async with websockets.connect(url, additional_headers=headers) as connection:
            yield Wire(connection)

    async def post(
        self, who: str | None, path: str, body: Any, *, csrf: str = CSRF, content: bytes | None = None
    ) -> httpx.Response:
        cookies = {"csrftoken": CSRF} | ({"sessionid": self.made["sessions"][who]} if who else {})
        headers = {"x-csrftoken": csrf, "origin": self.origin}
        async with httpx.AsyncClient(
            cookies=cookies, headers=headers, timeout=15, verify=False
        ) as client:  # no TLS to set up
            if content is not None:
                return await client.post(self.origin + path, content=content)
            return await client.post(self.origin + path, json=body)

    async def command(self, who: str | None, lab: str, rid: str = "", **command: Any) -> httpx.Response:
        path = f"/api/clusters/{self.made['labs'][lab]}/command"
        return await self.post(who, path, {"rid": rid or f"r{time.monotonic_ns()}", "command": command})


@dataclass
class Wire:
    """A socket that can wait for the message it wants."""

    connection: ClientConnection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 5.0) -> dict[str, Any]:
        heard: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(timeout_s):
                while not heard or not wanted(heard[-1]):
                    heard.append(json.loads(await self.connection.recv()))
        except TimeoutError:
            raise AssertionError(f"not within {timeout_s:g} s; heard {str(heard)[-1000:]}") from None
        return heard[-1]

    async def a(self, kind: str) -> dict[str, Any]:
        return await self.until(lambda message: message["t"] == kind)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="dd-"))
    with embedded(folder) as fleet:
        seed = str(Path(__file__).with_name("seed_class.py"))
        environment = {**os.environ, **fleet.environment}
        made = subprocess.run(
            [sys.executable, seed], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
        )
        yield Site(fleet, json.loads(made.stdout))
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_page_gets_hello_the_picture_and_then_every_change(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "Ann") as wire:
        await wire.say(t="hello", gen=None, ev=None)
        hello = await wire.a("hello")
        assert hello["me"]["name"] == "Ann"
        assert hello["me"]["role"] == "owner"
        snap = await wire.a("snap")
        assert (snap["gen"], snap["end"]) == (hello["gen"], True)
        first = await wire.a("delta")
        second = await wire.a("delta")
    assert first["from"] == snap["ev"]
    assert second["from"] == first["to"]


async def test_a_reconnecting_page_gets_only_what_it_lacks(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "Ann") as wire:
        await wire.say(t="hello", gen=None, ev=None)
        snap = await wire.a("snap")
    await site.command("Ann", "Ann", kind="add", name="x")
    async with site.socket(site.lab("Ann"), "Ann") as wire:
        await wire.say(t="hello", gen=snap["gen"], ev=snap["ev"])
        delta = await wire.until(lambda message: message["t"] in ("snap", "delta"))
    assert (delta["t"], delta["from"]) == ("delta", snap["ev"])


async def test_a_command_shows_up_on_the_page(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "Ann") as wire:
        await wire.say(t="hello", gen=None, ev=None)
        await wire.a("snap")
        begin = time.monotonic()
        answer = await site.command("Ann", "Ann", kind="add", name="seen")
        await wire.until(lambda message: any(item[1] == "seen" for item in message.get("items", [])))
        assert time.monotonic() - begin < 1.0
    assert answer.json()["ok"]


async def test_turning_the_clock_is_told(site: Site) -> None:
    path = f"/api/clusters/{site.made['labs']['Ben']}/clock"
    async with site.socket(site.lab("Ben"), "Ben") as wire:
        await wire.say(t="hello", gen=None, ev=None)
        await wire.a("snap")
        answer = await site.post("Ben", path, {"rid": "p1", "op": "pause"})
        told = await wire.until(lambda message: message["t"] == "clock" and message["clock"]["paused"])
        assert answer.json()["clock"] == told["clock"]
        await site.post("Ben", path, {"op": "resume"})
        await wire.until(lambda message: message["t"] == "clock" and not message["clock"]["paused"])


async def test_a_reset_begins_a_new_branch(site: Site) -> None:
    async with site.socket(site.lab("Ben"), "Ben") as wire:
        await wire.say(t="hello", gen=None, ev=None)
        before = await wire.a("snap")
        answer = await site.post("Ben", f"/api/clusters/{site.made['labs']['Ben']}/clock", {"op": "reset"})
        assert answer.json()["gen"] == before["gen"] + 1
        assert (await wire.a("reset"))["gen"] == before["gen"] + 1
        snap = await wire.a("snap")
    assert snap["gen"] == before["gen"] + 1


async def test_the_log_gives_back_what_was_shown(site: Site) -> None:
    cluster = site.made["labs"]["Ann"]
    await site.command("Ann", "Ann", kind="add", name="logged")
    cookies = {"sessionid": site.made["sessions"]["Ann"]}
    async with httpx.AsyncClient(cookies=cookies) as client:
        answer = await client.get(f"{site.origin}/api/clusters/{cluster}/log?gen=1&from=0")
        wrong = await client.get(f"{site.origin}/api/clusters/{cluster}/log?gen=x&from=0")
    assert answer.json()["from"] == 0
    assert len(answer.json()["items"]) == answer.json()["to"]
    assert wrong.json()["error"]["message"] == "gen: found 'x', wanted a whole number"


async def _is_refused(site: Site, path: str, who: str | None) -> None:
    """Told goodbye and nothing else."""
    async with site.socket(path, who) as wire:
        assert json.loads(await wire.connection.recv()) == {"t": "bye", "reason": "not-yours"}
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await wire.connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


@pytest.mark.parametrize("who", [None, "stranger", "Ben"])
async def test_another_persons_lab_cannot_be_opened(site: Site, who: str | None) -> None:
    await _is_refused(site, site.lab("Ann"), who)


@pytest.mark.parametrize("who", ["stranger", "Ben", "Ann"])
async def test_only_the_instructor_opens_the_wall(site: Site, who: str) -> None:
    await _is_refused(site, site.wall, who)


async def test_a_page_of_another_site_cannot_connect(site: Site) -> None:
    with pytest.raises(websockets.InvalidStatus):
        async with site.socket(site.lab("Ann"), "Ann", origin="https://evil.example"):
            pass


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        pytest.param(None, 403, "SignInFirst", id="nobody"),
        pytest.param("stranger", 404, "NotFound", id="a stranger does not learn that it exists"),
        pytest.param("Ben", 404, "NotFound", id="another learner neither"),
        pytest.param("teacher", 403, "Forbidden", id="the instructor may look but not act"),
    ],
)
async def test_another_persons_cluster_cannot_be_written(site: Site, who: str | None, status: int, code: str) -> None:
    answer = await site.command(who, "Ann", kind="add", name="intruder")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_the_instructor_may_ask_questions(site: Site) -> None:
    answer = await site.command("teacher", "Ann", kind="check", checks=[{"id": "a", "name": "beat", "atLeast": 0}])
    assert answer.status_code == 200
    assert answer.json()["reply"]["results"][0]["passed"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({"rid": "x", "command": 5}, "command: found int, wanted a JSON object", id="not a command"),
        pytest.param({"command": {"kind": "add"}}, "rid: found None, wanted 1 to 64 letters", id="no rid"),
        pytest.param({"rid": "a b", "command": {"kind": "add"}}, "rid: found 'a b', wanted", id="a wrong rid"),
        pytest.param([1], "body: found list, wanted a JSON object", id="not an object"),
    ],
)
async def test_a_bad_body_is_refused_by_name(site: Site, body: Any, message: str) -> None:
    answer = await site.post("Ann", f"/api/clusters/{site.made['labs']['Ann']}/command", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)


async def test_five_megabytes_are_too_much(site: Site) -> None:
    path = f"/api/clusters/{site.made['labs']['Ann']}/command"
    answer = await site.post("Ann", path, None, content=b"x" * 5_000_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "TooLarge")


async def test_a_command_without_the_pages_token_is_refused(site: Site) -> None:
    path = f"/api/clusters/{site.made['labs']['Ann']}/command"
    answer = await site.post("Ann", path, {"rid": "x", "command": {"kind": "add"}}, csrf="d" * 32)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "BadCsrf")


async def test_too_many_commands_are_answered_429(site: Site) -> None:
    answers = await asyncio.gather(*(site.command("Ben", "Ben", kind="add", name="x") for _ in range(90)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].headers["retry-after"] == "1"


async def test_a_message_the_wire_does_not_know_ends_the_connection(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "Ann") as wire:
        await wire.say(t="opened")
        assert (await wire.a("bye"))["reason"] == "bad-message"


async def test_a_seventh_page_is_told_that_it_is_one_too_many(site: Site) -> None:
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def hold() -> None:
            async with site.socket(site.lab("Ben"), "Ben") as wire:
                await wire.say(t="hello", gen=None, ev=None)
                await wire.a("hello")
                ready.release()
                await done.wait()

        ready = asyncio.Semaphore(0)
        for _ in range(6):
            group.create_task(hold())
        for _ in range(6):
            await ready.acquire()
        async with site.socket(site.lab("Ben"), "Ben") as wire:
            assert (await wire.a("bye"))["reason"] == "too-many-sockets"
        done.set()


async def test_the_learner_sees_who_watches(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "Ann") as learner:
        await learner.say(t="hello", gen=None, ev=None)
        await learner.a("snap")
        async with site.socket(site.lab("Ann"), "teacher") as watcher:
            await watcher.say(t="hello", gen=None, ev=None)
            assert (await watcher.a("hello"))["me"]["role"] == "watcher"
            assert (await learner.a("watchers"))["names"] == ["Tess"]
        assert (await learner.a("watchers"))["names"] == []


async def test_a_learner_who_comes_later_sees_who_watches_already(site: Site) -> None:
    async with site.socket(site.lab("Ann"), "teacher") as watcher:
        await watcher.say(t="hello", gen=None, ev=None)
        await watcher.a("snap")
        async with site.socket(site.lab("Ann"), "Ann") as learner:
            await learner.say(t="hello", gen=None, ev=None)
            assert (await learner.a("watchers"))["names"] == ["Tess"]


async def test_the_wall_shows_each_learner_live(site: Site) -> None:
    ann = site.made["members"]["Ann"]
    async with site.socket(site.wall, "teacher") as wall:
        first = await wall.a("wall")
        assert [card["name"] for card in first["cards"]] == ["Ann", "Ben"]
        assert first["cards"][0]["help"]["text"] == "Where is my pod?"
        await wall.say(t="view", ids=[card["id"] for card in first["cards"]])
        async with site.socket(site.lab("Ann"), "Ann") as learner:
            await learner.say(t="hello", gen=None, ev=None)
            await _card(wall, ann, lambda card: card.get("connected") is True)
            begin = time.monotonic()
            await site.command("Ann", "Ann", kind="add", name="x")
            await _card(wall, ann, lambda card: "picture" in card)
            assert time.monotonic() - begin < 1.0
        await _card(wall, ann, lambda card: card.get("connected") is False)


async def test_a_hint_arrives_in_the_learners_lab_and_the_request_is_answered(site: Site) -> None:
    ann = site.made["members"]["Ann"]
    async with site.socket(site.wall, "teacher") as wall, site.socket(site.lab("Ann"), "Ann") as learner:
        await wall.a("wall")
        await learner.say(t="hello", gen=None, ev=None)
        await learner.a("snap")
        begin = time.monotonic()
        await wall.say(t="hint", id=ann, text="Look at the queue.")
        hint = await learner.a("hint")
        assert time.monotonic() - begin < 1.0
        assert (hint["text"], hint["from"]) == ("Look at the queue.", "Tess")
        await wall.say(t="answered", id=ann)
        await _card(wall, ann, lambda card: "help" in card and card["help"] is None)


async def test_an_empty_hint_is_refused_on_the_wall(site: Site) -> None:
    async with site.socket(site.wall, "teacher") as wall:
        await wall.a("wall")
        await wall.say(t="hint", id=site.made["members"]["Ben"], text="  ")
        assert (await wall.a("problem"))["message"] == "The hint: found nothing, wanted a sentence."


async def _card(wall: Wire, member: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
    def has(message: dict[str, Any]) -> bool:
        return message["t"] == "cards" and any(card["id"] == member and wanted(card) for card in message["cards"])

    await wall.until(has)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_the_process_says_that_it_is_well(site: Site, path: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(site.origin + path)
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


async def test_an_unknown_socket_is_closed(site: Site) -> None:
    with pytest.raises(websockets.InvalidStatus):
        async with site.socket("/ws/nothing/", "Ann"):
            pass
