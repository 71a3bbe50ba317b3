"""`kubectl edit`: objects in an editor, in rounds, until the server takes them or the edit is given up.

Where `$KUBE_EDITOR` or `$EDITOR` name a command of the workstation it is run on the file at once; otherwise the page's editor is opened and the
command waits until it is closed (`Workstation.finish_edit`).
"""

from __future__ import annotations

from dataclasses import asdict

from simulator.kubectl.acting import Acted
from simulator.kubectl.call import Call, Token
from simulator.kubectl.change_cause import RECORD
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.editing.editor import editor_command, launch
from simulator.kubectl.editing.edits import CREATE, EDIT, Edit
from simulator.kubectl.errors import CommandError
from simulator.kubectl.manifests import Manifest, manifest_of
from simulator.kubectl.selection import select
from simulator.kubectl.shared_flags import FILE_FLAGS, PRINT_FLAGS, VALIDATE, manager, validation

#: The kind of the token of a command that waits for the page's editor.
WAITING = "edit"
#: An editor that changes a wrong text again and again into another wrong one is stopped after so many rounds.
_MAX_ROUNDS = 25


def edit(call: Call) -> None:
    validation(call)
    selection = select(call, call.rest, everything=True)
    selection.done()
    manifests = [Manifest(one.resource, one.namespace, one.name, one.obj, one.source) for one in selection]
    if not manifests:
        raise CommandError("edit cancelled, no objects found")
    if call.text("subresource"):
        manifests = [_below(call, one) for one in manifests]
    edit_in_turn(call, EDIT, [manifests])


def _below(call: Call, one: Manifest) -> Manifest:
    """The subresource of an object in place of the object."""
    obj = call.api.subresource(one.resource, one.namespace, one.name, call.text("subresource"))
    return Manifest(one.resource, one.namespace, one.name, obj, one.source)


def edit_in_turn(call: Call, mode: str, lots: list[list[Manifest]]) -> None:
    """Edits one lot of objects after the other, each in a file of its own."""
    for at, lot in enumerate(lots):
        rest = lots[at + 1 :]
        if _rounds(call, Edit.begin(call, mode, lot), rest) or call.exit_code:
            return


def resume(call: Call, token: Token) -> None:
    """The page's editor has been closed."""
    current = Edit(call, token["edit"])
    if current.closed():
        current.open()
        _wait(call, current, token["rest"])
        return
    lots = [[manifest_of(call, obj, source, is_free=True) for obj, source in lot] for lot in token["rest"]]
    if lots and not call.exit_code:
        edit_in_turn(call, str(token["edit"]["mode"]), lots)


def _rounds(call: Call, current: Edit, rest: list[list[Manifest]]) -> bool:
    """Whether the command waits for the page now."""
    command = editor_command(call)
    path = current.open()
    if command is None:
        call.out(f"Opening {path} in the editor. Save and close it there to go on; Ctrl-C gives the edit up.\n")
        _wait(call, current, [[(one.obj, one.source) for one in lot] for lot in rest])
        return True
    for _ in range(_MAX_ROUNDS):
        try:
            launch(call, command, path)
        except CommandError as error:
            raise current.give_up(error) from None
        if not current.closed():
            return False
        path = current.open()
    raise CommandError(f"the editor {command!r} was run {_MAX_ROUNDS} times and the file is still wrong")


def _wait(call: Call, current: Edit, rest: list[list[tuple[object, str]]]) -> None:
    call.open_path = current.state["path"]
    token = {"kind": WAITING, "words": call.words, "edit": current.state, "rest": rest, "context": asdict(call.context)}
    call.goes_on(Acted(token))


COMMANDS = (
    Command(
        "edit",
        "Open an object in the editor",
        edit,
        usage="(RESOURCE/NAME | -f FILENAME)",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            RECORD,
            VALIDATE,
            manager("kubectl-edit"),
            Flag("output-patch", kind="bool", help="Print what is sent"),
            Flag("save-config", kind="bool"),
            Flag("subresource", help="Edit this part of the object, such as status"),
            Flag("windows-line-endings", kind="bool"),
        ),
    ),
)

__all__ = ["COMMANDS", "CREATE", "WAITING", "edit_in_turn", "resume"]
