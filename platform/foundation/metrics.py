"""Counters, gauges and histograms of this process, as Prometheus reads them, on a loopback port of its own.

Made where something is measured, found by name; `serve` answers `GET /metrics` when `DRYDOCK_METRICS_PORT` is set. The text
format is documented at https://prometheus.io/docs/instrumenting/exposition_formats/ . Thread-safe as far as counting goes:
a number is replaced in one step under the interpreter's lock of the caller's thread, and each metric has one writer.
"""

import logging
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logger = logging.getLogger(__name__)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_metrics: dict[str, "Metric"] = {}


class Metric:
    """Something with a name, a meaning and lines of text."""

    kind = ""

    def __init__(self, name: str, meaning: str) -> None:
        self.name, self.meaning = name, meaning
        _metrics[name] = self

    def lines(self) -> Iterable[str]:
        raise NotImplementedError


class Counter(Metric):
    """Only grows."""

    kind = "counter"

    def __init__(self, name: str, meaning: str) -> None:
        super().__init__(name, meaning)
        self.value = 0.0

    def add(self, amount: float = 1.0) -> None:
        self.value += amount

    def lines(self) -> Iterable[str]:
        yield f"{self.name} {_number(self.value)}"


class Gauge(Metric):
    """Is read when somebody asks."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, read: Callable[[], float]) -> None:
        super().__init__(name, meaning)
        self._read = read

    def lines(self) -> Iterable[str]:
        yield f"{self.name} {_number(self._read())}"


class Histogram(Metric):
    """How often how much, in buckets; by one label when asked for."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, *, label: str = "", buckets: tuple[float, ...] = SECONDS) -> None:
        super().__init__(name, meaning)
        self._label, self._buckets = label, buckets
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, value: float, what: str = "") -> None:
        counts = self._counts.setdefault(what, [0] * (len(self._buckets) + 1))
        counts[bisect_left(self._buckets, value)] += 1
        self._sums[what] = self._sums.get(what, 0.0) + value

    def lines(self) -> Iterable[str]:
        for what, counts in sorted(self._counts.items()):
            own, total = f'{self._label}="{what}",' if self._label else "", 0
            for bound, count in zip((*map(str, self._buckets), "+Inf"), counts, strict=True):
                total += count
                yield f'{self.name}_bucket{{{own}le="{bound}"}} {total}'
            labels = f"{{{own[:-1]}}}" if own else ""
            yield f"{self.name}_sum{labels} {_number(self._sums[what])}"
            yield f"{self.name}_count{labels} {total}"


def exposition() -> str:
    """Everything, as text."""
    lines: list[str] = []
    for _, metric in sorted(_metrics.items()):
        lines += [f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
    return "".join(f"{line}\n" for line in lines)


def serve(port: int) -> ThreadingHTTPServer | None:
    """Answer on the loopback until the process ends; a port that is taken is said and does without."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), _Answers)
    except OSError as error:
        logger.warning("no metrics on port %d: %s", port, error)
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_known = self.path == "/metrics"
        body = exposition().encode() if is_known else b"GET /metrics\n"
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """A look at the figures is no news."""


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
