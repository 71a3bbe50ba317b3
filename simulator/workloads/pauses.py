"""Why a program has stopped to let the world go on."""

import json
from dataclasses import dataclass

from simulator.workloads.image_catalog import Server

#: In the words of a question: what follows is the program's standard input.
STDIN = "\x06"
#: In the lines of an answer: what follows goes to the standard error, however the program ends.
ERRORS = "\x02"
#: In the lines of an answer: what follows is a file that the program writes (`saved`).
FILE = "\x03"


def saved(path: str, text: str, refusal: str, code: int, *, anew: bool = False) -> str:
    """A line of an answer that writes a file. When that fails the program says `refusal` with {why} and ends with `code`; `anew`: an existing
    file is such a failure."""
    return FILE + json.dumps([path, text, refusal, code, anew])


@dataclass(frozen=True, slots=True)
class Pause:
    """`kind` is one of: `sleep` (us), `exit` (code), `forever`, `serve` (server, argv), `ask` (argv), `look` (a shared volume),
    `wait` (for jobs), `memory` (bytes, us), `busy`."""

    kind: str
    us: int = 0
    code: int = 0
    argv: tuple[str, ...] = ()
    server: Server | None = None
    bytes: int = 0
    cpu_milli: int = 0
