"""The lesson panel asks after a change, keeps what the simulator said, and tells the page only what is new."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.test import override_settings
from django.utils.safestring import mark_safe

from labs.router import Told
from live import lesson, sockets
from live.lesson import LessonWatch

CHECKS = [{"id": "three", "state": {}}]


class FakeRouter:
    """Answers the check question with what the test says."""

    def __init__(self) -> None:
        self.passed = False
        self.asked: list[dict[str, Any]] = []
        self.is_away = False

    async def call(self, cluster: str, ask: str, body: dict[str, Any]) -> Told:
        self.asked.append(body)
        if self.is_away:
            return Told(503, b"{}")
        said = "true" if self.passed else "false"
        return Told(200, b'{"reply":{"results":[{"id":"three","passed":' + said.encode() + b',"say":""}]}}')


def step_checks(ref: str, step: str) -> list[dict[str, Any]]:
    return CHECKS if step == "first" else []


def step_record(user: Any, ref: str, step: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    return {"step": step, "checks": results, "done": all(each["passed"] for each in results)}


@pytest.fixture(autouse=True)
def _seams(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(lesson, "import_string", {"checks": step_checks, "record": step_record}.__getitem__)
    monkeypatch.setattr(lesson, "database_sync_to_async", _in_place)
    monkeypatch.setattr(lesson, "PAUSE_S", 0.01)
    with override_settings(DRYDOCK_STEP_CHECKS="checks", DRYDOCK_STEP_RECORD="record"):
        yield


def _in_place(function: Any) -> Any:
    async def call(*arguments: Any) -> Any:
        return function(*arguments)

    return call


class Panel:
    """A watch with the frames it told."""

    def __init__(self) -> None:
        self.router = FakeRouter()
        self.frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.watch = LessonWatch(
            user=None,
            cluster="c",
            lesson="t/l",
            router=self.router,
            tell=self.frames.put,  # type: ignore[arg-type]
        )

        self.watch.changed()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(2):
            return await self.frames.get()


async def test_a_shown_step_is_checked_and_told() -> None:
    panel = Panel()
    panel.watch.show("first")
    frame = await panel.next()
    assert (frame["t"], frame["step"], frame["done"]) == ("lesson", "first", False)
    assert panel.router.asked == [{"kind": "check", "checks": CHECKS}]
    await panel.watch.close()


async def test_a_change_is_checked_again_and_only_news_is_told() -> None:
    panel = Panel()
    panel.watch.show("first")
    await panel.next()
    panel.watch.changed()
    while len(panel.router.asked) < 2:
        await asyncio.sleep(0)
    panel.router.passed = True
    panel.watch.changed()
    assert (await panel.next())["done"] is True
    assert panel.frames.empty()
    await panel.watch.close()


async def test_a_step_without_checks_asks_nothing_and_is_told() -> None:
    panel = Panel()
    panel.watch.show("reading")
    assert (await panel.next())["checks"] == []
    assert panel.router.asked == []
    await panel.watch.close()


async def test_a_cluster_that_does_not_answer_is_asked_again_without_a_change() -> None:
    panel = Panel()
    panel.router.is_away = True
    panel.watch.show("first")
    while not panel.router.asked:
        await asyncio.sleep(0)
    panel.router.is_away = False
    assert (await panel.next())["step"] == "first"
    await panel.watch.close()


async def test_a_record_that_fails_is_tried_again_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError("the database is busy")]

    def record(*arguments: Any) -> dict[str, Any]:
        if failures:
            raise failures.pop()
        return step_record(*arguments)

    monkeypatch.setattr(lesson, "import_string", {"checks": step_checks, "record": record}.__getitem__)
    panel = Panel()
    panel.watch.show("first")
    assert (await panel.next())["step"] == "first"
    await panel.watch.close()


def test_safe_html_is_a_text_on_the_wire() -> None:
    assert msgspec.json.encode({"html": mark_safe("<p>a</p>")}, enc_hook=sockets._plain) == b'{"html":"<p>a</p>"}'


def test_anything_else_has_no_place_on_the_wire() -> None:
    with pytest.raises(TypeError, match="found object, which has no place on the wire"):
        msgspec.json.encode({"x": object()}, enc_hook=sockets._plain)
