"""How long things take, by name: `lab` feels like a real cluster, `instant` serves tests."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """Latency ranges in microseconds, drawn uniformly from a seeded stream."""

    name: str
    api_call: tuple[int, int]
    watch: tuple[int, int]


_PROFILES = {
    "lab": Profile("lab", api_call=(1_000, 3_000), watch=(1_000, 5_000)),
    "instant": Profile("instant", api_call=(0, 0), watch=(0, 0)),
}


def profile_named(name: str) -> Profile:
    """Raises ValueError that lists the known profiles."""
    try:
        return _PROFILES[name]
    except KeyError:
        known = ", ".join(sorted(_PROFILES))
        raise ValueError(f"profile: found {name!r}, wanted one of {known}") from None
