"""`etcdctl member …`, `endpoint status|health` and `move-leader`: what etcd's members say of themselves.

The words, columns and tables are those of etcd v3.5 (`etcdctl/ctlv3/command/printer*.go`, `member_command.go`, `ep_command.go`).
The size of the database is an estimate; everything else is the members' own state.
"""

from collections.abc import Callable
from hashlib import blake2b

from simulator.apiserver.etcd import Etcd

_CLUSTER = "cdf818194e3a8c32"
_VERSION = "3.5.21"
_MEMBER = ("ID", "Status", "Name", "Peer Addrs", "Client Addrs", "Is Learner")
_STATUS = (
    "endpoint", "ID", "version", "db size", "is leader", "is learner", "raft term", "raft index", "raft applied index", "errors",
)  # fmt: skip
_BYTES_AN_ENTRY = 1_700
_LEAST_BYTES = 20_480
_DEADLINE = "context deadline exceeded"

Said = tuple[str, str, int]


class EtcdMembers:
    """`address` gives a node's IP; `local` is the member in whose pod the command runs."""

    def __init__(self, etcd: Etcd, address: Callable[[str], str], local: str) -> None:
        self._etcd, self._raft = etcd, etcd.raft
        self._address, self._local = address, local

    def run(self, words: list[str], options: dict[str, str]) -> Said | None:
        """Standard output, standard error, exit code; None when the words are none of ours."""
        table = options.get("-w", options.get("--write-out", "")) == "table"
        match words:
            case ["member", "list"]:
                return self._list(table=table)
            case ["endpoint", "status"]:
                return self._status(table=table, everywhere="--cluster" in options)
            case ["endpoint", "health"]:
                return self._health(everywhere="--cluster" in options)
            case ["move-leader", target]:
                return self._move(target)
            case ["member", "remove", target]:
                return self._remove(target)
            case ["member", "add", name]:
                return self._add(name, options.get("--peer-urls", ""))
        return None

    # Questions

    def _list(self, *, table: bool) -> Said:
        if not self._etcd.is_writable:
            return "", f"Error: {_DEADLINE}\n", 1
        rows = []
        for name, one in self._raft.members.items():
            peer, client = (f"https://{self._ip(name)}:{port}" for port in (2380, 2379))
            shown = name if one.started else ""
            rows.append(
                [
                    member_id(name),
                    "started" if one.started else "unstarted",
                    shown,
                    peer,
                    client if one.started else "",
                    "false",
                ]
            )
        return _printed(_MEMBER, rows, table=table), "", 0

    def _status(self, *, table: bool, everywhere: bool) -> Said:
        names, refused = self._asked(everywhere)
        if refused:
            return refused
        rows, problems = [], ""
        for name in names:
            endpoint = self._endpoint(name, everywhere)
            if not self._answers(name):
                problems += f"Failed to get the status of endpoint {endpoint} ({_DEADLINE})\n"
                continue
            one, index = self._raft.members[name], self._raft.index(name, self._etcd.last)
            size = _humane(max(_LEAST_BYTES, index * _BYTES_AN_ENTRY))
            leads = str(self._raft.leader == name).lower()
            error = "" if self._raft.leader and name in self._raft.reach(self._raft.leader) else "etcdserver: no leader"
            rows.append(
                [
                    endpoint,
                    member_id(name),
                    _VERSION,
                    size,
                    leads,
                    "false",
                    str(one.term),
                    str(index),
                    str(index),
                    error,
                ]
            )
        return _printed(_STATUS, rows, table=table), problems, 1 if problems else 0

    def _health(self, *, everywhere: bool) -> Said:
        names, refused = self._asked(everywhere)
        if refused:
            return refused
        lines, sick = "", ""
        for name in names:
            endpoint = self._endpoint(name, everywhere)
            if self._answers(name) and self._raft.leader and name in self._raft.reach(self._raft.leader):
                lines += f"{endpoint} is healthy: successfully committed proposal: took = {_took(name)}\n"
            else:
                sick += f"{endpoint} is unhealthy: failed to commit proposal: {_DEADLINE}\n"
        return lines, sick + ("Error: unhealthy cluster\n" if sick else ""), 1 if sick else 0

    def _asked(self, everywhere: bool) -> tuple[list[str], Said | None]:
        if not everywhere:
            return [self._local], None
        if not self._etcd.is_writable:
            return [], ("", f"Error: failed to fetch endpoints from etcd cluster member list: {_DEADLINE}\n", 1)
        return [name for name, one in self._raft.members.items() if one.started], None

    def _answers(self, name: str) -> bool:
        return self._raft.members[name].up and name in self._raft.reach(self._local)

    # Changes

    def _move(self, target: str) -> Said:
        to = self._named(target)
        if to is None or not self._raft.leader or to not in self._raft.reach(self._raft.leader):
            return "", "Error: etcdserver: bad leader transferee\n", 1
        before = self._raft.leader
        self._etcd.move_leader(to)
        return f"Leadership transferred from {member_id(before)} to {member_id(to)}\n", "", 0

    def _remove(self, target: str) -> Said:
        name = self._named(target)
        if not self._etcd.is_writable:
            return "", f"Error: {_DEADLINE}\n", 1
        if name is None:
            return "", "Error: etcdserver: member not found\n", 1
        left = [other for other in self._raft.reach(self._raft.leader) if other != name]
        if len(left) < (len(self._raft.members) - 1) // 2 + 1:
            return "", "Error: etcdserver: re-configuration failed due to not enough started members\n", 1
        self._etcd.remove(name)
        return f"Member {member_id(name):>16} removed from cluster {_CLUSTER}\n", "", 0

    def _add(self, name: str, peers: str) -> Said:
        if not self._etcd.is_writable:
            return "", f"Error: {_DEADLINE}\n", 1
        if name in self._raft.members:
            return "", "Error: etcdserver: Peer URLs already exists\n", 1
        known = [f"{one}=https://{self._ip(one)}:2380" for one in self._raft.members]
        self._etcd.add(name)
        return (
            (
                f"Member {member_id(name):>16} added to cluster {_CLUSTER}\n\n"
                f'ETCD_NAME="{name}"\nETCD_INITIAL_CLUSTER="{",".join([*known, f"{name}={peers}"])}"\n'
                f'ETCD_INITIAL_ADVERTISE_PEER_URLS="{peers}"\nETCD_INITIAL_CLUSTER_STATE="existing"\n'
            ),
            "",
            0,
        )

    # Words

    def _named(self, target: str) -> str | None:
        return next((name for name in self._raft.members if member_id(name) == target), None)

    def _endpoint(self, name: str, everywhere: bool) -> str:
        return f"https://{self._ip(name)}:2379" if everywhere else "127.0.0.1:2379"

    def _ip(self, name: str) -> str:
        return self._address(name)


