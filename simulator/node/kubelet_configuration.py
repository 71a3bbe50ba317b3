"""What a kubelet is configured with: `/var/lib/kubelet/config.yaml` of its machine, read when it starts.

Follows `pkg/kubelet/apis/config/validation/validation.go` and `cmd/kubelet/app/server.go` of v1.33, word for word, for the fields that have an
effect here: `shutdownGracePeriod` and its like, `evictionHard`, `evictionSoft` and what belongs to them. Promises: pure functions; what is
read is plain data for the node's record, and a machine nobody configured has none. Other fields are kept in the file and change nothing.
"""

from simulator.engine.plain import Obj
from simulator.machinery import yaml_documents
from simulator.machinery.go_text import parse_duration_us
from simulator.node.durations import go_duration
from simulator.node.eviction_thresholds import DEFAULT_HARD, ThresholdError, thresholds
from simulator.node.timing import SECOND

PATH = "/var/lib/kubelet/config.yaml"
#: From this priority on a pod is critical (`SystemCriticalPriority`).
CRITICAL = 2_000_000_000
_LOAD = f"failed to load kubelet config file, path: {PATH}, error: failed to load Kubelet config file {PATH}, error"
_READ = f'{_LOAD} failed to read kubelet config file "{PATH}", error: open {PATH}: no such file or directory'
_GROUP, _VERSION = "kubelet.config.k8s.io", "v1beta1"


class KubeletConfigurationError(ValueError):
    """The sentence with which the kubelet ends."""


def fresh(cluster_dns: str) -> str:
    """The file as kubeadm writes it; a duration of zero leaves the default in force."""
    return _FRESH.format(dns=cluster_dns)


def read(text: str | None) -> Obj:
    """What the file says, as the node's record keeps it: `shutdown` ([[priority, seconds], …], lowest priority first), `thresholds`,
    `transition_us` and `max_pod_grace_s`, each only where it differs from the default. Raises KubeletConfigurationError.
    """
    if text is None:
        raise KubeletConfigurationError(_READ)
    given = _document(text)
    requested, critical = (
        _duration(given, name) for name in ("shutdownGracePeriod", "shutdownGracePeriodCriticalPods")
    )
    by_priority = given.get("shutdownGracePeriodByPodPriority") or []
    problems = _shutdown_problems(requested, critical, bool(by_priority))
    if problems:
        said = f"[{', '.join(problems)}]" if len(problems) > 1 else problems[0]
        raise KubeletConfigurationError(f"failed to validate kubelet configuration, error: {said}, path: {PATH}")
    periods = [[one.get("priority", 0), one.get("shutdownGracePeriodSeconds", 0)] for one in by_priority]
    periods = sorted(periods) or migrated(requested // SECOND, critical // SECOND)
    return {**({"shutdown": periods} if periods else {}), **_eviction(given)}


def _eviction(given: Obj) -> Obj:
    parts = [given.get(f"eviction{part}") for part in ("Hard", "Soft", "SoftGracePeriod", "MinimumReclaim")]
    found: Obj = {}
    if any(part is not None for part in parts):
        hard, soft, grace, reclaim = ({key: str(text) for key, text in (part or {}).items()} for part in parts)
        try:
            made = thresholds(DEFAULT_HARD if parts[0] is None else hard, soft, grace, reclaim)
        except ThresholdError as error:
            raise KubeletConfigurationError(f"failed to run Kubelet: {error}") from error
        found["thresholds"] = [[one.signal, [*one.amount], one.grace_us, [*one.reclaim]] for one in made]
    if transition := _duration(given, "evictionPressureTransitionPeriod"):
        found["transition_us"] = transition
    if given.get("evictionMaxPodGracePeriod"):
        found["max_pod_grace_s"] = int(given["evictionMaxPodGracePeriod"])
    return found


def migrated(requested_s: int, critical_s: int) -> list[list[int]]:
    """The older pair of settings as periods by priority (`migrateConfig`)."""
    if requested_s == 0 or critical_s > requested_s:
        return []
    return [[0, requested_s - critical_s], [CRITICAL, critical_s]]


def _document(text: str) -> Obj:
    try:
        documents = yaml_documents.read(text)
    except yaml_documents.YamlError as error:
        raise KubeletConfigurationError(f"{_LOAD}: {error.message}") from error
    value = documents[0].value if len(documents) == 1 else None
    if not isinstance(value, dict):
        raise KubeletConfigurationError(f"{_LOAD}: Object 'Kind' is missing in '{text[:80]}'")
    kind, version = value.get("kind"), value.get("apiVersion")
    if (kind, version) != ("KubeletConfiguration", f"{_GROUP}/{_VERSION}"):
        group = str(version).partition("/")
        known = f'no kind "{kind}" is registered for version "{version}" in scheme "pkg/kubelet/apis/config/scheme/scheme.go:33"'
        raise KubeletConfigurationError(f"{_LOAD}: {known}" if group else _LOAD)
    return value


def _duration(given: Obj, name: str) -> int:
    text = given.get(name, "0s")
    found = parse_duration_us(text) if isinstance(text, str) else None
    if found is None:
        raise KubeletConfigurationError(f'{_LOAD}: time: invalid duration "{text}"')
    return found


def _shutdown_problems(requested: int, critical: int, by_priority: bool) -> list[str]:
    """`ValidateKubeletConfiguration`, in its order."""
    found = []
    if critical > requested:
        found.append(
            f"shutdownGracePeriodCriticalPods {_told(critical)} must be <= shutdownGracePeriod {_told(requested)}"
        )
    for name, period in (("shutdownGracePeriod", requested), ("shutdownGracePeriodCriticalPods", critical)):
        if period < 0 or 0 < period < SECOND:
            found.append(f"{name} {_told(period)} must be either zero or otherwise >= 1 sec")
    if by_priority and (requested > 0 or critical > 0):
        found.append("Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time")
    return [f"invalid configuration: {one}" for one in found]


def _told(period: int) -> str:
    """As Go prints a `metav1.Duration`."""
    return f"{{{'-' if period < 0 else ''}{go_duration(abs(period))}}}"


_FRESH = """\
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
  webhook:
    cacheAuthorizedTTL: 0s
    cacheUnauthorizedTTL: 0s
cgroupDriver: systemd
clusterDNS:
- {dns}
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {{}}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
kind: KubeletConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
memorySwap: {{}}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
"""
