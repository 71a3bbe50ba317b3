"""Simulated time, the event heap, seeded randomness and the trail of causes. Knows nothing of Kubernetes."""

from simulator.engine.engine import Component, Engine
from simulator.engine.plain import Plain
from simulator.engine.profile import Profile, profile_named
from simulator.engine.rng import Rng
from simulator.engine.trail import Trail
from simulator.engine.trail_rows import TrailRow

__all__ = ["Component", "Engine", "Plain", "Profile", "Rng", "Trail", "TrailRow", "profile_named"]
