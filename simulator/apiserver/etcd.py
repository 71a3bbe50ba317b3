"""The members of etcd: who is up, who leads, and whether a write can commit.

Raft's rule (https://etcd.io/docs/v3.5/faq/): a write commits when a majority of all members has it. A member that
dies while it leads is replaced after an election timeout; without a majority there is no leader and requests
time out. Members' logs are not modelled one by one here: what has committed is the store.
"""

from collections.abc import Callable

from simulator.engine import Engine, Plain

#: etcd's default election timeout is 1 s; a follower waits one to two of them.
_ELECTION_US = (1_000_000, 2_000_000)


class Etcd:
    name = "etcd"

    def __init__(self, engine: Engine, members: list[str]) -> None:
        self.members: dict[str, bool] = dict.fromkeys(members, True)
        """Member (its node's name) → up."""
        self.leader = members[0] if members else ""
        self.observers: list[Callable[[], None]] = []
        """Called when a member begins to lead."""
        self._engine = engine
        engine.register(self)

    @property
    def majority(self) -> int:
        return len(self.members) // 2 + 1

    @property
    def has_quorum(self) -> bool:
        return sum(self.members.values()) >= self.majority

    @property
    def is_writable(self) -> bool:
        """A majority is up and agrees on a leader."""
        return bool(self.leader) and self.has_quorum

    def stop(self, member: str) -> None:
        self.members[member] = False
        if self.leader == member or not self.has_quorum:
            self.leader = ""
            self._campaign()

    def start(self, member: str) -> None:
        self.members[member] = True
        if not self.leader:
            self._campaign()

    def elect(self) -> None:
        """Event: the election timeout of the quickest follower is over."""
        if self.leader or not self.has_quorum:
            return
        standing = [member for member, up in self.members.items() if up]
        self.leader = winner = self._engine.rng("etcd").choice(standing)
        self._engine.record("timer", "etcd", verb="elect", name=winner, note=f"the etcd members elect {winner}")
        for observer in self.observers:
            observer()

    def _campaign(self) -> None:
        if self.has_quorum:
            delay = 0 if self._engine.profile.name == "instant" else self._engine.rng("etcd").between(*_ELECTION_US)
            self._engine.schedule(delay, self.name, "elect")

    def dump(self) -> Plain:
        return {"members": [[member, up] for member, up in self.members.items()], "leader": self.leader}

    def load(self, state: Plain) -> None:
        self.members = dict(state["members"])
        self.leader = state["leader"]
