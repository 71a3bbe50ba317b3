"""What may be broken of the network: wires between machines, and kube-proxy on a node.

Promises: a fault that makes no sense is refused with what was found and what was wanted, before anything is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from simulator.client import Process
from simulator.network.datapath import Datapath
from simulator.network.links import OUTSIDE, ZONE_PREFIX, Links
from simulator.network.plugins import CNIS

#: Milliseconds; more is no network any more.
_MAX_DELAY_MS = 10_000


class Unfit(ValueError):
    """Names what was asked for, what was found and what was wanted."""

    def __init__(self, thing: str, found: str, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing, self.found, self.wanted = thing, found, wanted


@dataclass(frozen=True, slots=True)
class Deed:
    said: str
    act: Callable[[], None]


class NetworkFaults:
    names = (
        "network-cut",
        "network-mend",
        "network-delay",
        "kube-proxy-stop",
        "kube-proxy-start",
        "cni-remove",
        "cni-install",
    )

    def __init__(
        self,
        datapath: Datapath,
        disturb: Callable[[], None],
        nodes: Callable[[], list[str]],
        runs_pod: Callable[[str], bool],
        providers: dict[str, Process],
        set_network: Callable[[str, str], None],
    ) -> None:
        """`disturb`: tells whoever counts requests that something is different; `runs_pod`: whether kube-proxy runs on a node."""
        self._disturb = disturb
        self._links: Links = datapath.links
        self._proxy = datapath.proxy
        self._nodes = nodes
        self._runs_pod = runs_pod
        self._providers = providers
        self._set_network = set_network
        self._servers = datapath.servers

    def inject(self, deed: Deed) -> None:
        deed.act()
        self._disturb()

    def owns(self, fault: str, target: str) -> bool:
        """Whether this is the network's affair."""
        return fault in self.names or (fault in ("component-stop", "component-start") and target in self._providers)

    def deed(self, fault: str, target: str) -> Deed:
        """What would be done. Raises Unfit."""
        match fault:
            case "component-stop" | "component-start":
                return self._provider(target, start=fault == "component-start")
            case "network-cut":
                return self._cut(target)
            case "network-mend":
                return self._mend(target)
            case "network-delay":
                return self._delay(target)
            case "cni-remove":
                return self._remove_plugin(target)
            case "cni-install":
                return self._install_plugin(target)
            case "kube-proxy-stop":
                return self._stop_proxy(target)
            case _:
                return self._start_proxy(target)

    def _provider(self, target: str, *, start: bool) -> Deed:
        """The program that gives Services their load balancers."""
        process = self._providers[target]
        if process.running is start:
            raise Unfit(
                "target",
                f"{target}, which is {'running' if start else 'stopped'} already",
                "a component in the other state",
            )
        return Deed(f"{target} was {'started' if start else 'stopped'}", process.start if start else process.stop)

    def _cut(self, target: str) -> Deed:
        a, b = self._ends(target)
        if self._links.is_cut(a, b):
            raise Unfit("target", f"{target}, which is cut already", "a wire that holds")
        return Deed(f"The network between {a} and {b} was cut", lambda: self._links.cut(a, b))

    def _mend(self, target: str) -> Deed:
        a, b = self._ends(target)
        if not self._links.is_cut(a, b):
            raise Unfit("target", f"{target}, which holds", "a wire that is cut")
        return Deed(f"The network between {a} and {b} was mended", lambda: self._links.mend(a, b))

    def _delay(self, target: str) -> Deed:
        ends, _, text = target.rpartition(",")
        if not text.isdigit() or int(text) > _MAX_DELAY_MS:
            raise Unfit(
                "target", repr(target), f"two ends and milliseconds up to {_MAX_DELAY_MS}, such as node-1,node-2,200"
            )
        a, b = self._ends(ends)
        return Deed(
            f"The network between {a} and {b} takes {text} ms more", lambda: self._links.delay(a, b, int(text) * 1_000)
        )

    def _remove_plugin(self, node: str) -> Deed:
        self._node(node)
        plugin = self._servers.network_plugin(node)
        if not plugin:
            raise Unfit("target", f"{node}, which has no network plugin", "a node with one")
        return Deed(f"The configuration of {plugin} was deleted from {node}", lambda: self._set_network(node, ""))

    def _install_plugin(self, target: str) -> Deed:
        node, _, plugin = target.partition(",")
        self._node(node)
        if (plugin or "kindnet") not in CNIS:
            raise Unfit("target", repr(plugin), f"a node, and after a comma one of {', '.join(CNIS)}")
        return Deed(
            f"{plugin or 'kindnet'} was installed on {node}", lambda: self._set_network(node, plugin or "kindnet")
        )

    def _stop_proxy(self, node: str) -> Deed:
        self._node(node)
        if self._proxy.is_halted(node):
            raise Unfit("target", f"{node}, where kube-proxy is stopped already", "a node in the other state")
        return Deed(f"kube-proxy on {node} was stopped", lambda: self._proxy.halt(node))

    def _start_proxy(self, node: str) -> Deed:
        self._node(node)
        if not self._proxy.is_halted(node):
            raise Unfit("target", f"{node}, where kube-proxy was not stopped", "a node in the other state")
        return Deed(f"kube-proxy on {node} was started", lambda: self._proxy.resume(node, has_pod=self._runs_pod(node)))

    def _ends(self, target: str) -> tuple[str, str]:
        ends = target.split(",")
        if len(ends) != 2 or ends[0] == ends[1]:
            raise Unfit("target", repr(target), "two ends, such as node-1,node-2 or zone:a,zone:b or node-1,outside")
        for end in ends:
            if end != OUTSIDE and not (end.startswith(ZONE_PREFIX) and end[len(ZONE_PREFIX) :]):
                self._node(end)
        return ends[0], ends[1]

    def _node(self, name: str) -> None:
        if name not in self._nodes():
            raise Unfit("target", repr(name), f"one of the nodes {', '.join(self._nodes()[:8])}")
