"""A watch, one batch at a time: what happened since a revision, and a bookmark that says where to go on.

https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes. Whoever keeps the connection
asks again from the bookmark's revision. An object that begins to match a selector is ADDED, one that ceases to is DELETED,
as the watch cache does it (`apiserver/pkg/storage/cacher/cache_watcher.go`).
"""

from collections.abc import Callable

from simulator.apiserver import errors
from simulator.apiserver.list_options import limit_of, refuse_watch, revision_of
from simulator.apiserver.lists import list_page, matcher
from simulator.apiserver.paths import Target
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj
from simulator.machinery.store import Change, Compacted

_INITIAL_END = "k8s.io/initial-events-end"
Shape = Callable[[Obj], Obj]


def watch_events(registry: Registry, request: Request, target: Target, shape: Shape) -> list[Obj]:
    """Events since `resourceVersion`; without one (or from 0) every object is ADDED first. Raises StatusError."""
    query = request.query
    wanted = matcher(request, target, registry.kinds)
    since = query.get("resourceVersion", "")
    refuse_watch(query)
    limit_of(query)
    initial = query.get("sendInitialEvents") == "true"
    if since in ("", "0") and query.get("sendInitialEvents") == "false":
        return _bookmark(request, target, registry.store.revision)
    if initial or since in ("", "0"):
        page = list_page(registry, request, target, everything=True)
        events = [{"type": "ADDED", "object": shape(obj)} for obj in page.items]
        return [*events, *_bookmark(request, target, page.revision, ends_initial=initial)]
    revision = revision_of(since)
    try:
        changes = registry.store.changes_since(revision)
    except Compacted as error:
        return [{"type": "ERROR", "object": errors.too_old_revision(revision, error.oldest).status()}]
    events = [{"type": kind, "object": shape(obj)} for change in changes for kind, obj in _seen(change, target, wanted)]
    return [*events, *_bookmark(request, target, max(revision, registry.store.revision))]


def _seen(change: Change, target: Target, wanted: Callable[[Obj], bool]) -> list[tuple[str, Obj]]:
    """What a watcher with this selector sees of a change: one event or none."""
    if change.resource != target.resource.name or target.namespace not in (None, change.key[0]):
        return []
    if target.name and target.name != change.key[1]:
        return []
    was = change.old is not None and wanted(change.old)
    final = change.new
    if final is None:
        return []
    if change.type == "DELETED":
        return [("DELETED", final)] if was else []
    match was, wanted(final):
        case True, True:
            return [("MODIFIED", final)]
        case False, True:
            return [("ADDED", final)]
        case True, False:
            return [("DELETED", _last_seen(change, final))]
    return []


def _last_seen(change: Change, final: Obj) -> Obj:
    """The object as it last matched, under the revision at which it ceased to."""
    assert change.old is not None
    version = final["metadata"]["resourceVersion"]
    return {**change.old, "metadata": {**change.old["metadata"], "resourceVersion": version}}


def _bookmark(request: Request, target: Target, revision: int, *, ends_initial: bool = False) -> list[Obj]:
    if request.query.get("allowWatchBookmarks") != "true":
        return []
    metadata: Obj = {"resourceVersion": str(revision), "creationTimestamp": None}
    if ends_initial:
        metadata["annotations"] = {_INITIAL_END: "true"}
    resource = target.resource
    obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
    return [{"type": "BOOKMARK", "object": obj}]
