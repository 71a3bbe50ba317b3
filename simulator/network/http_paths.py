"""The path of an HTTP request, with the rest of the request that belongs to it."""

from collections.abc import Mapping


class HttpPath(str):
    """A path that knows its request. Whoever only wants the path takes it for the text that it is."""

    __slots__ = ("body", "headers", "host", "method", "scheme", "trust")

    host: str
    """What the client calls the server: the Host header, and the name in the TLS greeting."""
    method: str
    headers: Mapping[str, str]
    """Names in lower case."""
    scheme: str
    """`http`, `https`, `grpc` or `grpcs`."""
    body: str
    trust: str | None
    """The certificate authorities in PEM that a client of `https` holds the server against ("": those of its system); None: it does not look."""

    def __new__(
        cls,
        path: str,
        *,
        host: str = "",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        scheme: str = "http",
        body: str = "",
        trust: str | None = None,
    ) -> "HttpPath":
        made = super().__new__(cls, path)
        made.host = host.partition(":")[0].lower()
        made.method = method
        made.headers = {name.lower(): value for name, value in (headers or {}).items()}
        made.scheme = scheme
        made.body = body
        made.trust = trust
        return made


def request_of(path: str) -> HttpPath:
    """The request of any path; a plain one says nothing about its host."""
    return path if isinstance(path, HttpPath) else HttpPath(path)
