"""A page under construction: lines with indentation and tabs, aligned when the page is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import align
from simulator.machinery import go_text

MAX_ANNOTATION = 140
_HIDDEN_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)


class Page:
    """Level 0 stands at the margin; each level is two spaces."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._done: list[str] = []

    def line(self, level: int, text: str) -> None:
        self._parts.append("  " * level + text + "\n")

    def raw(self, text: str) -> None:
        self._parts.append(text)

    def settle(self) -> None:
        """What was written so far is aligned for itself; what follows has columns of its own."""
        self._done.append(align("".join(self._parts)))
        self._parts = []

    def text(self) -> str:
        self.settle()
        return "".join(self._done)

    def unaligned(self) -> str:
        """What was written, tabs and all."""
        return "".join(self._parts)

    # Blocks that many kinds share

    def pairs(self, title: str, mapping: Mapping[str, str] | None, *, indent: str = "") -> None:
        """`Title:  a=b` with one line a pair: labels, node selectors."""
        if not mapping:
            self.raw(f"{indent}{title}:\t<none>\n")
            return
        for number, key in enumerate(sorted(mapping)):
            head = f"{title}:" if number == 0 else ""
            self.raw(f"{indent}{head}\t{key}={mapping[key]}\n")

    def labels(self, obj: Obj) -> None:
        self.pairs("Labels", (obj.get("metadata") or {}).get("labels"))

    def annotations(self, mapping: Mapping[str, str] | None, title: str = "Annotations") -> None:
        """`key: value` lines; long or many-lined values stand below their key."""
        keys = sorted(key for key in mapping or {} if key not in _HIDDEN_ANNOTATIONS)
        if not mapping or not keys:
            self.raw(f"{title}:\t<none>\n")
            return
        for number, key in enumerate(keys):
            head = f"{title}:\t" if number == 0 else "\t"
            value = mapping[key].removesuffix("\n")
            if len(value) + len(key) + 2 > MAX_ANNOTATION or "\n" in value:
                self.raw(f"{head}{key}:\n")
                for part in value.split("\n"):
                    self.raw(f"\t  {_shortened(part, MAX_ANNOTATION - 2)}\n")
            else:
                self.raw(f"{head}{key}: {value}\n")

    def head(self, obj: Obj, *, namespaced: bool = True, created: bool = False) -> None:
        """Name and namespace, and the creation time where a kind shows it."""
        metadata = obj["metadata"]
        self.raw(f"Name:\t{metadata['name']}\n")
        if namespaced:
            self.raw(f"Namespace:\t{metadata.get('namespace', '')}\n")
        if created:
            self.raw(f"CreationTimestamp:\t{go_text.rfc1123z(metadata.get('creationTimestamp'))}\n")

    def labels_and_annotations(self, obj: Obj) -> None:
        self.labels(obj)
        self.annotations((obj.get("metadata") or {}).get("annotations"))

    def table(self, level: int, header: Sequence[str], rows: Sequence[Sequence[str]], *, gap: str = "\t") -> None:
        """A header, a line of dashes below each word, and the rows."""
        self.line(level, "\t".join(header))
        self.line(level, "\t".join("-" * len(word) for word in header))
        for row in rows:
            self.line(level, gap.join(row))

    def conditions(self, obj: Obj) -> None:
        """Conditions of a workload: type, status, reason."""
        found = (obj.get("status") or {}).get("conditions") or ()
        if not found:
            return
        self.line(0, "Conditions:")
        self.line(1, "Type\tStatus\tReason")
        self.line(1, "----\t------\t------")
        for condition in found:
            self.line(1, f"{condition['type']} \t{condition['status']}\t{condition.get('reason', '')}")


def _shortened(text: str, length: int) -> str:
    return text[:length] + "..." if len(text) > length else text


def pairs_on_one_line(mapping: Mapping[str, str] | None) -> str:
    """`a=1,b=2`, or `<none>`."""
    return ",".join(f"{key}={mapping[key]}" for key in sorted(mapping)) if mapping else "<none>"


def or_none(text: str) -> str:
    return text or "<none>"
