"""Bringing an edited object to the server, and what came of it.

`visitToPatch`, `visitToCreate`, `visitToApplyEditPatch` and `addError` of `kubectl/pkg/cmd/util/editor/editoptions.go`.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH, STRATEGIC_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import recorded
from simulator.kubectl.editing.text import Reason
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.last_applied import LAST_APPLIED, modified_configuration
from simulator.kubectl.manifests import Manifest, with_namespace
from simulator.kubectl.printers import object_text, typed_name, without_managed_fields
from simulator.kubectl.shared_flags import validation
from simulator.machinery.go_text import quoted
from simulator.machinery.json_patches import PatchError, same_json
from simulator.machinery.json_text import compact
from simulator.machinery.patches import json_merge_diff, two_way_merge
from simulator.machinery.schemas import schema_for

_CHANGED = "At least one of apiVersion, kind and name was changed"


class Sending:
    """What became of the objects of one round."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.reasons: list[Reason] = []
        """Why objects have to be edited again."""
        self.retryable = 0
        self.not_found = 0

    def create(self, manifest: Manifest) -> None:
        """`kubectl create --edit`. Raises CommandError."""
        obj = self._annotated(manifest)
        made = self._call.api.create(
            manifest.resource, manifest.namespace, obj, manager=self._call.text("field-manager"), query=self._query
        )
        self._said(manifest, made, "created")

    def annotate(self, manifest: Manifest, original: Obj) -> None:
        """`kubectl apply edit-last-applied`. Raises CommandError."""
        edited = self._annotated(manifest)
        if same_json(original, edited):
            return self._said(manifest, edited, "skipped")
        patch: Obj = {"metadata": {"annotations": {LAST_APPLIED: compact(edited) + "\n"}}}
        self._call.api.patch(
            manifest.resource,
            self._call.namespace if manifest.resource.namespaced else "",
            manifest.name,
            patch,
            kind=MERGE_PATCH,
            manager=self._call.text("field-manager"),
            query=self._query,
        )
        return self._said(manifest, edited, "edited")

    def patch(self, manifest: Manifest, original: Obj) -> None:
        """`kubectl edit`. Raises CommandError for what no further round could mend."""
        edited = self._annotated(manifest)
        if same_json(original, edited):
            return self._said(manifest, edited, "skipped")
        kind, patch = _difference(manifest, original, edited)
        if self._call.on("output-patch"):
            self._call.out(f"Patch: {compact(patch)}\n")
        try:
            made = self._call.api.patch(
                manifest.resource,
                manifest.namespace,
                manifest.name,
                patch,
                kind=kind,
                manager=self._call.text("field-manager"),
                subresource=self._call.text("subresource"),
                query=self._query,
            )
        except CommandError as error:
            return self._refused(manifest, error)
        return self._said(manifest, made, "edited")

    @property
    def _query(self) -> dict[str, str]:
        return {"fieldValidation": validation(self._call)}

    def _annotated(self, manifest: Manifest) -> Obj:
        """With what `--save-config` and `--record` add."""
        obj = modified_configuration(manifest) if self._call.on("save-config") else with_namespace(manifest)
        sent: Obj = without_managed_fields(recorded(self._call, obj))
        return sent

    def _said(self, manifest: Manifest, obj: Obj, done: str) -> None:
        output = self._call.text("output")
        if output:
            self._call.out(object_text(obj, output, keep_managed_fields=self._call.on("show-managed-fields")))
        else:
            self._call.out(f"{typed_name(manifest.resource, manifest.name)} {done}\n")

    def _refused(self, manifest: Manifest, error: CommandError) -> None:
        what = f"{manifest.resource.name} {quoted(manifest.name)}"
        reason = error.reason if isinstance(error, ApiRefusal) else ""
        if isinstance(error, ApiRefusal) and reason == "Invalid":
            causes = (error.status.get("details") or {}).get("causes") or ()
            details = [f"{cause.get('field', '')}: {cause.get('message', '')}" for cause in causes]
            self.reasons.append((f"{what} was not valid", details))
            self._call.err(f"error: {what} is invalid\n")
        elif reason == "NotFound":
            self.not_found += 1
            self._call.err(f"error: {what} could not be found on the server\n")
        else:
            self.retryable += 1
            why = error.message if isinstance(error, ApiRefusal) else error.text
            self._call.err(f"error: {what} could not be patched: {why}\n")


def _difference(manifest: Manifest, original: Obj, edited: Obj) -> tuple[str, Obj]:
    """The kind of patch and the patch. Raises CommandError when what may not change did."""
    schema = schema_for(manifest.resource.api_version, manifest.resource.kind)
    kind = MERGE_PATCH if schema is None else STRATEGIC_PATCH
    try:
        patch = json_merge_diff(original, edited) if schema is None else two_way_merge(original, edited, schema)
    except PatchError as error:
        raise CommandError(str(error)) from error
    if "apiVersion" in patch or "kind" in patch or "name" in (patch.get("metadata") or {}):
        raise CommandError(_CHANGED)
    return kind, patch
