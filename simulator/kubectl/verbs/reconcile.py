"""`kubectl auth reconcile`: roles and bindings brought to hold at least what files say, in upstream's words.

Follows https://kubernetes.io/docs/reference/access-authn-authz/rbac/#kubectl-auth-reconcile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.manifests import Manifest, read_manifests, with_namespace
from simulator.kubectl.printers import object_text, typed_name
from simulator.kubectl.shared_flags import DRY_RUN, FILE_FLAGS, PRINT_FLAGS, done_suffix, dry_run, write_query

_GROUP = "rbac.authorization.k8s.io"
_MANAGER = "kubectl-auth"


@dataclass(frozen=True, slots=True)
class _Field:
    """What is compared: `rules` of a role or `subjects` of a binding."""

    name: str
    shown: Callable[[Obj], str]
    switch: str


def _rule(rule: Obj) -> str:
    names = (
        ("Verbs", "verbs"),
        ("APIGroups", "apiGroups"),
        ("Resources", "resources"),
        ("ResourceNames", "resourceNames"),
        ("NonResourceURLs", "nonResourceURLs"),
    )
    return "{" + " ".join(f"{shown}:[{' '.join(rule.get(name) or ())}]" for shown, name in names) + "}"


def _subject(subject: Obj) -> str:
    names = (("Kind", "kind"), ("APIGroup", "apiGroup"), ("Name", "name"), ("Namespace", "namespace"))
    return "{" + " ".join(f"{shown}:{subject.get(name) or ''}" for shown, name in names) + "}"


_RULES = _Field("rules", _rule, "remove-extra-permissions")
_SUBJECTS = _Field("subjects", _subject, "remove-extra-subjects")
_FIELDS = {"Role": _RULES, "ClusterRole": _RULES, "RoleBinding": _SUBJECTS, "ClusterRoleBinding": _SUBJECTS}


def reconcile(call: Call) -> None:
    if not call.names_files:
        raise CommandError("must specify one of -f and -k")
    dry_run(call)
    for manifest in read_manifests(call):
        field = _FIELDS.get(manifest.resource.kind)
        if field is not None and manifest.resource.group == _GROUP:
            _reconcile_one(call, manifest, field)


def _reconcile_one(call: Call, manifest: Manifest, field: _Field) -> None:
    wanted = with_namespace(manifest)
    try:
        live: Obj | None = call.api.get(manifest.resource, manifest.namespace, manifest.name)
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
        live = None
    missing, extra = _differences(field, wanted, live)
    operation = "create" if live is None else ""
    if live is not None and live.get("roleRef") != wanted.get("roleRef"):
        operation = "recreate"
    elif live is not None and (missing or (extra and call.on(field.switch))):
        operation = "update"
    merged = _merged(call, field, wanted, live, missing, extra)
    if operation and dry_run(call) != "client":
        _write(call, manifest, merged, operation)
    _say(call, manifest, merged, field, operation, missing, extra if live is not None else [])


def _differences(field: _Field, wanted: Obj, live: Obj | None) -> tuple[list[Obj], list[Obj]]:
    ours, theirs = wanted.get(field.name) or [], (live or {}).get(field.name) or []
    return [one for one in ours if not _covered(one, theirs)], [one for one in theirs if not _covered(one, ours)]


def _covered(one: Obj, others: Sequence[Obj]) -> bool:
    return any(_normal(one) == _normal(other) for other in others)


def _normal(one: Obj) -> Any:
    return {key: sorted(value) if isinstance(value, list) else value for key, value in one.items() if value}


def _merged(call: Call, field: _Field, wanted: Obj, live: Obj | None, missing: list[Obj], extra: list[Obj]) -> Obj:
    if live is None:
        return wanted
    kept = live.get(field.name) or []
    if call.on(field.switch):
        kept = [one for one in kept if one not in extra]
    merged = {**live, "apiVersion": wanted["apiVersion"], "kind": wanted["kind"], field.name: [*kept, *missing]}
    return {**merged, "roleRef": wanted["roleRef"]} if "roleRef" in wanted else merged


def _write(call: Call, manifest: Manifest, obj: Obj, operation: str) -> None:
    resource, namespace = manifest.resource, manifest.namespace
    if operation == "update":
        call.api.replace(resource, namespace, obj, manager=_MANAGER, query=write_query(call))
        return
    if operation == "recreate":
        call.api.delete(resource, namespace, manifest.name, options={})
        kept = {key: value for key, value in obj["metadata"].items() if key not in ("uid", "resourceVersion")}
        obj = {**obj, "metadata": kept}
    call.api.create(resource, namespace, obj, manager=_MANAGER, query=write_query(call))


def _say(
    call: Call, manifest: Manifest, obj: Obj, field: _Field, operation: str, missing: list[Obj], extra: list[Obj]
) -> None:
    if call.text("output"):
        call.out(object_text(obj, call.text("output")))
    else:
        call.out(f"{typed_name(manifest.resource, manifest.name)} reconciled{done_suffix(call)}\n")
    if operation:
        call.err(f"\treconciliation required {operation}\n")
    if missing:
        call.err(f"\tmissing {field.name} added:\n" + "".join(f"\t\t{field.shown(one)}\n" for one in missing))
    if extra and call.on(field.switch):
        call.err(f"\textra {field.name} removed:\n" + "".join(f"\t\t{field.shown(one)}\n" for one in extra))


RECONCILE = Command(
    "reconcile",
    "Let roles and bindings hold at least what files say",
    reconcile,
    usage="-f FILENAME",
    flags=(
        *PRINT_FLAGS,
        *FILE_FLAGS,
        DRY_RUN,
        Flag("remove-extra-permissions", kind="bool", help="Take away rules that the files do not have"),
        Flag("remove-extra-subjects", kind="bool", help="Take away subjects that the files do not have"),
    ),
)
