"""What a request asks for, read from its method, query and headers.

Leaves to others: the path (`paths.py`), the body (`bodies.py`).
"""

from simulator.apiserver import errors
from simulator.apiserver.paths import Target
from simulator.apiserver.request import Request


def verb_of(request: Request, target: Target) -> str:
    match request.method:
        case "GET" | "HEAD":
            return "get" if target.name else "list"
        case "POST":
            return "create"
        case "PUT":
            return "update"
        case "PATCH":
            return "patch"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
        case "OPTIONS" if target.subresource == "proxy":
            # Passed on like the others; authorizers see no verb, which only `*` covers (`apiserver/pkg/endpoints/request/requestinfo.go`).
            return ""
    raise errors.method_not_supported(target.resource.group, target.resource.plural, request.method)


def is_watch(request: Request, target: Target) -> bool:
    is_asked = request.query.get("watch") in ("true", "1") and request.method == "GET"
    return is_asked and not target.subresource and "watch" in target.resource.verbs


def is_dry_run(request: Request) -> bool:
    return request.query.get("dryRun") == "All"


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip()
