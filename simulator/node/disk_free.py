"""`df`: how full file systems are, as BusyBox prints it, or GNU coreutils.

Follows `coreutils/df.c` and `libbb/find_mount_point.c` of BusyBox 1.37, and `src/df.c` of GNU coreutils 9.1. Promises: a pure
function of the file systems. Simplified: `-i`, `-t`, `-B` and `--total` are not known.
"""

from collections.abc import Callable, Sequence

from simulator.node.file_systems import FileSystem

_UNITS = ("", "K", "M", "G", "T", "P")
_LONG = {"--human-readable": "h", "--print-type": "T", "--portability": "P"}
_BUSYBOX_DEVICE = 20
#: The least width of each column of GNU's table.
_WIDTHS = (14, 5, 5, 5, 4, 0)
_TYPE_WIDTH = 4


def disk_free(
    words: Sequence[str], seen: Sequence[FileSystem], resolved: Callable[[str], str | None], *, is_gnu: bool
) -> tuple[int, list[str]]:
    """(status, lines); `resolved` leads from a path to the absolute one without links; None: nothing is there."""
    flags = "".join(_LONG.get(word, word[1:] if word[1:2] != "-" else "") for word in words if word.startswith("-"))
    paths = [word for word in words if not word.startswith("-")]
    complaints, chosen = [], []
    for path in paths:
        where = resolved(path)
        if where is None:
            why = "No such file or directory" if is_gnu else "can't find mount point"
            complaints.append(f"df: {path}: {why}")
            continue
        chosen.append(_nearest(where, seen) if is_gnu else _first(where, seen))
    if not paths:
        with_data = [one for one in seen if one.size]
        chosen = _once(with_data) if is_gnu else with_data
    rows = _gnu(chosen, flags) if is_gnu else _busybox(chosen, flags)
    if is_gnu and not chosen:
        rows = []
    return int(bool(complaints)), [*complaints, *rows]


def _identity(one: FileSystem) -> str:
    """Of the device, as the kernel numbers it: each tmpfs is one of its own."""
    if one.device == "tmpfs":
        return "/dev" if one.root == "/null" else one.path
    return one.device


def _nearest(path: str, seen: Sequence[FileSystem]) -> FileSystem:
    """The mount that a path lies in."""
    inside = [one for one in seen if one.path in ("/", path) or path.startswith(f"{one.path}/")]
    return max(inside, key=lambda one: len(one.path))


def _first(path: str, seen: Sequence[FileSystem]) -> FileSystem:
    """The first mount of the device that a path lies on."""
    wanted = _identity(_nearest(path, seen))
    return next(one for one in seen if one.path == path or _identity(one) == wanted)


def _once(seen: Sequence[FileSystem]) -> list[FileSystem]:
    """Each device once (`filter_mount_list`): a later mount wins when it is nearer to the root and shows no smaller part."""
    best: dict[str, FileSystem] = {}
    for one in seen:
        known = best.setdefault(_identity(one), one)
        if len(one.path) < len(known.path) and len(one.root) <= len(known.root):
            best[_identity(one)] = one
    return [one for one in seen if one in best.values()]


def _busybox(chosen: Sequence[FileSystem], flags: str) -> list[str]:
    unit = _unit(flags)
    title = {"": "     Size", "M": "1M-blocks"}.get(unit, "1024-blocks" if "P" in flags else "1K-blocks")
    kind = "Type       " if "T" in flags else ""
    rows = [f"Filesystem           {kind}{title:<15}Used Available {_percent_title(flags)} Mounted on"]
    for one in chosen:
        total = one.used + one.available
        percent = (one.used * 100 + total // 2) // total if total else 0
        numbers = " ".join(f"{_rounded(amount, unit):>9}" for amount in (one.size, one.used, one.available))
        if len(one.device) > _BUSYBOX_DEVICE and "P" not in flags:
            rows.append(one.device)
        device = one.device if len(one.device) <= _BUSYBOX_DEVICE or "P" in flags else ""
        type = f" {one.kind:<10}" if kind else ""
        rows.append(f"{device:<{_BUSYBOX_DEVICE}}{type} {numbers} {percent:>3}% {one.path}")
    return rows


def _gnu(chosen: Sequence[FileSystem], flags: str) -> list[str]:
    unit = _unit(flags)
    title = {"": "Size", "M": "1M-blocks"}.get(unit, "1024-blocks" if "P" in flags else "1K-blocks")
    heads = ["Filesystem", title, "Used", "Avail" if unit == "" else "Available", _percent_title(flags), "Mounted on"]
    table = [heads]
    for one in chosen:
        total = one.used + one.available
        percent = f"{-(-one.used * 100 // total)}%" if total else "-"
        amounts = (_ceiling(amount, unit) for amount in (one.size, one.used, one.available))
        table.append([one.device, *amounts, percent, one.path])
    least = list(_WIDTHS)
    if "T" in flags:
        least.insert(1, _TYPE_WIDTH)
        for row, type in zip(table, ["Type", *(one.kind for one in chosen)], strict=True):
            row.insert(1, type)
    widths = [max(low, *(len(row[place]) for row in table)) for place, low in enumerate(least)]
    left = {0, 1, len(least) - 1} if "T" in flags else {0, len(least) - 1}
    return [
        " ".join(
            f"{cell:<{width}}" if place in left else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _unit(flags: str) -> str:
    """ "" for one that fits the number; the last option counts."""
    asked = [flag for flag in flags if flag in "hHkm"]
    return {"h": "", "H": "", "m": "M"}.get(asked[-1], "K") if asked else "K"


def _percent_title(flags: str) -> str:
    return "Capacity" if "P" in flags else "Use%"


def _rounded(kib: int, unit: str) -> str:
    """`make_human_readable_str`: to the nearest, with one digit after the point."""
    if unit == "K":
        return str(kib)
    if unit == "M":
        return str((kib + 512) // 1024)
    whole, tenths, place = kib, 0, 1
    while whole >= 1024:
        whole, tenths, place = whole // 1024, (whole % 1024 * 10 + 512) // 1024, place + 1
    if tenths >= 10:
        whole, tenths = whole + 1, 0
    return f"{whole}.{tenths}{_UNITS[place]}" if whole or tenths else "0"


def _ceiling(kib: int, unit: str) -> str:
    """`human_readable`: upwards, with a digit after the point below ten."""
    if unit == "K":
        return str(kib)
    if unit == "M":
        return str(-(-kib // 1024))
    place, scale = 1, 1
    while kib >= scale * 1024:
        scale, place = scale * 1024, place + 1
    tenths = -(-kib * 10 // scale)
    if not tenths:
        return "0"
    if tenths < 100:
        return f"{tenths // 10}.{tenths % 10}{_UNITS[place]}"
    whole = -(-kib // scale)
    return f"{whole}{_UNITS[place]}" if whole < 1024 else f"1.0{_UNITS[place + 1]}"
