"""What a cloud has rented out beside machines: disks, load balancers. One ledger each, with a quota and an outage switch.

The seam for the parts that use the cloud: a provisioner opens a row, a controller of Services another one, and the cloud's panel shows
them. A ledger knows nothing of what its rows mean.
"""

from simulator.cloud.errors import CloudRefused
from simulator.engine import Plain
from simulator.engine.plain import Obj


class Ledger:
    def __init__(self, name: str, *, quota: int) -> None:
        self.name = name
        self.quota = quota
        self.is_out = False
        """The provider's service does not work at present."""
        self._rows: dict[str, Obj] = {}

    def check(self) -> None:
        """Raises CloudRefused while the service is out of order."""
        if self.is_out:
            raise CloudRefused(
                "ServiceUnavailable", f"the {self.name} service is currently unavailable, try again later"
            )

    def open(self, id: str, row: Obj) -> None:
        """Rents one more. Raises CloudRefused beyond the quota or during an outage; the same id again changes nothing."""
        self.check()
        if id in self._rows:
            return
        if len(self._rows) >= self.quota:
            raise CloudRefused(
                "QuotaExceeded", f"quota of {self.name} exceeded: {len(self._rows)} of {self.quota} in use"
            )
        self._rows[id] = {"id": id, **row}

    def change(self, id: str, facts: Obj) -> None:
        self.check()
        self._rows[id] = {**self._rows[id], **facts}

    def close(self, id: str) -> None:
        """Gives it back. Raises CloudRefused during an outage."""
        self.check()
        self._rows.pop(id, None)

    def note(self, id: str, facts: Obj) -> None:
        """What happens by itself: it needs no working service."""
        self._rows[id] = {**self._rows[id], **facts}

    def drop(self, id: str) -> None:
        """The end of something that was given back before."""
        self._rows.pop(id, None)

    def get(self, id: str) -> Obj | None:
        return self._rows.get(id)

    def rows(self) -> list[Obj]:
        return [self._rows[id] for id in sorted(self._rows)]

    def dump(self) -> Plain:
        return {"quota": self.quota, "out": self.is_out, "rows": list(self._rows.values())}

    def load(self, state: Plain) -> None:
        self.quota, self.is_out = state["quota"], state["out"]
        self._rows = {row["id"]: row for row in state["rows"]}
