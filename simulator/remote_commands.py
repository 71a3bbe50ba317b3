"""`exec` as a client of the API asks for it: one command in a container with all its input, or a shell that takes lines.

Promises: a command that did not start says so in the words of the kubelet and the container runtime (`pkg/kubelet/server`, containerd and runc).
Leaves to others: who may ask (`apiserver.server`), channels and sockets (the HTTP front).
"""

from typing import Any, Protocol

from simulator.apiserver.errors import StatusError
from simulator.engine.plain import Obj
from simulator.kubectl.call import ExecRefused
from simulator.kubectl.verbs.run import not_started
from simulator.node.container_exec import Execution
from simulator.sessions import ContainerSessions

_STATUSES = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


class Containers(Protocol):
    """What runs commands: the cluster."""

    sessions: ContainerSessions

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Execution: ...


def execute(
    containers: Containers, pod: Obj, container: str, argv: list[str], stdin: str, *, as_shell: bool
) -> dict[str, Any]:
    """`{"written": [[descriptor, text]], "exit", "refused"}`, or `{"session": {"id", "prompt"}}` when a shell stays open."""
    container = container or str(pod["spec"]["containers"][0]["name"])
    if not _is_running(pod, container):
        return _refused(f'unable to upgrade connection: container not found ("{container}")')
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    try:
        if as_shell:
            return {"session": containers.sessions.open(namespace, name, container, argv)}
        done = containers.execute(namespace, name, container, argv, stdin)
    except ExecRefused as error:
        return _refused(not_started(str(error)))
    except StatusError as error:
        return _refused(error.message)
    if done.refused:
        return _refused(not_started(done.refused))
    return {"written": [[fd, text] for fd, text in done.written if text], "exit": done.status, "refused": ""}


def _is_running(pod: Obj, container: str) -> bool:
    statuses = [one for field in _STATUSES for one in (pod.get("status") or {}).get(field) or ()]
    return any(one["name"] == container and "running" in (one.get("state") or {}) for one in statuses)


def _refused(why: str) -> dict[str, Any]:
    return {"written": [], "exit": 1, "refused": why}
