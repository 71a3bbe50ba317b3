"""What a proxy in a pod asks of the cluster's network: endpoints of a Service, and requests of its own."""

from simulator.apiserver.errors import StatusError
from simulator.client import Client
from simulator.engine.plain import Obj
from simulator.network.datapath import Datapath
from simulator.network.service_rules import endpoints
from simulator.network.traces import Source, Trace


class Onward:
    """Holds no state of its own."""

    def __init__(self, datapath: Datapath, client: Client) -> None:
        self._datapath = datapath
        self._client = client

    def send(self, pod: Obj, address: str, port: int, path: str, protocol: str, *, live: bool) -> Trace:
        go = self._datapath.request if live else self._datapath.plan
        return go(Source(pod=pod), address, port, path, protocol=protocol)

    def endpoints(self, namespace: str, service: str, port: int) -> list[tuple[str, int]] | None:
        """Ready (address, port) of a service's port; None when there is no such service or port."""
        found = self._datapath.service(namespace, service)
        if found is None:
            return None
        named = next((one for one in found[0]["spec"].get("ports") or () if one["port"] == port), None)
        return None if named is None else [(one.address, one.port) for one in endpoints(found[1], named) if one.ready]

    def pod(self, namespace: str, name: str) -> Obj | None:
        try:
            return self._client.get("pods", namespace, name)
        except StatusError:
            return None
