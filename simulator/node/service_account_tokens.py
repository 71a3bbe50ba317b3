"""When a kubelet asks for the token of a pod's ServiceAccount, and with which words.

Follows `pkg/kubelet/token/token_manager.go` and `pkg/volume/projected/projected.go` of v1.33: a token is asked for anew when 80 % of its life or
a day is over, and the file changes at the pod's next sync. Promises: pure functions of time, so a token costs nothing until somebody reads
it. Left out: the drawn seconds by which a refresh may come early, and API servers that are away at that moment.
"""

from simulator.engine.plain import Obj
from simulator.node.timing import SECOND

#: A pod takes over what its volumes' sources say at its next sync, within this long (`syncFrequency`).
SYNC_US = 60 * SECOND
_HOUR_S = 3_600
_DAY_US = 24 * _HOUR_S * SECOND


def sync_phase(uid: str) -> int:
    """Where on the beat of `SYNC_US` the pod's syncs lie."""
    return sum(uid.encode()) * 7_919 * SECOND % SYNC_US


def lifetime_of(source: Obj) -> int:
    """Seconds."""
    return int(source.get("expirationSeconds") or _HOUR_S)


def asked_at(started_us: int, now_us: int, lifetime_s: int, phase_us: int) -> int:
    """When the token was asked for that a pod, there since `started_us`, has now."""
    wait = min((lifetime_s - lifetime_s * 20 // 100) * SECOND, _DAY_US)
    first = _next_sync(started_us + wait, phase_us)
    if now_us < first:
        return started_us
    period = -(-wait // SYNC_US) * SYNC_US
    return first + (now_us - first) // period * period


def token_request(pod: Obj, source: Obj) -> Obj:
    """What the kubelet asks of `serviceaccounts/<name>/token`."""
    metadata = pod["metadata"]
    bound = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    spec: Obj = {"expirationSeconds": lifetime_of(source), "boundObjectRef": bound}
    return {"spec": {**spec, "audiences": [source["audience"]]} if source.get("audience") else spec}


def _next_sync(at_us: int, phase_us: int) -> int:
    return at_us + (phase_us - at_us) % SYNC_US
