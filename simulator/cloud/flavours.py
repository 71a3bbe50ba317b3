"""How one gets a cluster: kind on a laptop, one on a desktop, a managed one in a cloud, a shelf of Raspberry Pis.

Promises: a `Flavour` is a value that says in what the four differ (row A30): names, processors and labels of nodes, whether the control
plane can be seen, whether there is a cloud. What follows for storage classes and load balancers is decided by their own parts, which
ask `is_cloud`, `provider` and `name`.
"""

from dataclasses import dataclass
from hashlib import blake2b

FLAVOURS = ("kind", "desktop", "cloud", "raspberry-pi")
PROVIDERS = ("aws", "google", "linode")


@dataclass(frozen=True, slots=True)
class Provider:
    """A cloud: where its machines are, how they are named, and how long it takes to make one."""

    name: str
    product: str
    region: str
    zones: tuple[str, ...]
    """Empty where the provider's regions have none that Kubernetes is told of."""
    machine: str
    """The type a node group has when nothing is said."""
    group: str
    """The name of the first node group."""
    quota_cpus: int
    create_s: tuple[int, int]
    """From the request until the machine runs."""
    boot_s: tuple[int, int]
    """From then until its kubelet starts."""
    os_image: str
    kernel: str


_PROVIDERS = {
    "aws": Provider(
        "aws",
        "EKS",
        "us-east-2",
        ("us-east-2a", "us-east-2b", "us-east-2c"),
        "m5.large",
        "workers",
        32,
        (15, 30),
        (40, 60),
        "Amazon Linux 2023.7.20250527",
        "6.12.25-32.101.amzn2023.x86_64",
    ),
    "google": Provider(
        "google",
        "GKE",
        "us-central1",
        ("us-central1-a", "us-central1-b", "us-central1-c"),
        "e2-standard-2",
        "default-pool",
        24,
        (10, 20),
        (30, 50),
        "Container-Optimized OS from Google",
        "6.6.87+",
    ),
    "linode": Provider(
        "linode",
        "LKE",
        "us-east",
        (),
        "g6-standard-2",
        "pool",
        40,
        (40, 70),
        (50, 80),
        "Debian GNU/Linux 12 (bookworm)",
        "6.1.0-37-cloud-amd64",
    ),
}


def provider_named(name: str) -> Provider:
    return _PROVIDERS[name]


@dataclass(frozen=True, slots=True)
class Flavour:
    name: str = "kind"
    provider: str = ""

    @property
    def is_cloud(self) -> bool:
        return self.name == "cloud"

    @property
    def hides_control_plane(self) -> bool:
        """A managed control plane is the provider's: it has neither nodes nor pods that a learner sees."""
        return self.is_cloud

    @property
    def arch(self) -> str:
        return "arm64" if self.name == "raspberry-pi" else "amd64"

    @property
    def machine(self) -> str:
        """The machine type of nodes that say nothing."""
        if self.is_cloud:
            return provider_named(self.provider).machine
        return "raspberry-pi-5" if self.name == "raspberry-pi" else ""

    def provider_id(self, name: str, zone: str = "") -> str:
        """`spec.providerID` of a node that is no cloud's: only kind sets one."""
        return f"kind://docker/kind/{name}" if self.name == "kind" else ""


# Names


def node_name(provider: str, *, cluster: str, group: str, index: int, address: str, region: str) -> str:
    """What the provider calls the `index`-th machine of a cluster."""
    if provider == "aws":
        domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        return f"ip-{address.replace('.', '-')}.{domain}"
    if provider == "google":
        return f"gke-{cluster}-{group}-{_hex(f'{cluster}/{group}')[:8]}-{_letters(f'{cluster}/{group}/{index}', 4)}"
    number, pool = int(_hex(cluster)[:5], 16), int(_hex(f"{cluster}/{group}")[:5], 16)
    return f"lke{number}-{pool}-{_hex(f'{cluster}/{group}/{index}')[:12]}"


def instance_id(provider: str, name: str) -> str:
    """The provider's own name for a machine."""
    if provider == "aws":
        return f"i-0{_hex(name)[:16]}"
    return name if provider == "google" else str(70_000_000 + int(_hex(name)[:6], 16))


def provider_id(provider: str, *, project: str, zone: str, id: str) -> str:
    """`spec.providerID` as the provider's cloud controller manager writes it."""
    if provider == "aws":
        return f"aws:///{zone}/{id}"
    return f"gce://{project}/{zone}/{id}" if provider == "google" else f"linode://{id}"


def group_labels(provider: str, *, group: str, cluster: str, machine: str) -> dict[str, str]:
    """Labels that the provider's nodes register with."""
    if provider == "aws":
        return {"eks.amazonaws.com/capacityType": "ON_DEMAND", "eks.amazonaws.com/nodegroup": group}
    if provider == "google":
        family = machine.partition("-")[0]
        return {
            "cloud.google.com/gke-nodepool": group,
            "cloud.google.com/machine-family": family,
            "cloud.google.com/gke-os-distribution": "cos",
        }
    return {"lke.linode.com/pool-id": str(int(_hex(f"{cluster}/{group}")[:5], 16))}


def _hex(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _letters(text: str, count: int) -> str:
    alphabet = "bcdfghjklmnpqrstvwxz2456789"
    return "".join(alphabet[byte % len(alphabet)] for byte in blake2b(text.encode(), digest_size=count).digest())
