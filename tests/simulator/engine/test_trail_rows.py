"""Rows of the trail in a snapshot: what is taken back is what was told."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.trail_rows import TrailColumns, TrailRow, moment

EPOCH_S = 1_760_000_000
FIRST = 40


def row(number: int, **told: object) -> TrailRow:
    usual = {"at": 1_000 * number, "type": "write", "actor": "kubelet/n-1", "verb": "patch", "resource": "pods"}
    usual |= {"namespace": "default", "name": "web", "uid": "u-1", "rev": number, "because": 0, "root": 1, "hop": 3}
    return TrailRow(**{"ev": FIRST + number, "note": "", **usual, **told})  # type: ignore[arg-type]


def ending(number: int, epoch_s: int = EPOCH_S) -> str:
    """Of the name of an Event that row `number` adds."""
    return moment(epoch_s, 1_000 * number, FIRST + number - 1)


def restored(rows: list[TrailRow], epoch_s: int = EPOCH_S) -> list[TrailRow]:
    state = msgspec.msgpack.decode(msgspec.msgpack.encode(TrailColumns(epoch_s).told(rows)))
    return TrailColumns(epoch_s).taken(FIRST, state)


def names_told(rows: list[TrailRow]) -> list[str | int]:
    return list(TrailColumns(EPOCH_S).told(rows)[1])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        pytest.param([row(0)], ["web"], id="one"),
        pytest.param([row(0), row(1)], ["web"], id="the same thing twice"),
        pytest.param([row(0), row(1, uid="u-2")], ["web", 2], id="another thing of that name"),
        pytest.param([row(0), row(1, uid="u-2", name=f"web.{ending(1)}")], ["web", 3], id="named for its moment"),
        pytest.param([row(0, name=f"web.{ending(0)}")], [f"web.{ending(0)}"], id="the first of that name is"),
        pytest.param(
            [row(0, name=f"web.{ending(0)}"), row(1, uid="u-2", name=f"web.{ending(1)}")],
            [f"web.{ending(0)}", 3],
            id="two are",
        ),
        pytest.param(
            [row(0), row(1, uid="u-2", name=f"web.{ending(2)}")], ["web", f"web.{ending(2)}"], id="another moment"
        ),
        pytest.param([row(0), row(1, uid="u-2", name=f"web-{ending(1)}")], ["web", f"web-{ending(1)}"], id="no point"),
    ],
)
def test_names_are_told_by_where_they_were_before(rows: list[TrailRow], told: list[str | int]) -> None:
    assert names_told(rows) == told
    assert restored(rows) == rows


@pytest.mark.parametrize("epoch_s", [0, -60, EPOCH_S], ids=["1970", "before 1970", "this century"])
def test_a_name_that_ends_with_its_moment_is_taken_back_in_every_century(epoch_s: int) -> None:
    rows = [row(0), row(1, uid="u-2", name=f"web.{ending(1, epoch_s)}"), row(2, uid="u-3", name="web")]
    assert restored(rows, epoch_s) == rows


def test_a_row_is_told_in_few_bytes() -> None:
    rows = [row(number, uid=f"u-{number}", name=f"web.{ending(number)}", because=FIRST) for number in range(200)]
    assert len(msgspec.msgpack.encode(TrailColumns(EPOCH_S).told(rows))) < 22 * len(rows)


def test_no_rows_are_told_as_nothing() -> None:
    assert TrailColumns(EPOCH_S).told([]) == []
    assert restored([]) == []


any_rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "at": st.integers(0, 10**12),
            "type": st.sampled_from(("command", "run", "refusal")),
            "namespace": st.sampled_from(("", "default", "kube-system")),
            "name": st.sampled_from(("", "a", "b", ".", f"a.{'0' * 16}", "x" * 40)),
            "uid": st.sampled_from(("", "u-2", "u-3")),
            "rev": st.integers(0, 2**40),
            "because": st.integers(0, FIRST - 1),
            "note": st.sampled_from(("kubectl scale", "é\0")),
        },
    ),
    max_size=12,
)


@given(told=any_rows, epoch_s=st.sampled_from((0, EPOCH_S)))
def test_any_rows_are_taken_back_as_they_were(told: list[dict[str, object]], epoch_s: int) -> None:
    rows = [row(number, **fields) for number, fields in enumerate(told)]
    assert restored(rows, epoch_s) == rows
