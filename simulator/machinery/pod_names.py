"""The names that a pod has for itself: its hostname, its domain, and what its kernel says.

Follows `GeneratePodHostNameAndDomain` of `pkg/kubelet/kubelet_pods.go` and `GetNodenameForKernel` of `pkg/kubelet/util/util.go`.
Promises: pure functions of the pod.
"""

from simulator.engine.plain import Obj

_LONGEST = 63
_LONGEST_OF_KERNEL = 64


def short_name(pod: Obj) -> str:
    """The pod's own label: as much of its name as a label may have."""
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"])[:_LONGEST].rstrip("-.")


def domain_of(pod: Obj) -> str:
    """The domain that `spec.subdomain` gives a pod; "" without one."""
    subdomain = pod["spec"].get("subdomain")
    return f"{subdomain}.{pod['metadata']['namespace']}.svc.cluster.local" if subdomain else ""


def kernel_name(pod: Obj) -> str:
    """What `hostname` prints in the pod's containers."""
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return str(spec["nodeName"])
    short, domain = short_name(pod), domain_of(pod)
    return f"{short}.{domain}" if spec.get("setHostnameAsFQDN") and domain else short


def is_too_long(pod: Obj) -> str:
    """What is wrong with a name that the kernel has no room for; "" when it fits."""
    name = "" if pod["spec"].get("hostNetwork") else kernel_name(pod)
    if len(name) <= _LONGEST_OF_KERNEL:
        return ""
    lengths = f"{_LONGEST_OF_KERNEL} characters is the max, {len(name)} characters requested"
    return f"failed to construct FQDN from pod hostname and cluster domain, FQDN {name} is too long ({lengths})"
