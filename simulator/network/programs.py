"""Which programs on a machine are part of its network, what follows when they start and end, and who wants to know of any change.

Promises: nothing of a node's network is kept up to date by anything but a container that runs there.
"""

from collections.abc import Callable, Mapping

from simulator.client import Process
from simulator.engine.plain import Obj
from simulator.network.objects import POLICIES
from simulator.network.plugins import plugin_of
from simulator.network.proxy import SERVICES, SLICES, KubeProxy

_KUBE_PROXY = "/kube-proxy:"


class NetworkPrograms:
    """Hears of containers and machines (`node.fleet.ProcessListener`), and of objects by the watch."""

    name = "network-programs"
    watches: Mapping[str, str] = dict.fromkeys((SERVICES, SLICES, "nodes", POLICIES, "configmaps"), "on_change")

    def __init__(self, process: Process, proxy: KubeProxy, set_network: Callable[[str, str], None]) -> None:
        """`set_network(node, plugin)`: an agent of a CNI plugin writes its configuration to the machine."""
        self.listeners: list[Callable[[], None]] = []
        """Called when packets may go another way than before; wired at assembly."""
        self._proxy = proxy
        self._set_network = set_network
        process.add(self)

    def container_started(self, node: str, image: str) -> None:
        if _KUBE_PROXY in image:
            self._proxy.started(node)
        elif plugin := plugin_of(image):
            self._set_network(node, plugin)
        self.tell()

    def container_ended(self, node: str, image: str) -> None:
        if _KUBE_PROXY in image:
            self._proxy.stopped(node)
        self.tell()

    def machine_lost(self, node: str) -> None:
        self._proxy.rebooted(node)
        self.tell()

    def on_start(self) -> None:
        self.tell()

    def on_stop(self) -> None:
        """What was is what packets meet."""

    def on_change(self, old: Obj | None, new: Obj | None) -> None:
        self.tell()

    def tell(self) -> None:
        for listener in self.listeners:
            listener()
