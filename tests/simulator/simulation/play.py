"""Plays random sessions and checks them: `python -m tests.simulator.simulation.play --minutes 60` (`make soak`).

Each session has a number; the one that breaks something is printed, and `--seed` plays it again, step by step. `--rewinds 200` goes back in
so many sessions instead (`make soak REWINDS=200`).
"""

import argparse
import sys
import time
from collections.abc import Callable
from random import Random

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


def rewind(seed: int, *, length: int = LENGTH) -> None:
    """Goes back to a moment of session `seed` from its beginning, and on from there: both must be what they were, byte for byte."""
    rng = Random(f"rewind {seed}")
    cluster = Cluster.create(CONFIG, seed=seed)
    steps = [*session(seed, length), *recovery()]
    begun, at = rng.randrange(len(steps) // 2), rng.randrange(len(steps) // 2, len(steps))
    snapshot, recorded = b"", ""
    for number, step in enumerate(steps):
        if number == begun:
            snapshot = cluster.dump()
        _do(cluster, step)
        if number == at:
            recorded = cluster.state_hash()
    past = Cluster.load(snapshot)
    for number, step in enumerate(steps[begun:], begun):
        _do(past, step)
        if number == at:
            assert past.state_hash() == recorded, f"seed {seed}: step {at}, reached from step {begun}, is another one"
    assert past.state_hash() == cluster.state_hash(), f"seed {seed}: a branch without a change has another future"
    assert past.compare(cluster)["same"], f"seed {seed}: equal clusters are said to differ"


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
    parser.add_argument("--rewinds", type=int, default=0, help="go back in so many sessions, and stop")
    parser.add_argument("--seed", type=int, help="play only this one, and show each step")
    given = parser.parse_args()
    if given.seed is not None:
        sys.stdout.write(play(given.seed, tell=lambda line: sys.stdout.write(line + "\n") and None) + "\n")
        return 0
    work: Callable[[int], object] = rewind if given.rewinds else play
    until, seed, broken = time.monotonic() + given.minutes * 60, given.first, 0
    last = given.first + given.rewinds
    while (seed < last if given.rewinds else time.monotonic() < until) and broken < MOST_BROKEN:
        try:
            work(seed)
        except Exception as error:
            broken += 1
            sys.stdout.write(f"BROKEN seed {seed}: {type(error).__name__}: {error}\n")
        seed += 1
    sys.stdout.write(f"{seed - given.first} sessions from seed {given.first} on, {broken} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
