"""The gate before the kubelets: what a learner has stopped of them, pod by pod (`client.gate`)."""

from simulator.client import KUBELET, About, Held
from simulator.engine.plain import Obj
from simulator.node.fleet import WORKERS, Fleet


class KubeletGate:
    def __init__(self, fleet: Fleet) -> None:
        self._engine = fleet.engine
        self._gate = fleet.gate
        fleet.gate.add(KUBELET, self)

    def holds(self, node: str, pod: Obj) -> bool:
        """Whether the kubelet of `node` may not take the pod up now; it is told by the event `resume` when it may."""
        gate, metadata = self._gate, pod["metadata"]
        if not gate.watches:
            return False
        about = About("pods", metadata["namespace"], metadata["name"])
        return gate.stops(f"{KUBELET}/{node}", metadata["uid"], about, self._engine.cause)

    def go_on(self, held: Held) -> None:
        self._engine.schedule(0, WORKERS, "resume", held.key, held.about.namespace, held.about.name, held.cause)

    def turned_on(self) -> None:
        """A kubelet that is off is a process that does not run: `Machines` starts it."""
