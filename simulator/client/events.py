"""Events (core/v1): written once, counted when they repeat, as client-go's `tools/record` correlator does.

The correlator's aggregation: the same involved object, type, reason, source and message within ten minutes raises
`count` and `lastTimestamp`. After ten differing messages of one reason the message is prefixed "(combined from
similar events): ". Whether an event is a repeat is read from the store, so nothing has to be remembered here.
"""

from hashlib import blake2b
from typing import TYPE_CHECKING

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.engine.plain import Obj

if TYPE_CHECKING:
    from simulator.client.client import ApiServer


class EventRecorder:
    def __init__(self, api: "ApiServer") -> None:
        self._api = api

    def record(
        self, who: str, about: Obj, *, type: str, reason: str, message: str, source: str, host: str, field_path: str
    ) -> None:
        """Never raises: a component's work does not depend on its events being written."""
        metadata = about["metadata"]
        namespace = metadata.get("namespace") or "default"
        name = _name(metadata, type, reason, message, source, host, field_path)
        try:
            if not self._count(who, namespace, name):
                event = self._fresh(about, name, namespace, type, reason, message, source, host, field_path)
                self._api.create(who, "events", event)
        except (StatusError, ApiUnavailable):
            return

    def _count(self, who: str, namespace: str, name: str) -> bool:
        known = self._api.find(who, "events", namespace, name)
        if known is None:
            return False
        again = {**known, "count": known["count"] + 1, "lastTimestamp": self._api.engine.timestamp()}
        again["metadata"] = dict(known["metadata"])
        self._api.update(who, "events", again)
        return True

    def _fresh(
        self,
        about: Obj,
        name: str,
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
        origin = {"component": source, "host": host} if host else {"component": source}
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": origin,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": source,
            "reportingInstance": host,
        }


def _name(metadata: Obj, *parts: str) -> str:
    """`web.17f3a5b2c4d6e8f0`: the object's name and sixteen hexadecimal digits that identify what is repeated."""
    digest = blake2b("\n".join((metadata.get("uid", ""), *parts)).encode(), digest_size=8).hexdigest()
    return f"{metadata['name']}.{digest}"
