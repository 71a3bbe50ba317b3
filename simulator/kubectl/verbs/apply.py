"""`kubectl apply`: the declarative way.

Client-side apply as documented in https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/: the applied
text is kept in an annotation, and what is sent is the three-way difference of that, the file and the live object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simulator.engine.plain import Obj
from simulator.kubectl.apply_patch import apply_patch
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.last_applied import LAST_APPLIED, modified_configuration
from simulator.kubectl.manifests import Manifest, chosen, read_manifests, refuse_words
from simulator.kubectl.printers import list_of, object_text, typed_name
from simulator.kubectl.pruning import prune, refuse_wrong_prune
from simulator.kubectl.server_side_apply import apply_on_server, refuse_wrong_flags
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    FILE_FLAGS,
    GRACE_PERIOD,
    PRINT_FLAGS,
    SELECTOR,
    TIMEOUT,
    VALIDATE,
    done_suffix,
    dry_run,
    manager,
    validation,
    write_query,
)
from simulator.kubectl.verbs import last_applied
from simulator.machinery.json_text import compact

_MANAGER = "kubectl-client-side-apply"


def apply(call: Call) -> None:
    refuse_words(call)
    if not call.names_files:
        raise CommandError("must specify one of -f and -k")
    refuse_wrong_flags(call)
    refuse_wrong_prune(call)
    dry_run(call)
    validation(call)
    manifests = chosen(call, read_manifests(call))
    if not manifests:
        raise CommandError("no objects passed to apply")
    applied: list[Obj] = []
    problems = call.take_unread()
    for manifest in manifests:
        try:
            applied.append(apply_manifest(call, manifest))
        except CommandError as error:
            problems.append(error)
    if call.text("output"):
        _print(call, applied)
    if call.on("prune") and not problems:
        prune(call, manifests)
    raise_all(problems)


def _print(call: Call, objects: Sequence[Obj]) -> None:
    if objects:
        shown = objects[0] if len(objects) == 1 else list_of(objects)
        call.out(object_text(shown, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))


def apply_manifest(call: Call, manifest: Manifest) -> Obj:
    """Bring one object to what its file says; says what it did."""
    _require_name(manifest)
    manifest = replace(manifest, obj=recorded(call, manifest.obj))
    if call.on("server-side"):
        return _said(call, manifest, "serverside-applied", apply_on_server(call, manifest))
    modified = modified_configuration(manifest)
    live = _live(call, manifest)
    return _create(call, manifest, modified) if live is None else _patch(call, manifest, live, modified)


def _require_name(manifest: Manifest) -> None:
    if manifest.name:
        return
    generated = (manifest.obj.get("metadata") or {}).get("generateName")
    if generated:
        raise CommandError(f"from {generated}: cannot use generate name with apply")
    raise CommandError(f"{_where(manifest)}: resource name may not be empty")


def _where(manifest: Manifest) -> str:
    resource = manifest.resource
    path = f"{resource.group}/{resource.version}"
    return (
        f'error when retrieving current configuration of:\nResource: "{path}, Resource={resource.plural}", '
        f'GroupVersionKind: "{path}, Kind={manifest.obj["kind"]}"\nName: "{manifest.name}", Namespace: "{manifest.namespace}"\n'
        f'from server for: "{manifest.source}"'
    )


def _live(call: Call, manifest: Manifest) -> Obj | None:
    try:
        return call.api.get(manifest.resource, manifest.namespace, manifest.name)
    except ApiRefusal as refusal:
        if refusal.reason == "NotFound":
            return None
        raise refusal.with_context(_where(manifest)) from None


def _create(call: Call, manifest: Manifest, modified: Obj) -> Obj:
    if dry_run(call) == "client":
        return _said(call, manifest, "created", modified)
    try:
        made = call.api.create(
            manifest.resource,
            manifest.namespace,
            modified,
            manager=call.text("field-manager"),
            query=write_query(call),
        )
    except ApiRefusal as refusal:
        raise in_file(refusal, "creating", manifest) from None
    return _said(call, manifest, "created", made)


def in_file(refusal: ApiRefusal, doing: str, manifest: Manifest) -> ApiRefusal:
    """The refusal with the file it concerns."""
    return refusal.with_context(f'error when {doing} "{manifest.source}"')


def _said(call: Call, manifest: Manifest, operation: str, result: Obj) -> Obj:
    if not call.text("output"):
        call.out(f"{typed_name(manifest.resource, manifest.name)} {operation}{done_suffix(call)}\n")
    return result


def _missing_annotation(manifest: Manifest) -> str:
    return (
        f"Warning: resource {manifest.resource.plural}/{manifest.name} is missing the {LAST_APPLIED} annotation which is "
        "required by kubectl apply. kubectl apply should only be used on resources created declaratively by either "
        "kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n"
    )


def _patch(call: Call, manifest: Manifest, live: Obj, modified: Obj) -> Obj:
    if dry_run(call) == "client":
        return _said(call, manifest, "configured", live)
    if LAST_APPLIED not in (live["metadata"].get("annotations") or {}):
        call.err(_missing_annotation(manifest))
    try:
        kind, patch = apply_patch(call, manifest, live, modified)
    except CommandError as error:
        raise CommandError(f"{_applying(manifest, '')}: {error.text}") from error
    if not patch:
        return _said(call, manifest, "unchanged", live)
    try:
        made = call.api.patch(
            manifest.resource,
            manifest.namespace,
            manifest.name,
            patch,
            kind=kind,
            manager=call.text("field-manager"),
            query=write_query(call),
        )
    except ApiRefusal as refusal:
        raise refusal.with_context(_applying(manifest, compact(patch))) from None
    return _said(call, manifest, "configured", made)


def _applying(manifest: Manifest, patch: str) -> str:
    resource = manifest.resource
    path = f"{resource.group}/{resource.version}"
    return (
        f'error when applying patch:\n{patch}\nto:\nResource: "{path}, Resource={resource.plural}", '
        f'GroupVersionKind: "{path}, Kind={manifest.obj["kind"]}"\nName: "{manifest.name}", Namespace: "{manifest.namespace}"\n'
        f'for: "{manifest.source}": error when patching "{manifest.source}"'
    )


COMMANDS = (
    Command(
        "apply",
        "Make the cluster hold what files say",
        apply,
        usage="-f FILENAME",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            ALL,
            DRY_RUN,
            SELECTOR,
            VALIDATE,
            GRACE_PERIOD,
            TIMEOUT,
            manager(_MANAGER),
            RECORD,
            Flag("cascade", default="background", bare="background"),
            Flag("force", kind="bool"),
            Flag("force-conflicts", kind="bool"),
            Flag("openapi-patch", kind="bool", default=True),
            Flag("overwrite", kind="bool", default=True),
            Flag("prune", kind="bool"),
            Flag("prune-allowlist", kind="array"),
            Flag("server-side", kind="bool", help="Let the server merge"),
            Flag("subresource"),
            Flag("wait", kind="bool"),
        ),
        commands=last_applied.COMMANDS,
    ),
)
