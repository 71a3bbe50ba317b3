"""What a worker tells the API server of its pod: the status, and at the very end that the object may go.

Follows `pkg/kubelet/status/status_manager.go` of v1.33. Promises: a status is written when it differs from the last one written;
one that could not be written is tried again.
"""

from functools import partial

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.engine.plain import Obj
from simulator.node.container_logs import ContainerLogs
from simulator.node.container_runtime import ContainerRuntime
from simulator.node.fleet import Fleet
from simulator.node.pod_lifecycle import container_spec
from simulator.node.pod_status import pod_status
from simulator.node.records import PodRecord, Run
from simulator.node.timing import SECOND

#: A status that could not be written is tried again (status manager's sync period).
STATUS_RETRY_US = 10 * SECOND
_LAST_WORDS = 80
#: Fields of a status that go again: a merge patch has to say so.
_PASSING = ("podIP", "podIPs", "reason", "message")


class PodReports:
    def __init__(self, fleet: Fleet, runtime: ContainerRuntime, logs: ContainerLogs) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._runtime = runtime
        self._logs = logs

    def leave_messages(self, record: PodRecord, pod: Obj) -> None:
        """What containers that have just ended said last."""
        for one in record.containers.values():
            if one.state == "exited" and not one.message and one.exit_reason != "Unknown" and one.run is not None:
                spec = container_spec(pod, one.name)
                one.message = self._runtime.termination_message(
                    record, one, spec, partial(self._last_words, record, one.run)
                )

    def _last_words(self, record: PodRecord, run: Run) -> list[str]:
        return [line.text for line in self._logs.lines(record, run, limit=_LAST_WORDS)]

    def write_status(self, record: PodRecord, pod: Obj) -> None:
        if record.orphaned or (record.worker == "terminated" and not record.phase):
            return  # gone, or never taken in: its status was the rejection
        machine = self._fleet.nodes[record.node].spec
        status = pod_status(
            pod,
            record,
            self._fleet.facts(record, pod),
            host_ip=machine["address"],
            timestamp=self._engine.timestamp,
            dual=bool(machine["address6"]),
        )
        self.report(record, pod, status)

    def report(self, record: PodRecord, pod: Obj, status: Obj) -> None:
        if status == record.written or (record.static and not record.mirror):
            return
        patch = dict(status)
        for field in _PASSING:
            if field not in status:
                patch[field] = None
        try:
            self._fleet.client(record.node).patch(
                "pods", record.namespace, record.name, {"status": patch}, subresource="status"
            )
        except StatusError:
            return
        except ApiUnavailable:
            self._fleet.wake(record, STATUS_RETRY_US)
            return
        record.written = status

    def delete(self, node: str, metadata: Obj) -> None:
        """The last act: the object goes when everything of the pod is gone (grace period 0)."""
        try:
            self._fleet.client(node).delete(
                "pods", metadata["namespace"], metadata["name"], grace_s=0, uid=metadata["uid"]
            )
        except StatusError:
            return
        except ApiUnavailable:
            record = self._fleet.pods.get(metadata["uid"])
            if record is not None:
                self._fleet.wake(record, STATUS_RETRY_US)
