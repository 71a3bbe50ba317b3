"""A Kubernetes cluster in pure Python: no container runs, everything else behaves.

The public face is `Cluster`; `docs/architecture.md` section 1.6 describes it, `simulator.cluster` shows five lines of use.
"""

from simulator.cluster import SIM_VERSION, Cluster, SnapshotRefused
from simulator.config import ConfigError

__all__ = ["SIM_VERSION", "Cluster", "ConfigError", "SnapshotRefused"]
