"""Requests that the servers of containers make themselves: through the network from their pod, like everybody's.

Promises: the words of a failure are those of Go's HTTP client.
"""

from simulator.engine.plain import Obj
from simulator.network.datapath import REFUSED, RESET, RESOLVE, Datapath, Source
from simulator.workloads.agnhost_servers import Got, Wish

_WORDS = {REFUSED: "connect: connection refused", RESET: "read: connection reset by peer"}


class Errands:
    def __init__(self, datapath: Datapath) -> None:
        self._datapath = datapath

    def run(self, pod: Obj, wish: Wish) -> Got:
        trace = self._datapath.request(Source(pod=pod), wish.host, wish.port, wish.path, protocol=wish.protocol)
        if not trace.error:
            return Got(trace.body)
        if wish.protocol == "UDP":
            target = f"{trace.address}:{wish.port}"
            return Got(error=f"reading from udp connection failed. err:'read udp {target}: i/o timeout'")
        if trace.error == RESOLVE:
            return Got(error=f"lookup {wish.host}: no such host")
        url = f'Get "http://{wish.host}:{wish.port}{wish.path}"'
        return Got(error=f"{url}: dial tcp {trace.address}:{wish.port}: {_WORDS.get(trace.error, 'i/o timeout')}")
