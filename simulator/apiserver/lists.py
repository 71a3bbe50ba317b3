"""Lists: selectors, and chunks on one consistent revision.

https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks. A continue token
names the revision and the last key, so later chunks show the objects as they were then, until that revision is compacted.
"""

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.apiserver import errors
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
    """`everything` ignores chunks. Raises StatusError for selectors that cannot be read and tokens that are too old."""
    wanted = matcher(request, target, registry.kinds)
    token = "" if everything else request.query.get("continue", "")
    limit = 0 if everything else _limit(request.query.get("limit", ""))
    if token:
        revision, after = _read_token(token)
        found = _at_revision(registry, target, revision)
        found = [obj for obj in found if _place(obj) > after]
    else:
        revision = registry.store.revision
        found = registry.list(request.user.name, target.resource.name, target.namespace)
    matching = [obj for obj in found if wanted(obj)]
    if not limit or len(matching) <= limit:
        return Page(matching, revision)
    page = matching[:limit]
    return Page(page, revision, _token(revision, _place(page[-1])), len(matching) - limit)


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


def _limit(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 19:
        raise errors.bad_request(f"limit: found {text!r}, wanted a number of objects")
    return int(text)


def _at_revision(registry: Registry, target: Target, revision: int) -> Iterable[Obj]:
    try:
        table = registry.store.table_at(target.resource.name, revision)
    except Compacted as error:
        raise errors.gone(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."
        ) from error
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
