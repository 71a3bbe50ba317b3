"""`kubectl apply --server-side`: the whole file is sent, the server merges.

https://kubernetes.io/docs/reference/using-api/server-side-apply/. An object that was applied the old way before is moved over: the annotation
of the last apply gets an owner of its own and the entries of client-side apply become this one's (`client-go/util/csaupgrade`).
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import JSON_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.manifests import Manifest, with_namespace
from simulator.kubectl.shared_flags import dry_run, write_query
from simulator.machinery import field_sets

APPLY_PATCH = "application/apply-patch+yaml"
MANAGER, CLIENT_SIDE = "kubectl", "kubectl-client-side-apply"
_KEEPER = "kubectl-last-applied"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_ANNOTATION = ("f:metadata", "f:annotations", f"f:{LAST_APPLIED}")
_ADVICE = """
Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the `--force-conflicts` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"""


def refuse_wrong_flags(call: Call) -> None:
    """Raises CommandError for flags that do not go together."""
    if call.on("force-conflicts") and not call.on("server-side"):
        raise CommandError("--force-conflicts only works with --server-side")
    if call.on("server-side") and dry_run(call) == "client":
        raise CommandError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
    if call.on("server-side") and call.on("force"):
        raise CommandError("--force cannot be used with --server-side")


def apply_on_server(call: Call, manifest: Manifest) -> Obj:
    """The object as the server has it now. Raises CommandError."""
    manager = call.text("field-manager") if call.given("field-manager") else MANAGER
    obj = with_namespace(manifest)
    made = _sent(call, manifest, obj, manager)
    if manager == MANAGER:
        made = _with_kept_annotation(call, manifest, made)
    upgraded = _upgraded(made, manager)
    if upgraded is None:
        return made
    _patched(call, manifest, upgraded, manager, kind=JSON_PATCH)
    return _sent(call, manifest, obj, manager)


def _sent(call: Call, manifest: Manifest, obj: Obj, manager: str) -> Obj:
    force = "true" if call.on("force-conflicts") else "false"
    try:
        return _patched(call, manifest, obj, manager, force=force)
    except ApiRefusal as refusal:
        if refusal.reason == "Conflict":
            raise CommandError(refusal.message + _ADVICE) from None
        raise


def _patched(
    call: Call, manifest: Manifest, patch: object, manager: str, *, kind: str = APPLY_PATCH, force: str = ""
) -> Obj:
    query = {**write_query(call), **({"force": force} if force else {})}
    return call.api.patch(
        manifest.resource, manifest.namespace, manifest.name, patch, kind=kind, manager=manager, query=query
    )


def _with_kept_annotation(call: Call, manifest: Manifest, made: Obj) -> Obj:
    text = (made["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if text is None or _owners(made, "Apply"):
        return made
    place = {"name": made["metadata"]["name"]}
    if "namespace" in made["metadata"]:
        place["namespace"] = made["metadata"]["namespace"]
    metadata = {**place, "annotations": {LAST_APPLIED: text}}
    patch = {"apiVersion": made["apiVersion"], "kind": made["kind"], "metadata": metadata}
    return _patched(call, manifest, patch, _KEEPER)


def _owners(obj: Obj, operation: str) -> list[Obj]:
    """Entries that hold the annotation of the last apply."""
    entries = obj["metadata"].get("managedFields") or ()
    return [
        entry
        for entry in entries
        if entry["operation"] == operation and field_sets.has(field_sets.decoded(entry["fieldsV1"]), _ANNOTATION)
    ]


def _upgraded(obj: Obj, manager: str) -> list[Obj] | None:
    """The JSON patch that makes client-side entries `manager`'s own; None when there are none."""
    entries = list(obj["metadata"].get("managedFields") or ())
    names = {CLIENT_SIDE, *(entry["manager"] for entry in _owners(obj, "Update"))} if _owners(obj, "Update") else set()
    old = [entry for entry in entries if _is_main(entry, "Update") and entry["manager"] in names]
    if not old:
        return None
    mine = next((entry for entry in entries if _is_main(entry, "Apply") and entry["manager"] == manager), None)
    into = mine or {**old[0], "operation": "Apply", "manager": manager}
    fields = field_sets.decoded(into["fieldsV1"])
    for entry in old:
        if entry["apiVersion"] == into["apiVersion"]:
            fields = field_sets.union(fields, field_sets.decoded(entry["fieldsV1"]))
    merged = {**into, "fieldsV1": field_sets.encoded(fields)}
    kept = [entry for entry in entries if entry not in old and entry is not mine]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [merged, *kept]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": obj["metadata"]["resourceVersion"]},
    ]


def _is_main(entry: Obj, operation: str) -> bool:
    return bool(entry["operation"] == operation) and not entry.get("subresource")
