"""Programs that take time or memory: `sleep`, `tail -f`, `stress`, a server in Python."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simulator.workloads.pauses import Pause
from simulator.workloads.small_programs import number, pi_digits, seconds_us

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

_FOREVER = 1 << 60


def long_running(machine: Machine, program: str, argv: list[str]) -> Pause | None:
    """None: the program is over at once."""
    rest = argv[1:]
    match program:
        case "sleep":
            return _sleep(machine, rest)
        case "tail" if "-f" in rest or "-F" in rest or any(re.fullmatch(r"-n?\d*[fF]", word) for word in rest):
            return Pause("forever")
        case "stress" | "stress-ng":
            said, more = stress(rest)
            machine.say(1, f"{said}\n")
            return Pause("memory", **more)
        case "perl" if (wanted := re.search(r"bpi\((\d{1,4})\)", " ".join(rest))) is not None:
            machine.say(1, f"{pi_digits(int(wanted.group(1)))}\n")
            return Pause("sleep", us=4_000_000, cpu_milli=1000)
        case "python3" | "python" if rest[:2] == ["-m", "http.server"]:
            return Pause("serve", argv=tuple(argv))
        case "yes":
            return Pause("busy", cpu_milli=1000)
    return None


def _sleep(machine: Machine, words: list[str]) -> Pause | None:
    us = seconds_us(words)
    return Pause("forever") if us >= _FOREVER else Pause("sleep", us=us)


def stress(words: list[str]) -> tuple[str, dict[str, Any]]:
    """(the first line, what it takes of memory, CPU and time)."""
    options = dict(pairwise(words))
    hogs = {
        name: number(options.get(f"--{name}", options.get(f"-{name[0]}", "0"))) for name in ("cpu", "io", "vm", "hdd")
    }
    size = options.get("--vm-bytes") or "256M"
    scale = {"B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(size[-1].upper(), 1)
    each = number(size.rstrip("BKMGbkmg")) * scale
    timeout = options.get("--timeout") or options.get("-t")
    return f"stress: info: [1] dispatching hogs: {', '.join(f'{count} {name}' for name, count in hogs.items())}", {
        "bytes": each * hogs["vm"],
        "cpu_milli": 1000 * (hogs["cpu"] + hogs["vm"]),
        "us": seconds_us([timeout]) if timeout else _FOREVER,
    }
