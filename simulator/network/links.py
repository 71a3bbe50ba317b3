"""The wires between machines: cut ones, and slow ones. Ends are nodes, zones (`zone:a`) or the world outside (`outside`).

Promises: a cut or a delay holds in both directions until it is taken back; pods on one machine never use a wire.
"""

from simulator.engine import Engine, Plain

OUTSIDE = "outside"
ZONE_PREFIX = "zone:"


class Links:
    name = "links"

    def __init__(self, engine: Engine) -> None:
        self._cut: dict[str, None] = {}
        """`end|end`, the two in order."""
        self._delay_us: dict[str, int] = {}
        engine.register(self)

    def cut(self, a: str, b: str) -> None:
        self._cut[_pair(a, b)] = None

    def mend(self, a: str, b: str) -> None:
        self._cut.pop(_pair(a, b), None)

    def delay(self, a: str, b: str, delay_us: int) -> None:
        """One way; 0 takes it back."""
        self._delay_us.pop(_pair(a, b), None)
        if delay_us:
            self._delay_us[_pair(a, b)] = delay_us

    def is_cut(self, a: str, b: str) -> bool:
        return _pair(a, b) in self._cut

    def broken_between(self, ends_a: tuple[str, ...], ends_b: tuple[str, ...]) -> str:
        """The cut wire that two machines would need, by the names each goes by; "" when there is none."""
        for pair in _pairs(ends_a, ends_b):
            if pair in self._cut:
                return pair.replace("|", " and ")
        return ""

    def delay_between(self, ends_a: tuple[str, ...], ends_b: tuple[str, ...]) -> int:
        return max((self._delay_us.get(pair, 0) for pair in _pairs(ends_a, ends_b)), default=0)

    def dump(self) -> Plain:
        return {"cut": list(self._cut), "delay": [[pair, delay] for pair, delay in self._delay_us.items()]}

    def load(self, state: Plain) -> None:
        self._cut = dict.fromkeys(state["cut"])
        self._delay_us = dict(state["delay"])


def _pair(a: str, b: str) -> str:
    return "|".join(sorted((a, b)))


def _pairs(ends_a: tuple[str, ...], ends_b: tuple[str, ...]) -> list[str]:
    return [_pair(a, b) for a in ends_a for b in ends_b if a != b]
