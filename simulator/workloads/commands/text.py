"""Programs that make text of text: `echo`, `head`, `sort`, `tr`, … (`sed` and `awk` are `line_editors`)."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from simulator.machinery.octets import bytes_of, text_of
from simulator.workloads.commands.options import read_options
from simulator.workloads.file_tree import DENIED, IS_DIRECTORY, MISSING
from simulator.workloads.shell_scripts import NotSimulated
from simulator.workloads.small_programs import escaped, format_text, number

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.workloads.machine import Machine

_MAX_SEQ = 10_000


def inputs(machine: Machine, program: str, paths: list[str]) -> tuple[list[tuple[str, str]], int]:
    """(name, content) of every file, or standard input; the status is 1 when one is missing."""
    if not paths:
        return [("-", machine.read_input())], 0
    found, status = [], 0
    for path in paths:
        content = (
            machine.read_input()
            if path == "-"
            else ""
            if path == "/dev/null"
            else machine.tree.read(machine.path(path))
        )
        is_denied = machine.tree.is_unreadable(machine.path(path))
        if content is not None and not is_denied:
            found.append((path, content))
            continue
        is_busybox = machine.image.shell == "busybox"
        status = 2 if program == "sort" and not is_busybox else 1
        why = IS_DIRECTORY if machine.tree.is_dir(machine.path(path)) else MISSING
        why = DENIED if content is not None else why
        said = _of_busybox(program, path, why) if is_busybox else _of_coreutils(program, path, why)
        machine.say(2, f"{program}: {said}\n")
    return found, status


def _of_busybox(program: str, path: str, why: str) -> str:
    """`libbb/wfopen_input.c`: those that read with stdio name the file, those that read by themselves say what they could not do."""
    if why == IS_DIRECTORY:
        return f"read error: {why}"
    return f"{path}: {why}" if program in ("head", "grep", "sed", "wc", "sort") else f"can't open '{path}': {why}"


def _of_coreutils(program: str, path: str, why: str) -> str:
    """`src/head.c`, `tail.c`, `sort.c` (check_inputs)."""
    if program in ("head", "tail"):
        return f"error reading '{path}': {why}" if why == IS_DIRECTORY else f"cannot open '{path}' for reading: {why}"
    if program == "sort":
        return f"{'read failed' if why == IS_DIRECTORY else 'cannot read'}: {path}: {why}"
    return f"{path}: {why}"


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def echo(machine: Machine, words: list[str]) -> int:
    if machine.dialect == "dash" and not machine.argv:  # its own: no option but -n, and escapes always
        bare = words[:1] == ["-n"]
        machine.say(1, escaped(" ".join(words[bare:])) + ("" if bare else "\n"))
        return 0
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        newline = newline and "n" not in words[0]
        escapes = escapes or "e" in words[0]
        words = words[1:]
    text = " ".join(words)
    text = escaped(text) if escapes else text
    machine.say(1, f"{text}\n" if newline else text)
    return 0


def printf(machine: Machine, words: list[str]) -> int:
    if words[:1] == ["--"]:
        words = words[1:]
    if words:
        machine.say(1, format_text(words[0], words[1:]))
    return 0


def cat(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    found, status = inputs(machine, "cat", paths)
    text = "".join(content for _, content in found)
    if "n" in flags:
        text = "".join(f"{index:>6}\t{line}\n" for index, line in enumerate(lines_of(text), start=1))
    machine.say(1, text)
    return status


def _count_option(words: list[str], default: int) -> tuple[str, list[str], dict[str, str]]:
    ready = [re.sub(r"^-(\d+)$", r"-n\1", word) for word in words]
    flags, paths = read_options(ready, "nc")
    return flags.get("n", str(default)), paths, flags


def head(machine: Machine, words: list[str]) -> int:
    count, paths, flags = _count_option(words, 10)
    found, status = inputs(machine, "head", paths)
    for index, (name, content) in enumerate(found):
        if len(found) > 1:
            machine.say(1, f"{chr(10) if index else ''}==> {name} <==\n")
        if "c" in flags:
            machine.say(1, text_of(bytes_of(content)[: number(flags["c"])]))
            continue
        wanted = lines_of(content)
        machine.say(1, "".join(f"{line}\n" for line in wanted[: number(count)]))
    return status


def tail(machine: Machine, words: list[str]) -> int:
    count, paths, flags = _count_option(words, 10)
    found, status = inputs(machine, "tail", paths)
    if not found and machine.image.shell == "busybox":
        machine.say(2, "tail: no files\n")
    for index, (name, content) in enumerate(found):
        if len(found) > 1:
            machine.say(1, f"{chr(10) if index else ''}==> {name} <==\n")
        if "c" in flags:
            machine.say(1, text_of(_last_bytes(bytes_of(content), flags["c"])))
            continue
        wanted = lines_of(content)
        first = number(count) - 1 if count.startswith("+") else max(0, len(wanted) - abs(number(count)))
        machine.say(1, "".join(f"{line}\n" for line in wanted[max(first, 0) :]))
    return status


def _last_bytes(data: bytes, wanted: str) -> bytes:
    """`-c 5`: the last five; `-c +5`: from the fifth on."""
    if wanted.startswith("+"):
        return data[max(number(wanted) - 1, 0) :]
    return data[max(len(data) - abs(number(wanted)), 0) :]


def wc(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    found, status = inputs(machine, "wc", paths)
    wanted = [one for one in "lwc" if one in flags] or list("lwc")
    totals = [0, 0, 0]
    for name, content in found:
        counts = {"l": content.count("\n"), "w": len(content.split()), "c": len(bytes_of(content))}
        totals = [before + counts[one] for before, one in zip(totals, "lwc", strict=True)]
        machine.say(1, _counted([counts[one] for one in wanted], name))
    if len(found) > 1:
        machine.say(1, _counted([totals["lwc".index(one)] for one in wanted], "total"))
    return status


def _counted(numbers: list[int], name: str) -> str:
    if name == "-":
        return f"{numbers[0]}\n" if len(numbers) == 1 else "".join(f"{one:>10}" for one in numbers)[1:].rjust(0) + "\n"
    return (
        f"{' '.join(str(one) for one in numbers)} {name}\n"
        if len(numbers) == 1
        else f"{''.join(f'{one:>10}' for one in numbers)[1:]} {name}\n"
    )


def sort(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "kto")
    found, status = inputs(machine, "sort", paths)
    rows = [line for _, content in found for line in lines_of(content)]
    field = number(flags.get("k", "0").split(",")[0])

    def key(line: str) -> tuple[float, str]:
        parts = line.split(flags["t"]) if "t" in flags else line.split()
        text = line if not field else " ".join(parts[field - 1 : field])
        match = re.match(r"\s*(-?\d+(?:\.\d+)?)", text)
        return (
            (float(match.group(1)) if match else 0.0, line)
            if "n" in flags or "n" in flags.get("k", "")
            else (0.0, text)
        )

    rows.sort(key=key, reverse="r" in flags)
    if "u" in flags:
        rows = list(dict.fromkeys(rows))
    machine.say(1, "".join(f"{line}\n" for line in rows))
    return status


def uniq(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    found, status = inputs(machine, "uniq", paths[:1])
    runs: list[tuple[str, int]] = []
    for line in lines_of("".join(content for _, content in found)):
        if runs and runs[-1][0] == line:
            runs[-1] = (line, runs[-1][1] + 1)
        else:
            runs.append((line, 1))
    runs = [run for run in runs if ("d" not in flags or run[1] > 1) and ("u" not in flags or run[1] == 1)]
    machine.say(1, "".join(f"{count:>7} {line}\n" if "c" in flags else f"{line}\n" for line, count in runs))
    return status


def cut(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "dfcb")
    found, status = inputs(machine, "cut", paths)
    delimiter = flags.get("d", "\t")
    for line in lines_of("".join(content for _, content in found)):
        if "f" in flags:
            parts = line.split(delimiter)
            machine.say(1, f"{line if len(parts) == 1 else delimiter.join(_chosen(parts, flags['f']))}\n")
        else:
            machine.say(1, f"{''.join(_chosen(list(line), flags.get('c') or flags.get('b') or '1-'))}\n")
    return status


def _chosen(items: list[str], ranges: str) -> list[str]:
    wanted: set[int] = set()
    for one in ranges.split(","):
        first, dash, last = one.partition("-")
        low = number(first) or 1
        high = (number(last) if last else len(items)) if dash else low
        wanted.update(range(low, min(high, len(items)) + 1))
    return [item for place, item in enumerate(items, start=1) if place in wanted]


def tr(machine: Machine, words: list[str]) -> int:
    flags, sets = read_options(words, "")
    text = machine.read_input()
    first = _characters(sets[0]) if sets else ""
    if "d" in flags:
        text = "".join(char for char in text if (char in first) == ("c" in flags))
    elif len(sets) > 1:
        second = _characters(sets[1])
        table = {char: second[min(place, len(second) - 1)] for place, char in enumerate(first)} if second else {}
        text = "".join(table.get(char, char) for char in text)
    if "s" in flags:
        squeezed = _characters(sets[-1]) if sets else ""
        text = re.sub(
            r"(.)\1+",
            lambda match: match.group(1) if match.group(1) in squeezed else match.group(),
            text,
            flags=re.DOTALL,
        )
    machine.say(1, text)
    return 0


_CLASSES = {
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:digit:]": "0-9",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "A-Za-z0-9",
    "[:space:]": " \\t\\n",
}


def _characters(text: str) -> str:
    for name, range_ in _CLASSES.items():
        text = text.replace(name, range_)
    text = escaped(text)
    return re.sub(
        r"(.)-(.)",
        lambda match: "".join(chr(code) for code in range(ord(match.group(1)), ord(match.group(2)) + 1)),
        text,
        flags=re.DOTALL,
    )


def seq(machine: Machine, words: list[str]) -> int:
    flags, numbers = read_options(words, "s", negative_numbers=True)
    values = [number(one) for one in numbers] or [0]
    first = values[0] if len(values) > 1 else 1
    step = values[1] if len(values) > 2 else 1
    if step == 0:
        return 1
    items = [str(one) for one in range(first, values[-1] + (1 if step > 0 else -1), step)[:_MAX_SEQ]]
    separator = escaped(flags["s"]) if "s" in flags else "\n"
    machine.say(1, f"{separator.join(items)}\n" if items else "")
    return 0


def tac(machine: Machine, words: list[str]) -> int:
    found, status = inputs(machine, "tac", words)
    machine.say(1, "".join(f"{line}\n" for line in reversed(lines_of("".join(content for _, content in found)))))
    return status


def rev(machine: Machine, words: list[str]) -> int:
    found, status = inputs(machine, "rev", words)
    machine.say(1, "".join(f"{line[::-1]}\n" for line in lines_of("".join(content for _, content in found))))
    return status


def nl(machine: Machine, words: list[str]) -> int:
    return cat(machine, ["-n", *words])


def tee(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "")
    text, status = machine.read_input(), 0
    machine.say(1, text)
    for path in paths:
        full = machine.path(path)
        before = (machine.tree.read(full) or "") if "a" in flags else ""
        problem = "" if path == "/dev/null" else machine.tree.write(full, before + text)
        if problem:
            machine.say(2, f"tee: {path}: {problem}\n")
            status = 1
    return status


def base64_(machine: Machine, words: list[str]) -> int:
    flags, paths = read_options(words, "w")
    found, status = inputs(machine, "base64", paths)
    text = "".join(content for _, content in found)
    if "d" in flags:
        try:
            machine.say(1, text_of(base64.b64decode(text)))
        except ValueError:
            machine.say(2, "base64: invalid input\n")
            return 1
    else:
        machine.say(1, f"{base64.b64encode(bytes_of(text)).decode()}\n")
    return status


def _digest(program: str, algorithm: str) -> Callable[[Machine, list[str]], int]:
    def run(machine: Machine, words: list[str]) -> int:
        found, status = inputs(machine, program, words)
        for name, content in found:
            machine.say(1, f"{hashlib.new(algorithm, bytes_of(content), usedforsecurity=False).hexdigest()}  {name}\n")
        return status

    return run


def expr(machine: Machine, words: list[str]) -> int:
    try:
        value = machine.substitute(f"echo $(({' '.join(words)}))") if len(words) > 1 else words[0]
    except (NotSimulated, IndexError):
        machine.say(2, "expr: syntax error\n")
        return 2
    machine.say(1, f"{value}\n")
    return int(value in ("", "0"))


COMMANDS = {
    "echo": echo,
    "printf": printf,
    "cat": cat,
    "head": head,
    "tail": tail,
    "wc": wc,
    "sort": sort,
    "uniq": uniq,
    "cut": cut,
    "tr": tr,
    "seq": seq,
    "tac": tac,
    "rev": rev,
    "nl": nl,
    "tee": tee,
    "base64": base64_,
    "md5sum": _digest("md5sum", "md5"),
    "sha256sum": _digest("sha256sum", "sha256"),
    "expr": expr,
}
