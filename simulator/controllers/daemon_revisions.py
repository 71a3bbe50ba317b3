"""The templates that a DaemonSet has had, each kept as a ControllerRevision.

Upstream's `pkg/controller/daemon/update.go: constructHistory`, `cleanupHistory`, `dedupCurHistories` and `snapshot`.
"""

from collections.abc import Sequence

from simulator.apiserver.errors import StatusError
from simulator.client import Cache, Client
from simulator.controllers.daemon_rollout import HASH_LABEL
from simulator.controllers.kinds.objects import controller_of, controller_reference, is_ending, labels_of
from simulator.controllers.template_hash import template_hash
from simulator.engine.plain import Obj
from simulator.machinery.selectors import from_label_selector

_SETS = "daemonsets.apps"
REVISIONS = "controllerrevisions.apps"


class DaemonRevisions:
    def __init__(self, cache: Cache, client: Client) -> None:
        self._cache = cache
        self._client = client

    def revise(self, owner: Obj) -> str:
        """Makes sure that the present template has a ControllerRevision, the newest; returns its hash."""
        metadata = owner["metadata"]
        data = _revision_data(owner)
        known = self._revisions(owner)
        current = [one for one in known if one["data"] == data]
        latest = max((one["revision"] for one in known if one["data"] != data), default=0) + 1
        if not current:
            return self._snapshot(owner, data, latest)
        kept = max(current, key=lambda one: (one["revision"], one["metadata"]["name"]))
        digest = str(labels_of(kept).get(HASH_LABEL) or kept["metadata"]["name"])
        if len(current) > 1:
            self._drop_copies(owner, current, kept, digest)
        if kept["revision"] < latest:
            self._client.update(REVISIONS, {**kept, "revision": latest})
        self._truncate(metadata["namespace"], [one for one in known if one["data"] != data], owner)
        return digest

    def _revisions(self, owner: Obj) -> list[Obj]:
        """Owned revisions, with matching ones that nobody owns adopted."""
        metadata, selector = owner["metadata"], from_label_selector(owner["spec"].get("selector"))
        found = list(self._cache.owned(REVISIONS, metadata["uid"]))
        for one in self._cache.list(REVISIONS, metadata["namespace"]):
            if controller_of(one) is None and not is_ending(one) and selector.matches(labels_of(one)):
                references = [*(one["metadata"].get("ownerReferences") or ()), controller_reference(owner)]
                patch = {"metadata": {"ownerReferences": references, "uid": one["metadata"]["uid"]}}
                name = one["metadata"]["name"]
                found.append(self._client.patch(REVISIONS, metadata["namespace"], name, patch))
        return found

    def _drop_copies(self, owner: Obj, current: Sequence[Obj], kept: Obj, digest: str) -> None:
        """Of several revisions with the present template one stays, and all pods get its hash."""
        namespace = owner["metadata"]["namespace"]
        for pod in self._cache.owned("pods", owner["metadata"]["uid"]):
            if labels_of(pod).get(HASH_LABEL) != digest:
                self._client.patch(
                    "pods", namespace, pod["metadata"]["name"], {"metadata": {"labels": {HASH_LABEL: digest}}}
                )
        for one in current:
            if one is not kept:
                self._client.delete(REVISIONS, namespace, one["metadata"]["name"])

    def _truncate(self, namespace: str, old: Sequence[Obj], owner: Obj) -> None:
        """Keeps as many old revisions as the history may have, and those that pods still have."""
        surplus = len(old) - owner["spec"].get("revisionHistoryLimit", 10)
        if surplus <= 0:
            return
        live = {labels_of(pod).get(HASH_LABEL) for pod in self._cache.owned("pods", owner["metadata"]["uid"])}
        for one in sorted(old, key=lambda one: (one["revision"], one["metadata"]["name"])):
            if surplus > 0 and labels_of(one).get(HASH_LABEL) not in live:
                self._client.delete(REVISIONS, namespace, one["metadata"]["name"])
                surplus -= 1

    def _snapshot(self, owner: Obj, data: Obj, number: int) -> str:
        metadata, template, status = owner["metadata"], owner["spec"]["template"], owner.get("status") or {}
        digest = template_hash(template, status.get("collisionCount"))
        fresh: Obj = {
            "name": f"{metadata['name']}-{digest}",
            "namespace": metadata["namespace"],
            "labels": {**((template.get("metadata") or {}).get("labels") or {}), HASH_LABEL: digest},
            "ownerReferences": [controller_reference(owner)],
        }
        if annotations := metadata.get("annotations"):
            fresh["annotations"] = annotations
        kind = {"apiVersion": "apps/v1", "kind": "ControllerRevision"}
        try:
            self._client.create(REVISIONS, {**kind, "metadata": fresh, "data": data, "revision": number})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            if self._client.get(REVISIONS, metadata["namespace"], fresh["name"])["data"] != data:
                # Another template has this hash: with a counter more, the next one differs.
                counted = {**status, "collisionCount": (status.get("collisionCount") or 0) + 1}
                self._client.update_status(_SETS, {**owner, "status": counted})
                raise
        return digest


def _revision_data(owner: Obj) -> Obj:
    """The template as a patch that brings it back."""
    return {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
