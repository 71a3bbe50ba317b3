"""Answers the calls of one resident cluster, in memory, at a moment when the simulation stands between two events.

Promises: a `rid` takes effect once, a refused or changeless command is not journaled, and an answer never overtakes the
commit of what it tells about (`Resident.say` sees to that). The host decides when; the desk decides what.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labs.host.engine import play_step
from labs.host.resident import Resident
from labs.messages import Call, Frame, Reply, encode_json, pack, refusal

SAID, SAID_LINE, SAID_LINES = 240, 100, 3
"""How much of a command's outcome the wall shows."""
"""One press of "step" plays until something changes in the store, but at most this many events."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the caller; `parked` names the text kept aside because it is too large for a message."""

    status: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a call: the simulation's own words, the same as JSON, and the CPU time it took."""

    value: Any
    text: bytes
    spent_ns: int


class Desk:
    """The calls a host understands, for all of its clusters."""

    def __init__(self, host: str, limits: dict[str, int]) -> None:
        self._host = host
        self._limits = limits
        self._works: dict[str, Callable[[Resident, Call], Any]] = {
            "command": _apply,
            "query": _apply,
            "view": _look,
        }
        self._asks: dict[str, Callable[[Resident, Call, Done, int], Answer]] = {
            "command": self._command,
            "query": self._query,
            "clock": self._clock,
            "view": self._view,
            "summary": self._summary,
            "wake": self._wake,
        }

    def answer(self, resident: Resident, call: Call, wall_us: int) -> Answer:
        """Do what `call` asks. The caller has advanced the cluster to its target."""
        early = self.admit(resident, call)
        return early or self.conclude(resident, call, self.carry_out(resident, call), wall_us)

    def admit(self, resident: Resident, call: Call) -> Answer | None:
        """The answer to what was asked before or too often; None: carry it out."""
        if call.rid and (known := resident.replies.get(call.rid)):
            return Answer(*known)
        limit = self._limits["commands_per_s"]
        if call.ask == "command" and (wait_s := resident.commands.take(time.monotonic())):
            return _too_many(wait_s, "commands", limit)
        if call.ask in ("query", "past") and (wait_s := resident.queries.take(time.monotonic())):
            return _too_many(wait_s, "questions", 3 * limit)
        return None

    def carry_out(self, resident: Resident, call: Call) -> Done:
        """The part that may take long; touches nothing but the simulation, so that a thread may do it."""
        begin = time.thread_time_ns()
        sim = resident.sim
        work = self._works.get(call.ask)
        value: Any = work(resident, call) if work else None
        text = b""
        if call.ask in ("command", "query"):
            text = encode_json({"ok": False, "error": value["error"]} if "error" in value else
                               {"ok": True, "ev": sim.ev, "reply": value})  # fmt: skip
        elif value is not None:
            text = encode_json(value)
        return Done(value, text, time.thread_time_ns() - begin)

    def conclude(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        """Note what was done and say it."""
        resident.charge(done.spent_ns)
        return self._asks[call.ask](resident, call, done, wall_us)

    def reply(self, resident: Resident, call: Call, answer: Answer) -> bytes:
        """The message that carries `answer` back."""
        return pack(Reply(call.call, call.cluster, self._host, resident.epoch, answer.status, answer.text))

    def frame(self, resident: Resident, wall_us: int, *, clock: bool = False, flush: bool = False) -> bytes | None:
        """What happened since the last frame; None when there is nothing to show."""
        since, upto = resident.shown_ev, resident.sim.ev
        items = resident.sim.changes(since) if upto > since else []
        if not items and items is not None and not clock and not (flush and upto > since):
            return None
        resident.shown_ev = upto
        if items is None:  # the ring is too short: readers see the gap and ask for the whole picture
            since = upto
        inside = encode_json(items)[1:-1] if items else b""
        told = resident.clock(wall_us) if clock else b""
        return pack(Frame(resident.epoch, resident.timeline, since, upto, resident.sim.now, inside, told))

    def _command(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        answer = _told(done)
        if words := said(call.body):
            resident.last, resident.carded_ev = words, -1  # a card says so too when nothing else changed
            resident.recent.append({"text": words, **outcome(done.value)})
        if done.value.get("changed") and "error" not in done.value:
            resident.journal(call, kind="command", t_us=resident.sim.now, text=answer.text)
        return answer

    def _query(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        return _told(done)

    def _clock(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        if problem := clock_problem(call.body, self._limits["speed_max"]):
            return Answer(400, refusal("BadClock", problem))
        t_us = resident.sim.now
        turn_clock(resident, call.body, wall_us)
        resident.lagging = False
        text = b'{"ok":true,"clock":' + resident.clock(wall_us) + b"}"
        resident.journal(call, kind="control", t_us=t_us, text=text, moved=True)
        return Answer(200, text)

    def _view(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        """The clock joins what was looked up: it may have been turned while that was encoded."""
        return Answer(200, b'{"clock":' + resident.clock(wall_us) + b"," + done.text[1:])

    def _summary(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        return Answer(200, resident.card())

    def _wake(self, resident: Resident, call: Call, done: Done, wall_us: int) -> Answer:
        return Answer(200, b'{"ok":true}')


def _apply(resident: Resident, call: Call) -> dict[str, Any]:
    return resident.sim.apply(call.body)


def _look(resident: Resident, call: Call) -> dict[str, Any]:
    """The backlog since `ev` when the ring reaches back that far on the same branch, else the whole picture."""
    sim, body = resident.sim, call.body
    told: dict[str, Any] = {"gen": resident.timeline, "ev": sim.ev}
    since = body.get("ev")
    items = None
    if body.get("gen") == resident.timeline and isinstance(since, int) and 0 <= since <= sim.ev:
        items = sim.changes(since)
    if items is not None:
        return told | {"since": since, "at": sim.now, "items": items}
    return told | {"tables": sim.picture()}


FAULTS = {
    "kill-process": "killed a process of {}",
    "node-power-off": "cut the power of {}",
    "node-power-on": "brought {} back",
    "node-shutdown": "shut {} down",
    "node-reboot": "rebooted {}",
    "component-stop": "stopped {}",
    "component-start": "started {}",
}


def said(command: dict[str, Any]) -> str:
    """A command in a few words, for the wall."""
    kind = command.get("kind")
    if kind == "shell":
        return str(command.get("line", "")).strip().partition("\n")[0][:120]
    if kind == "exec":
        return f"kubectl exec {command.get('pod')} -- {' '.join(map(str, command.get('argv') or ()))}"[:120]
    if kind == "apply-yaml":
        return "applied YAML from the editor"
    if kind == "finish-edit":
        return "closed the editor of kubectl edit"
    if kind == "fault":
        return FAULTS.get(str(command.get("fault")), "{}").format(command.get("target"))[:120]
    return ""


def outcome(reply: dict[str, Any]) -> dict[str, Any]:
    """What came of a command, in a line or two: the end of what it printed, and whether it went well."""
    if "error" in reply:
        return {"ok": False, "said": str(reply["error"].get("message", ""))[:SAID]}
    if "stdout" in reply:
        is_ok = reply.get("exit") == 0
        printed = str(reply["stdout" if is_ok else "stderr"]).strip().splitlines()
        return {"ok": is_ok, "said": "\n".join(_narrow(line) for line in printed[-SAID_LINES:])}
    if "written" in reply:
        is_ok = reply["exit"] == 0
        printed = (reply["refused"] or "".join(text for _, text in reply["written"])).strip().splitlines()
        return {"ok": is_ok, "said": "\n".join(_narrow(line) for line in printed[-SAID_LINES:])}
    if "results" in reply:
        texts = [str(each["text"]) for each in reply["results"]] or [str(each["message"]) for each in reply["problems"]]
        is_ok = not reply["problems"] and all(each["ok"] for each in reply["results"])
        return {"ok": is_ok, "said": "\n".join(_narrow(text) for text in texts[-SAID_LINES:])}
    return {"ok": True, "said": str(reply.get("said", ""))[:SAID]}


def _narrow(line: str) -> str:
    """Columns of a table without the room between them."""
    return re.sub(r"(?<=\S) {3,}", "  ", line)[:SAID_LINE].rstrip()


def turn_clock(resident: Resident, body: dict[str, Any], wall_us: int) -> None:
    """Carry out a control of the clock, live or in a replay."""
    operation, value = body["op"], body.get("value")
    if operation == "pause":
        resident.reanchor(wall_us, paused=True)
    elif operation == "resume":
        resident.reanchor(wall_us, paused=False)
    elif operation == "speed":
        resident.reanchor(wall_us, speed_ppm=round(float(value or 1) * 1_000_000))
    elif operation == "step":
        play_step(resident.sim)
        resident.reanchor(wall_us, paused=True)


def clock_problem(body: dict[str, Any], speed_max: int) -> str | None:
    """What is wrong with a control of the clock."""
    operation, value = body.get("op"), body.get("value")
    if operation not in {"pause", "resume", "speed", "step"}:
        return f"op: found {operation!r}, wanted one of pause, resume, speed, step, reset"
    if operation != "speed":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.01 <= value <= speed_max:
        return f"value: found {value!r}, wanted a speed from 0.01 to {speed_max}"
    return None


def _told(done: Done) -> Answer:
    return Answer(400 if "error" in done.value else 200, done.text)


def _too_many(wait_s: float, what: str, rate: int) -> Answer:
    message = f"Too many {what}: at most {rate} a second. Try again in a moment."
    return Answer(429, refusal("TooManyRequests", message, retry_after=round(max(wait_s, 0.05), 2)))
