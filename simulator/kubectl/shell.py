"""Running a shell line: expansion, pipes, redirections and lists around kubectl and the small commands.

Promises: no traceback, whatever the line; output, depth and number of commands are bounded. A command that goes on (a
followed one) ends the line: what came after it waits in its token and is handed out when it is done.

Leaves to others: the grammar (`shell_syntax.py`) and the commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from simulator.kubectl.acting import Acted
from simulator.kubectl.call import Session, Token
from simulator.kubectl.command_tree import run_kubectl
from simulator.kubectl.curl_command import curl
from simulator.kubectl.home import FileError
from simulator.kubectl.job_control import JOB_COMMANDS, job_token, notice
from simulator.kubectl.shell_commands import SMALL
from simulator.kubectl.shell_syntax import Pipeline, Redirect, ShellSyntaxError, Simple, Word, parse_line
from simulator.kubectl.small_command import Outcome, Small, Surface

T = TypeVar("T")

MAX_OUTPUT = 2_000_000
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)|([?!0-9@]))")
_KUBECTL = ("kubectl", "k")
_SHELLS = ("bash", "sh", "/bin/bash", "/bin/sh")
REPEATABLE = ("get", "describe", "events", "logs", "top", "version", "api-resources")
REPEAT_US = 2_000_000
_MAX_ALIASES = 10
_MAX_RUNS = 200
_XARGS_FAILED = 123


@dataclass(slots=True)
class ShellResult:
    """What a line printed, its exit code, and what it left behind."""

    stdout: str = ""
    stderr: str = ""
    exit: int = 0
    follow: Token | None = None
    open: str | None = None
    clear: bool = False
    session: dict[str, str] | None = None
    """An interactive shell in a container: `id` and `prompt`."""
    background: list[Token] = field(default_factory=list)
    """What went to the background, to be followed beside the prompt."""
    process: Acted | None = None
    """What acts from now on, until it became a job."""


class Shell:
    def __init__(self, session: Session, surface: Surface, commands: Mapping[str, Small] = SMALL) -> None:
        self.session = session
        self.surface = surface
        self._commands = commands
        self.last_exit = 0
        self._given = ["bash"]
        """`$0`, `$1` … of the shell that runs."""
        session.spawn = self.spawn

    def run(self, line: str, stdin: str = "") -> ShellResult:
        result = ShellResult()
        try:
            pipelines = parse_line(line)
        except ShellSyntaxError as error:
            self.last_exit = 2
            return ShellResult(stderr=f"bash: {error}\n", exit=2)
        for index, pipeline in enumerate(pipelines):
            if index and not goes_on(pipeline.joint, self.last_exit):
                continue
            (self._run_behind if pipeline.is_background else self._run_pipeline)(pipeline, stdin, result)
            if result.follow is not None:
                result.follow = _with_rest(result.follow, pipelines[index + 1 :])
                break
            if len(result.stdout) > MAX_OUTPUT:
                result.stdout = result.stdout[:MAX_OUTPUT]
                result.stderr += f"bash: output cut after {MAX_OUTPUT} signs\n"
                break
        result.exit = self.last_exit
        return result

    def spawn(self, words: list[str]) -> tuple[str, str, int]:
        """A command that another one runs, such as an editor."""
        own = self._command(words, "")
        return own.stdout, own.stderr, own.exit

    def _run_pipeline(self, pipeline: Pipeline, stdin: str, result: ShellResult) -> None:
        text = stdin
        followed: Token | None = None
        own_process: Acted | None = None
        filters: list[list[str]] = []
        for index, command in enumerate(pipeline.commands):
            words = self._words(command)
            last = index == len(pipeline.commands) - 1
            own = self._run_simple(words, command.redirects, text)
            text = own.stdout
            if index == 0:
                own.process = None if self._ends_with_reader(own, pipeline) else own.process
                followed, own_process = self._kept(own, pipeline), own.process
            elif words[:1] == ["grep"]:
                filters.append(words)
            else:
                followed = None
            result.stderr += own.stderr
            result.clear = result.clear or own.clear
            result.open = own.open or result.open
            result.session = own.session or result.session
            result.background += own.background
            if last:
                self.last_exit = own.exit
        result.stdout += text
        if followed is not None and not any(_hides_output(c) for c in pipeline.commands):
            result.follow = {**followed, "filters": filters} if filters else followed

        elif own_process is not None:
            result.process = own_process

    @staticmethod
    def _ends_with_reader(own: ShellResult, pipeline: Pipeline) -> bool:
        """Whether what goes on is over once a filter behind it has read what there is."""
        reads_once = any(_joined_name(command) not in ("", "grep") for command in pipeline.commands[1:])
        return own.process is not None and bool(own.process.token.get("for_reader")) and reads_once

    def _kept(self, own: ShellResult, pipeline: Pipeline) -> Token | None:
        """How a command is followed that goes on; one that acts becomes a job."""
        if own.process is None or self.session.jobs is None:
            return own.follow
        acted = own.process
        job = self.session.jobs.start(pipeline.text, acted.token, background=False, due=acted.due)
        return job_token(job)

    def _run_behind(self, pipeline: Pipeline, stdin: str, result: ShellResult) -> None:
        """A pipeline with `&`: what goes on is a job, and the line goes on beside it."""
        jobs = self.session.jobs
        if jobs is None:
            result.stderr += "bash: no job control in this shell\n"
            self.last_exit = 1
            return
        if jobs.is_full:
            result.stderr += "bash: fork: Resource temporarily unavailable\n"
            self.last_exit = 254
            return
        own = ShellResult()
        self._run_pipeline(pipeline, stdin, own)
        ended, self.last_exit = self.last_exit, 0
        token = own.follow or {}
        job = jobs.of_pid(token.get("pid"))
        if job is None:
            job = jobs.start(pipeline.text, {"kind": "followed", "token": own.follow}, background=True)
        job["background"], job["line"] = True, pipeline.text
        self.surface.last_job = str(job["pid"])
        if self.surface.is_terminal:
            result.stdout += f"[{job['number']}] {job['pid']}\n"
        result.stdout, result.stderr = result.stdout + own.stdout, result.stderr + own.stderr
        if own.follow is None:
            jobs.end(job, ended)
            result.stdout += notice(jobs, job) if self.surface.is_terminal else ""
        else:
            result.background.append(job_token(job))

    # One command

    def _run_simple(self, words: list[str], redirects: Sequence[Redirect], stdin: str) -> ShellResult:
        try:
            stdin = self._input(redirects, stdin)
        except FileError as error:
            return ShellResult(stderr=f"bash: {error}\n", exit=1)
        own = self._execute(words, stdin) if words else ShellResult()
        try:
            self._output(redirects, own)
        except FileError as error:
            own.stderr += f"bash: {error}\n"
            own.exit = 1
        return own

    def _execute(self, words: list[str], stdin: str) -> ShellResult:
        words = self._unaliased(words)
        given: dict[str, str] = {}
        while words and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*=.*", words[0], re.DOTALL):
            name, _, value = words.pop(0).partition("=")
            given[name] = value
        environment = self.surface.environment
        if not words:
            environment.update(given)
            return ShellResult()
        before = dict(environment)
        environment.update(given)
        try:
            return self._command(words, stdin)
        finally:
            for name in given:
                environment.pop(name, None)
                environment.update({name: before[name]} if name in before else {})

    def _command(self, words: list[str], stdin: str) -> ShellResult:
        name, rest = words[0], words[1:]
        if name in _KUBECTL:
            return self._kubectl(rest, stdin)
        if name == "watch":
            return self._watch(rest)
        if name == "xargs":
            return self._xargs(rest, stdin)
        if name in _SHELLS and rest[:1] == ["-c"] and len(rest) > 1:
            return self._nested(name, rest[1:], stdin)
        if name == "curl":
            return _result_of(curl(self.session, rest, stdin))
        if name in JOB_COMMANDS:
            return _result_of(JOB_COMMANDS[name](self.session, rest))
        small = self._commands.get(name)
        if small is None:
            return ShellResult(stderr=f"bash: {name}: command not found\n", exit=127)
        return _result_of(small(self.surface, rest, stdin))

    def _nested(self, name: str, words: list[str], stdin: str) -> ShellResult:
        """`bash -c LINE [$0 $1 …]`: a shell of its own, which leaves no exit code behind but its last."""
        before, given = self.last_exit, self._given
        self._given = words[1:] or [name]
        own = self.run(words[0], stdin)
        self._given = given
        own.stderr = re.sub(r"^bash: ", f"{name}: line 1: ", own.stderr, flags=re.MULTILINE)
        self.last_exit = before
        return own

    def _unaliased(self, words: list[str]) -> list[str]:
        for _ in range(_MAX_ALIASES):
            text = self.surface.aliases.get(words[0]) if words else None
            if text is None or text.split()[:1] == words[:1]:
                break
            words = text.split() + words[1:]
        return words

    def _kubectl(self, words: list[str], stdin: str) -> ShellResult:
        call = run_kubectl(self.session, words, stdin)
        return ShellResult(
            "".join(call.stdout),
            "".join(call.stderr),
            call.exit_code,
            call.follow,
            call.open_path,
            session=call.opened,
            process=call.process,
        )

    def _xargs(self, words: list[str], stdin: str) -> ShellResult:
        """One command with all the words of standard input; `-n N`: several, `-I SIGN`: one a line, the line put in."""
        each, sign = 0, ""
        while words and (option := re.fullmatch(r"-([nIr])(.*)", words[0])) is not None:
            words.pop(0)
            value = option[2] or (words.pop(0) if option[1] != "r" and words else "")
            if option[1] == "n":
                each = int(value) if value.isdecimal() else 0
            elif option[1] == "I":
                sign = value
        words = words or ["echo"]
        given = stdin.split()
        if sign:
            runs = [[word.replace(sign, line.strip()) for word in words] for line in stdin.splitlines() if line.strip()]
        elif each:
            runs = [[*words, *given[at : at + each]] for at in range(0, len(given), each)]
        else:
            runs = [[*words, *given]]
        whole = ShellResult()
        for run in runs[:_MAX_RUNS]:
            own = self._execute(run, "")
            whole.stdout, whole.stderr = whole.stdout + own.stdout, whole.stderr + own.stderr
            whole.exit = _XARGS_FAILED if own.exit else whole.exit
        return whole

    def _watch(self, words: list[str]) -> ShellResult:
        while words and words[0].startswith("-"):
            takes_value = words[0] in ("-n", "--interval")
            words = words[2 if takes_value else 1 :]
        words = self._unaliased(words)
        if words[:1] and words[0] in _KUBECTL and len(words) > 1 and words[1] in REPEATABLE:
            text = watched_text(self.session, words[1:])
            token: Token = {
                "kind": "repeat",
                "words": words[1:],
                "shown": text,
                "due": self.session.clock() + REPEAT_US,
            }
            return ShellResult(text, follow=token)
        return ShellResult(
            stderr="watch: only reading kubectl commands can be watched here, for example: watch kubectl get pods\n",
            exit=1,
        )

    # Redirections

    def _input(self, redirects: Sequence[Redirect], stdin: str) -> str:
        for redirect in redirects:
            if redirect.sign == "<<":
                stdin = self._joined(redirect.target)
            elif redirect.sign == "<<<":
                stdin = self._joined(redirect.target) + "\n"
            elif redirect.sign == "<":
                path = self._joined(redirect.target)
                stdin = _named(path, partial(self.session.home.read, path))
        return stdin

    def _output(self, redirects: Sequence[Redirect], own: ShellResult) -> None:
        """Where both outputs go is settled from left to right: `2>&1 >file` leaves errors on the terminal."""
        places: dict[int, tuple[str, bool] | int] = {1: 1, 2: 2}
        for redirect in redirects:
            path = self._joined(redirect.target)
            if redirect.sign == "2>&1":
                places[2] = places[1]
            elif redirect.sign == ">&2":
                places[1] = places[2]
            elif redirect.sign in (">", ">>", "&>"):
                self._open(path, again=redirect.sign == ">>")
                places[1] = (path, redirect.sign == ">>")
                places[2] = places[1] if redirect.sign == "&>" else places[2]
            elif redirect.sign == "2>":
                self._open(path, again=False)
                places[2] = (path, False)
        texts = {1: own.stdout, 2: own.stderr}
        own.stdout = own.stderr = ""
        for descriptor, place in places.items():
            if place == 1:
                own.stdout += texts[descriptor]
            elif place == 2:
                own.stderr += texts[descriptor]
            elif isinstance(place, tuple) and place[0] != "/dev/null":
                _named(place[0], partial(self.session.home.append, place[0], texts[descriptor]))

    def _open(self, path: str, *, again: bool) -> None:
        """A file that is written to is there, and empty, before the command says anything."""
        if path == "/dev/null" or (again and self.session.home.is_file(path)):
            return
        _named(path, partial(self.session.home.write, path, ""))

    # Expansion

    def _words(self, command: Simple) -> list[str]:
        return [text for word in command.words for text in self._expanded(word)]

    def _expanded(self, word: Word) -> list[str]:
        """One word becomes none or several only through unquoted variables."""
        texts: list[str] = [""]
        kept = False
        for part in word:
            text = self._replaced(part.text) if part.expand else part.text
            if part.split and text != part.text:
                pieces = text.split()
                if pieces:
                    texts[-1] += pieces[0]
                    texts += pieces[1:]
                continue
            kept = kept or not part.split or bool(text)
            texts[-1] += text
        if word and word[0].split and word[0].text.startswith("~"):
            texts[0] = self._tilde(texts[0])
        return texts if kept or any(texts) else []

    def _tilde(self, text: str) -> str:
        home = self.session.home
        return home.absolute(text) if text == "~" or text.startswith("~/") else text

    def _joined(self, word: Word) -> str:
        return "".join(self._replaced(part.text) if part.expand else part.text for part in word)

    def _special(self, sign: str) -> str:
        if sign.isdecimal():
            return self._given[int(sign)] if int(sign) < len(self._given) else ""
        if sign == "@":
            return " ".join(self._given[1:])
        return str(self.last_exit) if sign == "?" else self.surface.last_job

    def _replaced(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            if found[3]:
                return self._special(found[3])
            name = found[1] or found[2]
            return self.session.home.cwd if name == "PWD" else self.surface.environment.get(name, "")

        return _VARIABLE.sub(value, text) if "$" in text else text


def _joined_name(command: Simple) -> str:
    return "".join(part.text for part in command.words[0]) if command.words else ""


def watched_text(session: Session, words: Sequence[str]) -> str:
    """One screen of `watch kubectl …`."""
    call = run_kubectl(session, words, "")
    body = "".join(call.stdout) + "".join(call.stderr)
    return f"Every {REPEAT_US // 1_000_000}.0s: kubectl {' '.join(words)}\n\n{body}"


def goes_on(joint: str, exit_code: int) -> bool:
    """Whether a pipeline joined by `;`, `&&` or `||` runs after that exit code."""
    return joint == ";" or (joint == "&&") == (exit_code == 0)


def _with_rest(token: Token, rest: Sequence[Pipeline]) -> Token:
    return {**token, "rest": [[pipeline.joint, pipeline.source] for pipeline in rest]} if rest else token


def _hides_output(command: Simple) -> bool:
    return any(redirect.sign in (">", ">>", "&>") for redirect in command.redirects)


def _result_of(outcome: Outcome) -> ShellResult:
    return ShellResult(
        outcome.stdout,
        outcome.stderr,
        outcome.exit,
        outcome.follow,
        clear=outcome.clear,
        background=outcome.behind,
    )


def _named(path: str, act: Callable[[], T]) -> T:
    """Do something with a file; a refusal says which file."""
    try:
        return act()
    except FileError as error:
        raise FileError(f"{path}: {error}") from None
