"""The application error: a refusal that the person who asked can understand and act on.

Services raise it, `foundation.middleware` turns it into an answer, nothing in between catches it. Each app derives its
own family in its `errors.py`. Promises: `message` names the thing, what was found and what was wanted.
"""

from http import HTTPStatus


class ApplicationError(Exception):
    """A refusal with a message for people, a stable `code` for programs and the HTTP status that fits it."""

    code = "Refused"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, **extra: object) -> None:
        super().__init__(message)
        self.message = message
        self.extra = extra


class NotFound(ApplicationError):
    """The thing asked for does not exist, or the asker may not know that it does."""

    code = "NotFound"
    status = HTTPStatus.NOT_FOUND


class Forbidden(ApplicationError):
    """The thing exists and the asker may know it, but may not do this with it."""

    code = "Forbidden"
    status = HTTPStatus.FORBIDDEN


class Conflict(ApplicationError):
    """The request does not fit the present state of the thing."""

    code = "Conflict"
    status = HTTPStatus.CONFLICT


class TooMany(ApplicationError):
    """A limit is reached; waiting or removing something helps. `extra["retry_after_s"]` says how long, where known."""

    code = "TooManyRequests"
    status = HTTPStatus.TOO_MANY_REQUESTS
