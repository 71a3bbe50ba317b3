"""How shells quote the words that `-x` shows: ash and bash so that they could be typed again, dash not at all."""

import re
from collections.abc import Callable

from simulator.workloads.conditions import Dialect

#: `maybe_single_quote` in `shell/ash.c` of BusyBox: control characters, spaces and !"#$%&'()*, ;<=>?, `[\\, {|}~ and what is beyond.
_ASH = re.compile(r"""[^+,\-./0-9:@A-Z\]^_a-z]""")
#: `sh_contains_shell_metas` in `lib/sh/shquote.c` of bash.
_BASH = re.compile(r"""[ \t\n'"\\|&;()<>!{}*\[\]?^$`,]|^[~#]""")


def _single(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _ash(text: str) -> str:
    return _single(text) if _ASH.search(text) else text


def _bash(text: str) -> str:
    return _single(text) if not text or _BASH.search(text) else text


def _dash(text: str) -> str:
    return text


traced: dict[Dialect, Callable[[str], str]] = {"ash": _ash, "dash": _dash, "bash": _bash}
