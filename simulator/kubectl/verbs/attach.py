"""`kubectl attach`, and what `run -i` and `debug` do after they have made a container: wait for it, then give the terminal to it.

Follows `kubectl/pkg/cmd/attach/attach.go` and `cmd/run/run.go`. A container whose own process is a shell with a terminal becomes an
interactive session; of any other the output is shown until it ends.
"""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished, quiet
from simulator.kubectl.pod_choice import container_of, named_target, pods_of

_HINT = "If you don't see a command prompt, try pressing enter.\n"
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_PATIENCE_US = 60_000_000


def create_attached(call: Call, pod: Obj, container: str, *, remove: bool) -> None:
    """Makes a pod and follows its container."""
    resource = call.api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    made = call.api.create(resource, call.namespace, pod, manager="kubectl-run")
    metadata = made["metadata"]
    call.follow = attached(call, metadata["namespace"], metadata["name"], container, remove=remove)


def attached(call: Call, namespace: str, pod: str, container: str, *, remove: bool = False) -> Token:
    """The token that waits for a container and then shows it."""
    ending = " --rm" if remove else ""
    return {
        "kind": "attach",
        "namespace": namespace,
        "pod": pod,
        "container": container,
        "seen": 0,
        "deadline": call.now_us + _PATIENCE_US,
        "remove": remove,
        "then": f"kubectl attach {pod} -n {namespace} -c {container} -i -t{ending}",
        "clean": f"kubectl delete pod {pod} -n {namespace} --wait=false",
    }


def follow_attach(api: ApiClient, token: Token, now_us: int) -> Followed:
    resource = api.kinds.by_kind("v1", "Pod")
    assert resource is not None
    pod = api.get(resource, token["namespace"], token["pod"])
    state = _state(pod, token["container"])
    if "running" not in state and "terminated" not in state:
        if now_us < token["deadline"]:
            return quiet(token)
        return finished({**token, "then": ""}, "error: timed out waiting for the condition\n", exit_code=1)
    if "running" in state and _is_shell(pod, token["container"]):
        return finished(token)
    lines = api.log(token["namespace"], token["pod"], query={"container": token["container"]}).splitlines()
    fresh = {**token, "seen": len(lines)}
    text = "".join(f"{line}\n" for line in lines[token["seen"] :])
    if "running" in state:
        return Followed(text, fresh)
    code = int(state["terminated"].get("exitCode", 0))
    return finished(
        {**fresh, "then": token["clean"] if token["remove"] else ""}, text, exit_code=0 if token["remove"] else code
    )


def _state(pod: Obj, container: str) -> Obj:
    for part in ("containerStatuses", "ephemeralContainerStatuses"):
        for one in (pod.get("status") or {}).get(part) or ():
            if one["name"] == container:
                found: Obj = one.get("state") or {}
                return found
    return {}


def _is_shell(pod: Obj, container: str) -> bool:
    for part in ("containers", "ephemeralContainers"):
        for one in pod["spec"].get(part) or ():
            if one["name"] == container:
                words = [*(one.get("command") or ()), *(one.get("args") or ())]
                return bool(one.get("tty")) and (
                    not words or (len(words) == 1 and words[0].rsplit("/", 1)[-1] in _SHELLS)
                )
    return False


def attach(call: Call) -> None:
    if not call.rest:
        raise CommandError("at least 1 argument is required for attach")
    target = named_target(call, call.rest[:1])
    pods = (
        [call.api.get(target.resource, target.namespace, target.name)]
        if target.resource.kind == "Pod"
        else pods_of(call, target)
    )
    if not pods:
        raise CommandError("timed out waiting for the condition")
    pod = pods[0]
    phase = (pod.get("status") or {}).get("phase", "")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot attach a container in a completed pod; current phase is {phase}")
    container = container_of(call, pod, call.text("container"), quiet=call.on("quiet"))
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    query = {"container": container, "stdout": "true", "stderr": "true"}
    query |= {name: "true" for name in ("stdin", "tty") if call.on(name)}
    call.api.connect(namespace, name, "attach", query)
    hook = call.end.attach_shell
    if hook is not None and call.session.is_terminal and call.on("stdin") and call.on("tty"):
        try:
            call.opened = hook(namespace, name, container, remove=call.on("rm"))
        except ApiRefusal as refusal:
            raise CommandError(refusal.message) from refusal
    if call.opened is not None:
        call.out(_HINT)
        return
    if call.on("tty"):
        call.err(f"error: Unable to use a TTY - container {container} did not allocate one\n")
    call.out(_HINT)
    token: dict[str, Any] = attached(call, namespace, name, container)
    seen = call.api.log(namespace, name, query={"container": container}).count("\n")
    call.follow = {**token, "then": "", "seen": seen}


COMMANDS = (
    Command(
        "attach",
        "Attach to a process of a container that runs already",
        attach,
        usage="(POD | TYPE/NAME) [-c CONTAINER] [-i] [-t]",
        flags=(
            Flag("container", "c", help="This container"),
            Flag("stdin", "i", kind="bool", help="Pass standard input to the container"),
            Flag("tty", "t", kind="bool", help="Standard input is a terminal"),
            Flag("quiet", "q", kind="bool"),
            Flag("rm", kind="bool", help="Delete the pod when the session ends; used by run --rm"),
            Flag("pod-running-timeout", kind="duration", default=60_000_000),
        ),
    ),
)
FOLLOWERS = {"attach": follow_attach}
