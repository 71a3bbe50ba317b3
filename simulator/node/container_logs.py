"""`kubectl logs` as the kubelet serves it: the lines of a container's running or previous instance.

Follows `pkg/kubelet/kubelet_pods.go` (GetKubeletContainerLogs, validateContainerLogStatus). Promises: reading changes nothing and costs
what is read, never what was written.
"""

from collections.abc import Mapping

from simulator.apiserver.errors import StatusError, bad_request
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.node.fleet import Fleet
from simulator.node.records import ContainerRecord, PodRecord, Run
from simulator.workloads.log_lines import LogLine, expand, read

#: Lines kept of one instance: what the runtime's 10 MiB files hold of an ordinary log.
_KEPT = 10_000


class ContainerLogs:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def read(self, pod: Obj, container: str, query: Mapping[str, str]) -> str:
        """`query` as in the API: tailLines, sinceSeconds, sinceTime, timestamps, previous, limitBytes. Raises StatusError."""
        record = self._fleet.record_of(pod)
        self._check_node(pod)
        one = record.containers.get(container) if record is not None else None
        run = None if record is None or one is None else self._instance(record, one, query.get("previous") == "true")
        if record is None or run is None:
            raise self._no_logs(pod, container, one, query.get("previous") == "true")
        lines = self.lines(record, run, limit=_KEPT)
        lines = self._since(lines, query)
        if "tailLines" in query:
            count = _whole(query, "tailLines")
            lines = lines[len(lines) - count :] if count < len(lines) else lines
        text = "".join(
            f"{self._stamp(line.at_us)} {line.text}\n" if query.get("timestamps") == "true" else f"{line.text}\n"
            for line in lines
        )
        return text[: _whole(query, "limitBytes")] if "limitBytes" in query else text

    def lines(self, record: PodRecord, run: Run, *, limit: int) -> list[LogLine]:
        """The last `limit` lines of one instance up to now, oldest first."""
        until = self._fleet.engine.now if run.ended_us is None else run.ended_us
        plan = self._fleet.plan(run)
        lines = read(
            plan, run.started_us, until, strftime=self._fleet.strftime, hostname=record.name, ip=record.ip, limit=limit
        )
        extra = [
            LogLine(at, expand(text, at, strftime=self._fleet.strftime, hostname=record.name, ip=record.ip))
            for at, text in run.extra
            if at <= until
        ]
        if not extra:
            return lines
        return sorted(lines + extra, key=lambda line: line.at_us)[-limit:]

    def _check_node(self, pod: Obj) -> None:
        node = self._fleet.nodes.get(pod["spec"].get("nodeName", ""))
        if node is not None and not node.kubelet:
            metadata = pod["metadata"]
            path = f"https://{node.spec['address']}:10250/containerLogs/{metadata['namespace']}/{metadata['name']}"
            reach = f"dial tcp {node.spec['address']}:10250: connect: {'connection refused' if node.powered else 'no route to host'}"
            raise StatusError(500, "InternalError", f'Get "{path}": {reach}')

    def _instance(self, record: PodRecord, one: ContainerRecord, previous: bool) -> Run | None:
        return one.before if previous else one.run

    def _no_logs(self, pod: Obj, container: str, one: ContainerRecord | None, previous: bool) -> StatusError:
        name = pod["metadata"]["name"]
        if previous:
            return bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
        why = one.why if one is not None else None
        if why is not None and why[0] in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"):
            said = "trying and failing to pull image" if why[0] != "InvalidImageName" else "image can't be pulled"
            return bad_request(f'container "{container}" in pod "{name}" is waiting to start: {said}')
        waiting = (
            why[0]
            if why is not None
            else "PodInitializing"
            if pod["spec"].get("initContainers")
            else "ContainerCreating"
        )
        return bad_request(f'container "{container}" in pod "{name}" is waiting to start: {waiting}')

    def _since(self, lines: list[LogLine], query: Mapping[str, str]) -> list[LogLine]:
        engine = self._fleet.engine
        if "sinceSeconds" in query:
            start = engine.now - _whole(query, "sinceSeconds") * 1_000_000
        elif "sinceTime" in query:
            start = _moment(engine, query["sinceTime"])
        else:
            return lines
        return [line for line in lines if line.at_us >= start]

    def _stamp(self, at_us: int) -> str:
        """RFC 3339 in nanoseconds without trailing zeros, as containerd writes it."""
        text = self._fleet.engine.micro_timestamp(at_us).rstrip("Z").rstrip("0").rstrip(".")
        return f"{text}Z"


def _moment(engine: Engine, text: str) -> int:
    try:
        return engine.micros(text)
    except (ValueError, OverflowError) as error:
        raise bad_request(f'invalid value for sinceTime: found "{text}", wanted a time as RFC 3339 has it') from error


def _whole(query: Mapping[str, str], name: str) -> int:
    text = query[name]
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise bad_request(f'invalid value for {name}: found "{text}", wanted a whole number that is not negative')
    return int(text)
