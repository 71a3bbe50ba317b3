"""What the kubelet says of a lifecycle hook that has failed.

Follows `Run` of `pkg/kubelet/lifecycle/handlers.go` and, for the error inside, `ExecSync` of `cri-client/pkg/remote_runtime.go` (1.33).
"""

import json

from simulator.engine.plain import Obj
from simulator.node.container_exec import Execution

_REFUSED = (
    "rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: "
    "exec failed: unable to start container process: "
)


def of_command(pod: Obj, container: str, argv: tuple[str, ...], done: Execution) -> str:
    """Empty when it has succeeded."""
    if done.refused:
        error = f"{_REFUSED}{done.refused}: unknown"
    elif done.status:
        error = f"command '{' '.join(argv)}' exited with {done.status}: {done.stderr}"
    else:
        return ""
    output = json.dumps(done.stdout + done.stderr, ensure_ascii=False)
    return f"Exec lifecycle hook ([{' '.join(argv)}]) {_failed(pod, container, error)}, message: {output}"


def of_request(pod: Obj, container: str, action: Obj, port: int | None, address: str) -> str:
    """Nobody answers on the port, or there is no port of that name."""
    path = str(action.get("path", ""))
    if port is None:
        error = f"couldn't find port: {action.get('port')}"
    else:
        scheme, host = str(action.get("scheme", "HTTP")).lower(), action.get("host") or address
        url = f"{scheme}://{host}:{port}/{path.removeprefix('/')}"
        error = f'Get "{url}": dial tcp {host}:{port}: connect: connection refused'
    return f"HTTP lifecycle hook ({path}) {_failed(pod, container, error)}"


def _failed(pod: Obj, container: str, error: str) -> str:
    about = pod["metadata"]
    name = f"{about['name']}_{about['namespace']}({about['uid']})"
    return f'for Container "{container}" in Pod "{name}" failed - error: {error}'
