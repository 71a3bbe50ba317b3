"""The door: one learner's workstation, and the clusters that can be reached from it.

    station = Workstation(reach, engine, cluster_name="lab")
    station.run("kubectl get pods").stdout

Promises: `run` never raises, whatever the line; `follow` only reads; the whole state (files, kubeconfig, environment) is
plain data in `dump` and comes back with `load`. `version` counts changes of that state.

Leaves to others: the history of lines (the page keeps it) and the clusters themselves (their API servers).
"""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

from simulator.engine import Component
from simulator.kubectl.acting import Acted
from simulator.kubectl.call import End, Reach, Session, Token
from simulator.kubectl.command_tree import act, resume_edit
from simulator.kubectl.command_tree import follow as follow_command
from simulator.kubectl.editor import apply_text, diff_text
from simulator.kubectl.errors import CommandError
from simulator.kubectl.following import Followed
from simulator.kubectl.home import HOME, FileError, Home
from simulator.kubectl.job_control import Jobwatch, stop
from simulator.kubectl.jobs import INTERRUPTED, Jobs, Timer
from simulator.kubectl.kubeconfig import Kubeconfig, kind_text
from simulator.kubectl.shell import REPEAT_US, REPEATABLE, Shell, ShellResult, goes_on, watched_text
from simulator.kubectl.small_command import Surface
from simulator.kubectl.text_filters import grep
from simulator.kubectl.verbs.edit import WAITING

__all__ = ["FileError", "ShellResult", "Workstation"]

MAX_LINE = 1_000_000
#: Where the cluster is found that the workstation was made for.
SERVER = "https://127.0.0.1:6443"


class Clock(Timer, Protocol):
    """The part of the engine that a workstation needs."""

    def register(self, component: Component) -> None: ...


