"""How long things take on a node, by the name of the engine's profile.

`lab` feels like a small cluster on a laptop; `instant` takes away what a machine needs and keeps what Kubernetes
defines (backoffs, probe periods, grace periods), so tests can assert exact times.
"""

from dataclasses import dataclass

SECOND = 1_000_000

#: kubelet: pods whose sync failed are looked at again after this much, plus up to half of it
#: (`pod_workers.go`: backOffPeriod, workerBackOffPeriodJitterFactor).
SYNC_BACKOFF_US = 10 * SECOND
#: Crash and image pull backoff (`kubelet.go`: MaxContainerBackOff, `backOffPeriod`).
BACKOFF_FIRST_US = 10 * SECOND
BACKOFF_MAX_US = 300 * SECOND
#: A container that ran this long without a crash starts again without delay (twice the maximum, `flowcontrol.Backoff`).
BACKOFF_FORGET_US = 600 * SECOND
#: `kuberuntime_manager.go`: minimumGracePeriodInSeconds.
MINIMUM_GRACE_S = 2
#: `nestedpendingoperations`: a failed mount is tried again after 0.5 s, doubling up to 2 min 2 s.
MOUNT_RETRY_FIRST_US = 500_000
MOUNT_RETRY_MAX_US = 122 * SECOND
#: How often changes of a node's image list are reported (nodeStatusUpdateFrequency).
NODE_STATUS_US = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Timing:
    """Ranges in microseconds, drawn from a seeded stream."""

    sandbox: tuple[int, int]
    start: tuple[int, int]
    relist_us: int
    """The kubelet asks the runtime for changes this often (PLEG, 1 s); status follows what it finds."""
    resolve: tuple[int, int]
    """From asking the registry to its answer."""
    bandwidth_bytes_s: int
    """0: no time at all."""
    cleanup: tuple[int, int]
    """From the last container's end to the pod's removal: volumes, cgroups, network."""
    boot: tuple[int, int]
    network_ready: tuple[int, int]
    """From the kubelet's first report to a ready node."""
    jitter: bool


_TIMINGS = {
    "lab": Timing(
        sandbox=(180_000, 420_000),
        start=(120_000, 350_000),
        relist_us=SECOND,
        resolve=(500_000, 1_100_000),
        bandwidth_bytes_s=25_000_000,
        cleanup=(150_000, 600_000),
        boot=(12 * SECOND, 18 * SECOND),
        network_ready=(2 * SECOND, 5 * SECOND),
        jitter=True,
    ),
    "instant": Timing((0, 0), (0, 0), 0, (0, 0), 0, (0, 0), (0, 0), (0, 0), jitter=False),
}


def timing_for(profile: str) -> Timing:
    """Raises ValueError that lists the known profiles."""
    try:
        return _TIMINGS[profile]
    except KeyError:
        raise ValueError(f"profile: found {profile!r}, wanted one of {', '.join(sorted(_TIMINGS))}") from None
