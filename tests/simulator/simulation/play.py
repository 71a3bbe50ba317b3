"""Plays random sessions and checks them: `python -m tests.simulator.simulation.play --minutes 60` (`make soak`).

Each session has a number; the one that breaks something is printed, and `--seed` plays it again, step by step.
"""

import argparse
import sys
import time
from collections.abc import Callable

from simulator.cluster import Cluster
from tests.simulator.simulation.invariants import Watcher, check_settled
from tests.simulator.simulation.steps import CONFIG, Step, recovery, session

LENGTH = 25
MOST_BROKEN = 20
"""After so many there is enough to mend."""


def play(seed: int, *, length: int = LENGTH, tell: Callable[[str], None] = lambda _: None) -> str:
    """The state hash at the end of session `seed`. Raises AssertionError with the seed, the step and what broke."""
    cluster = Cluster.create(CONFIG, seed=seed)
    watcher = Watcher(cluster)
    for number, step in enumerate([*session(seed, length), *recovery()]):
        tell(f"{number:3} {cluster.now / 1e6:10.3f} s  {step}")
        _do(cluster, step)
        try:
            watcher.check(cluster)
        except AssertionError as broken:
            raise AssertionError(f"seed {seed}, step {number} {step}: {broken}") from broken
        if number % 7 == seed % 7:
            cluster = _restored(cluster, seed, number)
    try:
        check_settled(cluster)
    except AssertionError as broken:
        raise AssertionError(f"seed {seed}, settled: {broken}") from broken
    return cluster.state_hash()


def _do(cluster: Cluster, step: Step) -> None:
    if "wait" in step:
        until = cluster.now + step["wait"]
        while not cluster.advance(until):
            continue
        return
    reply = cluster.apply(step)
    assert "error" not in reply or reply["error"]["code"] != "Broken", reply


def _restored(cluster: Cluster, seed: int, number: int) -> Cluster:
    data = cluster.dump()
    restored = Cluster.load(data)
    assert restored.dump() == data, f"seed {seed}, step {number}: a restored cluster is another one"
    return restored


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=1, help="the seed to begin with")
    parser.add_argument("--seed", type=int, help="play only this one, and show each step")
    given = parser.parse_args()
    if given.seed is not None:
        sys.stdout.write(play(given.seed, tell=lambda line: sys.stdout.write(line + "\n") and None) + "\n")
        return 0
    until, seed, broken = time.monotonic() + given.minutes * 60, given.first, 0
    while time.monotonic() < until and broken < MOST_BROKEN:
        try:
            play(seed)
        except Exception as error:
            broken += 1
            sys.stdout.write(f"BROKEN seed {seed}: {type(error).__name__}: {error}\n")
        seed += 1
    sys.stdout.write(f"{seed - given.first} sessions from seed {given.first} on, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
