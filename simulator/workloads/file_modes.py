"""Permissions of files as numbers and as the letters that `ls` and `chmod` use.

Promises: pure functions. Leaves to others: who may do what with a file (`file_tree`).
"""

import re
from typing import NamedTuple

DIRECTORY, FILE, PROGRAM = 0o755, 0o644, 0o755
SET_GROUP = 0o2000
_SPECIAL = ((0o4000, 2, "s", "S"), (0o2000, 5, "s", "S"), (0o1000, 8, "t", "T"))
_WHO = {"u": 0o4700, "g": 0o2070, "o": 0o1007, "a": 0o7777}
_CLAUSE = re.compile(r"([ugoa]*)([-+=])([rwxXst]*)")


class Modes(NamedTuple):
    """Of what is mounted somewhere."""

    directory: int = DIRECTORY
    file: int = FILE
    items: tuple[tuple[str, int], ...] = ()
    """Relative path → mode, of files with one of their own; "" is the mount itself, when it is a file."""
    group: int = 0
    file_system: str = ""
    """`tmpfs`; "" is the disk of the machine."""
    made_by_kubelet: bool = False
    """Its files belong to root, and another user needs their permission to read them."""

    @property
    def is_linked(self) -> bool:
        """Names in its directory are links to what lies below `..data`."""
        return self.made_by_kubelet and all(path for path, _ in self.items)


def letters(mode: int, *, directory: bool) -> str:
    """`drwxr-xr-x`."""
    found = [
        letter if mode & bit else "-"
        for bit, letter in zip((0o400, 0o200, 0o100, 0o40, 0o20, 0o10, 4, 2, 1), "rwxrwxrwx", strict=True)
    ]
    for bit, place, both, alone in _SPECIAL:
        if mode & bit:
            found[place] = both if found[place] == "x" else alone
    return ("d" if directory else "-") + "".join(found)


def in_go(mode: int, *, directory: bool) -> str:
    """As Go's `os.FileMode` writes it: what is special stands in front."""
    marks = ("d" if directory else "") + "".join(
        letter for bit, letter in ((0o4000, "u"), (0o2000, "g"), (0o1000, "t")) if mode & bit
    )
    return (marks or "-") + letters(mode & 0o777, directory=False)[1:]


def changed(mode: int, text: str, *, directory: bool) -> int | None:
    """The mode after `chmod text`: `600`, `u+x`, `go-rwx,a+X`; None for what is no mode."""
    if re.fullmatch(r"[0-7]{1,4}", text):
        return int(text, 8)
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        who, sign, wanted = match.groups()
        mask = 0
        for one in who or "a":
            mask |= _WHO[one]
        bits = _bits(wanted, executable=directory or bool(mode & 0o111)) & mask
        mode = mode | bits if sign == "+" else mode & ~bits if sign == "-" else mode & ~mask | bits
    return mode


def _bits(wanted: str, *, executable: bool) -> int:
    each = {"r": 0o444, "w": 0o222, "x": 0o111, "X": 0o111 if executable else 0, "s": 0o6000, "t": 0o1000}
    found = 0
    for letter in wanted:
        found |= each[letter]
    return found
