"""The small commands beside kubectl: files, text filters, the environment.

Each is a function of its words and standard input. They speak as GNU coreutils and bash do, as far as they go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from simulator.kubectl.home import HOME, FileError, Home


@dataclass(slots=True)
class Outcome:
    """What one command printed and how it ended."""

    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    clear: bool = False


@dataclass(slots=True)
class Surface:
    """What the commands may touch."""

    home: Home
    environment: dict[str, str]
    aliases: dict[str, str] = field(default_factory=dict)


Small = Callable[[Surface, Sequence[str], str], Outcome]


def _fail(name: str, why: str, exit_code: int = 1) -> Outcome:
    return Outcome(stderr=f"{name}: {why}\n", exit=exit_code)


def _inputs(surface: Surface, name: str, paths: Sequence[str], stdin: str) -> tuple[list[tuple[str, str]], Outcome]:
    """Texts to read, by name: files, or standard input when none is named."""
    texts: list[tuple[str, str]] = []
    problems = Outcome()
    for path in paths or ["-"]:
        if path == "-":
            texts.append(("-", stdin))
            continue
        try:
            texts.append((path, surface.home.read(path)))
        except FileError as error:
            problems.stderr += f"{name}: {path}: {error}\n"
            problems.exit = 1
    return texts, problems


def _options(words: Sequence[str], known: str) -> tuple[str, list[str]] | str:
    """Single-letter options and the rest; a letter that is not known comes back as text."""
    letters = ""
    rest: list[str] = []
    for index, word in enumerate(words):
        if word == "--":
            return letters, rest + list(words[index + 1 :])
        if word.startswith("-") and len(word) > 1 and not word[1:].isdigit():
            bad = next((letter for letter in word[1:] if letter not in known), None)
            if bad:
                return bad
            letters += word[1:]
        else:
            rest.append(word)
    return letters, rest


def cat(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = _options(words, "n")
    if isinstance(parsed, str):
        return _fail("cat", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = _inputs(surface, "cat", paths, stdin)
    whole = "".join(text for _, text in texts)
    if "n" in letters:
        whole = "".join(f"{number:6}\t{line}" for number, line in enumerate(whole.splitlines(keepends=True), 1))
    outcome.stdout = whole
    return outcome


def ls(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = _options(words, "la1hR")
    if isinstance(parsed, str):
        return _fail("ls", f"invalid option -- '{parsed}'", 2)
    letters, paths = parsed
    home, outcome = surface.home, Outcome()
    for path in paths or ["."]:
        if home.is_file(path):
            outcome.stdout += f"{path}\n"
        elif home.is_directory(path):
            names = [n for n in home.entries(path) if "a" in letters or not n.startswith(".")]
            head = f"{path}:\n" if len(paths) > 1 else ""
            outcome.stdout += head + "".join(f"{name}\n" for name in names)
        else:
            outcome.stderr += f"ls: cannot access '{path}': No such file or directory\n"
            outcome.exit = 2
    return outcome


def pwd(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(surface.home.cwd + "\n")


def cd(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    if len(words) > 1:
        return _fail("bash: cd", "too many arguments")
    path = words[0] if words else HOME
    try:
        surface.home.change_directory(path)
    except FileError as error:
        return _fail("bash: cd", f"{path}: {error}")
    return Outcome()


def echo(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    words = list(words)
    end, escapes = "\n", False
    while words and re.fullmatch(r"-[ne]+", words[0]):
        end = "" if "n" in words[0] else end
        escapes = escapes or "e" in words[0]
        words.pop(0)
    text = " ".join(words)
    if escapes:
        text = re.sub(r"\\([nt\\])", lambda sign: {"n": "\n", "t": "\t", "\\": "\\"}[sign[1]], text)
    return Outcome(text + end)


def clear(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(clear=True)


def export(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    if not words:
        return Outcome("".join(f'declare -x {k}="{v}"\n' for k, v in sorted(surface.environment.items())))
    for word in words:
        name, equals, value = word.partition("=")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            return _fail("bash: export", f"`{word}': not a valid identifier")
        if equals:
            surface.environment[name] = value
    return Outcome()


def unset(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    for name in words:
        surface.environment.pop(name, None)
    return Outcome()


def env(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome("".join(f"{name}={value}\n" for name, value in sorted(surface.environment.items())))


def alias(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    outcome = Outcome()
    for word in words:
        name, equals, text = word.partition("=")
        if equals:
            surface.aliases[name] = text
        elif name in surface.aliases:
            outcome.stdout += f"alias {name}='{surface.aliases[name]}'\n"
        else:
            return _fail("bash: alias", f"{name}: not found")
    if not words:
        outcome.stdout = "".join(f"alias {name}='{text}'\n" for name, text in sorted(surface.aliases.items()))
    return outcome


def rm(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = _options(words, "rRfv")
    if isinstance(parsed, str):
        return _fail("rm", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    outcome = Outcome()
    for path in paths:
        try:
            if surface.home.is_directory(path) and ("r" in letters or "R" in letters):
                surface.home.remove_directory(path)
            else:
                surface.home.remove(path)
        except FileError as error:
            if "f" not in letters or str(error) != "No such file or directory":
                outcome.stderr += f"rm: cannot remove '{path}': {error}\n"
                outcome.exit = 1
    return outcome


def mkdir(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    paths = [word for word in words if word != "-p"]
    for path in paths:
        try:
            for part in _parents(path) if "-p" in words else [path]:
                if not ("-p" in words and surface.home.is_directory(part)):
                    surface.home.make_directory(part)
        except FileError as error:
            return _fail("mkdir", f"cannot create directory '{path}': {error}")
    return Outcome()


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return [found for found in ("/".join(parts[: end + 1]) for end in range(len(parts))) if found]


def touch(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    for path in words:
        try:
            if not surface.home.is_file(path):
                surface.home.write(path, "")
        except FileError as error:
            return _fail("touch", f"cannot touch '{path}': {error}")
    return Outcome()


def copy(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _transfer(surface, "cp", words, keep=True)


def move(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _transfer(surface, "mv", words, keep=False)


def _transfer(surface: Surface, name: str, words: Sequence[str], *, keep: bool) -> Outcome:
    if len(words) != 2:
        return _fail(name, "missing file operand" if len(words) < 2 else "extra operand")
    source, target = words
    if surface.home.is_directory(target):
        target = target.rstrip("/") + "/" + source.rpartition("/")[2]
    try:
        surface.home.write(target, surface.home.read(source))
        if not keep:
            surface.home.remove(source)
    except FileError as error:
        return _fail(name, f"cannot {'copy' if keep else 'move'} '{source}' to '{target}': {error}")
    return Outcome()


# Text filters


def grep(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    words, before, after = _context_options(words)
    parsed = _options(words, "ivncEFqwo")
    if isinstance(parsed, str):
        return _fail("grep", f"invalid option -- '{parsed}'", 2)
    letters, rest = parsed
    if not rest:
        return _fail("grep", "usage: grep [-ivncEFqwo] PATTERN [FILE...]", 2)
    try:
        pattern = _pattern(rest[0], letters)
    except re.error as error:
        return _fail("grep", f"invalid pattern {rest[0]!r}: {error}", 2)
    texts, outcome = _inputs(surface, "grep", rest[1:], stdin)
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


_MAX_PATTERN = 200


def _pattern(text: str, letters: str) -> re.Pattern[str]:
    if len(text) > _MAX_PATTERN:
        raise re.error(f"longer than {_MAX_PATTERN} signs")
    if "F" in letters:
        text = re.escape(text)
    elif "E" not in letters:
        text = _basic_to_extended(text)
    if re.search(r"[*+}][)]*[*+{]", text):
        raise re.error("nested repetition is not available in this terminal")
    if "w" in letters:
        text = rf"\b(?:{text})\b"
    return re.compile(text, re.IGNORECASE if "i" in letters else 0)


def _basic_to_extended(text: str) -> str:
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
            return _fail(name, f"invalid option -- '{word[1:2]}'")
        else:
            paths.append(word)
    if not re.fullmatch(r"[+-]?\d+", count):
        return _fail(name, f"invalid number of lines: '{count}'")
    texts, outcome = _inputs(surface, name, paths, stdin)
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
    parsed = _options(words, "lwc")
    if isinstance(parsed, str):
        return _fail("wc", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = _inputs(surface, "wc", paths, stdin)
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
                return _fail("sort", f"invalid field number '{number}'", 2)
            column = int(number)
        else:
            rest.append(word)
    parsed = _options(rest, "rnu")
    if isinstance(parsed, str):
        return _fail("sort", f"invalid option -- '{parsed}'", 2)
    letters, paths = parsed
    texts, outcome = _inputs(surface, "sort", paths, stdin)
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
    parsed = _options(words, "c")
    if isinstance(parsed, str):
        return _fail("uniq", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    texts, outcome = _inputs(surface, "uniq", paths, stdin)
    runs: list[list[str]] = []
    for line in "".join(text for _, text in texts).splitlines():
        if runs and runs[-1][0] == line:
            runs[-1].append(line)
        else:
            runs.append([line])
    outcome.stdout = "".join(f"{len(run):7} {run[0]}\n" if "c" in letters else f"{run[0]}\n" for run in runs)
    return outcome


def nothing(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome()


def false(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(exit=1)


def whoami(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome("learner\n")


def help_page(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(_HELP)


_HELP = """This terminal holds kubectl (also as k) and a small part of bash:

  kubectl            talk to the cluster; kubectl --help lists its commands
  cat ls cd pwd rm mkdir touch cp mv    files of this workstation
  grep head tail wc sort uniq           filters, for use behind a pipe
  echo env export unset alias           text and variables
  watch COMMAND      run a command again and again
  clear help

The arrow keys bring back earlier lines. Pipes (|), files (> >> <), lists (&& || ;), quotes, $VARIABLES and here-documents
(kubectl apply -f - <<EOF) work as in bash.
"""

SMALL: dict[str, Small] = {
    "cat": cat,
    "ls": ls,
    "pwd": pwd,
    "cd": cd,
    "echo": echo,
    "clear": clear,
    "export": export,
    "unset": unset,
    "env": env,
    "printenv": env,
    "alias": alias,
    "rm": rm,
    "mkdir": mkdir,
    "touch": touch,
    "cp": copy,
    "mv": move,
    "grep": grep,
    "head": head,
    "tail": tail,
    "wc": wc,
    "sort": sort,
    "uniq": uniq,
    "true": nothing,
    ":": nothing,
    "false": false,
    "whoami": whoami,
    "help": help_page,
}
