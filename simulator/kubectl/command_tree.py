"""The tree of all commands of this kubectl, and running one line of it.

Promises: whatever the line, the outcome is text and an exit code; a mistake is reported in kubectl's words.

Leaves to others: the commands themselves (`verbs/`), quoting and pipes (`shell.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from simulator.kubectl import kind_create
from simulator.kubectl.acting import Acted, Actor
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Session, Token
from simulator.kubectl.cli import GLOBAL_FLAGS, Command, Flag, find_command, parse
from simulator.kubectl.discovery_log import discovery_failures, own_words
from simulator.kubectl.errors import ApiRefusal, CommandError, SeveralErrors, Unreachable, raise_all
from simulator.kubectl.following import Followed, Follower, finished, quiet
from simulator.kubectl.help_text import help_of
from simulator.kubectl.kubeconfig import Context
from simulator.kubectl.output_flag import expand_output
from simulator.kubectl.verbs import (
    apply,
    attach,
    certificate,
    change,
    client_only,
    copy,
    create,
    debug,
    delete,
    describe,
    discovery,
    drain,
    edit,
    events,
    exec_watch,
    explain,
    get,
    kubeconfig_verbs,
    kustomize,
    logs,
    metadata,
    nodes,
    port_forward,
    proxy,
    rollout,
    run,
    scale,
    set_fields,
    top,
    wait,
)
from simulator.machinery.go_text import quoted

_MODULES = (
    create,
    run,
    set_fields,
    explain,
    get,
    edit,
    change,
    delete,
    rollout,
    scale,
    nodes,
    drain,
    top,
    describe,
    logs,
    apply,
    wait,
    metadata,
    certificate,
    client_only,
    events,
    discovery,
    kubeconfig_verbs,
    kustomize,
    attach,
    debug,
    copy,
    port_forward,
    proxy,
)

_PATIENT = ("gone", "rollout", "wait")
"""Commands that keep waiting while the API server is away, as their real informers do."""

ROOT = Command(
    "kubectl",
    "Controls the simulated cluster",
    commands=tuple(command for module in _MODULES for command in module.COMMANDS),
)

FOLLOWERS: dict[str, Follower] = {
    **get.FOLLOWERS,
    **delete.FOLLOWERS,
    **rollout.FOLLOWERS,
    **logs.FOLLOWERS,
    **wait.FOLLOWERS,
    **events.FOLLOWERS,
    **attach.FOLLOWERS,
    **kind_create.FOLLOWERS,
}

ACTORS: dict[str, Actor] = {**drain.ACTORS, **exec_watch.ACTORS, **port_forward.ACTORS, **proxy.ACTORS}


def _help(call: Call) -> None:
    """`kubectl help COMMAND`: of the command that is named, or of all of them."""
    command, path, left = find_command(ROOT, call.rest)
    if left:
        call.err(f"Unknown help topic [{' '.join(f'`{word}`' for word in call.rest)}]\n{help_of(ROOT, ROOT.name)}")
        return
    call.out(help_of(command, " ".join(path)))


ROOT = replace(ROOT, commands=(*ROOT.commands, Command("help", "Tell about any command", _help, usage="[command]")))


def run_kubectl(session: Session, words: Sequence[str], stdin: str) -> Call:
    """Run `kubectl <words>`; the returned call holds what it said and how it ended."""
    call = Call(session, path="kubectl", arguments=parse(GLOBAL_FLAGS, [], "kubectl"), stdin=stdin)
    try:
        command = _read(call, words)
        _warn_of_deprecated_flags(command, call)
        _run(command, call)
        call.close()
        if call.follow is not None:
            call.follow = {**call.follow, **call.speaker}
            if call.server != session.home_server:
                call.follow["server"] = call.server
    except CommandError as error:
        _end(call, error)
    return call


def resume_edit(session: Session, token: Token) -> Call:
    """Goes on with a command that waited for the page's editor."""
    call = Call(session, path="kubectl", arguments=parse(GLOBAL_FLAGS, [], "kubectl"), stdin="")
    try:
        _read(call, token["words"])
        call.goes_on_in(Context(**token["context"]))
        edit.resume(call, token)
        call.close()
    except CommandError as error:
        _end(call, error)
    return call


def _read(call: Call, words: Sequence[str]) -> Command:
    call.words = list(words)
    command, path, left = find_command(ROOT, words)
    call.path = " ".join(path)
    call.help_text = partial(help_of, command, call.path)
    if command is ROOT and left and not left[0].startswith("-"):
        raise CommandError(f'unknown command "{left[0]}" for "kubectl"{_suggestions(command, left[0])}')
    call.arguments = parse(flags_of(command), left, call.path)
    return command


