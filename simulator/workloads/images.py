"""Image names as people write them, and as registries and containerd know them.

Promises: `parse` follows the reference grammar (distribution/reference): a missing registry is `docker.io`, a missing
owner there is `library`, a missing tag is `latest`; what does not parse raises `InvalidImageName` with the reason.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from simulator.workloads.errors import InvalidImageName

DEFAULT_REGISTRY = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_REGISTRY = re.compile(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?"
)
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageName:
    registry: str
    repository: str
    tag: str
    digest: str = ""
    path: str = field(init=False, repr=False, compare=False)
    """`docker.io/library/nginx`: what identifies the image apart from its version."""
    full: str = field(init=False, repr=False, compare=False)
    """`docker.io/library/nginx:1.27`: the name containerd keeps."""

    def __post_init__(self) -> None:
        path = f"{self.registry}/{self.repository}"
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "full", f"{path}@{self.digest}" if self.digest else f"{path}:{self.tag}")


@lru_cache(maxsize=1024)
def parse(text: str) -> ImageName:
    """Raises `InvalidImageName`."""
    rest, _, digest = text.partition("@")
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise InvalidImageName(text, "invalid reference format")
    registry, repository = _split_registry(rest)
    repository, colon, tag = repository.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise InvalidImageName(text, "invalid reference format")
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    if not _REPOSITORY.fullmatch(repository):
        raise InvalidImageName(text, _why_not(repository))
    return ImageName(registry, repository, tag or "latest", digest)


def is_reference(text: str) -> bool:
    """Whether it is an image name at all."""
    try:
        parse(text)
    except InvalidImageName:
        return False
    return True


def _split_registry(text: str) -> tuple[str, str]:
    """The first part is a registry when it could not be an owner: it has a dot or a port, or is `localhost`."""
    head, slash, tail = text.partition("/")
    if not slash or not ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        return DEFAULT_REGISTRY, text
    if not _REGISTRY.fullmatch(head):
        raise InvalidImageName(text, "invalid reference format")
    return ("docker.io" if head == "index.docker.io" else head), tail


def _why_not(repository: str) -> str:
    if _REPOSITORY.fullmatch(repository.lower()):
        return f"invalid reference format: repository name ({repository}) must be lowercase"
    return "invalid reference format"
