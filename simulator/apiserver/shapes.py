"""The form of an answer: the object itself, a list, a Table or only metadata, as the Accept header asks.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables and, for metadata, the feature
behind `PartialObjectMetadata`. The first form of the header that is known wins.
"""

from collections.abc import Iterable

from simulator.apiserver import autoscalers
from simulator.apiserver.errors import StatusError
from simulator.apiserver.lists import Page
from simulator.apiserver.ownership import shown
from simulator.apiserver.paths import Target
from simulator.apiserver.request import Request
from simulator.engine.plain import Obj
from simulator.machinery.custom.columns import custom_table
from simulator.machinery.kinds import Kinds
from simulator.machinery.tables import table


def shaped(request: Request, target: Target, found: Obj | Page, now_us: int, kinds: Kinds) -> Obj:
    """Whole objects come with their managedFields, those of a watch only when a person ever wrote them."""
    match _wanted(request.headers.get("accept", "")):
        case "Table":
            return _table(request, target, found, now_us, kinds)
        case "PartialObjectMetadata" | "PartialObjectMetadataList":
            return _metadata_list(found) if isinstance(found, Page) else _metadata_only(found)
    told = request.with_ownership and request.query.get("watch") != "true"
    if isinstance(found, Page):
        return _list(target, found, told=told)
    return shown(found) if told else found


def wants_table(request: Request) -> bool:
    """Whether rows are asked for in place of objects."""
    return _wanted(request.headers.get("accept", "")) == "Table"


_ACCEPTED = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")


def refuse_table(request: Request) -> None:
    """Raises StatusError (406) where there is nothing to lay out in rows."""
    if _wanted(request.headers.get("accept", "")) == "Table" and "," not in request.headers["accept"]:
        raise _not_acceptable()


def refuse_unknown_media(request: Request) -> None:
    """Raises StatusError (406) for a client that takes nothing the server has (`handlers/negotiation`), a log's plain text included."""
    accept = request.headers.get("accept", "")
    media = [choice.partition(";")[0].strip() for choice in accept.split(",")]
    if accept and not any(one in (*_ACCEPTED, "*/*", "application/*") for one in media):
        raise _not_acceptable()


def refuse_unstreamable(request: Request) -> None:
    """Raises StatusError (406) for a watch in YAML, which has no frames (`handlers/negotiation: NegotiateOutputMediaTypeStream`)."""
    media = (choice.partition(";")[0].strip() for choice in request.headers.get("accept", "").split(","))
    if next((one for one in media if one in (*_ACCEPTED, "*/*", "application/*")), "") == "application/yaml":
        raise _not_acceptable(f"{one};stream=watch" for one in _ACCEPTED if one != "application/yaml")


def _not_acceptable(accepted: Iterable[str] = _ACCEPTED) -> StatusError:
    return StatusError(406, "NotAcceptable", f"only the following media types are accepted: {', '.join(accepted)}")


def _wanted(accept: str) -> str:
    """The kind that the first known choice names; empty for the object itself."""
    for choice in accept.split(","):
        media, *parameters = (part.strip() for part in choice.split(";"))
        kinds = [part.removeprefix("as=") for part in parameters if part.startswith("as=")]
        if media in ("application/json", "application/yaml") and "g=meta.k8s.io" in parameters and kinds:
            return kinds[0]
        if media in ("application/json", "application/yaml", "*/*", "application/*"):
            return ""
    return ""


def _metadata_only(obj: Obj) -> Obj:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _metadata_list(page: Page) -> Obj:
    items = [_metadata_only(item) for item in page.items]
    kind = "PartialObjectMetadataList"
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": _list_metadata(page), "items": items}


def _list(target: Target, page: Page, *, told: bool) -> Obj:
    version, kind = target.resource.api_version, target.resource.list_kind
    items = [shown(item) if told else item for item in page.items]
    return {"kind": kind, "apiVersion": version, "metadata": _list_metadata(page), "items": items}


def _list_metadata(page: Page) -> Obj:
    metadata: Obj = {"resourceVersion": str(page.revision)}
    if page.next:
        metadata["continue"] = page.next
        if page.left:
            metadata["remainingItemCount"] = page.left
    return metadata


def _table(request: Request, target: Target, found: Obj | Page, now_us: int, kinds: Kinds) -> Obj:
    objects = found.items if isinstance(found, Page) else [found]
    if target.resource.name == autoscalers.RESOURCE:
        objects = [autoscalers.stored(one) for one in objects]
    metadata = (
        _list_metadata(found)
        if isinstance(found, Page)
        else {"resourceVersion": found["metadata"].get("resourceVersion", "")}
    )
    version = kinds.version(target.resource)
    if version is not None:
        columns, rows = custom_table(version, objects, now_us)
    else:
        columns, rows = table(target.resource.name, objects, now_us)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": [
            {"cells": cells, "object": _row_object(obj, request)} for cells, obj in zip(rows, objects, strict=True)
        ],
    }


def _row_object(obj: Obj, request: Request) -> Obj | None:
    match request.query.get("includeObject", "Metadata"):
        case "Object":
            return obj
        case "None":
            return None
    return _metadata_only(obj)
