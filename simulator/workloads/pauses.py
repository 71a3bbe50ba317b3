"""Why a program has stopped to let the world go on."""

from dataclasses import dataclass

from simulator.workloads.image_catalog import Server

#: In the words of a question: what follows is the program's standard input.
STDIN = "\x06"


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
