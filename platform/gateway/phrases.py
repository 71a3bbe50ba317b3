"""Names of HTTP statuses that Twisted does not know: `422 Unprocessable Entity`, `429 Too Many Requests`.

Twisted writes "Unknown Status" for what its table lacks, and some clients show that line to people.
"""

from http import HTTPStatus

from twisted.web import http


def name_all_statuses() -> None:
    """Completes Twisted's table for this process."""
    for status in HTTPStatus:
        http.RESPONSES.setdefault(status.value, status.phrase.encode())
