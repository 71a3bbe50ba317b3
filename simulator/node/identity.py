"""Identifiers that a machine makes up: container ids, image digests, machine and boot ids. All follow from names."""

from functools import lru_cache
from hashlib import blake2b


def container_id(pod_uid: str, container: str, instance: int) -> str:
    return f"containerd://{blake2b(f'{pod_uid}/{container}/{instance}'.encode(), digest_size=32).hexdigest()}"


@lru_cache(maxsize=1024)
def hex64(text: str) -> str:
    return blake2b(text.encode(), digest_size=32).hexdigest()


def uuid_of(text: str) -> str:
    """A UUID-shaped name, as `/proc/sys/kernel/random/boot_id`."""
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
