"""What a whole pod requests and may use at most, and sums of quantities in upstream's way of writing them.

Follows `component-helpers/resource/helpers.go` (1.33): containers and sidecars add up, an ordinary init container only counts
when it alone, with the sidecars started before it, needs more; the runtime's overhead comes on top. The scheduler keeps a leaner
version of its own, in plain integers.
"""

from collections.abc import Mapping
from typing import Any, Literal

from simulator.machinery.quantities import Quantity, parse

Obj = dict[str, Any]
Part = Literal["requests", "limits"]
Amounts = dict[str, Quantity]
PARTS: tuple[Part, Part] = ("requests", "limits")


def plus(first: Quantity, second: Quantity) -> Quantity:
    """The sum, written as the first is written, unless the first is zero (`Quantity.Add`)."""
    return Quantity(first.nanos + second.nanos, first.format if first.nanos else second.format)


def minus(first: Quantity, second: Quantity) -> Quantity:
    return Quantity(first.nanos - second.nanos, first.format if first.nanos else second.format)


def parsed(texts: Mapping[str, str] | None) -> Amounts:
    return {name: parse(text) for name, text in (texts or {}).items()}


def of_container(container: Obj, part: Part) -> Amounts:
    return parsed((container.get("resources") or {}).get(part))


def of_pod(spec: Obj, part: Part, status: Obj | None = None, *, with_overhead: bool = True) -> Amounts:
    """Requests or limits of a pod with this spec. A name no container sets is missing, not zero.

    `status`: what its containers have until now counts where it is more than they ask for (`UseStatusResources`).
    """
    total: Amounts = {}
    for container in spec["containers"]:
        _add(total, _held(container, part, status, "containerStatuses"))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        needed = of_container(container, part)
        if container.get("restartPolicy") == "Always":
            needed = _held(container, part, status, "initContainerStatuses")
            _add(total, needed)
            _add(sidecars, needed)
            needed = dict(sidecars)
        else:
            _add(needed, sidecars)
        _raise(peak, needed)
    _raise(total, peak)
    for name, amount in parsed(spec.get("overhead") if with_overhead else None).items():
        if part == "requests" or name in total:
            _add(total, {name: amount})
    return total


def _held(container: Obj, part: Part, status: Obj | None, key: str) -> Amounts:
    """What a running container is counted with (`determineContainerReqs`, `determineContainerLimits`)."""
    asked = of_container(container, part)
    found = next((one for one in (status or {}).get(key) or () if one["name"] == container["name"]), None)
    if status is None or found is None or found.get("resources") is None:
        return asked
    held = dict(parsed(found["resources"].get(part)))
    if part == "requests":
        _raise(held, parsed(found.get("allocatedResources")))
    if _is_infeasible(status):
        return held
    _raise(asked, held)
    return asked


def _is_infeasible(status: Obj) -> bool:
    conditions = status.get("conditions") or ()
    return any(one["type"] == "PodResizePending" and one.get("reason") == "Infeasible" for one in conditions)


def _add(total: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        total[name] = plus(total[name], amount) if name in total else amount


def _raise(total: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if name not in total or amount.nanos > total[name].nanos:
            total[name] = amount
