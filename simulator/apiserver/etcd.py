"""The members of etcd in time: who is up, who leads, and whether a write can commit.

Raft's rule (https://etcd.io/docs/v3.5/faq/): a write commits when a majority of all members has it; without a majority there is no leader and
requests time out, reads included (they are linearizable). What has committed is the store; each member's own log is a number (`raft`).
"""

from collections.abc import Callable

from simulator.apiserver.raft import Member, Raft
from simulator.engine import Engine, Plain

#: A member that comes back gets what it lacks: a round trip, and the entries.
_CATCH_UP_US = 50_000
_PER_ENTRY_US = 20


class Etcd:
    name = "etcd"

    def __init__(self, engine: Engine, members: list[str]) -> None:
        self.raft = Raft(members)
        self.observers: list[Callable[[], None]] = []
        """Called when a member begins to lead."""
        self.revision: Callable[[], int] = lambda: 0
        """The store's revision; the registry tells."""
        self._engine = engine
        engine.register(self)

    # Questions

    @property
    def leader(self) -> str:
        return self.raft.leader

    @property
    def members(self) -> dict[str, bool]:
        """Member (its node's name) → up."""
        return {name: one.up for name, one in self.raft.members.items()}

    @property
    def majority(self) -> int:
        return self.raft.majority

    @property
    def has_quorum(self) -> bool:
        return bool(self.raft.quorum())

    @property
    def is_writable(self) -> bool:
        """A majority is up, in reach of each other, and agrees on a leader."""
        return bool(self.raft.leader)

    def is_cut_off(self, member: str) -> bool:
        """Whether a partition keeps it from the majority."""
        return member in self.raft.members and self.raft.members[member].side != 0

    @property
    def last(self) -> int:
        """The newest entry of the log: every write, and an empty one at the beginning of each term."""
        return self.revision() + self.raft.term

    # What happens to members

    def stop(self, member: str) -> None:
        self._change(member, up=False)

    def start(self, member: str) -> None:
        self._change(member, up=True)

    def partition(self, members: list[str]) -> None:
        """These hear each other and nobody else; of the two sides the one with the majority goes on."""
        cut = [name for name in self.raft.members if name in members]
        rest = [name for name in self.raft.members if name not in members]
        weaker = cut if len(cut) <= len(rest) else rest
        for name, one in self.raft.members.items():
            one.side = 1 if name in weaker else 0
        self._settle()

    def heal(self) -> None:
        for one in self.raft.members.values():
            one.side = 0
        self._settle()

    def move_leader(self, to: str) -> None:
        self.raft.transfer(to, self._engine.now)
        self._tell(to, "etcdctl moves the leadership to {}")

    def add(self, name: str) -> None:
        """A member nobody has started yet: it counts for the majority at once."""
        self.raft.members[name] = Member(up=False, index=0, started=False)
        self._settle()

    def remove(self, name: str) -> None:
        del self.raft.members[name]
        self._settle()

    def _change(self, member: str, *, up: bool) -> None:
        one = self.raft.members.get(member)
        if one is not None:
            one.up = up
            self._settle()

    def _settle(self) -> None:
        self.raft.settle(self.last)
        if not self.raft.leader:
            self._campaign()
        for name in self.raft.lagging():
            missing = self.last - self.raft.index(name, self.last)
            delay = 0 if self._is_instant else _CATCH_UP_US + missing * _PER_ENTRY_US
            self._engine.schedule(delay, self.name, "caught_up", name)

    # Events

    def elect(self, candidate: str = "") -> None:
        """Event: the election timeout of a follower is over."""
        raft = self.raft
        if raft.leader or candidate not in raft.quorum():
            return
        if not raft.stand(candidate, self.last, self._engine.now):
            self._campaign()
            return
        self._tell(candidate, "the etcd members elect {}")
        self._settle()

    def caught_up(self, name: str) -> None:
        """Event: a member has got the entries that it lacked."""
        if name in self.raft.lagging():
            self.raft.catch_up(name, self._engine.now)

    def _campaign(self) -> None:
        """Every follower's timeout is planned: whoever hears of a leader first no longer stands."""
        for delay, name in self.raft.timeouts(self._engine.rng("etcd")):
            self._engine.schedule(0 if self._is_instant else delay, self.name, "elect", name)

    def _tell(self, winner: str, words: str) -> None:
        self._engine.record("timer", "etcd", verb="elect", name=winner, note=words.format(winner))
        for observer in self.observers:
            observer()

    @property
    def _is_instant(self) -> bool:
        return self._engine.profile.name == "instant"

    def dump(self) -> Plain:
        return self.raft.dump()

    def load(self, state: Plain) -> None:
        self.raft.load(state)
