"""What an operator collects: logs as JSON with what each line is about, and figures as Prometheus reads them."""

import json
import logging
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from foundation import metrics
from foundation.logs import JsonFormatter, bound
from foundation.metrics import Counter, Gauge, Histogram
from tests.servers import free_port


def line(**more: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "labs.host", "levelname": "WARNING", "msg": "late by %d", "args": (3,), **more}
    )
    said: dict[str, object] = json.loads(JsonFormatter().format(record))
    return said


def test_a_line_is_an_object_with_what_it_is_about() -> None:
    with bound(rid="r1", cluster="c1"), bound(rid="r2"):
        said = line(epoch=7)
    assert said.pop("time")
    wanted = {
        "level": "warning",
        "logger": "labs.host",
        "message": "late by 3",
        "rid": "r2",
        "cluster": "c1",
        "epoch": 7,
    }
    assert said == wanted
    assert "rid" not in line()


def test_an_exception_stays_in_its_line() -> None:
    try:
        raise ValueError("found 3, wanted 4")
    except ValueError:
        said = line(exc_info=sys.exc_info())
    assert str(said["exception"]).endswith("ValueError: found 3, wanted 4")


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_metrics", {})


def test_figures_are_written_as_prometheus_reads_them(own: None) -> None:
    Counter("a_total", "How many.").add(3)
    Gauge("b", "How much now.", lambda: 1.5)
    waits = Histogram("c_seconds", "How long.", label="ask", buckets=(0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 9.0):
        waits.observe(value, "view")
    assert metrics.exposition() == (
        "# HELP a_total How many.\n# TYPE a_total counter\na_total 3\n"
        "# HELP b How much now.\n# TYPE b gauge\nb 1.5\n"
        "# HELP c_seconds How long.\n# TYPE c_seconds histogram\n"
        'c_seconds_bucket{ask="view",le="0.1"} 2\n'
        'c_seconds_bucket{ask="view",le="1.0"} 3\n'
        'c_seconds_bucket{ask="view",le="+Inf"} 4\n'
        'c_seconds_sum{ask="view"} 9.65\n'
        'c_seconds_count{ask="view"} 4\n'
    )


def test_figures_are_served_to_this_machine_alone(own: None) -> None:
    Counter("a_total", "How many.").add()
    server = metrics.serve(free_port())
    assert server is not None
    address, port = server.server_address[:2]
    assert address == "127.0.0.1"
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert b"a_total 1\n" in answer.read()
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"http://127.0.0.1:{port}/", timeout=5)
    assert metrics.serve(int(port)) is None
    server.shutdown()
    server.server_close()
