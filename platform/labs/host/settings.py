"""The numbers a host runs by. Tests shorten them; the product uses the defaults and the limits of the settings."""

from dataclasses import dataclass, field

from django.conf import settings


def _limits() -> dict[str, int]:
    return dict(settings.DRYDOCK_LIMITS)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Seconds unless the name says otherwise."""

    limits: dict[str, int] = field(default_factory=_limits)
    capacity: int = 600
    """Clusters one host takes on; above that it leaves new ones to others."""
    lease_s: float = 3.0
    tick_s: float = 0.02
    mark_s: float = 5.0
    tidy_s: float = 1.0
    chores_s: float = 5.0
    idle_s: float = 60.0
    """A cluster nobody looks at for so long is hibernated."""
    interest_s: float = 6.0
    """Changes are published so long after the last sign of a reader."""
    card_s: float = 0.25
    patience_s: float = 0.02
    """A command waits so long for the simulation to catch up before it is answered at the present instant."""
    lag_shown_s: float = 2.0
    message_bytes: int = 256 * 1024
    replay_ms: float = 200.0
    """A snapshot is taken when replaying since the last one would cost more."""