def _end(call: Call, error: CommandError) -> None:
    call.out(error.written)
    call.err(_unreachable(call, error) if isinstance(error, Unreachable) else error.report())
    call.exit_code = error.exit_code


def _unreachable(call: Call, error: Unreachable) -> str:
    """A server that answered before is known from the cache on disk, so nobody asks it what it serves."""
    if error.is_unknown or (call.session.reach.end(call.server) is not None and not error.is_nobody):
        return error.report()
    raw = " --raw" if call.arguments.values.get("raw") else ""
    lines = discovery_failures(call.path + raw, call.server, call.now_us)
    checked = call.on("filename") and call.arguments.values.get("validate") in ("strict", "true", "warn")
    file = (call.many("filename") or [""])[0] if checked else ""
    file = "STDIN" if file == "-" else file
    words = own_words(call.path, call.server, file) if checked or call.path != "kubectl apply" else None
    return lines + (words or error.report())


def _warn_of_deprecated_flags(command: Command, call: Call) -> None:
    """pflag's sentence, each time such a flag is typed."""
    why = {flag.name: flag.deprecated for flag in command.flags if flag.deprecated}
    for name, _ in call.arguments.typed:
        if name in why:
            call.err(f"Flag --{name} has been deprecated, {why[name]}\n")


def flags_of(command: Command) -> tuple[Flag, ...]:
    """A command's own flags hide global ones of the same name."""
    own = {flag.name for flag in command.flags}
    return (*command.flags, *(flag for flag in GLOBAL_FLAGS if flag.name not in own))


def _run(command: Command, call: Call) -> None:
    if call.on("help"):
        call.out(help_of(command, call.path))
        return
    if command.run is None:
        if not command.helps_anybody:
            _unknown_subcommand(command, call)
        (call.err if command.helps_on_stderr else call.out)(help_of(command, call.path))
        call.exit_code = 0 if command is ROOT or command.helps_anybody else 1
        return
    expand_output(call)
    missing = [quoted(name) for name in command.required if not call.given(name)]
    if missing:
        raise CommandError(f"required flag(s) {', '.join(missing)} not set")
    problems: list[CommandError] = []
    try:
        command.run(call)
    except CommandError as error:
        if not call.unread:
            raise
        problems = list(error.errors) if isinstance(error, SeveralErrors) else [error]
    raise_all([*problems, *call.take_unread()])


def _unknown_subcommand(command: Command, call: Call) -> None:
    if not call.rest:
        return
    if command is ROOT:
        raise CommandError(f'unknown command "{call.rest[0]}" for "kubectl"{_suggestions(command, call.rest[0])}')
    raise call.wrong_usage(f'unknown command "{" ".join(call.rest)}"')


def _suggestions(command: Command, word: str) -> str:
    near = [c.name for c in command.commands if _distance(word.lower(), c.name) <= 2 or c.name.startswith(word.lower())]
    return "\n\nDid you mean this?\n" + "".join(f"\t{name}\n" for name in near) if near else ""


def _distance(left: str, right: str) -> int:
    """Levenshtein's, as cobra measures it."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def follow(session: Session, token: Token) -> Followed:
    """One look at a followed command. Reads only."""
    follower = FOLLOWERS.get(str(token.get("kind")))
    if follower is None:
        return finished(token, f"error: nothing to follow: found {token.get('kind')!r}\n", exit_code=1)
    reach = session.reach
    end = reach.end(str(token["server"])) if "server" in token else reach.first()
    host = str(token.get("server", session.home_server)).partition("://")[2]
    api = ApiClient(
        end,
        known=reach.first().server.kinds,
        host=host,
        command="kubectl",
        identity={str(name): str(value) for name, value in dict(token.get("identity") or {}).items()},
        certificate=str(token.get("certificate", "")),
    )
    try:
        return follower(api, token, session.clock())
    except CommandError as error:
        if token["kind"] in _PATIENT and _passes(error):
            return quiet(token)
        return finished(token, error.report(), exit_code=error.exit_code)


def act(session: Session, token: Token) -> Acted:
    """What is due for a process now. May write."""
    end, host = session.reach.end(str(token["server"])), str(token["server"]).partition("://")[2]
    api = ApiClient(
        end,
        known=session.reach.first().server.kinds,
        host=host,
        command=f"kubectl {token['kind']}",
        identity=token["identity"],
        is_logged=True,
    )
    try:
        return ACTORS[token["kind"]](api, token, session.clock())
    except CommandError as error:
        ended = Acted(token, done=True, exit=error.exit_code)
        ended.err(error.report())
        return ended


def _passes(error: CommandError) -> bool:
    """Whether the trouble is the server's and may be over at the next look."""
    return isinstance(error, Unreachable) or (isinstance(error, ApiRefusal) and error.code >= 500)
