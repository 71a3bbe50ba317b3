"""What one page is sent: no gap, no repetition, no flood."""

import json
from typing import Any

import pytest

from labs.messages import Frame
from live.hub import Shown
from live.stream import UNACKED_LIMIT, Next, Stream, backlog_text, snapshot_texts


def shown(since: int, upto: int, *, gen: int = 1, clock: bytes = b"") -> Shown:
    items = ",".join(f'["set","u",{{"n":{ev}}}]' for ev in range(since + 1, upto + 1))
    return Shown(Frame(1, gen, since, upto, upto * 10, items.encode(), clock))


def synced(ev: int = 10, gen: int = 1) -> Stream:
    stream = Stream()
    stream.begin_sync()
    stream.synced(gen, ev)
    return stream


def sent(stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(text) for text in stream.texts()]


def test_the_next_frame_is_sent_as_it_is() -> None:
    stream = synced(10)
    assert stream.take(shown(10, 12)) is Next.SEND
    assert sent(stream) == [
        {
            "t": "delta",
            "gen": 1,
            "from": 10,
            "to": 12,
            "at": 120,
            "items": [["set", "u", {"n": 11}], ["set", "u", {"n": 12}]],
        }
    ]


def test_waiting_frames_are_merged_into_one() -> None:
    stream = synced(0)
    for since, upto in ((0, 1), (1, 3)):
        stream.take(shown(since, upto))
    (delta,) = sent(stream)
    assert (delta["from"], delta["to"], len(delta["items"])) == (0, 3, 3)


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        pytest.param(shown(5, 8), Next.NOTHING, id="what the page has already is dropped"),
        pytest.param(shown(8, 12), Next.RESYNC, id="a new owner's frame that overlaps asks for the rest"),
        pytest.param(shown(12, 13), Next.RESYNC, id="a gap asks for the rest"),
        pytest.param(shown(10, 11, gen=2), Next.RESYNC, id="another branch asks for everything"),
        pytest.param(None, Next.RESYNC, id="missed messages ask for the rest"),
    ],
)
def test_a_frame_that_does_not_follow(frame: Shown | None, answer: Next) -> None:
    stream = synced(10)
    assert stream.take(frame) is answer
    assert sent(stream) == []


def test_frames_during_a_sync_follow_it_without_what_it_covered() -> None:
    stream = Stream()
    stream.begin_sync()
    for since, upto in ((3, 5), (5, 8), (8, 9)):
        assert stream.take(shown(since, upto)) is Next.NOTHING
    assert stream.synced(1, 8) is Next.SEND
    assert [(each["from"], each["to"]) for each in sent(stream)] == [(8, 9)]


def test_a_clock_frame_is_told_once() -> None:
    stream = synced(4)
    clock = b'{"at":1,"speed":1,"paused":true,"lagging":false}'
    assert stream.take(shown(4, 4, clock=clock)) is Next.SEND
    assert sent(stream) == [{"t": "clock", "clock": json.loads(clock)}]
    assert sent(stream) == []


def test_a_page_that_does_not_acknowledge_is_brought_up_to_date_later() -> None:
    stream = synced(0)
    stream.take(shown(0, 1))
    stream.sent(UNACKED_LIMIT + 1)
    assert stream.take(shown(1, 2)) is Next.NOTHING
    assert stream.acked(0) is Next.NOTHING
    assert stream.acked(1) is Next.RESYNC
    assert not stream.is_stalled


def test_a_large_picture_is_told_in_parts() -> None:
    rows = [[f"pod-{number}", "x" * 200] for number in range(5_000)]
    view = {
        "gen": 1,
        "ev": 7,
        "clock": {"at": 0},
        "tables": {"Node": {"cols": ["uid"], "rows": [["n"]]}, "Pod": {"cols": ["uid", "name"], "rows": rows}},
    }
    texts = [*snapshot_texts(view)]
    parts = [json.loads(text) for text in texts]
    assert max(len(text) for text in texts) <= 256 * 1024
    assert [part["part"] for part in parts] == [*range(len(parts))]
    assert [part["end"] for part in parts] == [False] * (len(parts) - 1) + [True]
    assert [row for part in parts for row in part["tables"].get("Pod", {"rows": []})["rows"]] == rows


def test_an_empty_picture_is_one_part() -> None:
    (text,) = snapshot_texts({"gen": 1, "ev": 0, "clock": {}, "tables": {}})
    assert json.loads(text) == {"t": "snap", "gen": 1, "ev": 0, "clock": {}, "tables": {}, "part": 0, "end": True}


def test_a_backlog_is_a_delta() -> None:
    view = {"gen": 2, "since": 3, "ev": 5, "at": 9, "items": [["del", "u"]]}
    assert json.loads(backlog_text(view)) == {
        "t": "delta", "gen": 2, "from": 3, "to": 5, "at": 9, "items": [["del", "u"]],
    }  # fmt: skip


def test_what_waited_when_a_sync_begins_was_never_given() -> None:
    stream = synced(28)
    assert stream.take(shown(28, 29)) is Next.SEND
    stream.begin_sync()
    assert (stream.gen, stream.ev) == (1, 28)
