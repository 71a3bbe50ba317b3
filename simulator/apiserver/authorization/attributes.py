"""What is asked of the authorizer, read off a request (`apiserver/pkg/endpoints/request/requestinfo.go`)."""

from dataclasses import dataclass

from simulator.apiserver import errors
from simulator.apiserver.errors import StatusError
from simulator.apiserver.paths import Target
from simulator.apiserver.request import Request, User
from simulator.machinery import selectors

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}


@dataclass(frozen=True, slots=True)
class Attributes:
    verb: str
    resource: str = ""
    """Plural, without subresource; empty for a request to a path."""
    group: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    field_selector: str = ""

    @property
    def combined(self) -> str:
        """`pods/log`."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def attributes_of(request: Request, target: Target) -> Attributes:
    resource = target.resource
    namespace = target.namespace or ""
    if resource.name == "namespaces":
        namespace = target.name
    return Attributes(
        verb=_verb(request, target),
        resource=resource.plural,
        group=resource.group,
        subresource=target.subresource,
        namespace=namespace,
        name=target.name or _selected_name(request),
        field_selector="" if target.name else request.query.get("fieldSelector", ""),
    )


def refusal(user: User, asked: Attributes, reason: str) -> StatusError:
    """403 in the words of `responsewriters.Forbidden`."""
    suffix = f": {reason}" if reason else ""
    if not asked.resource:
        says = f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"{suffix}'
        return StatusError(403, "Forbidden", says, {})
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    says = f'User "{user.name}" cannot {asked.verb} resource "{asked.combined}" in API group "{asked.group}" {where}'
    return errors.forbidden(asked.group, asked.resource, asked.name, says + suffix)


def _verb(request: Request, target: Target) -> str:
    if request.method in ("GET", "HEAD"):
        if request.query.get("watch") in ("true", "1"):
            return "watch"
        return "get" if target.name else "list"
    if request.method == "DELETE":
        return "delete" if target.name else "deletecollection"
    return _VERBS.get(request.method, request.method.lower())


def _selected_name(request: Request) -> str:
    """A list of the one object that a field selector names counts as a question about it."""
    text = request.query.get("fieldSelector", "")
    if "metadata.name" not in text:
        return ""
    try:
        return selectors.parse_fields(text).required("metadata.name") or ""
    except selectors.SelectorError:
        return ""
