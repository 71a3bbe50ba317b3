"""Commands that ask no server: `options`, `plugin`, `alpha` and `completion`."""

from __future__ import annotations

from simulator.kubectl.call import Call
from simulator.kubectl.cli import GLOBAL_FLAGS, Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.help_text import flags_text

_SHELLS = ("bash", "fish", "powershell", "zsh")


def options(call: Call) -> None:
    known = [flag for flag in GLOBAL_FLAGS if flag.name != "help"]
    call.out("The following options can be passed to any command:\n\n" + flags_text(known) + "\n")


def plugin_list(call: Call) -> None:
    raise CommandError("unable to find any kubectl plugins in your PATH")


def alpha(call: Call) -> None:
    call.err("No alpha commands are available in this version of kubectl\n")


def completion(call: Call) -> None:
    if not call.rest:
        raise call.wrong_usage("Shell not specified.")
    if len(call.rest) > 1:
        raise call.wrong_usage("Too many arguments. Expected only the shell type.")
    if call.rest[0] not in _SHELLS:
        raise call.wrong_usage(f'Unsupported shell type "{call.rest[0]}".')
    raise CommandError("this terminal completes words by itself, with the Tab key; there is no script to load")


COMMANDS = (
    Command("options", "List the flags that every command has", options),
    Command(
        "plugin",
        "Work with plugins",
        helps_on_stderr=True,
        commands=(Command("list", "List the plugins in PATH", plugin_list, flags=(Flag("name-only", kind="bool"),)),),
    ),
    Command("alpha", "Commands that are being tried out", alpha),
    Command("completion", "Print a shell's completion script", completion, usage="SHELL"),
)
