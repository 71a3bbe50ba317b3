"""A node's rules as the kernel's own tools show them: `iptables-save`, `ipvsadm -Ln` with `ipset list`, `nft list table`."""

from collections.abc import Callable, Sequence

from simulator.network.rule_text import iptables, ipvs, nftables
from simulator.network.rule_text.names import Machine
from simulator.network.service_rules import Rule

_WRITERS: dict[str, Callable[[Sequence[Rule], Machine], list[str]]] = {
    "iptables": iptables.lines,
    "ipvs": ipvs.lines,
    "nftables": nftables.lines,
}


def rule_lines(mode: str, rules: Sequence[Rule], machine: Machine) -> list[str]:
    """Nothing in mode `none`."""
    writer = _WRITERS.get(mode)
    return [] if writer is None else writer(rules, machine)
