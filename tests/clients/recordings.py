"""What real kubectl answered, kept in files for machines that have none.

A recording begins with the second in which its cluster began; a cluster that begins then again is the same to the byte, but for
what changes whenever the simulator writes one object more: revisions, identifiers and made-up names. Those are replaced on both sides.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.clients.terminals import Outcome

FOLDER = Path(__file__).parent / "recorded"
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_REVISION = re.compile(r"(resourceVersion\\?\"?: ?\\?\"?|ResourceVersion:\s+|resource-version=)\d+")
_MADE_UP = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])")
_CONTAINER = re.compile(r"(containerd://)[0-9a-f]{64}")


def settled(outcome: Outcome) -> Outcome:
    return Outcome(_settled(outcome.stdout), _settled(outcome.stderr), outcome.exit)


def _settled(text: str) -> str:
    text = _UID.sub("UID", _REVISION.sub(r"\g<1>REVISION", text))
    return _CONTAINER.sub(r"\1ID", _MADE_UP.sub("-xxxxx", text))


@dataclass(frozen=True, slots=True)
class Recording:
    epoch_s: int
    answers: list[tuple[str, Outcome]]
    """Lines in the order they were run, some more than once."""

    @classmethod
    def read(cls, corpus: str) -> "Recording":
        head, *parts = (FOLDER / f"{corpus}.txt").read_text().split("\n$$$ ")
        answers = []
        for part in parts:
            line, _, rest = part.partition("\n")
            exit_code, _, said = rest.partition("\n")
            stdout, _, stderr = said.partition("\n>>>\n")
            answers.append((line, Outcome(_back(stdout), _back(stderr), int(exit_code))))
        return cls(int(head), answers)

    def write(self, corpus: str) -> None:
        parts = [str(self.epoch_s)]
        for line, answer in self.answers:
            parts.append(f"{line}\n{answer.exit}\n{_kept(answer.stdout)}\n>>>\n{_kept(answer.stderr)}")
        (FOLDER / f"{corpus}.txt").write_text("\n$$$ ".join(parts))


def _kept(text: str) -> str:
    """A last line without its break says so, since editors and git would add one."""
    return text[:-1] if text.endswith("\n") else f"{text}\\c"


def _back(text: str) -> str:
    return text[:-2] if text.endswith("\\c") else text + "\n"
