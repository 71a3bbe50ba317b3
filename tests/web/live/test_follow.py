"""A followed command (`logs -f`, `get -w`, `rollout status`, `watch`) reaches the page whole, in order, and ends."""

import asyncio
from typing import Any

import pytest

from labs.messages import encode_json, refusal
from labs.router import Told
from live import follow
from live.follow import Follower
from simulator.cluster import Cluster

SECOND = 1_000_000


class Replies:
    """Answers follow questions with the replies of the test, and keeps the tokens it was asked with."""

    def __init__(self, *told: Told) -> None:
        self.told = [*told]
        self.tokens: list[Any] = []

    async def call(self, cluster: str, ask: str, body: dict[str, Any]) -> Told:
        assert (ask, body["kind"]) == ("query", "follow")
        self.tokens.append(body["token"])
        return self.told.pop(0)


class Simulated:
    """The real simulator; a simulated second passes before each question."""

    def __init__(self, *lines: str) -> None:
        self.cluster = Cluster.create()
        for line in lines:
            self.last = self.cluster.apply({"kind": "shell", "line": line})

    async def call(self, cluster: str, ask: str, body: dict[str, Any]) -> Told:
        self.cluster.advance(self.cluster.now + SECOND, 10**9)
        return Told(200, encode_json({"ok": True, "reply": self.cluster.apply(body)}))


def said(**reply: Any) -> Told:
    return Told(200, encode_json({"ok": True, "reply": reply}))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "POLL_S", 0.0)


async def followed(router: Any, token: dict[str, Any]) -> list[dict[str, Any]]:
    """Every frame until the command has ended."""
    frames: list[dict[str, Any]] = []
    ended = asyncio.Event()

    async def tell(frame: dict[str, Any]) -> None:
        frames.append(frame)
        if frame["done"]:
            ended.set()

    follower = Follower("f1", token, cluster="c", router=router, tell=tell)
    async with asyncio.timeout(5):
        await ended.wait()
    await follower.close()
    return frames


async def test_output_is_passed_on_with_the_newest_token_and_silence_is_not() -> None:
    replies = Replies(
        said(stdout="one\n", done=False, token={"n": 1}),
        said(stdout="", done=False, token={"n": 2}),
        said(stdout="two\n", done=True, exit=0),
    )
    frames = await followed(replies, {"n": 0})
    assert [(frame["stdout"], frame["done"], frame["exit"]) for frame in frames] == [
        ("one\n", False, None),
        ("two\n", True, 0),
    ]
    assert replies.tokens == [{"n": 0}, {"n": 1}, {"n": 2}]


async def test_the_rest_of_the_line_and_a_cleared_screen_reach_the_page() -> None:
    replies = Replies(
        said(stdout="screen", done=False, token={}, clear=True), said(stdout="", done=True, exit=0, then="echo ok")
    )
    first, last = await followed(replies, {})
    assert (first["clear"], first["then"]) == (True, None)
    assert (last["clear"], last["then"]) == (False, "echo ok")


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_cluster_is_asked_again(status: int) -> None:
    replies = Replies(Told(status, b"{}"), said(stdout="late\n", done=True, exit=0))
    assert [frame["stdout"] for frame in await followed(replies, {})] == ["late\n"]


@pytest.mark.parametrize("status", [400, 404, 409, 500])
async def test_a_refusal_ends_the_command_in_words(status: int) -> None:
    replies = Replies(Told(status, refusal("BadCommand", "token: found 3, wanted an object")))
    (frame,) = await followed(replies, {})
    assert (frame["stdout"], frame["done"], frame["exit"]) == ("token: found 3, wanted an object\n", True, 1)


async def test_rollout_status_ends_when_the_rollout_does_and_hands_on_what_follows() -> None:
    simulated = Simulated(
        "kubectl create deployment web --image=nginx --replicas=2",
        "kubectl rollout status deployment/web && kubectl get pods -o name",
    )
    frames = await followed(simulated, simulated.last["follow"])
    assert "successfully rolled out" in frames[-1]["stdout"]
    assert (frames[-1]["exit"], frames[-1]["then"]) == (0, "kubectl get pods -o name")


async def test_a_watch_shows_each_change_of_a_pod() -> None:
    simulated = Simulated("kubectl create deployment web --image=nginx", "kubectl get pods -w")
    rows: list[str] = []
    follower = Follower(
        "f1",
        simulated.last["follow"],
        cluster="c",
        router=simulated,
        tell=_collecting(rows),  # type: ignore[arg-type]
    )
    async with asyncio.timeout(5):
        while not any("Running" in row for row in rows):
            await asyncio.sleep(0)
    await follower.close()
    assert any("ContainerCreating" in row for row in rows)


def _collecting(rows: list[str]) -> Any:
    async def tell(frame: dict[str, Any]) -> None:
        rows.extend(frame["stdout"].splitlines())

    return tell


async def test_followed_logs_end_with_the_container() -> None:
    simulated = Simulated("kubectl run job --image=busybox --restart=Never -- sh -c 'echo one; sleep 8; echo two'")
    simulated.cluster.advance(8 * SECOND, 10**9)
    simulated.last = simulated.cluster.apply({"kind": "shell", "line": "kubectl logs -f job"})
    frames = await followed(simulated, simulated.last["follow"])
    assert (simulated.last["stdout"] + "".join(frame["stdout"] for frame in frames)).split() == ["one", "two"]
