"""CoreDNS' configuration: which server block answers a name, and with which plugins.

https://kubernetes.io/docs/tasks/administer-cluster/dns-custom-nameservers/ and the Corefile of https://coredns.io/manual/configuration/.
Understood: `kubernetes`, `forward`, `hosts`, `rewrite name`, `template`-free zones and ports; other plugins change no answer and are
passed over. Promises: a pure function of the text; an unbalanced file is refused with a reason, as CoreDNS does not start with one.
"""

from dataclasses import dataclass
from functools import lru_cache


class CorefileError(ValueError):
    """The words CoreDNS ends with."""


@dataclass(frozen=True, slots=True)
class Plugin:
    name: str
    args: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...] = ()
    """What stands in its braces, word by word."""

    def option(self, name: str) -> tuple[str, ...] | None:
        return next((line[1:] for line in self.lines if line[0] == name), None)


@dataclass(frozen=True, slots=True)
class Block:
    zones: tuple[str, ...]
    """Without the port and the final dot; "" is the root."""
    plugins: tuple[Plugin, ...]

    def plugin(self, name: str) -> Plugin | None:
        return next((one for one in self.plugins if one.name == name), None)

    def all(self, name: str) -> list[Plugin]:
        return [one for one in self.plugins if one.name == name]


@dataclass(frozen=True, slots=True)
class Corefile:
    blocks: tuple[Block, ...]

    def block_for(self, name: str) -> Block | None:
        """The block with the longest zone that holds the name."""
        fitting = [(len(zone), block) for block in self.blocks for zone in block.zones if is_in(name, zone)]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def is_in(name: str, zone: str) -> bool:
    return zone == "" or name == zone or name.endswith(f".{zone}")


@lru_cache(maxsize=64)
def read(text: str) -> Corefile:
    """Raises CorefileError."""
    lines = [words for line in text.splitlines() if (words := line.partition("#")[0].split())]
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        if lines[at][-1] != "{":
            raise CorefileError(f"{lines[at][0]!r} is not followed by a block")
        zones = tuple(_zone(word.rstrip(",")) for word in lines[at][:-1])
        plugins, at = _plugins(lines, at + 1)
        blocks.append(Block(zones, plugins))
    return Corefile(tuple(blocks))


def _plugins(lines: list[list[str]], at: int) -> tuple[tuple[Plugin, ...], int]:
    found: list[Plugin] = []
    while at < len(lines):
        words = lines[at]
        if words == ["}"]:
            return tuple(found), at + 1
        if words[-1] == "{":
            inner, at = _inner(lines, at + 1)
            found.append(Plugin(words[0], tuple(words[1:-1]), inner))
        else:
            found.append(Plugin(words[0], tuple(words[1:])))
            at += 1
    raise CorefileError("Unexpected EOF")


def _inner(lines: list[list[str]], at: int) -> tuple[tuple[tuple[str, ...], ...], int]:
    found: list[tuple[str, ...]] = []
    while at < len(lines):
        if lines[at] == ["}"]:
            return tuple(found), at + 1
        found.append(tuple(lines[at]))
        at += 1
    raise CorefileError("Unexpected EOF")


def _zone(word: str) -> str:
    """`dns://shop.example.:1053` → `shop.example`; `.:53` → ``."""
    bare = word.rpartition("://")[2]
    return (bare.rpartition(":")[0] if ":" in bare else bare).strip(".").lower()
