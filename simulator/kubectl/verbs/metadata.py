"""`kubectl label` and `kubectl annotate`: change metadata by `key=value` and `key-`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, note_cause
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import Found, select
from simulator.kubectl.shared_flags import (
    ALL,
    ALL_NAMESPACES,
    DRY_RUN,
    FIELD_SELECTOR,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.machinery.go_text import quoted

_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_WHY_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """What differs between the two commands."""

    word: str
    field: str
    done: str
    undone: str


_LABEL = _Kind("label", "labels", "labeled", "unlabeled")
_ANNOTATION = _Kind("annotation", "annotations", "annotated", "annotated")


def _change(kind: _Kind) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        words, wanted, removed = _split(call, kind)
        dry_run(call)
        if not (words or call.names_files):
            raise CommandError("one or more resources must be specified as <resource> <name> or <resource>/<name>")
        if not (wanted or removed or call.on("list")):
            raise CommandError(f"at least one {kind.word} update is required")
        if len(words) > 1:  # names are stronger than `--all` here
            call.arguments.values["all"] = False
        selection = select(call, words)
        if call.on("list") and not (kind is _LABEL and wanted):
            for found in selection:
                _list(call, kind, found, several=len(selection.found) > 1)
            selection.done()
            return
        selection.attempt(lambda found: _change_one(call, kind, found, wanted, removed))
        selection.done()

    return run


def _split(call: Call, kind: _Kind) -> tuple[list[str], dict[str, str], list[str]]:
    """Resources first, then `key=value` and `key-`."""
    words: list[str] = []
    wanted: dict[str, str] = {}
    removed: list[str] = []
    for word in call.rest:
        change = "=" in word or word.endswith("-")
        if not change:
            if wanted or removed:
                raise CommandError("all resources must be specified before " + kind.word + " changes: " + word)
            words.append(word)
        elif "=" in word:
            key, _, text = word.partition("=")
            if kind is _LABEL and word.count("=") > 1:
                raise CommandError(f"invalid label spec: {word}")
            if kind is _LABEL and not (_VALUE.match(text) and len(text) <= 63):
                raise CommandError(f"invalid label value: {quoted(word)}: {_WHY_VALUE}")
            if not key:
                raise CommandError(f"invalid {kind.word} format: {word}")
            wanted[key] = text
        else:
            removed.append(word[:-1])
    if any(key in wanted for key in removed):
        raise CommandError(
            f"can not both modify and remove a{'n' if kind is _ANNOTATION else ''} {kind.word} in the same command"
        )
    return words, wanted, removed


def _change_one(call: Call, kind: _Kind, found: Found, wanted: dict[str, str], removed: list[str]) -> None:
    old = found.obj["metadata"].get(kind.field) or {}
    _refuse_overwriting(call, kind, wanted, old)
    for key in removed:
        if key not in old:
            call.out(f'{kind.word} "{key}" not found.\n')
    changes: Obj = {key: text for key, text in wanted.items() if old.get(key) != text}
    changes.update({key: None for key in removed if key in old})
    obj = found.obj
    if changes and dry_run(call) != "client":
        patch: Obj = {"metadata": {kind.field: changes}}
        if call.text("resource-version"):
            patch["metadata"]["resourceVersion"] = call.text("resource-version")
        obj = call.api.patch(
            found.resource,
            found.namespace,
            found.name,
            patch,
            kind=MERGE_PATCH,
            manager=call.text("field-manager"),
            query=write_query(call),
        )
    elif changes:
        merged = {key: text for key, text in {**old, **changes}.items() if text is not None}
        obj = {**obj, "metadata": {**obj["metadata"], kind.field: merged}}
    if changes and dry_run(call) == "none":
        note_cause(call, found.resource, found.namespace, found.name)
    _say(call, kind, found, obj, changes)


def _refuse_overwriting(call: Call, kind: _Kind, wanted: dict[str, str], old: dict[str, str]) -> None:
    if call.on("overwrite"):
        return
    for key, text in sorted(wanted.items()):
        if key in old and old[key] != text:
            if kind is _LABEL:
                raise CommandError(f"'{key}' already has a value ({old[key]}), and --overwrite is false")
            raise CommandError(
                f"--overwrite is false but found the following declared annotation(s): '{key}' already has a value ({old[key]})"
            )


def _say(call: Call, kind: _Kind, found: Found, obj: Obj, changes: Obj) -> None:
    if call.on("list"):
        _list(call, kind, replace(found, obj=obj), several=False)
        return
    if call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
        return
    if kind is _ANNOTATION:
        done = kind.done
    elif not changes:
        # The real command compares texts, and an absent map has become an empty one.
        done = "not labeled" if "labels" in found.obj["metadata"] else "labeled"
    else:
        done = kind.undone if all(text is None for text in changes.values()) else kind.done
    call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")


def _list(call: Call, kind: _Kind, found: Found, *, several: bool) -> None:
    old = found.obj["metadata"].get(kind.field) or {}
    indent = ""
    if several:
        call.out(f"Listing {kind.field} for {found.resource.kind}.{found.resource.group}/{found.name}:\n")
        indent = " "
    for key in sorted(old):
        call.out(f"{indent}{key}={old[key]}\n")


def _flags(name: str) -> tuple[Flag, ...]:
    return (
        *PRINT_FLAGS,
        *FILE_FLAGS,
        ALL,
        ALL_NAMESPACES,
        SELECTOR,
        FIELD_SELECTOR,
        DRY_RUN,
        RECORD,
        manager(f"kubectl-{name}"),
        Flag("list", kind="bool", help="Show what is there"),
        Flag("local", kind="bool"),
        Flag("overwrite", kind="bool", help="Replace a value that is already there"),
        Flag("resource-version"),
    )


COMMANDS = (
    Command(
        "label",
        "Change the labels of objects",
        _change(_LABEL),
        usage="(TYPE NAME | TYPE/NAME) KEY_1=VAL_1 ... KEY_N-",
        flags=_flags("label"),
    ),
    Command(
        "annotate",
        "Change the annotations of objects",
        _change(_ANNOTATION),
        usage="(TYPE NAME | TYPE/NAME) KEY_1=VAL_1 ... KEY_N-",
        flags=_flags("annotate"),
    ),
)
