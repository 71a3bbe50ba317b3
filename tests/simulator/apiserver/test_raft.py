"""Raft among etcd's members: elections, logs, partitions, and who may lead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.apiserver.etcd import Etcd
from simulator.engine import Engine

NAMES = ["cp-1", "cp-2", "cp-3", "cp-4", "cp-5"]
SECOND = 1_000_000


class Written:
    """A log that grows."""

    def __init__(self, members: int) -> None:
        self.engine = Engine(seed=5)
        self.etcd = Etcd(self.engine, NAMES[:members])
        self.revision = 100
        self.etcd.revision = lambda: self.revision

    def wait(self, seconds: float) -> None:
        self.engine.run(self.engine.now + int(seconds * SECOND))

    def write(self, count: int = 1) -> None:
        self.revision += count


@pytest.mark.parametrize(("members", "survives"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)])
def test_a_majority_of_all_members_is_needed(members: int, survives: int) -> None:
    """Four are no better than three, and five are better than four."""
    one = Written(members)
    for name in reversed(NAMES[members - survives : members]):
        one.etcd.stop(name)
    one.wait(5)
    assert one.etcd.is_writable
    one.etcd.stop(NAMES[0])
    one.wait(5)
    assert one.etcd.is_writable is (members - survives - 1 >= members // 2 + 1)
    assert not one.etcd.is_writable


def test_a_dead_leader_is_replaced_after_one_to_two_election_timeouts() -> None:
    one = Written(3)
    one.etcd.stop("cp-1")
    assert not one.etcd.is_writable
    one.wait(0.99)
    assert not one.etcd.is_writable
    one.wait(1.1)
    assert one.etcd.leader in ("cp-2", "cp-3")
    assert one.etcd.raft.term == 2


def test_votes_are_asked_and_given_before_somebody_leads() -> None:
    one = Written(3)
    one.etcd.stop("cp-1")
    one.wait(3)
    winner = one.etcd.leader
    other = ({"cp-2", "cp-3"} - {winner}).pop()
    told = [(m.type, m.sender, m.to, m.term, m.granted) for m in one.etcd.raft.messages]
    assert told == [
        ("MsgPreVote", winner, other, 2, True),
        ("MsgPreVoteResp", other, winner, 2, True),
        ("MsgVote", winner, other, 2, True),
        ("MsgVoteResp", other, winner, 2, True),
        ("MsgHeartbeat", winner, other, 2, True),
    ]
    assert one.etcd.raft.members[other].vote == winner


def test_a_member_that_was_away_lags_and_catches_up() -> None:
    one = Written(3)
    one.etcd.stop("cp-3")
    one.write(1_000)
    assert one.etcd.raft.index("cp-3", one.etcd.last) == 101
    assert one.etcd.raft.index("cp-2", one.etcd.last) == 1_101
    one.etcd.start("cp-3")
    one.wait(0.06)
    assert one.etcd.raft.index("cp-3", one.etcd.last) == 101
    one.wait(0.02)
    assert one.etcd.raft.index("cp-3", one.etcd.last) == 1_101


def test_a_member_with_an_old_log_is_not_elected() -> None:
    one = Written(3)
    one.etcd.stop("cp-2")
    one.write(10)
    one.etcd.stop("cp-1")  # two of three are away: nobody leads
    one.etcd.start("cp-2")
    one.wait(10)
    assert one.etcd.leader == "cp-3"
    refused = [m for m in one.etcd.raft.messages if m.type == "MsgPreVoteResp" and not m.granted]
    assert all(m.to == "cp-2" for m in refused)


def test_a_leader_on_the_smaller_side_of_a_partition_is_replaced_and_comes_back_as_a_follower() -> None:
    one = Written(3)
    one.etcd.partition(["cp-1"])
    one.wait(3)
    assert one.etcd.leader in ("cp-2", "cp-3")
    one.write(5)
    assert one.etcd.raft.index("cp-1", one.etcd.last) < one.etcd.last
    leader = one.etcd.leader
    one.etcd.heal()
    one.wait(1)
    assert one.etcd.leader == leader
    assert one.etcd.raft.index("cp-1", one.etcd.last) == one.etcd.last
    assert one.etcd.raft.members["cp-1"].term == one.etcd.raft.term


def test_an_even_split_has_no_leader_at_all() -> None:
    one = Written(4)
    one.etcd.partition(["cp-1", "cp-2"])
    one.wait(10)
    assert not one.etcd.is_writable
    one.etcd.heal()
    one.wait(5)
    assert one.etcd.is_writable


deeds = st.tuples(
    st.sampled_from(("stop", "start", "partition", "heal", "write", "wait")),
    st.lists(st.sampled_from(NAMES), max_size=3),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(members=st.sampled_from((1, 3, 4, 5)), history=st.lists(deeds, max_size=25))
def test_whatever_happens_one_leads_a_term_and_nothing_committed_is_lost(
    members: int, history: list[tuple[str, list[str]]]
) -> None:
    one = Written(members)
    leaders: dict[int, str] = {1: "cp-1"}
    for deed, names in history:
        known = [name for name in names if name in one.etcd.members]
        match deed:
            case "stop" | "start":
                for name in known:
                    getattr(one.etcd, deed)(name)
            case "partition":
                one.etcd.partition(known)
            case "heal":
                one.etcd.heal()
            case "write" if one.etcd.is_writable:
                one.write(7)
            case "wait":
                one.wait(1.5)
        raft = one.etcd.raft
        if raft.leader:
            assert leaders.setdefault(raft.term, raft.leader) == raft.leader
            assert len(raft.reach(raft.leader)) >= raft.majority
            assert raft.index(raft.leader, one.etcd.last) == one.etcd.last, "a leader has every committed entry"
        restored = Etcd(Engine(seed=5), NAMES[:members])
        restored.load(one.etcd.dump())
        assert restored.dump() == one.etcd.dump()
