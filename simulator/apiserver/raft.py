"""Raft as etcd runs it, message by message where something happens and by arithmetic where nothing does.

https://raft.github.io/raft.pdf and etcd's `raft` package: terms, votes, a log index for each member, elections after a timeout of one to two
seconds drawn for each follower, a round of pre-votes, up-to-date logs win, a leader that reaches no majority steps down (`CheckQuorum`).
Heartbeats of a healthy leader and the appends that follow every write are not sent one by one: a follower in reach has what the leader has.

Leaves to others: what is in the log (the store), and when time passes (`etcd.Etcd`).
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from simulator.engine import Plain, Rng

#: `--election-timeout=1000`: each follower waits one to two of them.
ELECTION_US = (1_000_000, 2_000_000)
_REMEMBERED = 64


class Message(NamedTuple):
    """One message between members, named as in etcd's `raftpb`."""

    at: int
    term: int
    type: str
    sender: str
    to: str
    granted: bool


@dataclass(slots=True)
class Member:
    up: bool = True
    term: int = 1
    vote: str = ""
    """For whom it voted in its term."""
    index: int | None = None
    """The last entry of its log while it does not follow the leader; None: it has everything."""
    side: int = 0
    """Members on different sides of a partition do not hear each other."""
    started: bool = True
    """False: added to the cluster, but no machine has taken the name yet."""


class Raft:
    """The members' state. `last` is the index of the newest committed entry."""

    def __init__(self, names: list[str]) -> None:
        self.members: dict[str, Member] = {name: Member() for name in names}
        self.leader = names[0] if names else ""
        self.term = 1
        self.messages: deque[Message] = deque(maxlen=_REMEMBERED)

    @property
    def majority(self) -> int:
        return len(self.members) // 2 + 1

    def reach(self, name: str) -> list[str]:
        """Members that are up and hear this one, itself included."""
        side = self.members[name].side
        return [other for other, one in self.members.items() if one.up and one.side == side]

    def quorum(self) -> list[str]:
        """The members that are a majority together; empty when nobody is."""
        for name, one in self.members.items():
            if one.up and len(found := self.reach(name)) >= self.majority:
                return found
        return []

    def index(self, name: str, last: int) -> int:
        known = self.members[name].index
        return last if known is None else known

    def settle(self, last: int) -> None:
        """After somebody went, came, or was cut off: who no longer hears a leader keeps the log it has; a leader without a majority
        steps down."""
        heard = self.quorum()
        if self.leader and self.leader not in heard:
            self.leader = ""
        for name, one in self.members.items():
            if name not in heard and one.index is None:
                one.index = last

    def timeouts(self, rng: Rng) -> list[tuple[int, str]]:
        """Who of a majority without a leader would stand when: (microseconds, member), soonest first."""
        return sorted((rng.between(*ELECTION_US), name) for name in self.quorum())

    def stand(self, candidate: str, last: int, now: int) -> bool:
        """A member whose timeout is over asks for votes. True: it leads from now on."""
        voters = self.reach(candidate)
        mine = self.index(candidate, last)
        granted = [name for name in voters if self.index(name, last) <= mine]
        self._ask("MsgPreVote", candidate, voters, granted, now)
        if len(granted) < self.majority:
            return False
        self.term += 1
        self._ask("MsgVote", candidate, voters, granted, now)
        for name in voters:
            self.members[name].term = self.term
            self.members[name].vote = candidate if name in granted else ""
        self.leader = candidate
        self.members[candidate].index = None
        self._tell("MsgHeartbeat", voters, now)
        return True

    def transfer(self, to: str, now: int) -> None:
        """`etcdctl move-leader`: the leader tells another one to stand at once."""
        self.messages.append(Message(now, self.term, "MsgTimeoutNow", self.leader, to, True))
        self.term += 1
        voters = self.reach(to)
        self._ask("MsgVote", to, voters, voters, now)
        for name in voters:
            self.members[name].term, self.members[name].vote = self.term, to
        self.leader = to
        self._tell("MsgHeartbeat", voters, now)

    def lagging(self) -> list[str]:
        """Members that hear the leader and lack entries."""
        heard = self.reach(self.leader) if self.leader else []
        return [name for name in heard if self.members[name].index is not None]

    def catch_up(self, name: str, now: int) -> None:
        """The leader's appends have brought a follower up to date."""
        one = self.members[name]
        one.index, one.term = None, self.term
        self.messages.append(Message(now, self.term, "MsgApp", self.leader, name, True))

    def _ask(self, type: str, candidate: str, voters: list[str], granted: list[str], now: int) -> None:
        term = self.term + 1 if type == "MsgPreVote" else self.term
        for name in voters:
            if name != candidate:
                self.messages.append(Message(now, term, type, candidate, name, True))
                self.messages.append(Message(now, term, f"{type}Resp", name, candidate, name in granted))

    def _tell(self, type: str, to: list[str], now: int) -> None:
        for name in to:
            if name != self.leader:
                self.messages.append(Message(now, self.term, type, self.leader, name, True))

    def dump(self) -> Plain:
        return {
            "members": [[name, m.up, m.term, m.vote, m.index, m.side, m.started] for name, m in self.members.items()],
            "leader": self.leader,
            "term": self.term,
            "messages": [list(message) for message in self.messages],
        }

    def load(self, state: Plain) -> None:
        self.members = {name: Member(*fields) for name, *fields in state["members"]}
        self.leader, self.term = state["leader"], state["term"]
        self.messages.clear()
        self.messages.extend(Message(*message) for message in state["messages"])
