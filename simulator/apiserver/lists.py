"""Lists: selectors, and chunks on one consistent revision.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks. A continue token
names the revision and the last key, so later chunks show the objects as they were then, until that revision is compacted.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.apiserver import errors
from simulator.apiserver.errors import StatusError
from simulator.apiserver.list_options import EXACT, limit_of, refuse_list, revision_of, too_large_revision
from simulator.apiserver.paths import Target
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj
from simulator.machinery import selectors
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Compacted


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Obj]
    revision: int
    next: str = ""
    left: int = 0


def list_page(registry: Registry, request: Request, target: Target, *, everything: bool = False) -> Page:
    """`everything` ignores chunks. Raises StatusError for selectors that cannot be read and revisions that are too old or too new."""
    wanted = matcher(request, target, registry.kinds)
    token, limit = "", 0
    if not everything:
        refuse_list(request.query)
        token, limit = request.query.get("continue", ""), limit_of(request.query)
    revision, found = (
        _continued(registry, request, target, token) if token else _begun(registry, request, target, limit)
    )
    matching = [obj for obj in found if wanted(obj)]
    if not limit or len(matching) <= limit or (request.query.get("resourceVersion") == "0" and not token):
        return Page(matching, revision)
    page = matching[:limit]
    # How many are left is told only where a real server could know it without looking at them.
    left = 0 if _selects(request) else len(matching) - limit
    return Page(page, revision, _token(revision, _place(page[-1])), left)


def _selects(request: Request) -> bool:
    return bool(request.query.get("labelSelector") or request.query.get("fieldSelector"))


def _begun(registry: Registry, request: Request, target: Target, limit: int) -> tuple[int, Iterable[Obj]]:
    """The revision that a list shows, and its objects (`apiserver/pkg/storage/etcd3/store.go: GetList`)."""
    asked, match = request.query.get("resourceVersion", ""), request.query.get("resourceVersionMatch", "")
    current = registry.store.revision
    wanted = revision_of(asked) if asked else 0
    # The same words in a watch are about where it begins.
    if wanted and request.query.get("watch") != "true":
        if wanted > current:
            raise too_large_revision(wanted, current)
        if match == EXACT or (limit and not match):
            return wanted, _at_revision(registry, target, wanted, errors.gone(_EXPIRED))
    return current, registry.list(request.user.name, target.resource.name, target.namespace)


def _continued(registry: Registry, request: Request, target: Target, token: str) -> tuple[int, Iterable[Obj]]:
    """What follows a chunk, as things were then; from a token that says so (-1) as they are now."""
    if request.query.get("resourceVersion", "") not in ("", "0"):
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    revision, after = _read_token(token)
    if revision == _LATEST:
        revision = registry.store.revision
        found: Iterable[Obj] = registry.list(request.user.name, target.resource.name, target.namespace)
    else:
        found = _at_revision(registry, target, revision, errors.gone(_INCONSISTENT, _token(_LATEST, after)))
    return revision, [obj for obj in found if _place(obj) > after]


def matcher(request: Request, target: Target, kinds: Kinds) -> Callable[[Obj], bool]:
    """Whether an object is selected by labels, fields and, in a watch of one object, by its name."""
    labels = _labels(request.query.get("labelSelector", ""))
    fields = _fields(request.query.get("fieldSelector", ""), kinds, target)

    def matches(obj: Obj) -> bool:
        if target.name and obj["metadata"]["name"] != target.name:
            return False
        if labels is not None and not labels.matches(obj["metadata"].get("labels")):
            return False
        return fields is None or fields.matches(obj)

    return matches


def _labels(text: str) -> selectors.Selector | None:
    try:
        return selectors.parse(text) if text else None
    except selectors.SelectorError as error:
        raise errors.bad_request(str(error)) from error


def _fields(text: str, kinds: Kinds, target: Target) -> selectors.FieldSelector | None:
    if not text:
        return None
    resource = target.resource
    try:
        selector = selectors.parse_fields(text)
        version = kinds.version(resource)
        if version is None:
            selectors.check_fields(resource.name, selector)
        else:
            _check_custom(version.selectable, selector)
    except selectors.SelectorError as error:
        raise errors.bad_request(str(error)) from error
    return selector


def _check_custom(selectable: tuple[str, ...], selector: selectors.FieldSelector) -> None:
    """`customresource/strategy.go: selectableFields`: names and namespaces, and what the definition lists."""
    for requirement in selector.requirements:
        if requirement.path not in ("metadata.name", "metadata.namespace", *selectable):
            raise errors.bad_request(f"field label not supported: {requirement.path}")


#: `apiserver/pkg/storage/etcd3/errors.go`.
_EXPIRED = "The resourceVersion for the provided list is too old."
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue "
    "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token "
    "results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and "
    "now may show up in the list."
)
#: A token's revision: go on with what is there now.
_LATEST = -1


def _at_revision(registry: Registry, target: Target, revision: int, too_old: StatusError) -> Iterable[Obj]:
    """Raises `too_old` when that revision is compacted."""
    try:
        table = registry.store.table_at(target.resource.name, revision)
    except Compacted as error:
        raise too_old from error
    keys = sorted(key for key in table if target.namespace is None or key[0] == target.namespace)
    return [table[key] for key in keys]


def _place(obj: Obj) -> tuple[str, str]:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _token(revision: int, last: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": list(last)})
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        value = json.loads(base64.urlsafe_b64decode(token.encode()))
        return int(value["rv"]), (str(value["start"][0]), str(value["start"][1]))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise errors.bad_request("continue key is not valid") from error
