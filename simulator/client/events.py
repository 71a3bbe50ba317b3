"""Events (core/v1): written once, counted when they repeat, as client-go's `tools/record` correlator does.

The same involved object, type, reason, message, source and field path raise `count` and `lastTimestamp` of the Event that is
stored already. Which one that is the API server's index knows, so nothing has to be remembered here.
"""

from functools import lru_cache
from sys import intern
from typing import TYPE_CHECKING

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.apiserver.event_index import Identity
from simulator.engine.plain import Obj
from simulator.engine.trail_rows import moment

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
        namespace = metadata.get("namespace", "")
        identity = (
            metadata.get("uid", ""),
            metadata["name"],
            about["kind"],
            namespace,
            field_path,
            type,
            reason,
            message,
            source,
            host,
        )
        api = self._api
        try:
            known = api.told_event(identity)
            if known is None:
                api.add_event(who, self._fresh(about, identity), identity)
            else:
                self._again(who, known)
        except (StatusError, ApiUnavailable):
            return

    def _again(self, who: str, known: Obj) -> None:
        again = {**known, "count": known["count"] + 1, "lastTimestamp": self._api.engine.timestamp()}
        again["metadata"] = dict(known["metadata"])
        self._api.update(who, "events", again)

    def _fresh(self, about: Obj, identity: Identity) -> Obj:
        uid, name, kind, namespace, field_path, type, reason, message, source, host = identity
        engine = self._api.engine
        now = engine.timestamp()
        metadata = about["metadata"]
        involved = {"kind": kind, "name": name, "uid": uid, "apiVersion": about["apiVersion"]}
        if namespace:
            involved["namespace"] = namespace
        if metadata.get("resourceVersion"):
            involved["resourceVersion"] = metadata["resourceVersion"]
        if field_path:
            involved["fieldPath"] = field_path
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{name}.{moment(engine.epoch_s, engine.now, engine.trail.ev)}",
                "namespace": namespace or "default",
            },
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
