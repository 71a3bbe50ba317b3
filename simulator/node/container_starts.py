"""Brings the containers of one pod up, one after the other: image, environment, create, start.

Follows `kuberuntime_manager.go` SyncPod and `kuberuntime_container.go` startContainer of v1.33, word for word in events. Promises: a
step that fails leaves its reason in the container's record (`why`) and lets the others go on.
"""

from collections.abc import Iterator

from simulator.apiserver.errors import ApiUnavailable
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.pod_names import kernel_name
from simulator.machinery.quantities import value
from simulator.node import environment, users
from simulator.node.container_exec import why_not_run
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.durations import go_duration
from simulator.node.environment import Lookup, Missing, PodFacts, pod_facts
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.image_pulls import Failed, ImagePulls, Pulling
from simulator.node.pod_lifecycle import container_spec, grace_period_s
from simulator.node.prober import Prober
from simulator.node.records import ContainerRecord, Pairs, PodRecord, Recipe, Run
from simulator.node.spec_facts import KnownStart, SpecFacts
from simulator.node.volume_manager import VolumeManager
from simulator.workloads.file_tree import FileTree, Setting
from simulator.workloads.image_catalog import Image
from simulator.workloads.plans import argv_of, is_in_volume, reads

Argv = tuple[str, ...]


