"""Where a request may start, as the browser names it: `"outside"`, `{"pod": "namespace/name"}`, `{"node": name}`."""

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.network.traces import Source


class Sources:
    def __init__(self, get: Callable[[str, tuple[str, str]], Obj | None], nodes: Callable[[], list[str]]) -> None:
        """`get` reads one object by resource and (namespace, name)."""
        self._get = get
        self._nodes = nodes

    def find(self, given: object) -> Source | None:
        """None for what does not exist (any more)."""
        match given:
            case "outside":
                return Source()
            case {"node": str(node)} if node in self._nodes():
                return Source(node=node)
            case {"pod": str(text)}:
                namespace, _, name = text.rpartition("/")
                pod = self._get("pods", (namespace or "default", name))
                return None if pod is None else Source(pod=pod)
        return None
