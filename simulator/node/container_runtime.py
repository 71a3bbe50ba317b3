"""Starts and ends containers: what containerd does, and what the kernel does to the processes.

Promises: every running container has exactly one planned end or question, if its program has one, and none otherwise; a
container that nobody reads costs nothing while it runs. Late events of an earlier instance are recognised and ignored.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.octets import bytes_of, text_of
from simulator.node.container_files import ContainerFiles
from simulator.node.fleet import Fleet
from simulator.node.identity import container_id
from simulator.node.pod_lifecycle import container_spec
from simulator.node.pod_status import terminated
from simulator.node.records import LOG_RING, ContainerRecord, PodRecord, Recipe, Run
from simulator.node.timing import BACKOFF_FIRST_US, BACKOFF_FORGET_US, BACKOFF_MAX_US, MINIMUM_GRACE_S, SECOND
from simulator.node.volume_manager import VolumeManager
from simulator.workloads.commands.environment_programs import KERNEL, is_busybox
from simulator.workloads.plans import LOOK, Answer
from simulator.workloads.timeline import Plan

_SIGKILL = 137
_LOST = 255
#: Bytes of a termination message: from its file, from the log, and of all containers of a pod (`pkg/kubelet/container/runtime.go`).
_FROM_FILE, _FROM_LOG, _OF_POD = 4_096, 2_048, 12_288


def _nobody(pod: Obj, record: PodRecord, one: ContainerRecord, argv: tuple[str, ...]) -> tuple[int, list[str]]:
    return 1, []


def _no_use(node: str, more: Plan | None = None) -> None:
    return None


def _nothing(record: PodRecord) -> None:
    return None


class Use(Protocol):
    """Hears that something on a node uses more than before: a container that has just started, or (None) anything."""

    def __call__(self, node: str, more: Plan | None = None, /) -> None: ...


#: (pod, record, container, hook) → (what went wrong, or nothing; microseconds).
Hooks = Callable[[Obj, PodRecord, ContainerRecord, Obj], tuple[str, int]]


def _no_hooks(pod: Obj, record: PodRecord, one: ContainerRecord, hook: Obj) -> tuple[str, int]:
    return "", 0


class ContainerRuntime:
    name = "container-runtime"

    def __init__(self, fleet: Fleet, volumes: VolumeManager) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self.files = ContainerFiles(fleet, volumes)
        """What containers see of files."""
        self.kernel: Callable[[Obj, PodRecord, ContainerRecord, tuple[str, ...]], tuple[int, list[str]]] = _nobody
        """Answers `ps` and its like."""
        self.hooks: Hooks = _no_hooks
        """Carries out a lifecycle hook."""
        self.wrote: Callable[[PodRecord], None] = _nothing
        """Called when files of a pod have changed."""
        self.used: Use = _no_use
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the pod records."""

    # Starting

    def is_refused(self, recipe: Recipe) -> str:
        """Why runc would not start this command line; empty when it would."""
        return self._fleet.plan(Run(recipe, 0)).refused

    def serves(self, one: ContainerRecord) -> tuple[int, ...]:
        """The TCP ports that a container has open, or will have."""
        if one.state != "running" or one.run is None:
            return ()
        return tuple(listener.port for listener in self._fleet.plan(one.run).listens if listener.protocol != "udp")

    def start(self, record: PodRecord, one: ContainerRecord, recipe: Recipe, known: Plan | None = None) -> None:
        """`known`: what follows from the recipe, where somebody has worked it out already."""
        self._begin_instance(record, one, recipe)
        one.state = "running"
        assert one.run is not None
        one.run.plan = known
        plan = self._fleet.plan(one.run)
        self._follow(record, one, plan)
        self.used(record.node, plan)
        for listener in self._fleet.listeners:
            listener.container_started(record.node, one.image)

    def fail_to_start(self, record: PodRecord, one: ContainerRecord, recipe: Recipe, message: str) -> None:
        """The container was created, but its process could not be executed (exit code 128, `StartError`)."""
        self._begin_instance(record, one, recipe)
        one.state, one.exit_code, one.exit_reason, one.message = "exited", 128, "StartError", message
        one.finished_us = self._engine.now

    def _begin_instance(self, record: PodRecord, one: ContainerRecord, recipe: Recipe) -> None:
        if one.instance:
            one.restarts += 1
        if one.state == "exited":
            one.last = terminated(one, self._engine.timestamp)
            self._next_backoff(one)
        one.before = one.run
        one.instance += 1
        one.run = Run(recipe, self._engine.now)
        one.id = container_id(record.uid, one.name, one.instance)
        one.image = recipe[0]
        one.why = None
        one.message = ""
        one.stopping = False

    def _next_backoff(self, one: ContainerRecord) -> None:
        now = self._engine.now
        fresh = one.backoff_us == 0 or one.finished_us - one.backoff_at > BACKOFF_FORGET_US
        one.backoff_us = BACKOFF_FIRST_US if fresh else min(2 * one.backoff_us, BACKOFF_MAX_US)
        one.backoff_at = now

    def backoff_left(self, one: ContainerRecord) -> int:
        """Microseconds until an exited container may start again; 0: now."""
        if one.state != "exited" or one.backoff_us == 0 or one.finished_us - one.backoff_at > BACKOFF_FORGET_US:
            return 0
        return max(0, one.finished_us + one.backoff_us - self._engine.now)

    def _follow(self, record: PodRecord, one: ContainerRecord, plan: Plan) -> None:
        assert one.run is not None
        if plan.ending is not None:
            delay = max(0, one.run.started_us + plan.ending.offset_us - self._engine.now)
            self._engine.schedule(
                delay,
                self.name,
                "ended_by_itself",
                record.uid,
                one.name,
                one.instance,
                one.run.future,
                plan.ending.code,
                plan.ending.reason,
            )
        elif plan.question is not None:
            delay = max(0, one.run.started_us + plan.question.offset_us - self._engine.now)
            self._engine.schedule(delay, self.name, "asks", record.uid, one.name, one.instance, one.run.future)

    def follow_anew(self, record: PodRecord, one: ContainerRecord) -> None:
        """Something from outside has changed what the program will do: what was planned is void."""
        if one.state == "running" and one.run is not None:
            one.run.future += 1
            self._follow(record, one, self._fleet.plan(one.run))
            self.used(record.node)

    # Ending

    def ended_by_itself(self, uid: str, name: str, instance: int, future: int, code: int, reason: str) -> None:
        """Event: the program has come to its end, if nothing has come between."""
        record = self._fleet.pods.get(uid)
        if record is not None and (run := record.containers[name].run) is not None and run.future == future:
            self.ended(uid, name, instance, code, reason)

    def ended(self, uid: str, name: str, instance: int, code: int, reason: str) -> None:
        """Event: a container's process has ended."""
        record = self._fleet.pods.get(uid)
        if record is None:
            return
        one = record.containers[name]
        if one.instance != instance or one.state != "running":
            return
        self._exit(one, code, reason)
        if len(record.containers) > 1:
            self._next_turns(record)
        for listener in self._fleet.listeners:
            listener.container_ended(record.node, one.image)
        if self._fleet.is_up(record):
            self._fleet.notice(record)

    def _exit(self, one: ContainerRecord, code: int, reason: str) -> None:
        assert one.run is not None
        now = self._engine.now
        one.state, one.exit_code, one.exit_reason = "exited", code, reason
        one.finished_us = one.run.ended_us = now
        one.ready = one.started = one.stopping = False
        one.turn = []
        one.probes = {}

    def kill(self, record: PodRecord, one: ContainerRecord) -> None:
        """SIGKILL from outside: a person, or the kernel."""
        self.ended(record.uid, one.name, one.instance, _SIGKILL, "Error")

    def signal(self, record: PodRecord, one: ContainerRecord, name: str, *, ignorable: bool = True) -> None:
        """A signal for the first process: a server ends on SIGTERM and SIGINT, a script does what its traps say."""
        if one.state != "running" or one.run is None:
            return
        plan = self._fleet.plan(one.run)
        if plan.is_script:
            self._fleet.happen(one.run, "signal", name)
            self.follow_anew(record, one)
            handled = name in self._trapped(one)
        else:
            handled = plan.stop_us is not None
            if handled and name in ("TERM", "INT", "QUIT"):
                self._end_after(record, one, plan.stop_us or 0, plan.stop_code)
        if not handled and not ignorable:
            self.kill(record, one)

    def _trapped(self, one: ContainerRecord) -> frozenset[str]:
        """The signals that the container's script speaks of."""
        assert one.run is not None
        text = " ".join((*one.run.recipe.command, *one.run.recipe.args))
        return (
            frozenset(word.removeprefix("SIG") for word in text.replace(";", " ").split())
            if "trap" in text
            else frozenset()
        )

    def _end_after(self, record: PodRecord, one: ContainerRecord, delay_us: int, code: int) -> None:
        reason = "Completed" if code == 0 else "Error"
        self._engine.schedule(delay_us, self.name, "ended", record.uid, one.name, one.instance, code, reason)

    def lose(self, one: ContainerRecord) -> None:
        """The machine is gone; containerd will find the container dead when it comes back (exit code 255, `Unknown`)."""
        if one.state == "running":
            self._exit(one, _LOST, "Unknown")
        one.backoff_us = one.pull_backoff_us = 0
        one.why = None

    def stop(
        self,
        record: PodRecord,
        one: ContainerRecord,
        spec: Obj,
        grace_s: int,
        message: str,
        *,
        after: Sequence[str] = (),
    ) -> None:
        """The `Killing` event, preStop, SIGTERM, and SIGKILL when the grace period is over (`killContainer`).

        `after`: containers that come first; it waits for them between its hook and its signal, as long as there is time.
        """
        if one.state != "running" or one.stopping or one.run is None:
            return
        one.stopping = True
        self._fleet.event(record, "Normal", "Killing", message or f"Stopping container {one.name}", container=one.name)
        before_us = self._pre_stop(record, one, spec, grace_s * SECOND) if grace_s > 0 else 0
        if one.state != "running" or one.run is None:
            return  # the hook itself has ended it
        left_s = grace_s - before_us // SECOND
        if left_s > 0 and any(record.containers[name].state == "running" for name in after):
            one.turn = [self._engine.now + before_us, left_s, *after]
            self._plan_turn(record, one, before_us + left_s * SECOND)
            return
        self._terminate(record, one, spec, before_us=before_us, grace_s=left_s)

    def _plan_turn(self, record: PodRecord, one: ContainerRecord, delay_us: int) -> None:
        self._engine.schedule(delay_us, self.name, "take_turn", record.uid, one.name, one.instance)

    def take_turn(self, uid: str, name: str, instance: int) -> None:
        """Event: those before this container have ended, or it has waited for them as long as it may (`waitForTurn`)."""
        record = self._fleet.pods.get(uid)
        one = record.containers[name] if record is not None else None
        if record is None or one is None or one.instance != instance or not one.turn:
            return
        since, left_s = one.turn[:2]
        one.turn = []
        pod = self._fleet.pod(record)
        spec = {} if pod is None else container_spec(pod, name)
        self._terminate(record, one, spec, before_us=0, grace_s=left_s - (self._engine.now - since) // SECOND)

    def _next_turns(self, record: PodRecord) -> None:
        """A container has ended: somebody may have waited for it."""
        for one in record.containers.values():
            if one.turn and all(record.containers[name].state != "running" for name in one.turn[2:]):
                self._plan_turn(record, one, max(0, one.turn[0] - self._engine.now))

    def _terminate(self, record: PodRecord, one: ContainerRecord, spec: Obj, *, before_us: int, grace_s: int) -> None:
        """The signal after `before_us`, and SIGKILL when the program does not heed it (`StopContainer`)."""
        assert one.run is not None
        grace_us = before_us + max(grace_s, MINIMUM_GRACE_S) * SECOND
        signal = _stop_signal(spec)
        after, code, reason = grace_us, _SIGKILL, "Error"
        plan = self._fleet.plan(one.run)
        if plan.is_script and not before_us:
            plan = self._interrupt(record, one, signal)
        elif plan.is_script:
            self._engine.schedule(before_us, self.name, "interrupt", record.uid, one.name, one.instance, signal)
        if signal == "KILL":
            after = before_us
        elif plan.stop_us is not None and before_us + plan.stop_us <= grace_us:
            after, code = before_us + plan.stop_us, plan.stop_code
            reason = "Completed" if code == 0 else "Error"
            one.run.extra.extend([self._engine.now + before_us, text] for text in plan.stop_log)
        self._engine.schedule(after, self.name, "ended", record.uid, one.name, one.instance, code, reason)

    def _pre_stop(self, record: PodRecord, one: ContainerRecord, spec: Obj, grace_us: int) -> int:
        """Runs the hook; how long it takes, or the whole grace period when that is over before (`executePreStopHook`)."""
        hook, pod = (spec.get("lifecycle") or {}).get("preStop"), self._fleet.pod(record)
        if not hook or pod is None:
            return 0
        problem, took_us = self.hooks(pod, record, one, hook)
        if problem and took_us <= grace_us:
            self._engine.schedule(took_us, self.name, "pre_stop_failed", record.uid, one.name)
        return min(took_us, grace_us)

    def pre_stop_failed(self, uid: str, name: str) -> None:
        """Event: a preStop hook has failed; the container is stopped all the same."""
        record = self._fleet.pods.get(uid)
        if record is not None:
            self._fleet.event(record, "Warning", "FailedPreStopHook", "PreStopHook failed", container=name)

    def interrupt(self, uid: str, name: str, instance: int, signal: str) -> None:
        """Event: the preStop hook is over, and the program gets its signal."""
        record = self._fleet.pods.get(uid)
        if (
            record is not None
            and record.containers[name].instance == instance
            and record.containers[name].state == "running"
        ):
            self._interrupt(record, record.containers[name], signal)

    def _interrupt(self, record: PodRecord, one: ContainerRecord, signal: str) -> Plan:
        assert one.run is not None
        plan = self._fleet.happen(one.run, "signal", signal)
        self.follow_anew(record, one)
        return plan

    def hurry(self, record: PodRecord, one: ContainerRecord, grace_s: int) -> None:
        """A shorter grace period for a container that is stopping already."""
        if one.state == "running":
            one.stopping = True
            after = max(grace_s, MINIMUM_GRACE_S) * SECOND
            self._engine.schedule(after, self.name, "ended", record.uid, one.name, one.instance, _SIGKILL, "Error")

    # Talking

    def asks(self, uid: str, name: str, instance: int, future: int) -> None:
        """Event: the program has come to its question to the network."""
        record = self._fleet.pods.get(uid)
        one = record.containers[name] if record is not None else None
        if record is None or one is None or one.instance != instance or one.state != "running" or one.run is None:
            return
        if one.run.future != future:
            return
        question = self._fleet.plan(one.run).question
        pod = self._fleet.pod(record)
        if question is None or pod is None:
            return
        answer, took_us = self._answer(pod, record, one, question.argv)
        offset = self._engine.now - one.run.started_us + took_us
        plan = self._fleet.answered(one.run, offset, answer)
        spec = container_spec(pod, one.name)
        if self.files.deliver(record, pod, spec, list(plan.sent)):
            self.wrote(record)
        self._follow(record, one, plan)
        self.used(record.node)

    def _answer(self, pod: Obj, record: PodRecord, one: ContainerRecord, argv: tuple[str, ...]) -> tuple[Answer, int]:
        if argv == LOOK:
            return Answer(files=self.files.shown(record, pod, container_spec(pod, one.name))), 0
        if argv[0] in KERNEL:
            status, lines = self.kernel(pod, record, one, argv)
            return Answer(status, tuple(lines)), 1_000
        if self._fleet.network is None:
            return Answer(1), 1_000
        reader, small = self.files.reader(record, one, pod), is_busybox(self._fleet.image(one.image), argv[0])
        status, lines, took_us = self._fleet.network.ask(pod, argv, reader, busybox=small)
        return Answer(status, tuple(lines)), max(took_us, 1_000)

    def note_line(self, one: ContainerRecord, text: str) -> None:
        """A line the program writes because of something outside its plan, such as a request."""
        if one.run is not None:
            one.run.extra.append([self._engine.now, text])
            del one.run.extra[:-LOG_RING]

    def termination_message(
        self, record: PodRecord, one: ContainerRecord, spec: Obj, last_lines: Callable[[], list[str]]
    ) -> str:
        """What the process left in its termination message file, or its last words where the pod asks for them."""
        if one.run is None:
            return ""
        files = self._fleet.plan(one.run).files_at(max(one.finished_us - one.run.started_us, 0))
        text = _tail(files.get(spec.get("terminationMessagePath") or "/dev/termination-log", ""), _FROM_FILE)
        if not text and spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and one.exit_code != 0:
            text = _tail("".join(f"{line}\n" for line in last_lines()), _FROM_LOG)
        if not text:
            return ""
        return text_of(bytes_of(text)[: _OF_POD // len(record.containers)])


def _tail(text: str, limit: int) -> str:
    """The last bytes of a text."""
    return text if len(text) * 4 <= limit else text_of(bytes_of(text)[-limit:])


def _stop_signal(spec: Obj) -> str:
    """`lifecycle.stopSignal`, or what images say that want another one than SIGTERM."""
    return str((spec.get("lifecycle") or {}).get("stopSignal") or "SIGTERM").removeprefix("SIG")