class Workstation:
    def __init__(
        self,
        reach: Reach,
        clock: Clock,
        *,
        cluster_name: str = "drydock",
    ) -> None:
        self._clock = clock
        self.home = Home()
        self.surface = Surface(self.home, {"HOME": HOME, "USER": "learner", "SHELL": "/bin/bash"})
        config = Kubeconfig(self.home, self.surface.environment)
        self.surface.config, self.surface.clock = config, self._now_us
        self.session = Session(reach, self.home, config, self.surface.environment, self._now_us, SERVER)
        self.jobs = self.session.jobs = Jobs(clock, partial(act, self.session))
        clock.register(self.jobs)
        self._watch = Jobwatch(self.jobs, self._seen)
        self._shell = Shell(self.session, self.surface)
        self._changes = 0
        self.session.config.put(kind_text(cluster_name, SERVER))

    def _now_us(self) -> int:
        return self._clock.epoch_s * 1_000_000 + self._clock.now

    @property
    def version(self) -> int:
        """Grows with every change of files, working directory, environment, aliases or jobs."""
        return self._changes + self.home.version + self.jobs.version

    @property
    def target(self) -> End | None:
        """The cluster that the kubeconfig means just now; None when it means none that is there."""
        try:
            return self.session.reach.end(self.session.config.context().server)
        except CommandError:
            return None

    # The terminal

    def run(self, line: str, stdin: str = "", *, terminal: bool = False) -> ShellResult:
        """Run one line of the terminal; `terminal`: somebody is there to go on typing."""
        self.session.is_terminal = self.surface.is_terminal = terminal
        if len(line) > MAX_LINE:
            return ShellResult(stderr=f"bash: the line has {len(line)} signs; wanted at most {MAX_LINE}\n", exit=1)
        before = (dict(self.surface.environment), dict(self.surface.aliases))
        self._watch.refresh()
        result = self._shell.run(line, stdin)
        if not terminal:
            result.stdout = self._watch.told() + result.stdout
        if before != (self.surface.environment, self.surface.aliases):
            self._changes += 1
        return result

    def follow(self, token: Token) -> dict[str, Any]:
        """What a followed command printed since its token: `stdout`, `done`, `exit` and the next `token`.

        `then` is the rest of its line, to be run next, when it is done; `clear` says that `stdout` takes the place of
        what was shown (`watch`).
        """
        try:
            return self._looked(token)
        except (KeyError, TypeError, ValueError, AttributeError, AssertionError, IndexError):
            # Tokens come back from browsers; one that was not made here has the wrong shape.
            text = "error: this is no token that a command of this workstation left behind\n"
            return {"stdout": text, "done": True, "exit": 1, "token": token}

    def signal(self, name: str, token: Token, line: str = "") -> ShellResult:
        """Ctrl-C (`INT`) or Ctrl-Z (`TSTP`) for a followed command that was typed as `line`."""
        job = self.jobs.of_pid(token.get("pid"))
        if name == "TSTP":
            stopped = stop(self.jobs, job, token, line)
            return ShellResult(stopped.stdout, background=stopped.behind)
        if job is not None and job["state"] != "done":
            self.jobs.end(job, INTERRUPTED)
        return ShellResult()

    def _seen(self, token: Token) -> Followed:
        match token.get("kind"):
            case "repeat":
                return self._repeated(token)
            case "job":
                return self._watch.look(token)
            case "sleep":
                return Followed("", token, done=self._now_us() >= token["until"])
            case "wait-jobs":
                return self._watch.waited(token)
        return follow_command(self.session, token)

    def _looked(self, token: Token) -> dict[str, Any]:
        looked = self._seen(token)
        stdout = looked.stdout
        for words in token.get("filters") or ():
            stdout = grep(self.surface, words[1:], stdout).stdout
        reply: dict[str, Any] = {"stdout": stdout, "done": looked.done, "exit": looked.exit, "token": looked.token}
        if stdout and token.get("kind") == "repeat":
            reply["clear"] = True
        if looked.done:
            rest = next((line for joint, line in token.get("rest") or () if goes_on(joint, looked.exit)), "")
            rest = looked.token["then"] if looked.token.get("then") and looked.exit == 0 else rest
            reply |= {"then": rest} if rest else {}
        return reply

    def _repeated(self, token: Token) -> Followed:
        """`watch`: the output again, whenever it is due and differs from what is shown."""
        now = self._now_us()
        if token["words"][0] not in REPEATABLE:
            raise ValueError(token["words"])
        if now < token["due"]:
            return Followed("", token)
        text = watched_text(self.session, token["words"])
        fresh = {**token, "shown": text, "due": now + REPEAT_US}
        return Followed("" if text == token["shown"] else text, fresh)

    # The editor and the files

    def apply_text(self, text: str, *, dry_run: bool = False) -> dict[str, Any]:
        """Apply the documents of a text, as `kubectl apply -f -` would, with the places of mistakes."""
        return apply_text(self.session, text, dry_run=dry_run)

    def diff_text(self, text: str) -> dict[str, Any]:
        """What applying the text would change, as `kubectl diff` shows it."""
        return diff_text(self.session, text)

    def write_file(self, path: str, text: str) -> None:
        """Raises `FileError` when the file cannot be written."""
        self.home.write(_in_home(path), text)

    def read_file(self, path: str) -> str | None:
        try:
            return self.home.read(_in_home(path))
        except FileError:
            return None

    def files(self) -> list[tuple[str, int]]:
        """Every file with its size, hidden ones left out."""
        return [(path, size) for path, size in self.home.files() if not path.startswith(".")]

    # Edits that wait for the page's editor

    def edits(self) -> list[str]:
        """The files that are being edited."""
        return [str(job["token"]["edit"]["path"]) for job in self.jobs.all() if job["token"]["kind"] == WAITING]

    def finish_edit(self, path: str, text: str) -> dict[str, Any]:
        """The editor of a file is closed with this text: `ok` if somebody waited for it, and `open`, the file to be edited again."""
        job = next((job for job in self.jobs.all() if job["token"].get("edit", {}).get("path") == path), None)
        if job is None:
            return {"ok": False}
        self.write_file(path, text)
        call = resume_edit(self.session, job["token"])
        acted = Acted(job["token"]) if call.process is None else call.process
        acted.said = [(1, text) for text in (*call.stderr, *call.stdout)]
        acted.done, acted.exit = call.process is None, call.exit_code
        self.jobs.take(job, acted)
        return {"ok": True, **({"open": call.open_path} if call.open_path else {})}

    # State

    def dump(self) -> dict[str, Any]:
        return {
            "home": self.home.dump(),
            "environment": dict(self.surface.environment),
            "aliases": dict(self.surface.aliases),
            "exit": self._shell.last_exit,
            "last_job": self.surface.last_job,
            "version": self.version,
        }

    def load(self, state: dict[str, Any]) -> None:
        self.home.load(state["home"])
        self.surface.environment.clear()
        self.surface.environment.update(state["environment"])
        self.surface.aliases.clear()
        self.surface.aliases.update(state["aliases"])
        self._shell.last_exit = state["exit"]
        self.surface.last_job = state["last_job"]
        self._changes = state["version"] - self.home.version - self.jobs.version


def _in_home(path: str) -> str:
    return path if path.startswith(("/", "~")) else f"{HOME}/{path}"
