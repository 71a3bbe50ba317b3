"""Which views of the machine the containers of a pod share: the kernel's namespaces, which are no namespaces of the API.

Follows https://kubernetes.io/docs/concepts/workloads/pods/ ("Resource sharing and communication"), .../tasks/configure-pod-container/
share-process-namespace/: network and IPC are the sandbox's, or the machine's with `hostNetwork` and `hostIPC`; processes are each
container's own unless shared; every container has a root file system of its own. User namespaces are not simulated, so nothing is said of them.
"""

from simulator.engine.plain import Obj

POD, OWN, HOST = "all containers of this pod", "each container has its own", "the machine's"


def sandbox(pod: Obj) -> list[list[str]]:
    """Rows of (what is seen, whose view, what that means here), in the order people look at them."""
    spec, status = pod["spec"], pod.get("status", {})
    address = status.get("podIP", "")
    return [
        _network(spec, address),
        _host_name(pod),
        ["Message queues (ipc)", HOST if spec.get("hostIPC") else POD, "shared memory and semaphores"],
        _processes(spec),
        ["Files (mnt)", OWN, _volumes(spec)],
    ]


def _network(spec: Obj, address: str) -> list[str]:
    means = f"the address {address}" if address else "no address yet"
    if spec.get("hostNetwork"):
        return ["Network (net)", HOST, f"{means}, which is the node's; ports are taken on the node"]
    return ["Network (net)", POD, f"{means}; they reach each other at localhost and cannot take one port twice"]


def _host_name(pod: Obj) -> list[str]:
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        return ["Host name (uts)", HOST, spec.get("nodeName") or "no node yet"]
    return ["Host name (uts)", POD, spec.get("hostname") or pod["metadata"]["name"]]


def _processes(spec: Obj) -> list[str]:
    if spec.get("hostPID"):
        return ["Processes (pid)", HOST, "sees every process of the node"]
    if spec.get("shareProcessNamespace"):
        return ["Processes (pid)", POD, "process 1 is the sandbox's pause; containers see each other's processes"]
    return ["Processes (pid)", OWN, "process 1 is the container's own"]


def _volumes(spec: Obj) -> str:
    shared = [
        volume["name"]
        for volume in spec.get("volumes", ())
        if sum(_mounts(one, volume["name"]) for one in spec["containers"]) > 1
        and not volume["name"].startswith("kube-api-access-")
    ]
    return f"but volumes in common: {', '.join(shared)}" if shared else "from its image; no volume in common"


def _mounts(container: Obj, name: str) -> bool:
    return any(mount["name"] == name for mount in container.get("volumeMounts", ()))
