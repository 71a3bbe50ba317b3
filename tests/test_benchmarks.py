"""The figures of `make bench` stand beside what they are wanted to be."""

from pathlib import Path
from typing import Any

from benchmarks.report import Report
from benchmarks.targets import AT_LEAST, AT_MOST, verdict, wanted


def test_a_figure_meets_its_target_up_to_the_target_itself() -> None:
    assert (verdict("replicas_10000_cpu_s", 6.0), verdict("replicas_10000_cpu_s", 6.01)) == ("met", "MISSED")
    assert (verdict("webernetes_ratio", 50.0), verdict("webernetes_ratio", 49.9)) == ("met", "MISSED")
    assert (verdict("replicas_100_cpu_s", 1.0), wanted("replicas_100_cpu_s")) == ("", "")


def test_the_table_at_the_end_names_every_target_and_counts_the_missed_ones(tmp_path: Path, capsys: Any) -> None:
    report = Report(tmp_path / "bench.jsonl")
    report.add("envelope_150000_pods_s", 140.0, "s")
    report.add("envelope_one_more_pod_ms", 7.5, "ms")
    capsys.readouterr()
    assert report.conclude() == 1
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if "wanted" in line}
    assert list(rows) == [*AT_MOST, *AT_LEAST]
    assert rows["envelope_150000_pods_s"].split()[1:] == ["140", "s", "wanted", "at", "most", "150", "met"]
    assert rows["envelope_one_more_pod_ms"].endswith("MISSED")
    assert rows["scheduler_plain_per_cpu_s"].endswith("wanted at least 680     not measured")
