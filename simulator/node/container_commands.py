"""Commands in containers that run already: `exec`, shells that take lines, `attach`, and lifecycle hooks.

Follows `pkg/kubelet/kubelet_pods.go: RunInContainer`, `GetExec`, `GetAttach` and `pkg/kubelet/lifecycle/handlers.go`. Promises: a command sees the
environment that its container was created with; whoever lives by files that it has changed looks again. Leaves to others: what a
command does (`container_exec`).
"""

from simulator.apiserver.errors import bad_request
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.pod_names import kernel_name
from simulator.node import hook_words
from simulator.node.container_exec import ContainerExec, Execution
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.container_starts import ContainerStarts
from simulator.node.environment import Missing
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.pod_servers import PodServers
from simulator.node.prober import Prober
from simulator.node.probes import port_number
from simulator.node.records import ContainerRecord, PodRecord
from simulator.node.timing import SECOND
from simulator.node.volume_manager import VolumeManager
from simulator.workloads.machine import SHELLS
from simulator.workloads.plans import argv_of
from simulator.workloads.program import FOREVER

#: As whom a kubelet asks a server for a lifecycle hook.
_LIFECYCLE = "kube-lifecycle/1.33"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ContainerCommands:
    def __init__(
        self,
        fleet: Fleet,
        programs: ContainerExec,
        *,
        runtime: ContainerRuntime,
        starts: ContainerStarts,
        prober: Prober,
        volumes: VolumeManager,
        servers: PodServers,
    ) -> None:
        self._fleet = fleet
        self._exec = programs
        self._runtime = runtime
        self._starts = starts
        self._prober = prober
        self._volumes = volumes
        self._servers = servers

    def execute(self, pod: Obj, container: str, argv: tuple[str, ...], stdin: str = "") -> Execution:
        """Runs a command in a running container, as `POST …/exec` does. Raises StatusError."""
        record, one = self._running(pod, container)
        done = self._exec.execute(pod, record, one, argv, env=self._environment(pod, record, one), stdin=stdin)
        self._after_exec(record, one, done)
        return done

    def hook(self, pod: Obj, record: PodRecord, one: ContainerRecord, hook: Obj) -> tuple[str, int]:
        """A lifecycle hook: (what went wrong, microseconds). One that does not end takes as long as it may."""
        if "sleep" in hook:
            return "", int(hook["sleep"]["seconds"]) * SECOND
        if "exec" in hook:
            argv = tuple(hook["exec"].get("command") or ())
            done = self._exec.execute(pod, record, one, argv, env=self._environment(pod, record, one))
            self._after_exec(record, one, done)
            if done.endless:
                return "", FOREVER
            return hook_words.of_command(pod, one.name, argv, done), done.took_us
        action = hook.get("httpGet") or {}
        port = port_number(action.get("port", 0), container_spec(pod, one.name))
        if port is not None:
            path = action.get("path") or "/"
            path = path if path.startswith("/") else f"/{path}"
            caller = self._servers.node_address(record.node)
            answer = self._servers.connect(action.get("host") or record.ip, port, "TCP", path, caller, agent=_LIFECYCLE)
            if not answer.error:
                return "", 0
        return hook_words.of_request(pod, one.name, action, port, record.ip), 0

    def _running(self, pod: Obj, container: str) -> tuple[PodRecord, ContainerRecord]:
        record = self._fleet.record_of(pod)
        one = record.containers.get(container) if record is not None else None
        if record is None or one is None or one.state != "running":
            raise bad_request(f'container not found ("{container}")')
        return record, one

    def _environment(self, pod: Obj, record: PodRecord, one: ContainerRecord) -> dict[str, str]:
        """As it was when the container was created."""
        assert one.run is not None
        spec = container_spec(pod, one.name)
        env = self._starts.environment(record, pod, spec, with_services=True, before_us=one.run.started_us)
        known = {**({} if isinstance(env, Missing) else env), **dict(one.run.config)}
        return {"PATH": _PATH, **known, "HOME": "/root" if one.run.recipe.setting.uid == 0 else "/"}

    def _after_exec(self, record: PodRecord, one: ContainerRecord, done: Execution) -> None:
        """A program may live by the files that have changed, and so may a probe."""
        if done.wrote:
            self._volumes.local.written(record)
            self._runtime.follow_anew(record, one)
            self._prober.disturb(record)

    # Sessions

    def open_session(self, pod: Obj, container: str, argv: tuple[str, ...]) -> dict[str, Plain] | str:
        """An interactive shell as plain data, to be handed to `session_line`; or the runtime's refusal. Raises StatusError."""
        record, one = self._running(pod, container)
        return self._exec.open(pod, record, one, argv, self._environment(pod, record, one))

    def attach_session(self, pod: Obj, container: str) -> dict[str, Plain] | None:
        """The shell that is a container's first process, if it is one that waits for what is typed. Raises StatusError."""
        record, one = self._running(pod, container)
        assert one.run is not None
        recipe = one.run.recipe
        argv = argv_of(self._fleet.image(recipe.image), recipe.command, recipe.args)
        if not recipe.setting.interactive or not argv or argv[0].rsplit("/", 1)[-1] not in SHELLS:
            return None
        session = self._exec.open(pod, record, one, argv[:1], self._environment(pod, record, one))
        return None if isinstance(session, str) else {**session, "attached": True}

    def session_line(self, session: dict[str, Plain], line: str) -> tuple[Execution, bool] | None:
        """One line for the shell, and whether it has ended; None when its container has."""
        found = self._of_session(session)
        if found is None:
            return None
        pod, record, one = found
        done, over = self._exec.line(pod, record, one, session, line)
        self._after_exec(record, one, done)
        if over and session.get("attached"):
            self._runtime.ended(
                record.uid, one.name, one.instance, done.status, "Error" if done.status else "Completed"
            )
        return done, over

    def session_prompt(self, session: dict[str, Plain]) -> str:
        """What the shell shows when it waits for a line; "" when it is gone."""
        found = self._of_session(session)
        return "" if found is None else self._exec.prompt(found[0], found[2], session, kernel_name(found[0]))

    def _of_session(self, session: dict[str, Plain]) -> tuple[Obj, PodRecord, ContainerRecord] | None:
        record = self._fleet.pods.get(session["uid"])
        pod = self._fleet.pod(record) if record is not None else None
        one = record.containers.get(session["container"]) if record is not None else None
        if (
            record is None
            or pod is None
            or one is None
            or one.state != "running"
            or one.instance != session["instance"]
        ):
            return None
        return pod, record, one
