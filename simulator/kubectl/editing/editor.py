"""Which editor a text is opened in: a command that the environment names, or the page's own.

`$KUBE_EDITOR` counts before `$EDITOR` (`kubectl/pkg/cmd/util/editor/editor.go`). The workstation has no screen of its own for an editor, so the ones
that need a screen, and none at all, mean the editor of the page. Where a command is a process of its own (`drydock kubectl`), every editor has one.
"""

from __future__ import annotations

from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.machinery.go_text import quoted

#: Where the name of an editor is looked for.
VARIABLES = ("KUBE_EDITOR", "EDITOR")
_DEFAULT = "vi"
_WITH_A_SCREEN = ("", "vi", "vim", "nvim", "nano", "emacs", "code")
_NOT_FOUND = 127


def editor_command(call: Call) -> str | None:
    """The command that changes the file; None: the page does."""
    environment = call.session.environment
    named = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    if call.session.spawn is not None and call.session.jobs is None:
        return named or _DEFAULT
    if call.session.spawn is None or named.split(" ")[0] in _WITH_A_SCREEN:
        return None
    return named


def launch(call: Call, command: str, path: str) -> None:
    """Runs the editor on a file until it ends. Raises CommandError."""
    words = _words(call, command, path)
    assert call.session.spawn is not None
    stdout, stderr, exit_code = call.session.spawn(words)
    shown = quoted(" ".join(words[:-1] if words[-1] == path else [*words[:-1], command]))
    if exit_code == _NOT_FOUND and words[-1] == path:
        raise CommandError(f"unable to launch the editor {shown}")
    call.out(stdout)
    call.err(stderr)
    if exit_code:
        raise CommandError(f"there was a problem with the editor {shown}")


def _words(call: Call, command: str, path: str) -> list[str]:
    """A command with quotes is left to the shell."""
    if " " in command and any(sign in command for sign in "\"'\\"):
        shell = call.session.environment.get("SHELL") or "/bin/bash"
        return [shell, "-c", f"{command} {quoted(path)}"]
    return [*command.split(" "), path]
