"""`make bench`: every benchmark, or those named on the command line."""

import sys

from benchmarks.report import Report

_SUITES = ("simulator", "scheduler", "platform", "watches", "clients", "browser", "webernetes")


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in _SUITES]
    if unknown:
        sys.stderr.write(f"bench: found {unknown[0]!r}, wanted one of {', '.join(_SUITES)}\n")
        return 2
    report = Report()
    for name in wanted or _SUITES:
        module = __import__(f"benchmarks.{name}", fromlist=["run"])
        module.run(report)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