class ContainerStarts:
    name = "container-starts"

    def __init__(
        self, fleet: Fleet, runtime: ContainerRuntime, pulls: ImagePulls, prober: Prober, volumes: VolumeManager
    ) -> None:
        self._volumes = volumes
        self._fleet = fleet
        self._engine = fleet.engine
        self._runtime = runtime
        self.pulls = pulls
        self._prober = prober
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the pod records."""

    def go_on(self, record: PodRecord, pod: Obj) -> bool:
        """Starts the next containers of `record.queue`. True: the queue is empty; False: an event will come."""
        while record.queue:
            name = record.queue[0]
            if self._begin(record, record.containers[name], pod):
                return False
            record.queue.pop(0)
        return True

    def image_ended(self, record: PodRecord, pod: Obj, arrived: bool, full: str) -> bool:
        """The pull of the first container in the queue is over. Returns as `go_on`."""
        one = record.containers[record.queue[0]]
        if not arrived:
            self._fail(record, one, Failed("ErrImagePull", one.pull_error.removeprefix("ErrImagePull: ")))
        elif self._create(record, one, pod, self._fleet.image(full)):
            return False
        record.queue.pop(0)
        return self.go_on(record, pod)

    def started(self, record: PodRecord, pod: Obj) -> bool:
        """The first container of the queue has been started by the runtime. Returns as `go_on`."""
        one = record.containers[record.queue.pop(0)]
        spec = container_spec(pod, one.name)
        known = self._known(record, one, pod)
        recipe = known.recipe if known is not None else self._recipe(record, one, pod, spec)
        if isinstance(recipe, Missing):
            self._fail(record, one, Failed("CreateContainerConfigError", recipe.message))
            return self.go_on(record, pod)
        self._fleet.event(record, "Normal", "Created", f"Created container: {one.name}", container=one.name, about=pod)
        refused = "" if known is not None else self._refusal(record, pod, spec, recipe)
        if refused:
            message = f"failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: {refused}: unknown"
            self._runtime.fail_to_start(record, one, recipe, message)
            self._fail(record, one, Failed("RunContainerError", message))
        else:
            self._fleet.event(
                record, "Normal", "Started", f"Started container {one.name}", container=one.name, about=pod
            )
            self._volumes.container_begins(record, pod, one)
            if one.resources is None:
                one.resources = spec.get("resources") or {}
            self._runtime.start(record, one, recipe, None if known is None else known.plan)
            record.again = True  # whatever becomes of the others, the runtime tells of this one
            if known is None:
                self._learn(record, one, pod, spec)
                self._keep_config(record, one, pod, spec)
            self._prober.begin(record, one, spec)
            self._prober.disturb(record)
            if (hook := (spec.get("lifecycle") or {}).get("postStart")) is not None:
                self._post_start(record, pod, one, hook)
                return False
        return self.go_on(record, pod)

    # What pods of one spec have in common

    def _known(self, record: PodRecord, one: ContainerRecord, pod: Obj) -> KnownStart | None:
        """What this container starts with, if one of the same spec has told already and nothing of its pod's own is in it."""
        known = self._fleet.facts(record, pod).starts.get(one.name)
        if known is None or known.recipe.image != one.image or known.recipe.taken != self._taken(record, one):
            return None
        return known if one.resources is None or one.resources == known.resources else None

    def _learn(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> None:
        facts = self._fleet.facts(record, pod)
        assert one.run is not None
        assert one.resources is not None
        recipe = one.run.recipe
        if self._is_alike(facts, one, spec) and not self._is_in_volume(recipe):
            facts.starts[one.name] = KnownStart(recipe, self._fleet.plan(Run(recipe, 0)), one.resources)

    def _is_alike(self, facts: SpecFacts, one: ContainerRecord, spec: Obj) -> bool:
        """Whether the container's program asks for nothing that differs between pods: their names, Services, files that the kubelet writes."""
        known = facts.alike.get(one.name)
        if known is None:
            known = one.name in facts.self_contained and _is_told_all(self._fleet.image(one.image), spec)
            facts.alike[one.name] = known
        return known

    def _refusal(self, record: PodRecord, pod: Obj, spec: Obj, recipe: Recipe) -> str:
        """Why runc would not start the container; "" when it would. A program in a volume is looked at now."""
        if self._is_in_volume(recipe):
            argv = argv_of(self._fleet.image(recipe.image), recipe.command, recipe.args)
            seen = self._runtime.files.shown(record, pod, spec)
            return why_not_run(FileTree(setting=recipe.setting, seen=seen), argv[0])
        return self._runtime.is_refused(recipe)

    def _is_in_volume(self, recipe: Recipe) -> bool:
        argv = argv_of(self._fleet.image(recipe.image), recipe.command, recipe.args)
        return bool(argv) and is_in_volume(argv[0], recipe.setting)

    def _post_start(self, record: PodRecord, pod: Obj, one: ContainerRecord, hook: Obj) -> None:
        """The sync waits for the hook, so that nobody hears before that the container runs."""
        problem, took_us = self._runtime.hooks(pod, record, one, hook)
        self._engine.schedule(took_us, WORKERS, "post_start_ended", record.uid, record.turn, one.name, problem)

    def post_start_ended(self, record: PodRecord, pod: Obj, name: str, problem: str) -> bool:
        """The hook is over; a container whose hook has failed is killed (`kuberuntime_container.go`). Returns as `go_on`.

        The event says nothing of what the hook wrote, which may be a secret; the status does.
        """
        one = record.containers[name]
        if problem and one.state == "running":
            self._fleet.event(record, "Warning", "FailedPostStartHook", "PostStartHook failed", container=name)
            self._runtime.stop(record, one, container_spec(pod, name), grace_period_s(pod), "FailedPostStartHook")
            self._set_why(record, one, "PostStartHookError", problem)
        return self.go_on(record, pod)

    def _keep_config(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> None:
        """What ConfigMaps and Secrets say now stays in the container's environment until it is created again."""
        if one.run is None or not (
            "envFrom" in spec or any("valueFrom" in variable for variable in spec.get("env") or ())
        ):
            return
        try:
            found = environment.sourced(spec, self._facts(record, pod), self._lookup(record))
        except ApiUnavailable:
            return
        one.run.config = tuple(found.items())

    # Steps

    def _begin(self, record: PodRecord, one: ContainerRecord, pod: Obj) -> bool:
        """True when an event will bring the container further, False when this sync is done with it."""
        if self._runtime.backoff_left(one):
            self._back_off(record, one)
            return False
        spec = container_spec(pod, one.name)
        answer = self.pulls.ensure(record, one, spec["image"], pull_policy(spec), pod)
        match answer:
            case Pulling():
                return True
            case Failed():
                self._fail(record, one, answer)
                return False
        return self._create(record, one, pod, answer)

    def _create(self, record: PodRecord, one: ContainerRecord, pod: Obj, image: Image) -> bool:
        one.image = image.name.full
        spec = container_spec(pod, one.name)
        missing = self._missing(record, one, pod, spec)
        if missing is not None:
            self._fail(record, one, Failed("CreateContainerConfigError", missing.message))
            return False
        self._engine.schedule(
            self._fleet.draw(self._fleet.timing.start), WORKERS, "container_started", record.uid, record.turn
        )
        return True

    def _missing(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> Missing | None:
        if refusal := users.refusal(pod, spec, self._fleet.image(one.image)):
            return Missing(refusal)
        if self._is_alike(self._fleet.facts(record, pod), one, spec):
            return None
        argued = self._argued(record, one, pod, spec)
        return argued if isinstance(argued, Missing) else None

    def _back_off(self, record: PodRecord, one: ContainerRecord) -> None:
        pod = f"{record.name}_{record.namespace}({record.uid})"
        self._fleet.event(
            record,
            "Warning",
            "BackOff",
            f"Back-off restarting failed container {one.name} in pod {pod}",
            container=one.name,
        )
        delay = go_duration(one.backoff_us)
        self._set_why(
            record, one, "CrashLoopBackOff", f"back-off {delay} restarting failed container={one.name} pod={pod}"
        )

    def _fail(self, record: PodRecord, one: ContainerRecord, failed: Failed) -> None:
        """`Error: …` is what startContainer's caller writes for every failed step; pulls speak by their reason."""
        by_reason = failed.reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
        self._fleet.event(
            record, "Warning", "Failed", f"Error: {failed.reason if by_reason else failed.message}", container=one.name
        )
        self._set_why(record, one, failed.reason, failed.message)

    def _set_why(self, record: PodRecord, one: ContainerRecord, reason: str, message: str) -> None:
        """A fresh reason is reported soon; the same one again waits for the next sync."""
        record.failed_now = True
        record.again = record.again or one.why is None or one.why[0] != reason
        one.why = (reason, message)

    def _recipe(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj) -> Recipe | Missing:
        argued = self._argued(record, one, pod, spec)
        if isinstance(argued, Missing):
            return argued
        command, args, env = argued
        image = self._fleet.image(one.image)
        ports = tuple(port["containerPort"] for port in spec.get("ports") or ())
        if image.is_stand_in:
            ports = tuple(dict.fromkeys((*ports, *_probed(spec))))
        given = one.resources if one.resources is not None else spec.get("resources") or {}
        limit = (given.get("limits") or {}).get("memory")
        files = self._files(record, pod, (*command, *args))
        setting = self._setting(record, one, pod, spec, image)
        return Recipe(
            one.image,
            command,
            args,
            env,
            ports,
            value(limit) if limit else 0,
            files,
            setting,
            self._taken(record, one),
        )

    def _taken(self, record: PodRecord, one: ContainerRecord) -> tuple[int, ...]:
        """The ports that the pod's other containers have open."""
        if len(record.containers) == 1:
            return ()
        others = [other for other in record.containers.values() if other is not one]
        return tuple(sorted({port for other in others for port in self._runtime.serves(other)}))

    def _argued(
        self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj
    ) -> tuple[Argv, Argv, Pairs] | Missing:
        """Command, arguments and environment of the program, or what is missing for them."""
        image = self._fleet.image(one.image)
        command, args = tuple(spec.get("command") or ()), tuple(spec.get("args") or ())
        wanted = reads(image, command, args)
        env: dict[str, str] = {}
        expressions = any("subPathExpr" in mount for mount in spec.get("volumeMounts") or ())
        refers = any("$(" in word for word in (*command, *args))
        if wanted is None or wanted or expressions or "env" in spec or "envFrom" in spec or refers:
            given = self._given(record, pod, spec, with_services=_needs_services(wanted) or refers or _refers(spec))
            if isinstance(given, Missing):
                return given
            if expressions and (wrong := environment.sub_paths(spec, given)) is not None:
                return wrong
            command, args = (tuple(environment.expand(word, given) for word in words) for words in (command, args))
            found = {"HOSTNAME": kernel_name(pod), **given}
            names = found if wanted is None else [name for name in found if name in wanted]
            env = {name: found[name] for name in names}
        return command, args, tuple(env.items())

    def _files(self, record: PodRecord, pod: Obj, argv: tuple[str, ...]) -> Pairs:
        """What the kubelet writes into `/etc`, and what the kernel tells, for a program that looks there."""
        return tuple(self._runtime.files.kubelet_files(record, pod).items()) if _looks_in_etc(argv) else ()

    def _setting(self, record: PodRecord, one: ContainerRecord, pod: Obj, spec: Obj, image: Image) -> Setting:
        found = users.identity(pod, spec, image)
        read_only = bool((spec.get("securityContext") or {}).get("readOnlyRootFilesystem"))
        points = self._runtime.files.points(record, pod, spec)
        return Setting(
            found.uid,
            found.gid,
            found.groups,
            read_only,
            spec.get("workingDir") or "",
            points,
            bool(spec.get("stdin") and spec.get("tty")),
            image.is_stand_in and _ends(pod, one),
        )

    def _facts(self, record: PodRecord, pod: Obj) -> PodFacts:
        return pod_facts(pod, record.ip, self._fleet.nodes[record.node])

    def _lookup(self, record: PodRecord) -> Lookup:
        return lambda resource, namespace, name: self._fleet.find(record.node, resource, namespace, name)

    def environment(
        self, record: PodRecord, pod: Obj, spec: Obj, *, with_services: bool, before_us: int | None = None
    ) -> dict[str, str] | Missing:
        """The container's environment as its process sees it, or what is missing for it; a service made later is not in it."""
        given = self._given(record, pod, spec, with_services=with_services, before_us=before_us)
        return given if isinstance(given, Missing) else {"HOSTNAME": kernel_name(pod), **given}

    def _given(
        self, record: PodRecord, pod: Obj, spec: Obj, *, with_services: bool, before_us: int | None = None
    ) -> dict[str, str] | Missing:
        """What the kubelet sets of it."""
        try:
            services = self._services(record, pod) if with_services else []
            return environment.environment(
                spec,
                self._facts(record, pod),
                self._lookup(record),
                environment.service_links(self._made_before(services, before_us)),
            )
        except ApiUnavailable:
            return Missing("failed to sync configmap cache: timed out waiting for the condition")

    def _services(self, record: PodRecord, pod: Obj) -> list[Obj]:
        """The API server's, and those of the pod's namespace unless the pod does without (`getServiceEnvVarMap`)."""
        master = self._fleet.find(record.node, "services", "default", "kubernetes")
        own = (
            self._fleet.client(record.node).list("services", record.namespace)
            if pod["spec"].get("enableServiceLinks", True)
            else []
        )
        found = [*([master] if master is not None else []), *own]
        return list({one["metadata"]["name"]: one for one in found}.values())

    def _made_before(self, services: list[Obj], before_us: int | None) -> list[Obj]:
        if before_us is None:
            return services
        until = self._engine.timestamp(before_us)
        return [one for one in services if one["metadata"].get("creationTimestamp", "") <= until]


def _looks_in_etc(argv: Argv) -> bool:
    return any(place in word for word in argv for place in ("/etc/", "/proc/sys", "sysctl", "dns-", "etc-hosts"))


def _needs_services(wanted: frozenset[str] | None) -> bool:
    return wanted is None or any("_SERVICE_" in name or "_PORT" in name for name in wanted)


def _refers(spec: Obj) -> bool:
    """Whether a variable is made of others."""
    return any("$(" in (one.get("value") or "") for one in spec.get("env") or ())


def _is_told_all(image: Image, spec: Obj) -> bool:
    """Whether the image and the spec alone say what the program will do."""
    command, args = tuple(spec.get("command") or ()), tuple(spec.get("args") or ())
    wanted = reads(image, command, args)
    return wanted is not None and not (
        "HOSTNAME" in wanted or _needs_services(wanted) or _looks_in_etc((*command, *args))
    )


def pull_policy(spec: Obj) -> str:
    """The API server sets it; a pod from elsewhere gets the documented default."""
    policy = spec.get("imagePullPolicy")
    if policy:
        return str(policy)
    last = spec["image"].rsplit("/", 1)[-1]
    return "IfNotPresent" if "@" in last or (":" in last and not last.endswith(":latest")) else "Always"


def _ends(pod: Obj, one: ContainerRecord) -> bool:
    return one.kind == "init" or (one.kind == "app" and pod["spec"].get("restartPolicy", "Always") != "Always")


def _probed(spec: Obj) -> Iterator[int]:
    """Ports that its probes ask, by number."""
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = spec.get(name) or {}
        for action in ("httpGet", "tcpSocket", "grpc"):
            port = (probe.get(action) or {}).get("port")
            if isinstance(port, int):
                yield port
