"""The specs of pods in a snapshot, each told once for all pods that have it.

Pods of one template share their spec in memory but for the node's name (`apiserver.pods`); so they do in a snapshot, and again after a restore.
Promises: what is shared is decided by what the specs say, never by who shares them now, so equal states make equal bytes; the order of keys
is kept.
"""

import msgspec

from simulator.engine.plain import Obj, Plain

_NODE = "nodeName"


class SharedSpecs:
    def __init__(self, known: list[Obj] | None = None) -> None:
        self._known = [] if known is None else known
        self._numbers: dict[bytes, int] = {}

    def told(self, pod: Obj) -> Obj:
        """The pod with `[number, node]` in place of its spec; one that names its node before other fields is told as it is."""
        spec = pod["spec"]
        node = spec.get(_NODE)
        if node is not None:
            if next(reversed(spec)) != _NODE:
                return pod
            spec = dict(spec)
            del spec[_NODE]
        return {**pod, "spec": [self._number(spec), node]}

    def _number(self, spec: Obj) -> int:
        text = msgspec.msgpack.encode(spec)
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self._known)
            self._known.append(spec)
        return number

    def dump(self) -> Plain:
        """After everything was told."""
        return self._known

    def taken(self, pod: Obj) -> Obj:
        """The inverse of `told`."""
        if isinstance(pod["spec"], list):
            number, node = pod["spec"]
            spec = self._known[number]
            pod["spec"] = spec if node is None else {**spec, _NODE: node}
        return pod
