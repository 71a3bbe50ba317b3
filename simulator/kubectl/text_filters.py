"""The filters that stand behind a pipe: grep, head, tail, wc, sort, uniq and cat.

They speak as GNU coreutils do, as far as they go. Patterns are matched in linear time, so that none can keep the server
busy; what that rules out (references to groups) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import re2

from simulator.kubectl.small_command import Outcome, Small, Surface, fail, inputs, options


def cat(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = options(words, "n")
    if isinstance(parsed, str):
        return fail("cat", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = inputs(surface, "cat", paths, stdin)
    whole = "".join(text for _, text in texts)
    if "n" in letters:
        whole = "".join(f"{number:6}\t{line}" for number, line in enumerate(whole.splitlines(keepends=True), 1))
    outcome.stdout = whole
    return outcome


def grep(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    words, before, after = _context_options(words)
    parsed = options(words, "ivncEFqwo")
    if isinstance(parsed, str):
        return fail("grep", f"invalid option -- '{parsed}'", 2)
    letters, rest = parsed
    if not rest:
        return fail("grep", "usage: grep [-ivncEFqwo] PATTERN [FILE...]", 2)
    try:
        pattern = _pattern(rest[0], letters)
    except re2.error as error:
        return fail("grep", f"invalid pattern {rest[0]!r}: {_words_of(error)}", 2)
    texts, outcome = inputs(surface, "grep", rest[1:], stdin)
    count = 0
    for name, text in texts:
        start = f"{name}:" if len(rest) > 2 else ""
        lines = text.splitlines()
        hits = [i for i, line in enumerate(lines) if bool(pattern.search(line)) != ("v" in letters)]
        count += len(hits)
        if "c" in letters:
            outcome.stdout += f"{start}{len(hits)}\n"
            continue
        for index in _with_context(hits, len(lines), before, after):
            found = pattern.search(lines[index])
            shown = found.group() if found and "o" in letters else lines[index]
            outcome.stdout += start + (f"{index + 1}:" if "n" in letters else "") + shown + "\n"
    if "q" in letters:
        outcome.stdout = ""
    outcome.exit = outcome.exit * 2 or (0 if count else 1)
    return outcome


def _context_options(words: Sequence[str]) -> tuple[list[str], int, int]:
    """`-A 3`, `-B3` and `-C 2` taken out of the words."""
    rest, queue, before, after = [], list(words), 0, 0
    while queue:
        word = queue.pop(0)
        match = re.fullmatch(r"-([ABC])(\d*)", word)
        if match is None:
            rest.append(word)
            continue
        number = match[2] or (queue.pop(0) if queue and queue[0].isdecimal() else "0")
        before = int(number) if match[1] in "BC" else before
        after = int(number) if match[1] in "AC" else after
    return rest, before, after


def _with_context(hits: Sequence[int], count: int, before: int, after: int) -> list[int]:
    shown = {at: None for hit in hits for at in range(max(0, hit - before), min(count, hit + after + 1))}
    return sorted(shown)


_MAX_PATTERN = 1_000


def _pattern(text: str, letters: str) -> Any:
    if "F" in letters:
        text = re2.escape(text)
    elif "E" not in letters:
        text = basic_to_extended(text)
    if "w" in letters:
        text = rf"\b(?:{text})\b"
    return compiled(text, insensitive="i" in letters)


def compiled(text: str, *, insensitive: bool = False) -> Any:
    """An extended pattern. Raises `re2.error`."""
    if len(text) > _MAX_PATTERN:
        raise re2.error(f"longer than {_MAX_PATTERN} signs")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not insensitive
    return re2.compile(text, options)


def _words_of(error: Exception) -> str:
    said = error.args[0]
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def basic_to_extended(text: str) -> str:
    """POSIX basic patterns: `+ ? | ( ) { }` are plain, and special after a backslash."""
    out, at = "", 0
    while at < len(text):
        pair = text[at : at + 2]
        if pair[0] == "\\" and len(pair) == 2:
            out += pair[1] if pair[1] in "+?|(){}" else pair
            at += 2
            continue
        out += "\\" + pair[0] if pair[0] in "+?|(){}" else pair[0]
        at += 1
    return out


def head(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _ends(surface, "head", words, stdin)


def tail(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _ends(surface, "tail", words, stdin)


def _ends(surface: Surface, name: str, words: Sequence[str], stdin: str) -> Outcome:
    count, paths, queue = "10", [], list(words)
    while queue:
        word = queue.pop(0)
        if word == "-n" and queue:
            count = queue.pop(0)
        elif re.fullmatch(r"-n?\+?-?\d+", word):
            count = word[2:] if word.startswith("-n") else word[1:]
        elif word.startswith("-") and word != "-":
            return fail(name, f"invalid option -- '{word[1:2]}'")
        else:
            paths.append(word)
    if not re.fullmatch(r"[+-]?\d+", count):
        return fail(name, f"invalid number of lines: '{count}'")
    texts, outcome = inputs(surface, name, paths, stdin)
    number = int(count)
    for _, text in texts:
        lines = text.splitlines(keepends=True)
        if name == "head":
            lines = lines[:number]
        elif count.startswith("+"):
            lines = lines[max(0, number - 1) :]
        else:
            lines = lines[-abs(number) :] if number else []
        outcome.stdout += "".join(lines)
    return outcome


def wc(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = options(words, "lwc")
    if isinstance(parsed, str):
        return fail("wc", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = inputs(surface, "wc", paths, stdin)
    for name, text in texts:
        counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
        shown = [str(counts[letter]) for letter in "lwc" if not letters or letter in letters]
        line = shown[0] if len(shown) == 1 else "".join(f"{number:>8}" for number in shown)
        outcome.stdout += line + (f" {name}" if name != "-" else "") + "\n"
    return outcome


def sort(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    queue, column, rest = list(words), 0, []
    while queue:
        word = queue.pop(0)
        match = re.fullmatch(r"-k(\d*)[\d,n]*", word)
        if match:
            number = match[1] or (queue.pop(0).split(",")[0] if queue else "")
            if not number.isdecimal() or number == "0":
                return fail("sort", f"invalid field number '{number}'", 2)
            column = int(number)
        else:
            rest.append(word)
    parsed = options(rest, "rnu")
    if isinstance(parsed, str):
        return fail("sort", f"invalid option -- '{parsed}'", 2)
    letters, paths = parsed
    texts, outcome = inputs(surface, "sort", paths, stdin)
    lines = [line for _, text in texts for line in text.splitlines()]
    lines = list(dict.fromkeys(lines)) if "u" in letters else lines
    lines.sort(key=lambda line: _sort_key(line, column, numeric="n" in letters), reverse="r" in letters)
    outcome.stdout = "".join(f"{line}\n" for line in lines)
    return outcome


def _sort_key(line: str, column: int, *, numeric: bool) -> tuple[float, str]:
    fields = line.split()
    text = " ".join(fields[column - 1 :]) if column else line
    number = re.match(r"\s*-?\d+(\.\d+)?", text) if numeric else None
    return float(number.group()) if number else 0.0, text


def uniq(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = options(words, "c")
    if isinstance(parsed, str):
        return fail("uniq", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = inputs(surface, "uniq", paths, stdin)
    runs: list[list[str]] = []
    for line in "".join(text for _, text in texts).splitlines():
        if runs and runs[-1][0] == line:
            runs[-1].append(line)
        else:
            runs.append([line])
    outcome.stdout = "".join(f"{len(run):7} {run[0]}\n" if "c" in letters else f"{run[0]}\n" for run in runs)
    return outcome


FILTERS: dict[str, Small] = {
    "cat": cat,
    "grep": grep,
    "head": head,
    "tail": tail,
    "wc": wc,
    "sort": sort,
    "uniq": uniq,
}
