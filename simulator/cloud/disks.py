"""The cloud's disks: made, grown, attached to machines and deleted by storage drivers, never by Kubernetes itself.

Promises: a disk is reached only from its own zone and by one machine at a time; what is refused is `CloudRefused` in the provider's
words. The rows (id, name, zone, size in GiB, type, machine) are a `Ledger`, which the cloud's panel shows and whose quota and outage a
learner may set.
"""

from hashlib import blake2b

from simulator.cloud.errors import CloudRefused
from simulator.cloud.ledger import Ledger
from simulator.engine.plain import Obj

_GIB = 1 << 30


class Disks:
    def __init__(self, ledger: Ledger, provider: str, project: str) -> None:
        self._ledger = ledger
        self._provider = provider
        self._project = project

    def find(self, handle: str) -> Obj | None:
        return self._ledger.get(handle)

    def create(self, name: str, *, zone: str, size: int, type: str) -> str:
        """The handle of a disk of this name; asked again, the same disk. Raises CloudRefused."""
        handle = self._handle(name, zone)
        gib = -(-size // _GIB)
        self._ledger.open(handle, {"name": name, "zone": zone, "size": gib, "type": type, "machine": ""})
        return handle

    def delete(self, handle: str) -> None:
        row = self._ledger.get(handle)
        self._ledger.check()
        if row is None:
            return
        if row["machine"]:
            raise CloudRefused("VolumeInUse", f"volume {handle} is currently attached to {row['machine']}")
        self._ledger.close(handle)

    def grow(self, handle: str, size: int) -> None:
        self._known(handle)
        self._ledger.change(handle, {"size": -(-size // _GIB)})

    def attach(self, handle: str, machine: str, zone: str) -> None:
        row = self._known(handle)
        if row["machine"] and row["machine"] != machine:
            raise CloudRefused("VolumeInUse", f"{handle} is already attached to an instance")
        if zone and row["zone"] != zone:
            raise CloudRefused("InvalidVolume.ZoneMismatch", f"{handle} is not in the same zone as {machine}")
        self._ledger.change(handle, {"machine": machine})

    def detach(self, handle: str, machine: str) -> None:
        row = self._ledger.get(handle)
        self._ledger.check()
        if row is not None and row["machine"] == machine:
            self._ledger.change(handle, {"machine": ""})

    def _known(self, handle: str) -> Obj:
        self._ledger.check()
        row = self._ledger.get(handle)
        if row is None:
            raise CloudRefused("InvalidVolume.NotFound", f"The volume '{handle}' does not exist.")
        return row

    def _handle(self, name: str, zone: str) -> str:
        digits = blake2b(name.encode(), digest_size=16).hexdigest()
        if self._provider == "google":
            return f"projects/{self._project}/zones/{zone}/disks/{name}"
        if self._provider == "linode":
            return f"{1_000_000 + int(digits[:5], 16)}-{name.replace('-', '')[:32]}"
        return f"vol-0{digits[:16]}"
