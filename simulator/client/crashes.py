"""The door of every component loop: an object that nobody foresaw must not end the whole cluster.

As `util/runtime.HandleCrash` of apimachinery, what a loop could not bear is noted and the loop goes on; the key is tried again
with backoff. The note is a row of the trail (type `crash`), so it is part of the history and tells what it was about.
Tests set `are_raised`: there every such object is a mistake to mend.
"""

from simulator.engine import Engine

are_raised = False
_LONGEST = 200


def note(engine: Engine, actor: str, about: str, error: Exception) -> None:
    """One row of the trail for what `actor` could not do."""
    engine.record("crash", actor, note=f"{about}: {type(error).__name__}: {error}"[:_LONGEST])
