"""How a driver's sidecars name themselves in events."""

from hashlib import blake2b

from simulator.cloud.storage_flavours import StorageFlavour


def source_of(storage: StorageFlavour, seed: int) -> str:
    """`<driver>_<pod>_<uuid>`, as the provisioner's leader election identity."""
    digest = blake2b(f"{storage.driver}/{seed}".encode(), digest_size=16).hexdigest()
    uuid = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
    return f"{storage.driver}_{storage.pod}_{uuid}"


def finalizer_of(driver: str) -> str:
    """`external-attacher/ebs-csi-aws-com`."""
    return f"external-attacher/{driver.replace('.', '-')}"
