"""The CNI plugins this world knows: which image brings which, and whether it holds NetworkPolicies.

https://kubernetes.io/docs/concepts/services-networking/network-policies/#prerequisites: the API takes policies whoever is there to hold them.
kindnet does since kind v0.24 (pull request 3612), flannel by itself does not.
"""

#: A part of the image's name → the plugin.
_IMAGES = (
    ("/kindest/kindnetd:", "kindnet"),
    ("/flannel-io/flannel:", "flannel"),
    ("/flannel/flannel:", "flannel"),
    ("/calico/node:", "calico"),
    ("/cilium/cilium:", "cilium"),
)
CNIS = ("kindnet", "flannel", "calico", "cilium")
_HOLD_POLICIES = ("kindnet", "calico", "cilium")


def plugin_of(image: str) -> str:
    """The plugin whose agent this image is; "" for any other."""
    return next((plugin for part, plugin in _IMAGES if part in image), "")


def holds_policies(plugin: str) -> bool:
    return plugin in _HOLD_POLICIES
