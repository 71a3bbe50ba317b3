"""Which programs on a machine are part of its network, and what follows when they start and end.

Promises: nothing of a node's network is kept up to date by anything but a container that runs there.
"""

from simulator.network.proxy import KubeProxy

_KUBE_PROXY = "/kube-proxy:"


class NetworkPrograms:
    """Hears of containers and machines (`node.fleet.ProcessListener`)."""

    def __init__(self, proxy: KubeProxy) -> None:
        self._proxy = proxy

    def container_started(self, node: str, image: str) -> None:
        if _KUBE_PROXY in image:
            self._proxy.started(node)

    def container_ended(self, node: str, image: str) -> None:
        if _KUBE_PROXY in image:
            self._proxy.stopped(node)

    def machine_lost(self, node: str) -> None:
        self._proxy.rebooted(node)
