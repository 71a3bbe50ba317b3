"""The words behind `kubeadm`: flags in both spellings, and the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Flags that stand alone.
_SWITCHES = (
    "print-join-command",
    "discovery-token-unsafe-skip-ca-verification",
    "control-plane",
    "force",
    "yes",
    "dry-run",
)
_SHORT = {"f": "force", "y": "yes", "o": "output", "v": "v"}


@dataclass(frozen=True, slots=True)
class Arguments:
    words: list[str]
    flags: dict[str, str]

    def flag(self, name: str, default: str) -> str:
        return self.flags.get(name, default)

    def has(self, name: str) -> bool:
        return self.flags.get(name, "false") not in ("false", "")


def parse(words: Sequence[str]) -> Arguments:
    rest: list[str] = []
    flags: dict[str, str] = {}
    index = 0
    while index < len(words):
        word = words[index]
        index += 1
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        name = _SHORT.get(name, name)
        if not equals and name in _SWITCHES:
            value = "true"
        elif not equals and index < len(words):
            value, index = words[index], index + 1
        flags[name] = value
    return Arguments(rest, flags)
