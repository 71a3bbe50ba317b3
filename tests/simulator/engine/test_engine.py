"""The event loop: order, clock, causes, randomness, and a state that can be written and taken back."""

import json

import pytest

from simulator.engine import Engine, Rng, Trail


class Recorder:
    """A component that writes down when and on whose account it was called."""

    def __init__(self, engine: Engine, name: str = "recorder") -> None:
        self.name = name
        self.engine = engine
        self.calls: list[list[object]] = []
        engine.register(self)

    def note(self, *args: object) -> None:
        self.calls.append([self.engine.now, self.engine.cause, *args])

    def again(self, left: int) -> None:
        self.note(left)
        if left:
            self.engine.schedule(self.engine.rng("wait").between(1, 9), self.name, "again", left - 1)

    def dump(self) -> object:
        return self.calls

    def load(self, state: object) -> None:
        assert isinstance(state, list)
        self.calls = state


def test_events_run_in_order_of_time_and_then_of_scheduling() -> None:
    engine = Engine()
    recorder = Recorder(engine)
    for delay, word in ((20, "late"), (10, "first"), (10, "second"), (0, "now")):
        engine.schedule(delay, "recorder", "note", word)
    assert engine.run(100)
    assert [call[2] for call in recorder.calls] == ["now", "first", "second", "late"]
    assert [call[0] for call in recorder.calls] == [0, 10, 10, 20]
    assert engine.now == 100


def test_a_scheduled_event_inherits_the_cause_of_the_moment() -> None:
    engine = Engine()
    recorder = Recorder(engine)
    engine.cause = 7
    engine.schedule(5, "recorder", "note")
    engine.cause = 0
    engine.schedule(6, "recorder", "note")
    engine.run(10)
    assert recorder.calls == [[5, 7], [6, 0]]


def test_a_cancelled_event_never_runs() -> None:
    engine = Engine()
    recorder = Recorder(engine)
    ticket = engine.schedule(5, "recorder", "note", "cancelled")
    engine.schedule(6, "recorder", "note", "kept")
    engine.cancel(ticket)
    assert engine.peek() == 6
    engine.run(10)
    assert [call[2] for call in recorder.calls] == ["kept"]


def test_run_stops_after_its_budget_and_goes_on_where_it_stopped() -> None:
    engine = Engine()
    recorder = Recorder(engine)
    for number in range(5):
        engine.schedule(number, "recorder", "note", number)
    assert not engine.run(10, max_events=3)
    assert engine.now == 2
    assert engine.run(10, max_events=3)
    assert [call[2] for call in recorder.calls] == [0, 1, 2, 3, 4]


def test_run_into_the_past_names_both_times() -> None:
    engine = Engine()
    engine.run(10)
    with pytest.raises(ValueError, match="run until 5 us: that is before now, 10 us"):
        engine.run(5)


def test_a_negative_delay_is_refused_by_name() -> None:
    engine = Engine()
    with pytest.raises(ValueError, match=r"schedule recorder\.note: found a delay of -1 us"):
        engine.schedule(-1, "recorder", "note")


def test_a_restored_engine_has_the_same_future() -> None:
    def begin() -> tuple[Engine, Recorder]:
        engine = Engine(seed=42, epoch_s=1_000)
        return engine, Recorder(engine)

    engine, recorder = begin()
    engine.schedule(1, "recorder", "again", 50)
    engine.run(100)
    state = json.loads(json.dumps({"engine": engine.dump(), "recorder": recorder.dump()}))
    engine.run(1_000)
    other, copy = begin()
    other.load(state["engine"])
    copy.load(state["recorder"])
    other.run(1_000)
    assert copy.calls == recorder.calls
    assert other.dump() == engine.dump()


def test_timestamps_count_from_the_epoch_and_read_back() -> None:
    engine = Engine(epoch_s=1_760_000_000)
    assert engine.timestamp() == "2025-10-09T08:53:20Z"
    assert engine.timestamp(1_999_999) == "2025-10-09T08:53:21Z"
    assert engine.micro_timestamp(1_500_000) == "2025-10-09T08:53:21.500000Z"
    assert engine.micros("2025-10-09T08:53:21Z") == 1_000_000


def test_streams_of_randomness_do_not_disturb_each_other() -> None:
    alone, beside = Engine(seed=3), Engine(seed=3)
    beside.rng("other").bits64()
    assert [alone.rng("mine").below(1_000) for _ in range(5)] == [beside.rng("mine").below(1_000) for _ in range(5)]


def test_random_numbers_are_the_same_on_every_machine() -> None:
    rng = Rng.for_stream(1, "names")
    assert [rng.below(100) for _ in range(4)] == [82, 99, 52, 72]
    assert rng.suffix(5) == "ntg2s"


def test_a_chain_of_causes_ends_at_its_root() -> None:
    trail = Trail()
    root = trail.append(at=0, type="command", actor="you", note="kubectl scale")
    first = trail.append(at=1, type="write", actor="you", because=root)
    second = trail.append(at=2, type="write", actor="deployment-controller", because=first)
    assert [row.ev for row in trail.chain(second)] == [second, first, root]
    assert [row.hop for row in trail.chain(second)] == [2, 1, 0]


def test_a_forgetful_trail_still_knows_every_root() -> None:
    trail = Trail(limit=8)
    root = trail.append(at=0, type="command", actor="you")
    last = root
    for number in range(30):
        last = trail.append(at=number, type="write", actor="someone", because=last)
    assert trail.get(2) is None
    assert trail.since(1) is None
    assert trail.chain(last)[-1].ev == root
    assert len(list(trail.rows())) <= 10


def test_a_command_that_was_only_a_question_leaves_no_trace() -> None:
    trail = Trail()
    trail.append(at=0, type="start", actor="you")
    mark = trail.ev
    trail.append(at=1, type="command", actor="you")
    trail.undo(mark)
    assert trail.ev == mark
    assert [row.type for row in trail.roots()] == ["start"]
    trail.append(at=2, type="write", actor="you", because=1)
    assert trail.since(1) == [trail.get(2)]
