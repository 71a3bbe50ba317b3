"""Every refusal of the API server, rendered as `kind: Status` in one place.

Codes, reasons and message forms follow apimachinery `pkg/api/errors`.
"""

from collections.abc import Sequence

from simulator.engine.plain import Obj


class ApiUnavailable(Exception):
    """Nobody answered: the API server is down or cannot be reached (connection refused)."""


class CertificateExpired(ApiUnavailable):
    """The API server's own certificate is over, so that no client goes on talking; the text is what Go's TLS says."""


class StatusError(Exception):
    """A refusal. `code` is the HTTP status, `reason` the machine-readable word, `details` as in metav1.StatusDetails."""

    def __init__(
        self, code: int, reason: str, message: str, details: Obj | None = None, metadata: Obj | None = None
    ) -> None:
        super().__init__(message)
        self.metadata = metadata or {}
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}
        self._tells_details = details is not None

    def status(self) -> Obj:
        body: Obj = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": dict(self.metadata),
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self._tells_details:
            body["details"] = self.details
        body["code"] = self.code
        return body


def _about(group: str, kind: str, name: str) -> Obj:
    details: Obj = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    return details


def qualified(group: str, resource: str) -> str:
    """`deployments.apps`, or `pods` for the core group."""
    return f"{resource}.{group}" if group else resource


def not_found(group: str, resource: str, name: str) -> StatusError:
    return StatusError(
        404, "NotFound", f'{qualified(group, resource)} "{name}" not found', _about(group, resource, name)
    )


def path_not_found() -> StatusError:
    return StatusError(404, "NotFound", "the server could not find the requested resource")


def unmapped(api_version: str, kind: str) -> StatusError:
    """No resource is served for the kind (`garbagecollector/errors.go: restMappingError`)."""
    return StatusError(500, "InternalError", f"unable to get REST mapping for {api_version}/{kind}.")


def already_exists(group: str, resource: str, name: str) -> StatusError:
    return StatusError(
        409, "AlreadyExists", f'{qualified(group, resource)} "{name}" already exists', _about(group, resource, name)
    )


def conflict(group: str, resource: str, name: str, why: str) -> StatusError:
    message = f'Operation cannot be fulfilled on {qualified(group, resource)} "{name}": {why}'
    return StatusError(409, "Conflict", message, _about(group, resource, name))


#: registry `generic/registry/store.go`: OptimisticLockErrorMsg.
OPTIMISTIC_LOCK = "the object has been modified; please apply your changes to the latest version and try again"


def invalid(group: str, kind: str, name: str, causes: Sequence[tuple[str, str, str]]) -> StatusError:
    """`causes` are (type, message, field); `message` is without the field, as in StatusCause."""
    texts = [f"{field}: {message}" for _, message, field in causes]
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = _about(group, kind, name)
    details["causes"] = [{"reason": type, "message": message, "field": field} for type, message, field in causes]
    what = f"{kind}.{group}" if group else kind
    return StatusError(422, "Invalid", f'{what} "{name}" is invalid: {joined}', details)


def bad_request(message: str) -> StatusError:
    return StatusError(400, "BadRequest", message)


def forbidden(group: str, resource: str, name: str, why: str) -> StatusError:
    what = qualified(group, resource)
    message = f'{what} "{name}" is forbidden: {why}' if name else f"{what} is forbidden: {why}"
    return StatusError(403, "Forbidden", message, _about(group, resource, name))


def method_not_supported(group: str, resource: str, verb: str) -> StatusError:
    message = f'{verb} is not supported on resources of kind "{qualified(group, resource)}"'
    return StatusError(405, "MethodNotAllowed", message, _about(group, resource, ""))


def method_not_allowed() -> StatusError:
    """A method that a path never takes (`PUT` on a collection)."""
    return StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def gone(message: str, token: str = "") -> StatusError:
    """`token`: where a list may go on nevertheless."""
    return StatusError(410, "Expired", message, metadata={"continue": token} if token else None)


def too_old_revision(revision: int, oldest: int) -> StatusError:
    """`apiserver/pkg/storage/cacher/watch_cache.go`."""
    return gone(f"too old resource version: {revision} ({oldest})")


def too_large(message: str) -> StatusError:
    return StatusError(413, "RequestEntityTooLarge", message)


def unsupported_media_type(message: str) -> StatusError:
    return StatusError(415, "UnsupportedMediaType", message)


def too_many_requests(message: str, retry_after_s: int = 0) -> StatusError:
    details: Obj = {"retryAfterSeconds": retry_after_s} if retry_after_s else {}
    return StatusError(429, "TooManyRequests", message, details)


def etcd_timeout() -> StatusError:
    """No quorum: etcd's own words reach the client, with no reason (`responsewriters.ErrorToAPIStatus`, default case)."""
    return StatusError(500, "", "etcdserver: request timed out")
