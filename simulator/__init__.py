"""A Kubernetes cluster in pure Python: no container runs, everything else behaves.

The public face, kept stable between versions:

- `KubeCluster` for tests of operators and clients: `advance("5m")`, `kubectl("get pods")`, `apply(manifest)`, `get`, `list`, `request`.
  With pytest: the fixtures `kube_cluster` and `kube_api` (`gateway.pytest_plugin`); `examples/` shows them with four client libraries.
- `Cluster` for hosts: time in microseconds, plain JSON commands, snapshots; `docs/architecture.md` section 1.6 describes it.
- `ConfigError`, `SnapshotRefused`, `CommandFailed`, `Refused`, `NotInTime`: what these raise. `SIM_VERSION`: what a journal is valid for.

Everything else in this package may change at any time.
"""

from simulator.cluster import SIM_VERSION, Cluster, SnapshotRefused
from simulator.config_checks import ConfigError
from simulator.testing import CommandFailed, KubeCluster, NotInTime, Output, Refused

__all__ = [
    "SIM_VERSION",
    "Cluster",
    "CommandFailed",
    "ConfigError",
    "KubeCluster",
    "NotInTime",
    "Output",
    "Refused",
    "SnapshotRefused",
]
