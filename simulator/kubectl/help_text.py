"""The help of a command, in our own words: what it is for, how it is called, which flags it knows."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.kubectl.aligned import align
from simulator.kubectl.cli import Command, Flag


def help_of(command: Command, path: str) -> str:
    """The whole page of `--help`."""
    parts = [command.summary + ".\n"]
    if command.aliases:
        parts.append(f"Aliases:\n{', '.join((command.name, *command.aliases))}\n")
    if command.commands:
        rows = "".join(f"  {child.name}\t{child.summary}\n" for child in command.commands)
        parts.append("Available Commands:\n" + align(rows, padding=4))
    explained = [flag for flag in command.flags if flag.help]
    if explained:
        parts.append("Options:\n" + "\n".join(_flag_text(flag) for flag in explained))
    parts.append(f"Usage:\n  {path} {_usage(command)}\n")
    return "\n".join(parts)


def _usage(command: Command) -> str:
    if command.usage:
        return f"{command.usage} [flags]"
    return "[command] [flags]" if command.commands else "[flags]"


def flags_text(flags: Sequence[Flag]) -> str:
    """One paragraph a flag."""
    return "\n".join(_flag_text(flag) for flag in flags)


def _flag_text(flag: Flag) -> str:
    default = flag.start
    if flag.kind in ("list", "array"):
        shown = "[]"
    elif flag.kind == "text":
        shown = f"'{default}'"
    elif flag.kind == "duration":
        shown = f"{int(default) // 1_000_000}s"
    else:
        shown = str(default).lower()
    return f"    {flag.shown}={shown}:\n\t{flag.help}\n"
