"""`xargs`: a command with what stands on its input, as the script that the shell then carries out.

POSIX.1-2017 `xargs`; `-n`, `-I`, `-L 1`, `-0`, `-r` and `-t` are known, others are refused by name.
"""

import shlex

from simulator.workloads.shell_scripts import NotSimulated


def xargs_script(words: list[str], text: str) -> str:
    """Raises NotSimulated."""
    size, mark, by_line, zero, skips_nothing = 0, "", False, False, False
    words = list(words)
    while words and words[0].startswith("-") and words[0] != "--":
        option = words.pop(0)
        letter, value = option[1:2], option[2:]
        if letter in ("n", "I", "L", "P", "d") and not value:
            value = words.pop(0) if words else ""
        match letter:
            case "n":
                size = int(value) if value.isdecimal() else 0
            case "I":
                mark = value or "{}"
            case "L":
                by_line = True
            case "0":
                zero = True
            case "r":
                skips_nothing = True
            case "P" | "t":
                continue
            case _:
                raise NotSimulated(f"xargs {option} is not simulated")
    command = [word for word in words if word != "--"] or ["echo"]
    items = text.split("\0")[:-1] if zero else text.splitlines() if mark or by_line else shlex.split(text)
    if mark:
        return _lines([[word.replace(mark, item.strip()) for word in command] for item in items if item.strip()])
    if not items:
        return "" if skips_nothing else _lines([command])
    if by_line:
        return _lines([[*command, *item.split()] for item in items])
    return _lines(
        [[*command, *items[at : at + (size or len(items))]] for at in range(0, len(items), size or len(items))]
    )


def _lines(commands: list[list[str]]) -> str:
    return "\n".join(shlex.join(command) for command in commands)
