"""The kinds of machine a node can be: size, processor, and how many pods its kubelet takes.

Sizes are those of the providers' price lists; the pod limits of AWS follow from the addresses its network interfaces hold
(amazon-vpc-cni-k8s, `eni-max-pods.txt`). What the node keeps for itself follows each provider's published rule.
"""

from dataclasses import dataclass

_MIB = 1 << 20
_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class MachineType:
    name: str
    provider: str
    """`aws`, `google`, `linode`; empty for machines that stand in one's own room."""
    look: str
    """`physical`, `vm`, `cloud` or `board`: how the diagram draws it."""
    cpu: str
    memory: str
    arch: str = "amd64"
    pods: int = 110


_TYPES = (
    MachineType("physical", "", "physical", "16", "64Gi"),
    MachineType("vm", "", "vm", "2", "4Gi"),
    MachineType("raspberry-pi-4", "", "board", "4", "4Gi", "arm64"),
    MachineType("raspberry-pi-5", "", "board", "4", "8Gi", "arm64"),
    MachineType("t3.medium", "aws", "cloud", "2", "4Gi", pods=17),
    MachineType("t3.large", "aws", "cloud", "2", "8Gi", pods=35),
    MachineType("m5.large", "aws", "cloud", "2", "8Gi", pods=29),
    MachineType("m5.xlarge", "aws", "cloud", "4", "16Gi", pods=58),
    MachineType("m5.2xlarge", "aws", "cloud", "8", "32Gi", pods=58),
    MachineType("m6g.large", "aws", "cloud", "2", "8Gi", "arm64", pods=29),
    MachineType("e2-medium", "google", "cloud", "2", "4Gi"),
    MachineType("e2-standard-2", "google", "cloud", "2", "8Gi"),
    MachineType("e2-standard-4", "google", "cloud", "4", "16Gi"),
    MachineType("n2-standard-4", "google", "cloud", "4", "16Gi"),
    MachineType("t2a-standard-2", "google", "cloud", "2", "8Gi", "arm64"),
    MachineType("g6-standard-1", "linode", "cloud", "1", "2Gi"),
    MachineType("g6-standard-2", "linode", "cloud", "2", "4Gi"),
    MachineType("g6-standard-4", "linode", "cloud", "4", "8Gi"),
    MachineType("g6-standard-6", "linode", "cloud", "6", "16Gi"),
    MachineType("g6-dedicated-4", "linode", "cloud", "4", "8Gi"),
)
MACHINE_TYPES = {one.name: one for one in _TYPES}


def reserved(provider: str, *, cpu_milli: int, memory: int, pods: int) -> tuple[int, int]:
    """(milli-CPU, bytes) that a managed node keeps from its pods: for the kubelet, the system and eviction.

    EKS: bootstrap.sh of the AMI. GKE: "Plan GKE Standard node sizes". Elsewhere only the kubelet's own eviction threshold.
    """
    if provider == "aws":
        return _reserved_cpu(cpu_milli), (255 + 11 * pods + 100) * _MIB
    if provider == "google":
        return _reserved_cpu(cpu_milli), _google_memory(memory) + 100 * _MIB
    return 0, 100 * _MIB if provider else 0


def _reserved_cpu(milli: int) -> int:
    """6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of the rest."""
    kept = 0
    for upto, share in ((1_000, 600), (1_000, 100), (2_000, 50), (1 << 40, 25)):
        part = min(milli, upto)
        kept += part * share // 10_000
        milli -= part
    return kept


def _google_memory(memory: int) -> int:
    """25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112, 2 % of the rest."""
    if memory < _GIB:
        return 255 * _MIB
    kept = 0
    for upto, percent in ((4 * _GIB, 25), (4 * _GIB, 20), (8 * _GIB, 10), (112 * _GIB, 6), (1 << 60, 2)):
        part = min(memory, upto)
        kept += part * percent // 100
        memory -= part
    return kept
