"""`kubectl patch`, `replace` and `diff`: change an object in place, or show what would change."""

from __future__ import annotations

import difflib
import json
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH
from simulator.kubectl.apply_patch import apply_patch
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, note_cause
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.home import FileError
from simulator.kubectl.last_applied import modified_configuration, without_last_applied
from simulator.kubectl.manifests import Manifest, documents, read_manifests, refuse_words, with_namespace
from simulator.kubectl.printers import name_of, object_text, typed_name, without_managed_fields
from simulator.kubectl.selection import Found, select
from simulator.kubectl.shared_flags import (
    DRY_RUN,
    FILE_FLAGS,
    GRACE_PERIOD,
    PRINT_FLAGS,
    TIMEOUT,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.kubectl.verbs.apply import in_file
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery.go_json import complaint, undecodable_patch
from simulator.machinery.go_text import quoted

_TYPES = {"json": JSON_PATCH, "merge": MERGE_PATCH, "strategic": STRATEGIC_PATCH}


# patch


def patch(call: Call) -> None:
    text = _patch_text(call)
    if call.text("type") not in _TYPES:
        raise CommandError(f'--type must be one of [json merge strategic], not "{call.text("type")}"')
    dry_run(call)
    selection = select(call, call.rest)
    selection.attempt(lambda found: _patch_one(call, found, _patch_value(call, text)))
    selection.done()


def _patch_text(call: Call) -> str:
    if call.text("patch") and call.text("patch-file"):
        raise CommandError("cannot specify --patch and --patch-file together")
    if call.text("patch-file"):
        try:
            return call.session.home.read(call.text("patch-file"))
        except FileError as error:
            raise CommandError(
                f"unable to read patch file: open {call.text('patch-file')}: {str(error).lower()}"
            ) from error
    if not call.text("patch"):
        raise CommandError("must specify --patch or --patch-file containing the contents of the patch")
    return call.text("patch")


def _patch_value(call: Call, text: str) -> Any:
    """JSON, or YAML that is turned into it. What begins like JSON goes to the server as it is, and is refused there."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    if text.lstrip().startswith("{"):
        raise refused_patch(_TYPES[call.text("type")], complaint(text))
    try:
        found = documents(text, "patch")
    except CommandError as error:
        why = error.text.removeprefix("error parsing patch: ").removeprefix("error converting YAML to JSON: ")
        raise CommandError(f"unable to parse {quoted(text)}: {why}") from error
    return found[0] if found else None


def refused_patch(kind: str, why: str) -> ApiRefusal:
    text = undecodable_patch(kind, why)
    return ApiRefusal({"reason": "BadRequest", "message": text}, code=400)


def _patch_one(call: Call, found: Found, value: Any) -> None:
    before = found.obj["metadata"].get("resourceVersion")
    subresource = call.text("subresource")
    if dry_run(call) == "client":
        call.out(f"{found.typed_name} patched{done_suffix(call)}\n")
        return
    obj = call.api.patch(
        found.resource,
        found.namespace,
        found.name,
        value,
        kind=_TYPES[call.text("type")],
        manager=call.text("field-manager"),
        subresource=subresource,
        query={key: text for key, text in write_query(call).items() if key == "dryRun"},
    )
    if dry_run(call) == "none":
        note_cause(call, found.resource, found.namespace, found.name)
    if call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
        return
    same = obj["metadata"].get("resourceVersion") == before and dry_run(call) == "none"
    named = name_of(obj) if subresource else found.typed_name
    call.out(f"{named} patched{' (no change)' if same else done_suffix(call)}\n")


# replace


def replace(call: Call) -> None:
    if not call.names_files:
        raise CommandError("must specify one of -f and -k")
    dry_run(call)
    problems: list[CommandError] = []
    for manifest in read_manifests(call):
        try:
            _replace_one(call, manifest)
        except ApiRefusal as refusal:
            problems.append(in_file(refusal, "replacing", manifest))
    raise_all(problems)


def _replace_one(call: Call, manifest: Manifest) -> None:
    obj = modified_configuration(manifest) if call.on("save-config") else with_namespace(manifest)
    if call.on("force"):
        call.api.delete(
            manifest.resource,
            manifest.namespace,
            manifest.name,
            options={"propagationPolicy": "Background", "gracePeriodSeconds": 0},
        )
        call.out(f'{manifest.resource.singular} "{manifest.name}" deleted\n')
        made = call.api.create(
            manifest.resource, manifest.namespace, obj, manager="kubectl-replace", query=write_query(call)
        )
    elif dry_run(call) == "client":
        made = obj
    else:
        live = call.api.get(manifest.resource, manifest.namespace, manifest.name)
        metadata = obj["metadata"]
        version = metadata.get("resourceVersion") or live["metadata"]["resourceVersion"]
        obj = {**obj, "metadata": {**metadata, "resourceVersion": version}}
        made = call.api.replace(
            manifest.resource, manifest.namespace, obj, manager="kubectl-replace", query=write_query(call)
        )
    if call.text("output"):
        call.out(object_text(made, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{typed_name(manifest.resource, manifest.name)} replaced{done_suffix(call)}\n")


# diff

#: As `diff` itself: 0 the same, 1 different, more than 1 something went wrong.
_TROUBLE = 2


def diff(call: Call) -> None:
    try:
        refuse_words(call)
        if not call.names_files:
            raise CommandError("must specify one of -f and -k")
        manifests = read_manifests(call)
        if call.unread:
            raise call.take_unread()[0]
        text = "".join(diff_manifest(call, manifest) for manifest in manifests)
    except CommandError as error:
        error.exit_code = _TROUBLE
        raise
    call.out(text)
    call.exit_code = 1 if text else 0


def diff_manifest(call: Call, manifest: Manifest) -> str:
    """What applying the manifest would change; empty when nothing would."""
    # What was applied last is no part of what is compared.
    modified = without_last_applied(with_namespace(manifest))
    live: Obj | None = None
    query = {"dryRun": "All"}
    try:
        live = call.api.get(manifest.resource, manifest.namespace, manifest.name)
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
    if live is None:
        merged = call.api.create(
            manifest.resource,
            manifest.namespace,
            with_namespace(manifest),
            manager=call.text("field-manager"),
            query=query,
        )
    else:
        try:
            kind, change = apply_patch(call, manifest, live, modified)
        except CommandError as error:
            raise CommandError(f'error when patching "{manifest.source}": {error.text}') from error
        merged = live
        if change:
            merged = call.api.patch(
                manifest.resource,
                manifest.namespace,
                manifest.name,
                change,
                kind=kind,
                manager=call.text("field-manager"),
                query=query,
            )
    return _unified(manifest, live, merged)


def _unified(manifest: Manifest, live: Obj | None, merged: Obj) -> str:
    resource = manifest.resource
    name = ".".join(
        p for p in (resource.group, resource.version, resource.kind, manifest.namespace, manifest.name) if p
    )
    old, new = (to_yaml(without_managed_fields(obj)).splitlines() if obj else [] for obj in (live, merged))
    lines = list(difflib.unified_diff(old, new, f"/tmp/LIVE/{name}", f"/tmp/MERGED/{name}", lineterm=""))
    if not lines:
        return ""
    return f"diff -u -N /tmp/LIVE/{name} /tmp/MERGED/{name}\n" + "".join(line + "\n" for line in lines)


COMMANDS = (
    Command(
        "patch",
        "Change fields of an object",
        patch,
        usage="(-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            RECORD,
            DRY_RUN,
            manager("kubectl-patch"),
            Flag("patch", "p", help="The change, in JSON or YAML"),
            Flag("patch-file", help="A file that holds the change"),
            Flag("type", default="strategic", help="strategic, merge or json"),
            Flag("subresource"),
            Flag("local", kind="bool"),
        ),
    ),
    Command(
        "replace",
        "Replace an object by the one in a file",
        replace,
        usage="-f FILENAME",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            DRY_RUN,
            VALIDATE,
            GRACE_PERIOD,
            TIMEOUT,
            manager("kubectl-replace"),
            Flag("force", kind="bool", help="Delete and create again"),
            Flag("cascade", default="background", bare="background"),
            Flag("save-config", kind="bool"),
            Flag("wait", kind="bool"),
            Flag("raw"),
            Flag("subresource"),
        ),
    ),
    Command(
        "diff",
        "Show what apply would change",
        diff,
        usage="-f FILENAME",
        flags=(
            *FILE_FLAGS,
            manager("kubectl-client-side-apply"),
            Flag("selector", "l"),
            Flag("server-side", kind="bool"),
            Flag("force-conflicts", kind="bool"),
            Flag("prune", kind="bool"),
            Flag("prune-allowlist", kind="array"),
            Flag("concurrency", kind="int", default=1),
            Flag("show-managed-fields", kind="bool"),
        ),
    ),
)
