"""Programs that look at and change files: `ls`, `touch`, `rm`, `cp`, `mv`, `mkdir`, `find`, `du`, `stat`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from simulator.workloads.commands.identity import user_name
from simulator.workloads.commands.options import read_options
from simulator.workloads.file_modes import changed, letters
from simulator.workloads.file_tree import DENIED, MISSING, size_of, zeros
from simulator.workloads.shell_expansion import fits
from simulator.workloads.small_programs import date_text, number

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

_ALL_THE_WAY = 1 << 31


def ls(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    status = 0
    ready: list[tuple[str, list[str]]] = []
    alone: list[str] = []
    for path in sorted(paths) or ["."]:
        full = machine.path(path)
        if machine.tree.is_dir(full) and "d" not in flags:
            ready.append((path, machine.tree.names(full)))
        elif machine.tree.exists(full):
            alone.append(path)
        else:
            machine.say(
                2,
                f"ls: {path}: {MISSING}\n"
                if machine.image.shell == "busybox"
                else f"ls: cannot access '{path}': {MISSING}\n",
            )
            status = 1 if machine.image.shell == "busybox" else 2
    machine.say(1, "".join(_listed(machine, "", name, flags) for name in alone))
    for index, (path, names) in enumerate(ready):
        if len(paths) > 1:
            machine.say(1, f"{chr(10) if index or alone else ''}{path}:\n")
        shown = [name for name in names if "a" in flags or "A" in flags or not name.startswith(".")]
        shown = [".", "..", *shown] if "a" in flags else shown
        if "l" in flags:
            links = (
                0 if "L" in flags else sum(bool(machine.tree.link_of(machine.path(f"{path}/{one}"))) for one in shown)
            )
            machine.say(1, f"total {4 * (len(shown) - links)}\n")
        machine.say(1, "".join(_listed(machine, machine.path(path), name, flags) for name in shown))
    return status


def _listed(machine: Machine, directory: str, name: str, flags: dict[str, str]) -> str:
    if "l" not in flags:
        return f"{name}\n"
    full = machine.path(f"{directory}/{name}" if directory else name)
    stamp = date_text(["+%b %e %H:%M"])
    if "L" not in flags and (link := machine.tree.link_of(full)):
        return f"lrwxrwxrwx    1 root     root     {len(link):>9} {stamp} {name} -> {link}\n"
    is_dir = machine.tree.is_dir(full)
    size = 4096 if is_dir else size_of(machine.tree.read(full) or "")
    mode = letters(machine.tree.mode(full), directory=is_dir)
    owner, group = owners(machine, full)
    return f"{mode}    {2 if is_dir else 1} {owner:<8} {group:<8} {size:>9} {stamp} {name}\n"


def owners(machine: Machine, path: str) -> tuple[str, str]:
    """Names of user and group, or their numbers when `/etc/passwd` has none."""
    owner, group = machine.tree.owner(path), machine.tree.group(path)
    return user_name(machine, owner) or str(owner), user_name(machine, group) or str(group)


def touch(machine: Machine, words: list[str]) -> int:
    _, paths = read_options(words, "dtr")
    status = 0
    for path in paths:
        full = machine.path(path)
        if not machine.tree.exists(full):
            status = (
                _told(machine, machine.tree.write(full, ""), f"touch: {path}", f"touch: cannot touch '{path}'")
                or status
            )
        elif refusal := machine.tree.refusal(full):
            status = _told(machine, refusal, f"touch: {path}", f"touch: cannot touch '{path}'")
        elif (text := machine.tree.read(full)) is not None:
            machine.tree.put(full, text)
    return status


def _told(machine: Machine, problem: str, busybox: str, full: str) -> int:
    if problem:
        machine.say(2, f"{busybox if machine.image.shell == 'busybox' else full}: {problem}\n")
    return int(bool(problem))


def rm(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    status = 0
    for path in paths:
        full = machine.path(path)
        if machine.tree.is_dir(full):
            if not {"r", "R"} & flags.keys():
                status = _told(
                    machine,
                    "is a directory" if machine.image.shell == "busybox" else "Is a directory",
                    f"rm: '{path}'",
                    f"rm: cannot remove '{path}'",
                )
            else:
                status = (
                    _told(
                        machine,
                        machine.tree.remove_tree(full),
                        f"rm: can't remove '{path}'",
                        f"rm: cannot remove '{path}'",
                    )
                    or status
                )
        elif machine.tree.read(full) is not None:
            status = (
                _told(
                    machine, machine.tree.put(full, None), f"rm: can't remove '{path}'", f"rm: cannot remove '{path}'"
                )
                or status
            )
        elif "f" not in flags:
            status = _told(machine, MISSING, f"rm: can't remove '{path}'", f"rm: cannot remove '{path}'")
    return status


def mkdir(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "m")
    status = 0
    for path in paths:
        full = machine.path(path)
        problem = ""
        if machine.tree.exists(full):
            problem = "" if "p" in flags else "File exists"
        elif "p" not in flags and not machine.tree.is_dir(full.rsplit("/", 1)[0] or "/"):
            problem = MISSING
        else:
            problem = machine.tree.put(f"{full}/", "")
        status = (
            _told(
                machine, problem, f"mkdir: can't create directory '{path}'", f"mkdir: cannot create directory '{path}'"
            )
            or status
        )
    return status


def rmdir(machine: Machine, words: list[str]) -> int:
    status = 0
    for path in words:
        full = machine.path(path)
        problem = (
            MISSING
            if not machine.tree.is_dir(full)
            else "Directory not empty"
            if machine.tree.names(full)
            else machine.tree.put(f"{full}/", None)
        )
        status = _told(machine, problem, f"rmdir: '{path}'", f"rmdir: failed to remove '{path}'") or status
    return status


def cp(machine: Machine, words: list[str]) -> int:
    return _transfer(machine, "cp", words)


def mv(machine: Machine, words: list[str]) -> int:
    return _transfer(machine, "mv", words)


def _transfer(machine: Machine, program: str, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    if len(paths) < 2:
        machine.say(2, f"{program}: missing file operand\n")
        return 1
    *sources, target = paths
    goal = machine.path(target)
    status = 0
    for source in sources:
        full = machine.path(source)
        place = f"{goal.rstrip('/')}/{full.rsplit('/', 1)[-1]}" if machine.tree.is_dir(goal) else goal
        status = (
            _one_transfer(
                machine,
                program,
                source,
                (full, place),
                recursive=program == "mv" or bool({"r", "R", "a"} & flags.keys()),
            )
            or status
        )
    return status


def _one_transfer(machine: Machine, program: str, source: str, way: tuple[str, str], *, recursive: bool) -> int:
    full, place = way
    text = machine.tree.read(full)
    if text is None and not machine.tree.is_dir(full):
        busybox = f"cp: can't stat '{source}'" if program == "cp" else f"mv: can't rename '{source}'"
        return _told(machine, MISSING, busybox, f"{program}: cannot stat '{source}'")
    if text is None:
        if not recursive:
            machine.say(2, f"cp: omitting directory '{source}'\n")
            return 1
        problem = ""
        for key in machine.tree.below(full):
            problem = problem or machine.tree.put(place + key[len(full) :], machine.tree.read(key) or "")
    elif machine.tree.is_unreadable(full):
        return _told(
            machine, DENIED, f"{program}: can't open '{source}'", f"{program}: cannot open '{source}' for reading"
        )
    else:
        problem = machine.tree.write(place, text)
    if problem:
        return _told(
            machine, problem, f"{program}: can't create '{place}'", f"{program}: cannot create regular file '{place}'"
        )
    return (
        _told(machine, machine.tree.remove_tree(full), f"mv: can't remove '{source}'", f"mv: cannot remove '{source}'")
        if program == "mv"
        else 0
    )


def find(machine: Machine, words: list[str]) -> int:
    starts: list[str] = []
    while words and not words[0].startswith(("-", "(", "!")):
        starts.append(words.pop(0))
    options = dict(zip(words[::2], words[1::2], strict=False))
    depth = number(options.get("-maxdepth", "99"))
    status = 0
    for start in starts or ["."]:
        full = machine.path(start)
        if not machine.tree.exists(full):
            machine.say(
                2,
                f"find: {start}: {MISSING}\n" if machine.image.shell == "busybox" else f"find: '{start}': {MISSING}\n",
            )
            status = 1
        for path in _walk(machine, full, depth) if status == 0 else ():
            kind = "l" if machine.tree.link_of(path) else "d" if machine.tree.is_dir(path) else "f"
            name = path.rsplit("/", 1)[-1]
            if options.get("-type", kind) == kind and fits(name, options.get("-name", options.get("-iname", "*"))):
                machine.say(
                    1,
                    f"{start.rstrip('/') if start != '/' else ''}{path[len(full.rstrip('/')) :]}\n"
                    if path != full
                    else f"{start}\n",
                )
    return status


def _walk(machine: Machine, path: str, depth: int) -> list[str]:
    found = [path]
    if depth > 0 and machine.tree.is_dir(path) and not machine.tree.link_of(path):
        for name in machine.tree.names(path):
            found += _walk(machine, f"{path.rstrip('/')}/{name}", depth - 1)
    return found


def du(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "d")
    status = 0
    for path in paths or ["."]:
        full = machine.path(path)
        if not machine.tree.exists(full):
            status = _told(machine, MISSING, f"du: {path}", f"du: cannot access '{path}'")
            continue
        deepest = 0 if "s" in flags else number(flags["d"]) if "d" in flags else _ALL_THE_WAY
        for depth, name, kib in _used(machine, path, full, 0):
            is_told = depth == 0 or "a" in flags or machine.tree.is_dir(machine.path(name))
            if depth <= deepest and is_told:
                machine.say(1, f"{_size_text(machine, kib, flags)}\t{name}\n")
    return status


def _used(machine: Machine, name: str, full: str, depth: int) -> list[tuple[int, str, int]]:
    """(depth, name, KiB) of everything below and at last of the thing itself; a block has four KiB, a link none."""
    if machine.tree.link_of(full):
        return [(depth, name, 0)]
    if not machine.tree.is_dir(full):
        return [(depth, name, -(-size_of(machine.tree.read(full) or "") // 4096) * 4)]
    found: list[tuple[int, str, int]] = []
    total = 4
    for one in machine.tree.names(full):
        inside = _used(machine, f"{name.rstrip('/')}/{one}", f"{full.rstrip('/')}/{one}", depth + 1)
        found += inside
        total += inside[-1][2]
    return [*found, (depth, name, total)]


def _size_text(machine: Machine, kib: int, flags: dict[str, str]) -> str:
    """`-h`: BusyBox always tells a tenth, GNU below ten only, and rounds up."""
    if "m" in flags:
        return str(-(-kib // 1024))
    if "h" not in flags:
        return str(kib)
    if kib == 0:
        return "0"
    amount, unit = float(kib), "K"
    for larger in "MG":
        if amount >= 1024:
            amount, unit = amount / 1024, larger
    if machine.image.shell == "busybox":
        return f"{amount:.1f}{unit}"
    return f"{math.ceil(amount * 10) / 10:.1f}{unit}" if amount < 10 else f"{math.ceil(amount)}{unit}"


def stat(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "c")
    status = 0
    for path in paths:
        full = machine.path(path)
        if not machine.tree.exists(full):
            status = _told(machine, MISSING, f"stat: can't stat '{path}'", f"stat: cannot statx '{path}'")
            continue
        values = _facts(machine, path, full, follows="L" in flags)
        size = int(values["%s"])
        if "c" in flags:
            text = flags["c"]
            for name, value in values.items():
                text = text.replace(name, value)
            machine.say(1, f"{text}\n")
        else:
            link = machine.tree.link_of(full) if values["%F"] == "symbolic link" else ""
            machine.say(
                1,
                f"  File: {path}{f' -> {link}' if link else ''}\n"
                f"  Size: {size:<10}\tBlocks: {-(-size // 512):<10} IO Block: 4096   {values['%F']}\n"
                f"Access: ({values['%a']:0>4}/{values['%A']})  Uid: ({values['%u']:>5}/{values['%U']:>8})"
                f"   Gid: ({values['%g']:>5}/{values['%G']:>8})\n",
            )
    return status


def _facts(machine: Machine, path: str, full: str, *, follows: bool) -> dict[str, str]:
    """What `stat -c` can be asked."""
    tree = machine.tree
    link = "" if follows else tree.link_of(full)
    if link:
        root = {"%U": "root", "%G": "root", "%u": "0", "%g": "0"}
        return {"%n": path, "%s": str(len(link)), "%F": "symbolic link", "%a": "777", "%A": "lrwxrwxrwx", **root}
    is_dir, (owner, group) = tree.is_dir(full), owners(machine, full)
    return {
        "%n": path,
        "%s": str(4096 if is_dir else size_of(tree.read(full) or "")),
        "%F": "directory" if is_dir else "regular file",
        "%a": f"{tree.mode(full):o}",
        "%A": letters(tree.mode(full), directory=is_dir),
        "%U": owner,
        "%G": group,
        "%u": str(tree.owner(full)),
        "%g": str(tree.group(full)),
    }


def chmod(machine: Machine, words: list[str]) -> int:
    """Permissions last as long as the program that sets them."""
    recursive = {"r", "R"} & set("".join(word for word in words if re.fullmatch(r"-[Rcvf]+", word)))
    rest = [word for word in words if not re.fullmatch(r"-[Rcvf]+", word)]
    status = 0
    for path in rest[1:]:
        full = machine.path(path)
        tree = machine.tree
        problem = tree.refusal(full) if tree.exists(full) else MISSING
        for each in [full, *(tree.below(full) if recursive else ())] if not problem else ():
            mode = changed(tree.mode(each), rest[0], directory=tree.is_dir(each))
            if mode is None:
                machine.say(2, f"chmod: invalid mode '{rest[0]}'\n")
                return 1
            tree.modes[each] = mode
        status = _told(machine, problem, path, f"cannot access '{path}'") or status
    return status


def unchanged(machine: Machine, words: list[str]) -> int:
    """`chown`, `sync`: owners of files are not kept; a file that may not be written may not be changed."""
    _, paths = read_options(words, "")
    status = 0
    for path in paths[1:]:
        problem = machine.tree.refusal(machine.path(path)) if machine.tree.exists(machine.path(path)) else MISSING
        status = _told(machine, problem, path, f"cannot access '{path}'") or status
    return status


def readlink(machine: Machine, words: list[str]) -> int:
    _, paths = read_options(words, "")
    for path in paths:
        machine.say(1, f"{machine.path(path)}\n")
    return 0


def _amount(text: str) -> int:
    """`10M`, `2G`, `1k`, `512`."""
    scale = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}.get(text.rstrip("iBb")[-1:].lower(), 1)
    return number(text) * scale


def dd(machine: Machine, words: list[str]) -> int:
    """Writes zeros, of which only the number is kept."""
    options = dict(word.split("=", 1) for word in words if "=" in word)
    count, size = number(options.get("count", "1")), _amount(options.get("bs", "512"))
    target = options.get("of", "/dev/null")
    if target != "/dev/null":
        problem = machine.tree.write(machine.path(target), zeros(count * size))
        if problem:
            return _told(machine, problem, f"dd: can't open '{target}'", f"dd: failed to open '{target}'")
    machine.say(2, f"{count}+0 records in\n{count}+0 records out\n")
    return 0


def fallocate(machine: Machine, words: list[str]) -> int:
    """`fallocate -l 1G file`, and `truncate -s 1G file`."""
    flags, paths = read_options(words, "los")
    status = 0
    for path in paths:
        problem = machine.tree.write(machine.path(path), zeros(_amount(flags.get("l") or flags.get("s") or "0")))
        status = _told(machine, problem, f"fallocate: can't open '{path}'", f"fallocate: cannot open {path}") or status
    return status


COMMANDS = {
    "ls": ls,
    "touch": touch,
    "rm": rm,
    "mkdir": mkdir,
    "rmdir": rmdir,
    "cp": cp,
    "mv": mv,
    "find": find,
    "du": du,
    "stat": stat,
    "chmod": chmod,
    "chown": unchanged,
    "readlink": readlink,
    "dd": dd,
    "fallocate": fallocate,
    "truncate": fallocate,
}
