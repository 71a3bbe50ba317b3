"""Which work is done aside, and in which order when there are more pieces than places."""

import asyncio
import threading
from typing import Any

import pytest

from labs.host.aside import LIGHT_WEIGHT, PLACES, Aside, is_heavy


@pytest.mark.parametrize(
    ("ask", "body", "weight", "heavy"),
    [
        pytest.param("command", {"kind": "shell", "line": "kubectl get pods"}, 100, False, id="a line"),
        pytest.param("command", {"kind": "shell", "line": "k get po; " * 10}, 100, True, id="many commands in a line"),
        pytest.param("command", {"kind": "shell", "line": "kubectl exec web -- sh"}, 100, True, id="a shell inside"),
        pytest.param("command", {"kind": "session", "text": "ls"}, 100, True, id="a line of a session"),
        pytest.param("query", {"kind": "remedies", "name": "web"}, 10, True, id="what is tried on copies"),
        pytest.param("command", {"kind": "exec", "argv": ["ls"]}, 100, True, id="a command of a real client"),
        pytest.param("query", {"kind": "diff-yaml", "text": "a: b\n" * 4_000}, 100, True, id="a long text"),
        pytest.param("command", {"kind": "request", "body": {"a": ["b"] * 4_000}}, 100, True, id="a large object"),
        pytest.param("view", {}, LIGHT_WEIGHT + 1, True, id="a picture of many"),
        pytest.param("view", {}, 100, False, id="a picture of few"),
        pytest.param("clock", {"op": "pause"}, 10_000, False, id="the clock"),
    ],
)
def test_what_is_done_aside(ask: str, body: dict[str, Any], weight: int, heavy: bool) -> None:
    assert is_heavy(ask, body, weight) is heavy


async def test_who_is_in_debt_waits_until_nobody_else_wants_a_place() -> None:
    aside, order, gates = Aside(), [], [threading.Event() for _ in range(PLACES)]
    running = [asyncio.create_task(aside.run(gate.wait, is_last=False)) for gate in gates]
    await asyncio.sleep(0)

    async def want(name: str, *, is_last: bool) -> None:
        await aside.run(lambda: order.append(name), is_last=is_last)

    waiting = [asyncio.create_task(want("debtor", is_last=True))]
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(want(name, is_last=False)) for name in ("first", "second")]
    await asyncio.sleep(0)
    gates[0].set()
    await asyncio.gather(*waiting)
    assert order == ["first", "second", "debtor"]
    for gate in gates:
        gate.set()
    await asyncio.gather(*running)
    aside.close()


async def test_a_place_is_free_again_when_its_work_fails_or_its_turn_is_given_up() -> None:
    aside, gate = Aside(), threading.Event()
    running = [asyncio.create_task(aside.run(gate.wait, is_last=False)) for _ in range(PLACES)]
    await asyncio.sleep(0)
    given_up = asyncio.create_task(aside.run(lambda: None, is_last=False))
    await asyncio.sleep(0)
    given_up.cancel()
    gate.set()
    await asyncio.gather(*running)
    for _ in range(2 * PLACES):
        with pytest.raises(ZeroDivisionError):
            await aside.run(lambda: 1 / 0, is_last=False)
    assert await aside.run(lambda: 7, is_last=False) == 7
    aside.close()