def member_id(name: str) -> str:
    return blake2b(name.encode(), digest_size=8).hexdigest().lstrip("0")


def _took(name: str) -> str:
    """A few milliseconds, always the same for a member: asking draws no chance."""
    return f"{2 + blake2b(name.encode(), digest_size=1).digest()[0] % 9}.{sum(name.encode()) % 1_000_000:06d}ms"


def _printed(heads: tuple[str, ...], rows: list[list[str]], *, table: bool) -> str:
    if not table:
        return "".join(f"{', '.join(row)}\n" for row in rows)
    titles = [head.upper() for head in heads]
    widths = [
        max(len(titles[i]), *(len(row[i]) for row in rows)) if rows else len(titles[i]) for i in range(len(titles))
    ]
    rule = "+" + "+".join("-" * (width + 2) for width in widths) + "+\n"
    top = "|" + "|".join(f" {_centred(title, width)} " for title, width in zip(titles, widths, strict=True)) + "|\n"
    body = "".join(
        "|" + "|".join(f" {cell:>{width}} " for cell, width in zip(row, widths, strict=True)) + "|\n" for row in rows
    )
    return f"{rule}{top}{rule}{body}{rule}"


def _centred(text: str, width: int) -> str:
    left = (width - len(text)) // 2
    return " " * left + text + " " * (width - len(text) - left)


def _humane(size: int) -> str:
    """As `humanize.Bytes`: 20 kB, 2.1 MB."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1_000 or unit == "GB":
            break
        value /= 1_000
    return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
