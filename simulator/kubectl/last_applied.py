"""The annotation in which client-side apply keeps what was applied last."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.manifests import Manifest, with_namespace
from simulator.machinery.json_text import compact

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def modified_configuration(manifest: Manifest) -> Obj:
    """The file's object with its own text in the last-applied annotation."""
    obj = with_namespace(manifest)
    metadata = obj.get("metadata") or {}
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != LAST_APPLIED}
    bare = {**obj, "metadata": {**metadata, "annotations": annotations}}
    text = compact(bare) + "\n"
    return {**obj, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}


def without_last_applied(obj: Obj) -> Obj:
    """The object without what was applied last; annotations are there in any case, if only none, as upstream has it."""
    metadata = obj.get("metadata") or {}
    kept = {key: text for key, text in (metadata.get("annotations") or {}).items() if key != LAST_APPLIED}
    return {**obj, "metadata": {**metadata, "annotations": kept}}
