"""Answers what is asked of a cluster's past: look at a moment, ask it something, compare two moments, begin a branch there.

Promises: nothing asked here changes the living cluster. A branch is only prepared (its first state is kept under the next number); it begins
when the site moves the cluster's row on (`labs.services.cluster_branch`).
"""

from collections.abc import Callable
from typing import Any

from labs.host.engine import SimCluster
from labs.host.frozen import compress, freeze
from labs.host.past import AFTER_ALL, BadMoment, Moment, Pasts
from labs.host.recovery import HistoryLost
from labs.host.resident import Resident
from labs.journal import Frozen, Journal
from labs.messages import encode_json, refusal

READ_ONLY = "This is the past: it can be looked at, not changed. Continue from here to change it."
Answered = tuple[int, bytes]


class Historian:
    def __init__(self, journal: Journal, pasts: Pasts) -> None:
        self._journal, self._pasts = journal, pasts

    async def answer(self, resident: Resident, body: dict[str, Any]) -> Answered:
        """HTTP status and JSON."""
        asks: dict[str, Callable[[Resident, dict[str, Any]], Any]] = {
            "look": self._look,
            "ask": self._ask,
            "compare": self._compare,
            "branch": self._branch,
        }
        ask = asks.get(str(body.get("op")))
        if ask is None:
            return 400, refusal("BadBody", f"op: found {body.get('op')!r}, wanted one of {', '.join(asks)}")
        try:
            answered: Answered = await ask(resident, body)
        except BadMoment as error:
            return 400, refusal("BadMoment", error.message)
        except HistoryLost as error:
            return 410, refusal("Gone", f"This moment can no longer be visited: {error}.")
        return answered

    async def _look(self, resident: Resident, body: dict[str, Any]) -> Answered:
        moment = _moment(resident, body)
        sim = await self._pasts.at(moment)
        _, gen, at, _ = moment
        return 200, encode_json({"ok": True, "gen": gen, "at": at, "ev": sim.ev, "tables": sim.picture()})

    async def _ask(self, resident: Resident, body: dict[str, Any]) -> Answered:
        moment = _moment(resident, body)
        sim = await self._pasts.at(moment)
        reply = sim.apply(body["command"])
        if reply.get("changed"):
            self._pasts.forget(moment)
            return 409, refusal("ReadOnly", READ_ONLY)
        if "error" in reply:
            return 400, encode_json({"ok": False, "error": reply["error"]})
        return 200, encode_json({"ok": True, "ev": sim.ev, "reply": reply})

    async def _compare(self, resident: Resident, body: dict[str, Any]) -> Answered:
        moment = _moment(resident, body)
        one = await self._pasts.at(moment)
        against = body.get("with")
        other = await self._other(resident, against)
        told = {"ok": True, "one": [*moment[1:3]], "other": _named(resident, other, against), **one.compare(other)}
        return 200, encode_json(told)

    async def _other(self, resident: Resident, against: Any) -> SimCluster:
        """Another moment, or (None) the present."""
        if isinstance(against, dict):
            return await self._pasts.at(_moment(resident, against))
        return resident.sim

    async def _branch(self, resident: Resident, body: dict[str, Any]) -> Answered:
        moment = _moment(resident, body)
        sim = await self._pasts.at(moment)
        gen = moment[1]
        self._pasts.forget(moment)
        sim.renumber(max(resident.sim.revision, sim.revision))
        timeline, seq = resident.timeline + 1, resident.applied + 1
        state = compress(freeze(sim.dump(), []))
        kept = await self._journal.keep(
            resident.cluster, resident.epoch, Frozen(timeline, seq, sim.now, sim.ev, sim.revision, state)
        )
        if not kept:
            return 409, refusal("Moved", "The cluster has moved to another owner meanwhile. Try again.")
        told = {"ok": True, "gen": timeline, "seq": seq, "from": gen, "at": sim.now, "left": resident.sim.now}
        return 200, encode_json(told)


def _moment(resident: Resident, body: dict[str, Any]) -> Moment:
    gen, at, ev = body.get("gen", resident.timeline), body.get("at"), body.get("ev", AFTER_ALL)
    if not isinstance(ev, int) or isinstance(ev, bool):
        raise BadMoment(f"ev: found {ev!r}, wanted the number of an event")
    if not isinstance(gen, int) or isinstance(gen, bool):
        raise BadMoment(f"gen: found {gen!r}, wanted a number")
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise BadMoment(f"at: found {at!r}, wanted microseconds since the start")
    if gen == resident.timeline and at > resident.sim.now:
        raise BadMoment(f"at: found {at}, wanted a moment that has been; now is {resident.sim.now}")
    return resident.cluster, gen, at, ev


def _named(resident: Resident, other: SimCluster, against: Any) -> list[int]:
    return [against.get("gen", resident.timeline) if isinstance(against, dict) else resident.timeline, other.now]
