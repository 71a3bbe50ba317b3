"""Collects figures: a table on screen, one JSON line each in `build/bench.jsonl`."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

OUTPUT = Path("build/bench.jsonl")


class Report:
    def __init__(self, output: Path = OUTPUT) -> None:
        self._output = output
        self._rows: list[tuple[str, float, str, str]] = []
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text("")

    def add(self, name: str, value: float, unit: str, note: str = "") -> None:
        """Prints and writes at once, so that a run that is cut short leaves what it had."""
        self._rows.append((name, value, unit, note))
        with self._output.open("a") as file:
            file.write(json.dumps({"name": name, "value": value, "unit": unit}) + "\n")
        sys.stdout.write(f"{name:<44} {value:>14,.4g} {unit:<10} {note}\n")
        sys.stdout.flush()

    def ratio(self, name: str, over: str, under: str) -> None:
        """One figure over another of the same run: what stays true on a noisy machine."""
        values = {row[0]: row[1] for row in self._rows}
        if values.get(under):
            self.add(name, values[over] / values[under], "ratio", f"{over} / {under}")


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process that `work` takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


def best_of(runs: int, work: Callable[[], float]) -> float:
    """The quietest of several runs."""
    return min(work() for _ in range(runs))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
