"""`kubectl port-forward`: one request to a port inside a pod, made by the kubelet of its node.

Whoever forwards a port stands inside the pod's network: a server that listens on localhost only is reached too, and no policy is asked. The words of a failure are
those of containerd (`internal/cri/server/portforward_linux.go`).
"""

from hashlib import blake2b
from typing import Any

from simulator.apiserver.registry import Registry
from simulator.network.datapath import Datapath, Source


def forward(
    registry: Registry, datapath: Datapath, namespace: str, pod: str, port: int, path: str, *, uid: str = ""
) -> dict[str, Any]:
    """`{"status", "body", "refused"}`; status 0 without a path, or for a server that speaks no HTTP.

    `uid`: that of the pod for which the connection was made, when it was made before.
    """
    found = registry.store.get("pods", (namespace, pod))
    if uid and (found is None or found["metadata"]["uid"] != uid):
        return _refused(_prefix(uid, port) + f'failed to find sandbox "{_sandbox(uid)}" in store: not found')
    if found is None:
        return _refused(f'pods "{pod}" not found')
    phase = (found.get("status") or {}).get("phase", "Pending")
    if phase != "Running" and uid:
        return _refused(_prefix(uid, port) + f'network namespace for sandbox "{_sandbox(uid)}" is closed')
    if phase != "Running":
        return _refused(f"unable to forward port because pod is not running. Current status={phase}")
    trace = datapath.request(Source(pod=found, node=found["spec"]["nodeName"]), "127.0.0.1", port, path)
    if trace.error:
        return _refused(_no_listener(found, port))
    return {"status": trace.status, "body": trace.body, "refused": ""}


def _no_listener(pod: dict[str, Any], port: int) -> str:
    sandbox = _sandbox(pod["metadata"]["uid"])
    netns = f"{sandbox[:8]}-{sandbox[8:12]}-{sandbox[12:16]}-{sandbox[16:20]}-{sandbox[20:32]}"
    return (
        _prefix(pod["metadata"]["uid"], port) + "failed to execute portforward in network namespace "
        f'"/var/run/netns/cni-{netns}": failed to connect to localhost:{port} inside namespace "{sandbox}", IPv4: dial tcp4 '
        f"127.0.0.1:{port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found "
    )


def _sandbox(uid: str) -> str:
    return blake2b(f"{uid}/sandbox".encode(), digest_size=32).hexdigest()


def _prefix(uid: str, port: int) -> str:
    return f"error forwarding port {port} to pod {_sandbox(uid)}, uid : "


def _refused(why: str) -> dict[str, Any]:
    return {"status": 0, "body": "", "refused": why}
