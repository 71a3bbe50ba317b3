"""Which changes to a Service are a reason to look at its load balancer again, and what is told of them.

Follows `needsUpdate` in `cloud-provider/controllers/service/controller.go`, v1.33: the first difference that counts is told, the others are not.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from simulator.engine.plain import Obj

_PORT_FIELDS = ("name", "protocol", "port", "nodePort", "targetPort", "appProtocol")


class Change(NamedTuple):
    reason: str
    """Of the event, "" when nothing is told."""
    message: str


SILENT = Change("", "")


def wants_balancer(service: Obj) -> bool:
    return service["spec"].get("type") == "LoadBalancer" and not service["spec"].get("loadBalancerClass")


def change_for_balancer(old: Obj, new: Obj) -> Change | None:
    """None: nothing that a load balancer is made of has changed."""
    wanted = wants_balancer(old), wants_balancer(new)
    if not any(wanted):
        return None
    if wanted[0] != wanted[1]:
        return _told("Type", old["spec"].get("type", ""), new["spec"].get("type", ""))
    return next((change for look in _LOOKS if (change := look(old, new)) is not None), None)


def _ranges(old: Obj, new: Obj) -> Change | None:
    before, after = (one["spec"].get("loadBalancerSourceRanges") or [] for one in (old, new))
    return None if before == after else _told("LoadBalancerSourceRanges", _listed(before), _listed(after))


def _forwarding(old: Obj, new: Obj) -> Change | None:
    before, after = (
        (
            [[port.get(field) for field in _PORT_FIELDS] for port in one["spec"].get("ports") or ()],
            one["spec"].get("sessionAffinity"),
            one["spec"].get("sessionAffinityConfig"),
        )
        for one in (old, new)
    )
    return None if before == after else SILENT


def _external_addresses(old: Obj, new: Obj) -> Change | None:
    before, after = (one["spec"].get("externalIPs") or [] for one in (old, new))
    if len(before) != len(after):
        return Change("ExternalIP", f"Count: {len(before)} -> {len(after)}")
    added = next((there for here, there in zip(before, after, strict=True) if here != there), None)
    return None if added is None else Change("ExternalIP", f"Added: {added}")


def _annotations(old: Obj, new: Obj) -> Change | None:
    before, after = (one["metadata"].get("annotations") or {} for one in (old, new))
    return None if before == after else SILENT


def _uid(old: Obj, new: Obj) -> Change | None:
    before, after = (one["metadata"].get("uid", "") for one in (old, new))
    return None if before == after else _told("UID", before, after)


def _families(old: Obj, new: Obj) -> Change | None:
    """Their order cannot change."""
    before, after = (len(one["spec"].get("ipFamilies") or ()) for one in (old, new))
    return None if before == after else Change("IPFamilies", f"Count: {before} -> {after}")


def _field(reason: str, field: str, unset: str) -> Callable[[Obj, Obj], Change | None]:
    def look(old: Obj, new: Obj) -> Change | None:
        before, after = (one["spec"].get(field) or unset for one in (old, new))
        return None if before == after else _told(reason, before, after)

    return look


_LOOKS: tuple[Callable[[Obj, Obj], Change | None], ...] = (
    _ranges,
    _forwarding,
    _field("LoadbalancerIP", "loadBalancerIP", ""),
    _external_addresses,
    _annotations,
    _uid,
    _field("ExternalTrafficPolicy", "externalTrafficPolicy", ""),
    _field("HealthCheckNodePort", "healthCheckNodePort", "0"),
    _families,
)


def _told(reason: str, before: str, after: str) -> Change:
    return Change(reason, f"{before} -> {after}")


def _listed(values: Sequence[str]) -> str:
    """As Go prints a slice."""
    return f"[{' '.join(values)}]"
