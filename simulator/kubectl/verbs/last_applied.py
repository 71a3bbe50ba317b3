"""`kubectl apply view-last-applied`, `set-last-applied` and `edit-last-applied`: the annotation that client-side apply compares with.

`kubectl/pkg/cmd/apply/apply_view_last_applied.go`, `apply_set_last_applied.go` and `cmd/util/editor/editoptions.go` of v1.33.
"""

from __future__ import annotations

import json

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.editing.edits import LAST_APPLIED as LAST_APPLIED_MODE
from simulator.kubectl.errors import CommandError
from simulator.kubectl.last_applied import LAST_APPLIED
from simulator.kubectl.manifests import Manifest, manifest_of, read_manifests, with_namespace
from simulator.kubectl.printers import object_text, typed_name
from simulator.kubectl.selection import NOTHING_NAMED, Found, select
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
)
from simulator.kubectl.verbs.edit import edit_in_turn
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery.json_text import compact, indented

_NEVER_APPLIED = (
    "no last-applied-configuration annotation found on resources, to create the annotation, use command "
    "`kubectl apply set-last-applied --create-annotation`"
)


def view_last_applied(call: Call) -> None:
    """What was applied last, as YAML or indented JSON; objects without it are passed over."""
    if not call.rest and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    selection = select(call, call.rest)
    if selection.problems:
        raise selection.problems[0]
    texts = [text for text in map(_applied_to, selection) if text is not None]
    output = call.text("output")
    for text in texts:
        if output not in ("json", "yaml"):
            raise call.wrong_usage(f"Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json")
        document = json.loads(text)
        call.out(to_yaml(document) if output == "yaml" else indented(document) + text[len(text.rstrip()) :])


def _applied_to(found: Found) -> str | None:
    text: str | None = (found.obj["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    return text


def set_last_applied(call: Call) -> None:
    """The annotation becomes what the file says, and nothing else does."""
    if not call.names_files:
        raise CommandError(NOTHING_NAMED)
    dry_run(call)
    changes = [change for manifest in read_manifests(call) if (change := _change(call, manifest)) is not None]
    for manifest, text, live in changes:
        made = live
        if dry_run(call) != "client":
            patch: Obj = {"metadata": {"annotations": {LAST_APPLIED: text}}}
            query = {"dryRun": "All"} if dry_run(call) == "server" else {}
            made = call.api.patch(
                manifest.resource,
                manifest.namespace,
                manifest.name,
                patch,
                kind=MERGE_PATCH,
                manager="kubectl",
                query=query,
            )
        if call.text("output"):
            call.out(object_text(made, call.text("output")))
        else:
            call.out(f"{typed_name(manifest.resource, manifest.name)} configured{done_suffix(call)}\n")


def _change(call: Call, manifest: Manifest) -> tuple[Manifest, str, Obj] | None:
    """The new text for an object that is there; None, and said so, when it has that text already."""
    live = call.api.get(manifest.resource, manifest.namespace, manifest.name)
    before = (live["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if before is None and not call.on("create-annotation"):
        raise CommandError(
            f"no last-applied-configuration annotation found on resource: {manifest.name}, to create the annotation, run "
            "the command with --create-annotation"
        )
    text = compact(with_namespace(manifest)) + "\n"
    if before is not None and before.strip() == text.strip():
        call.out(f"set-last-applied {manifest.name}: no changes required.\n")
        return None
    return manifest, text, live


def edit_last_applied(call: Call) -> None:
    """What was applied last, in an editor."""
    selection = select(call, call.rest, everything=True)
    selection.done()
    texts = [text for text in map(_applied_to, selection) if text is not None]
    if not texts:
        raise CommandError(_NEVER_APPLIED)
    edit_in_turn(
        call, LAST_APPLIED_MODE, [[manifest_of(call, json.loads(text), "edited-file", is_free=True) for text in texts]]
    )


COMMANDS = (
    Command(
        "view-last-applied",
        "Show what was applied last",
        view_last_applied,
        usage="(TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)",
        flags=(*FILE_FLAGS, SELECTOR, ALL, Flag("output", "o", default="yaml", help="yaml or json")),
    ),
    Command(
        "set-last-applied",
        "Let what was applied last be what a file says",
        set_last_applied,
        usage="-f FILENAME",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            DRY_RUN,
            Flag("create-annotation", kind="bool", help="Also where nothing was applied yet"),
        ),
    ),
    Command(
        "edit-last-applied",
        "Change what was applied last in the editor",
        edit_last_applied,
        usage="(RESOURCE/NAME | -f FILENAME)",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            RECORD,
            VALIDATE,
            manager("kubectl-client-side-apply"),
            Flag("windows-line-endings", kind="bool"),
        ),
    ),
)
