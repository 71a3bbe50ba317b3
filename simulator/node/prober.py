"""The probe workers of all containers: when they ask, how often they must hear the same, and what follows.

Follows `pkg/kubelet/prober/worker.go` of v1.33. Promises: a worker whose finding cannot change by itself has no timer, so a
settled cluster is silent whatever its probes; `disturb` wakes it when something happens to the pod.
"""

from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.probes import Finding, find
from simulator.node.records import ContainerRecord, PodRecord, ProbeRecord
from simulator.node.timing import SECOND

_FIELDS = {"startup": "startupProbe", "liveness": "livenessProbe", "readiness": "readinessProbe"}
_WORDS = {"startup": "Startup", "liveness": "Liveness", "readiness": "Readiness"}


class Prober:
    name = "prober"

    def __init__(self, fleet: Fleet, runtime: ContainerRuntime) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._runtime = runtime
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the container records."""

    def begin(self, record: PodRecord, one: ContainerRecord, spec: Obj) -> None:
        """A container has started: sets what holds before the first probe, and plans it."""
        one.started = "startupProbe" not in spec
        one.ready = one.kind != "init" and one.started and "readinessProbe" not in spec
        one.probes = {}
        if not one.started:
            self._begin_worker(record, one, spec, "startup")
        else:
            self._begin_main_workers(record, one, spec, reported_us=self._fleet.relist_us(record.node))

    def disturb(self, record: PodRecord) -> None:
        """Something happened to the pod's processes: findings may differ now."""
        for one in record.containers.values():
            for kind, probe in one.probes.items():
                if probe.parked:
                    probe.parked = False
                    self._engine.schedule(0, self.name, "probe", record.uid, one.name, kind, one.instance)

    def _begin_main_workers(self, record: PodRecord, one: ContainerRecord, spec: Obj, *, reported_us: int) -> None:
        for kind in ("liveness", "readiness"):
            if _FIELDS[kind] in spec:
                self._begin_worker(record, one, spec, kind, reported_us)

    def _begin_worker(
        self, record: PodRecord, one: ContainerRecord, spec: Obj, kind: str, reported_us: int = 0
    ) -> None:
        """`reported_us`: how long from now the pod's status is told anew."""
        one.probes[kind] = ProbeRecord(result=kind == "liveness")
        assert one.run is not None
        probe = spec[_FIELDS[kind]]
        started = one.run.started_us // SECOND * SECOND  # as the status has it
        earliest = started + int(probe.get("initialDelaySeconds") or 0) * SECOND - self._engine.now
        if kind == "readiness" and earliest <= reported_us:
            # A report of a container that is not ready triggers it (`prober_manager.go` UpdatePodStatus).
            delay = reported_us
        else:
            delay = self._until_tick(record, probe, max(earliest, 1))
        self._engine.schedule(delay, self.name, "probe", record.uid, one.name, kind, one.instance)

    def _until_tick(self, record: PodRecord, probe: Obj, at_least_us: int) -> int:
        """A worker ticks every period from when the kubelet first saw the pod, whatever its containers do."""
        period = int(probe.get("periodSeconds") or 10) * SECOND
        due = self._engine.now + at_least_us - record.started_us
        return at_least_us + -due % period

    def probe(self, uid: str, name: str, kind: str, instance: int) -> None:
        """Event: one probe of one container is due."""
        record = self._fleet.pods.get(uid)
        one = record.containers[name] if record is not None else None
        if (
            record is None
            or one is None
            or one.instance != instance
            or one.state != "running"
            or kind not in one.probes
        ):
            return
        pod = self._fleet.pod(record)
        if pod is None or not self._fleet.is_up(record) or (one.stopping and kind != "readiness"):
            return
        spec = container_spec(pod, name)
        config = spec[_FIELDS[kind]]
        finding = find(self._fleet, self._runtime.files, record, one, spec, config)
        settled = self._take(record, one, spec, kind, finding)
        if kind not in one.probes or (one.stopping and kind != "readiness"):
            return
        self._plan_next(record, one, kind, config, finding if settled else None)

    def _plan_next(
        self, record: PodRecord, one: ContainerRecord, kind: str, config: Obj, settled: Finding | None
    ) -> None:
        """A settled success sleeps until its finding can change; everything else is asked again at the next tick."""
        at_least = 1
        if settled is not None and settled.ok:
            if settled.steady_us is None:
                one.probes[kind].parked = True
                return
            at_least = max(settled.steady_us, 1)
        self._engine.schedule(
            self._until_tick(record, config, at_least), self.name, "probe", record.uid, one.name, kind, one.instance
        )

    def _take(self, record: PodRecord, one: ContainerRecord, spec: Obj, kind: str, finding: Finding) -> bool:
        """Counts a finding. Returns whether the verdict in force agrees with it."""
        probe, config = one.probes[kind], spec[_FIELDS[kind]]
        if finding.unknown:
            text = f"{_WORDS[kind]} probe errored and resulted in unknown state: {finding.output}"
            self._fleet.event(record, "Warning", "Unhealthy", text, container=one.name)
            return False
        if not finding.ok:
            self._fleet.event(
                record, "Warning", "Unhealthy", f"{_WORDS[kind]} probe failed: {finding.output}", container=one.name
            )
        probe.run = probe.run + 1 if probe.run and probe.last == finding.ok else 1
        probe.last = finding.ok
        field, usual = ("successThreshold", 1) if finding.ok else ("failureThreshold", 3)
        if probe.run < int(config.get(field) or usual):
            return False
        self._decide(record, one, spec, kind, finding.ok)
        return True

    def _decide(self, record: PodRecord, one: ContainerRecord, spec: Obj, kind: str, ok: bool) -> None:
        probe = one.probes[kind]
        changed, probe.result = probe.result != ok, ok
        if kind == "readiness":
            if changed:
                one.ready = ok
                self._fleet.wake(record)
        elif not ok:
            self._restart(record, one, spec, kind)
        elif kind == "startup":
            self._started(record, one, spec)

    def _started(self, record: PodRecord, one: ContainerRecord, spec: Obj) -> None:
        del one.probes["startup"]
        one.started = True
        one.ready = one.kind != "init" and "readinessProbe" not in spec
        self._begin_main_workers(record, one, spec, reported_us=0)
        self._fleet.wake(record)

    def _restart(self, record: PodRecord, one: ContainerRecord, spec: Obj, kind: str) -> None:
        pod = self._fleet.pod(record)
        assert pod is not None
        usual = pod["spec"].get("terminationGracePeriodSeconds")
        grace = spec[_FIELDS[kind]].get("terminationGracePeriodSeconds")
        grace_s = int(grace if grace is not None else 30 if usual is None else usual)
        self._runtime.stop(record, one, spec, grace_s, f"Container {one.name} failed {kind} probe, will be restarted")
