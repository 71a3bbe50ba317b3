"""Records of pods in a given moment, written shortly: `pod("x=init:0", "y=sidecar:started", "a=running", "b=new")`."""

from simulator.node.records import ContainerRecord, PodRecord, Recipe, Run

_RECIPE = Recipe("docker.io/library/busybox:1.36", (), (), (), (), 0, ())


def pod(*containers: str) -> PodRecord:
    """Of each its name, its kind (app when not given) and its state: `new`, `running`, `started`, `ready`, or the code it ended with.

    `0?` and `1?`: it has ended with this code and waits to be started again.
    """
    made = [_container(*one.split("=")) for one in containers]
    return PodRecord("uid", "default", "web", "node-0", {one.name: one for one in made}, sandbox=True)


def _container(name: str, text: str) -> ContainerRecord:
    kind, _, state = text.rpartition(":")
    one = ContainerRecord(name, kind or "app")
    if state == "new":
        return one
    one.run = Run(_RECIPE, 0)
    if state in ("running", "started", "ready"):
        one.state, one.started, one.ready = "running", state != "running", state == "ready"
        return one
    one.state, one.exit_code = "exited", int(state.removesuffix("?"))
    one.exit_reason = "Completed" if one.exit_code == 0 else "Error"
    one.why = ("CrashLoopBackOff", "back-off") if state.endswith("?") else None
    return one
