"""`/etc/hosts` of a machine, as Docker writes it for the containers that kind's nodes are.

Promises: a pure function. Leaves to others: what pods find in theirs (`network.dns`).
"""

HEADER = "# Kubernetes-managed hosts file."
HEADER_OF_HOST_NETWORK = "# Kubernetes-managed hosts file (host network)."


def machine_hosts(name: str, address: str) -> str:
    lines = [
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "ff00::0\tip6-mcastprefix",
        "ff02::1\tip6-allnodes",
        "ff02::2\tip6-allrouters",
        *([f"{address}\t{name}"] if address else []),
    ]
    return "\n".join([*lines, ""])
