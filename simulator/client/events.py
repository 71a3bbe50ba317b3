"""Events (core/v1): written once, counted when they repeat, as client-go's `tools/record` correlator does.

The same involved object, type, reason, message, source and field path raise `count` and `lastTimestamp` of the Event that is
stored already. Which one that is the API server's index knows, so nothing has to be remembered here.
"""

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.engine.plain import Obj

if TYPE_CHECKING:
    from simulator.client.client import ApiServer


@lru_cache(maxsize=4096)
def _origin(source: str, host: str) -> Obj:
    """Shared by all Events of one recorder: stored objects never change."""
    return {"component": source, "host": host} if host else {"component": source}


class EventRecorder:
    def __init__(self, api: "ApiServer") -> None:
        self._api = api

    def record(
        self, who: str, about: Obj, *, type: str, reason: str, message: str, source: str, host: str, field_path: str
    ) -> None:
        """Never raises: a component's work does not depend on its events being written."""
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        event = self._fresh(about, namespace, type, reason, message, source, host, field_path)
        try:
            known = self._api.repeated_event(event)
            if known is None:
                self._api.create(who, "events", event)
            else:
                self._again(who, known)
        except (StatusError, ApiUnavailable):
            return

    def _again(self, who: str, known: Obj) -> None:
        again = {**known, "count": known["count"] + 1, "lastTimestamp": self._api.engine.timestamp()}
        again["metadata"] = dict(known["metadata"])
        self._api.update(who, "events", again)

    def _fresh(
        self,
        about: Obj,
        namespace: str,
        type: str,
        reason: str,
        message: str,
        source: str,
        host: str,
        field_path: str,
    ) -> Obj:
        now = self._api.engine.timestamp()
        metadata = about["metadata"]
        involved = {"kind": about["kind"], "name": metadata["name"], "uid": metadata.get("uid", "")}
        involved["apiVersion"] = about["apiVersion"]
        if metadata.get("namespace"):
            involved["namespace"] = metadata["namespace"]
        if metadata.get("resourceVersion"):
            involved["resourceVersion"] = metadata["resourceVersion"]
        if field_path:
            involved["fieldPath"] = field_path
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{metadata['name']}.{self._nanos():x}", "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": intern(message),
            "source": _origin(source, host),
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": host,
        }

    def _nanos(self) -> int:
        """The time that ends an Event's name: Unix nanoseconds, told apart by the number of the next event."""
        engine = self._api.engine
        return engine.epoch_s * 1_000_000_000 + engine.now * 1_000 + engine.trail.ev % 1_000
