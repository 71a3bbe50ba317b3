"""Collects figures: a table on screen, one JSON line each in `build/bench.jsonl`, and at the end what came of the targets."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.targets import AT_LEAST, AT_MOST, verdict, wanted

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
            row = {"name": name, "value": value, "unit": unit}
            if wanted(name):
                row |= {"wanted": wanted(name), "verdict": verdict(name, value)}
            file.write(json.dumps(row) + "\n")
        self._say(f"{name:<48} {value:>14,.4g} {unit:<10} {verdict(name, value):<7} {note}")

    def ratio(self, name: str, over: str, under: str) -> None:
        """One figure over another of the same run: what stays true on a noisy machine."""
        values = {row[0]: row[1] for row in self._rows}
        if values.get(under):
            self.add(name, values[over] / values[under], "ratio", f"{over} / {under}")

    def conclude(self) -> int:
        """Prints every target with what was measured and the verdict; returns how many were missed."""
        values = {name: (value, unit) for name, value, unit, _ in self._rows}
        self._say("\ntargets")
        missed = 0
        for name in (*AT_MOST, *AT_LEAST):
            if name in values:
                value, unit = values[name]
                found, outcome = f"{value:,.4g} {unit}", verdict(name, value)
            else:
                found, outcome = "-", "not measured"
            missed += outcome == "MISSED"
            self._say(f"{name:<48} {found:>18}   wanted {wanted(name):<16} {outcome}")
        return missed

    @staticmethod
    def _say(line: str) -> None:
        sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()


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
