"""How little must be left on a machine before its kubelet evicts: signals, thresholds, and which of them are met.

Follows `ParseThresholdConfig`, `thresholdsMet` and `GetThresholdQuantity` of `pkg/kubelet/eviction/helpers.go` and `eviction/api/types.go` of v1.33,
word for word. Promises: pure functions of plain data; percentages are Go's float32, so that quantities are told to the byte.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from simulator.machinery.go_text import parse_duration_us
from simulator.machinery.quantities import QuantityError, parse

MEMORY, ALLOCATABLE_MEMORY = "memory.available", "allocatableMemory.available"
NODE_FS, IMAGE_FS = "nodefs.available", "imagefs.available"
#: Signal → (resource, condition of the node).
SIGNALS = {
    MEMORY: ("memory", "MemoryPressure"),
    ALLOCATABLE_MEMORY: ("memory", "MemoryPressure"),
    NODE_FS: ("ephemeral-storage", "DiskPressure"),
    IMAGE_FS: ("ephemeral-storage", "DiskPressure"),
    "containerfs.available": ("ephemeral-storage", "DiskPressure"),
    "nodefs.inodesFree": ("inodes", "DiskPressure"),
    "imagefs.inodesFree": ("inodes", "DiskPressure"),
    "containerfs.inodesFree": ("inodes", "DiskPressure"),
    "pid.available": ("pids", "PIDPressure"),
}
#: `DefaultEvictionHard` of `pkg/kubelet/eviction/defaults_linux.go`.
DEFAULT_HARD = {
    MEMORY: "100Mi",
    NODE_FS: "10%",
    "nodefs.inodesFree": "5%",
    IMAGE_FS: "15%",
    "imagefs.inodesFree": "5%",
}


class ThresholdError(ValueError):
    """Why the kubelet does not start with these thresholds."""


class Amount(NamedTuple):
    """Bytes, or a part of what there is."""

    bytes: int = 0
    part: float = 0.0

    def of(self, capacity: int) -> int:
        """`GetThresholdQuantity`."""
        return int(capacity * self.part) if self.part else self.bytes


class Threshold(NamedTuple):
    signal: str
    amount: Amount
    grace_us: int = 0
    """How long it must be met before anything happens; 0: a hard threshold."""
    reclaim: Amount = Amount()
    """How much more than the threshold must be left before it counts as resolved."""

    @property
    def key(self) -> str:
        """Tells it from the other thresholds of its machine."""
        return f"{self.signal}/{self.grace_us}"


class Observation(NamedTuple):
    available: int
    capacity: int


Observations = Mapping[str, Observation]


def thresholds(
    hard: Mapping[str, str],
    soft: Mapping[str, str] | None = None,
    grace: Mapping[str, str] | None = None,
    reclaim: Mapping[str, str] | None = None,
) -> list[Threshold]:
    """Hard ones first, each part by signal; with the one of the pods' own cgroup. Raises ThresholdError."""
    found = [_threshold(signal, text) for signal, text in sorted(hard.items())]
    softer = [_threshold(signal, text) for signal, text in sorted((soft or {}).items())]
    periods = {signal: _period(signal, text) for signal, text in sorted((grace or {}).items())}
    least = {signal: _least(signal, text) for signal, text in sorted((reclaim or {}).items())}
    for one in softer:
        if one is not None and one.signal not in periods:
            raise ThresholdError(f"grace period must be specified for the soft eviction threshold {one.signal}")
    softer = [one and one._replace(grace_us=periods[one.signal]) for one in softer]
    made = [one._replace(reclaim=least.get(one.signal, Amount())) for one in (*found, *softer) if one is not None]
    pods = [
        one._replace(signal=ALLOCATABLE_MEMORY) for one in made if one.signal == MEMORY and one.grace_us == 0
    ]  # `addAllocatableThresholds`
    return [*made, *pods]


def met(some: Iterable[Threshold], seen: Observations, *, with_reclaim: bool = False) -> list[Threshold]:
    """Those of which less is left than they say, whatever their grace period."""
    return [one for one in some if one.signal in seen and _is_met(one, seen[one.signal], with_reclaim)]


def _is_met(one: Threshold, seen: Observation, with_reclaim: bool) -> bool:
    wanted = one.amount.of(seen.capacity)
    if with_reclaim:
        wanted += one.reclaim.of(seen.capacity)
    return wanted > seen.available


def _threshold(signal: str, text: str) -> Threshold | None:
    """None for one that is switched off."""
    _check(signal)
    if not text.endswith("%"):
        amount = _quantity(text)
        if amount <= 0:
            raise ThresholdError(f"eviction threshold {signal} must be positive: {parse(text)}")
        return Threshold(signal, Amount(amount))
    if text in ("0%", "100%"):
        return None
    part = percentage(text)
    if part < 0:
        raise ThresholdError(f"eviction percentage threshold {signal} must be >= 0%: {text}")
    if part > 1:
        raise ThresholdError(f"eviction percentage threshold {signal} must be <= 100%: {text}")
    return Threshold(signal, Amount(part=part))


def _period(signal: str, text: str) -> int:
    _check(signal)
    found = parse_duration_us(text)
    if found is None:
        raise ThresholdError(f'time: invalid duration "{text}"')
    if found < 0:
        raise ThresholdError(f"invalid eviction grace period specified: {text}, must be a positive value")
    return found


def _least(signal: str, text: str) -> Amount:
    _check(signal)
    if text.endswith("%"):
        part = percentage(text)
        if part <= 0:
            raise ThresholdError(f"eviction percentage minimum reclaim {signal} must be positive: {text}")
        return Amount(part=part)
    amount = _quantity(text)
    if amount < 0:
        raise ThresholdError(f"negative eviction minimum reclaim specified for {signal}")
    return Amount(amount)


def _check(signal: str) -> None:
    if signal not in SIGNALS:
        raise ThresholdError(f"unsupported eviction signal {signal}")


def _quantity(text: str) -> int:
    try:
        return parse(text).value
    except QuantityError as error:
        raise ThresholdError(str(error)) from error


def percentage(text: str) -> float:
    """`parsePercentage`: a part of one, as float32."""
    number = text.rstrip("%")
    try:
        found = float(number)
    except ValueError as error:
        raise ThresholdError(f'strconv.ParseFloat: parsing "{number}": invalid syntax') from error
    return _float32(_float32(found) / 100)


def _float32(number: float) -> float:
    return float(struct.unpack("f", struct.pack("f", number))[0])
