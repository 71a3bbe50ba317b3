"""`jobs`, `fg`, `bg`, `kill`, `wait`, `sleep` and Ctrl-Z, in bash's words; and looking at what a job prints.

https://www.gnu.org/software/bash/manual/bash.html#Job-Control-Builtins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from simulator.kubectl.call import Session, Token
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.jobs import INTERRUPTED, KILLED, TERMINATED, Job, Jobs
from simulator.kubectl.small_command import Outcome, fail

_NOBODY = 127
_SIGNALS = {
    "TERM": TERMINATED,
    "15": TERMINATED,
    "KILL": KILLED,
    "9": KILLED,
    "INT": INTERRUPTED,
    "2": INTERRUPTED,
    "HUP": 129,
    "1": 129,
}
_STOPPING, _GOING_ON = ("STOP", "19", "TSTP", "20"), ("CONT", "18")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_ENDED = {TERMINATED: "Terminated", KILLED: "Killed", INTERRUPTED: "Interrupt", 129: "Hangup"}


def job_token(job: Job) -> Token:
    """How a job is followed: what it prints from now on."""
    token: Token = {"kind": "job", "pid": job["pid"], "at": job["cut"] + len(job["said"])}
    if job["background"]:
        token["background"] = True
    if job["token"]["kind"] == "followed":
        token["token"] = job["token"]["token"]
    return token


def notice(jobs: Jobs, job: Job) -> str:
    """`[1]+  Done                    sleep 5`."""
    known = [one["pid"] for one in jobs.all()]
    sign = (
        "+" if known[-1:] == [job["pid"]] or job["pid"] not in known else "-" if known[-2:-1] == [job["pid"]] else " "
    )
    ending = " &" if job["state"] == "running" else ""
    return f"[{job['number']}]{sign}  {_state(job):<24}{job['line']}{ending}\n"


def _state(job: Job) -> str:
    if job["state"] != "done":
        return str(job["state"]).capitalize()
    return "Done" if not job["exit"] else _ENDED.get(job["exit"], f"Exit {job['exit']}")


def stop(jobs: Jobs, job: Job | None, token: Token, line: str) -> Outcome:
    """Ctrl-Z: a followed command becomes a job that stands still."""
    if job is None:
        job = jobs.start(line, {"kind": "followed", "token": token}, background=True)
    jobs.suspend(job)
    return Outcome(f"\n{notice(jobs, job)}", behind=[job_token(job)])


class Jobwatch:
    """Reads what jobs print."""

    def __init__(self, jobs: Jobs, seen: Callable[[Token], Followed]) -> None:
        """`seen`: one look at a followed command."""
        self._jobs = jobs
        self._seen = seen

    def look(self, token: Token) -> Followed:
        """What a job printed since; reads only."""
        job = self._jobs.of_pid(token["pid"])
        if "token" in token:
            return self._look_through(token, job)
        if job is None:
            return finished(token)
        text, at = self._jobs.said_since(job, int(token["at"]))
        fresh = {**token, "at": at}
        if job["state"] == "running" or (job["state"] == "stopped" and token.get("background")):
            return Followed(text, fresh)
        return finished(fresh, text + self._notice(job, token), exit_code=job["exit"])

    def _look_through(self, token: Token, job: Job | None) -> Followed:
        """A followed command as a job: it stands still while it is stopped, and is over when somebody ended it."""
        if job is not None and job["state"] == "stopped":
            return Followed("", token) if token.get("background") else finished(token)
        looked = self._seen(token["token"])
        was_ended = job is not None and job["state"] == "done" and job["exit"]
        if not looked.done and not was_ended:
            return Followed(looked.stdout, {**token, "token": looked.token})
        ended = {
            "line": "",
            "number": 0,
            **(job or {}),
            "state": "done",
            "exit": job["exit"] if was_ended and job else looked.exit,
        }
        text = looked.stdout + (self._notice(ended, token) if job is not None else "")
        return finished(token, text, exit_code=ended["exit"])

    def _notice(self, job: Job, token: Token) -> str:
        return notice(self._jobs, job) if token.get("background") and job["state"] == "done" else ""

    def waited(self, token: Token) -> Followed:
        """`wait`: until none of the jobs runs any more."""
        running = [pid for pid in token["pids"] if self._is_running(pid)]
        if running:
            return Followed("", {**token, "pids": running})
        return finished(token)

    def _is_running(self, pid: int) -> bool:
        job = self._jobs.of_pid(pid)
        if job is None or job["state"] != "running":
            return False
        return job["token"]["kind"] != "followed" or not self._seen(job["token"]["token"]).done

    def refresh(self) -> None:
        """Before a line: those that only read may have ended meanwhile."""
        for job in self._jobs.all():
            token = job["token"]
            if token["kind"] != "followed" or job["state"] != "running":
                continue
            looked = self._seen(token["token"])
            job["token"] = {**token, "token": looked.token}
            if looked.done:
                self._jobs.end(job, looked.exit)

    def told(self) -> str:
        """What acting jobs in the background printed since this was asked last, where no terminal shows it by itself."""
        text = ""
        for job in self._jobs.known():
            if job["background"] and job["token"]["kind"] != "followed":
                new, job["told"] = self._jobs.said_since(job, job.get("told", 0))
                text += new
        return text


# The commands


def _jobs(session: Session, words: Sequence[str]) -> Outcome:
    assert session.jobs is not None
    option = next((word for word in words if word in ("-l", "-p")), "")
    named = [word for word in words if word != option]

    def act(jobs: Jobs, job: Job) -> Outcome:
        text = notice(jobs, job)
        return Outcome(f"{job['pid']}\n" if option == "-p" else _with_pid(text, job) if option == "-l" else text)

    return _each(session, "jobs", named or [f"%{job['number']}" for job in session.jobs.all()], act)


def _with_pid(text: str, job: Job) -> str:
    return re.sub(r"^(\[\d+\].)  ", rf"\g<1> {job['pid']} ", text)


def _foreground(session: Session, words: Sequence[str]) -> Outcome:
    def act(jobs: Jobs, job: Job) -> Outcome:
        jobs.resume(job, background=False)
        return Outcome(f"{job['line']}\n", follow=job_token(job))

    return _each(session, "fg", words[:1] or ["%+"], act, current=not words)


def _background(session: Session, words: Sequence[str]) -> Outcome:
    def act(jobs: Jobs, job: Job) -> Outcome:
        if job["state"] == "running":
            return Outcome(stderr=f"bash: bg: job {job['number']} already in background\n")
        jobs.resume(job, background=True)
        sign = notice(jobs, job)[len(f"[{job['number']}]")]
        return Outcome(f"[{job['number']}]{sign} {job['line']} &\n", behind=[job_token(job)])

    return _each(session, "bg", words or ["%+"], act, current=not words)


def _kill(session: Session, words: Sequence[str]) -> Outcome:
    name, rest = "TERM", list(words)
    if rest and rest[0] == "-s":
        name, rest = rest[1] if len(rest) > 1 else "", rest[2:]
    elif rest and rest[0].startswith("-"):
        name = rest.pop(0)[1:]
    name = name.upper().removeprefix("SIG")
    if name not in (*_SIGNALS, *_STOPPING, *_GOING_ON):
        return fail("bash: kill", f"{name}: invalid signal specification")
    if not rest:
        usage = "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n"
        return Outcome(stderr=usage, exit=2)

    def act(jobs: Jobs, job: Job) -> Outcome:
        if name in _STOPPING:
            jobs.suspend(job)
        elif name in _GOING_ON:
            jobs.resume(job, background=True)
        else:
            jobs.end(job, _SIGNALS[name])
        return Outcome()

    return _each(session, "kill", rest, act)


def _wait(session: Session, words: Sequence[str]) -> Outcome:
    """Follows the jobs it waits for, one after the other; the terminal hears their words elsewhere."""
    assert session.jobs is not None
    known = session.jobs.all()
    for word in words:
        if session.jobs.named(word) is None:
            what = f"pid {word} is not a child of this shell" if word.isdecimal() else f"{word}: no such job"
            return fail("bash: wait", what, _NOBODY)
    wanted = [session.jobs.named(word) for word in words] if words else known
    pids = [job["pid"] for job in wanted if job is not None and job["state"] == "running"]
    return Outcome(follow={"kind": "wait-jobs", "pids": pids}) if pids else Outcome()


def _sleep(session: Session, words: Sequence[str]) -> Outcome:
    total = 0.0
    if not words:
        return Outcome(stderr="sleep: missing operand\nTry 'sleep --help' for more information.\n", exit=1)
    for word in words:
        found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)([smhd]?)", word)
        if found is None:
            why = f"sleep: invalid time interval '{word}'\nTry 'sleep --help' for more information.\n"
            return Outcome(stderr=why, exit=1)
        total += float(found[1]) * _UNITS[found[2]]
    return Outcome(follow={"kind": "sleep", "until": session.clock() + round(total * 1_000_000)})


def _each(
    session: Session, name: str, words: Sequence[str], act: Callable[[Jobs, Job], Outcome], *, current: bool = False
) -> Outcome:
    """Does it to every job that is named."""
    assert session.jobs is not None
    whole = Outcome()
    for word in words:
        job = session.jobs.named(word)
        if job is None:
            what = "current: no such job" if current else f"{word}: no such job"
            if name == "kill":
                what = f"({word}) - No such process" if word.isdecimal() else what
            whole.stderr += f"bash: {name}: {what}\n"
            whole.exit = 1
            continue
        own = act(session.jobs, job)
        whole.stdout, whole.stderr = whole.stdout + own.stdout, whole.stderr + own.stderr
        whole.follow, whole.behind = own.follow or whole.follow, whole.behind + own.behind
    return whole


JOB_COMMANDS: dict[str, Callable[[Session, Sequence[str]], Outcome]] = {
    "jobs": _jobs,
    "fg": _foreground,
    "bg": _background,
    "kill": _kill,
    "wait": _wait,
    "sleep": _sleep,
}
