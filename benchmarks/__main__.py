"""`make bench`: every benchmark, or those named on the command line; ends with a table of the targets.

A suite that breaks is named and the others go on; the exit code says whether one did.
"""

import sys
import time
import traceback
from importlib import import_module

from benchmarks.report import Report

_SUITES = (
    "simulator",
    "scheduler",
    "api",
    "envelope",
    "webernetes",
    "clients",
    "watches",
    "browser",
    "platform",
)


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in _SUITES]
    if unknown:
        sys.stderr.write(f"bench: found {unknown[0]!r}, wanted one of {', '.join(_SUITES)}\n")
        return 2
    report = Report()
    broken = [name for name in wanted or _SUITES if not _ran(name, report)]
    report.conclude()
    if broken:
        sys.stderr.write(f"bench: broken: {', '.join(broken)}\n")
    return 1 if broken else 0


def _ran(name: str, report: Report) -> bool:
    """A door: what one suite breaks on must not cost the figures of the next."""
    begin = time.perf_counter()
    try:
        import_module(f"benchmarks.{name}").run(report)
    except Exception:
        traceback.print_exc()
        return False
    finally:
        sys.stdout.write(f"-- {name}: {time.perf_counter() - begin:.0f} s\n")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
