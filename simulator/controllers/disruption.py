"""Says in the status of every PodDisruptionBudget how many of its pods may be disrupted now.

https://kubernetes.io/docs/tasks/run-application/configure-pdb/; upstream's disruption.go. A budget is looked at when it changes
or one of its pods does. A failure to count allows nothing. Leaves the refusing to the API server (`apiserver.disruption`) and
to whoever else asks the status.
"""

from collections.abc import Sequence
from math import ceil
from typing import ClassVar

from simulator.apiserver.custom_resources import custom_scale
from simulator.apiserver.disruption import BUDGETS, allowed_condition, with_condition
from simulator.apiserver.errors import StatusError
from simulator.client import About, Client, Controller, Process
from simulator.controllers.kinds.conditions import condition, replaced
from simulator.controllers.kinds.objects import controller_of, is_ending, key_of, labels_of, one_of, split
from simulator.controllers.kinds.pods import is_ready, is_terminal
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.machinery.resources import Resource
from simulator.machinery.selectors import Selector, from_label_selector

_SOURCE = "controllermanager"
_SECOND_US = 1_000_000
#: How long an evicted pod may take to be marked for deletion, and a disruption to come true.
_TIMEOUT_US = 120 * _SECOND_US
#: Changes of pods are collected for so long before a budget is looked at, in a large cluster.
_LARGE = 1000
_COLLECT_US = 200_000
#: Before the key of a pod with a DisruptionTarget condition that may be stale.
_STALE = "stale "
#: Kinds with replicas, in which pods are counted.
_SCALED = ("replicationcontrollers", "replicasets.apps", "statefulsets.apps", "deployments.apps")


class CountError(Exception):
    """The pods that should be there cannot be counted. The text is shown in the budget's status."""


class DisruptionController(Controller):
    name: ClassVar[str] = "disruption-controller"
    watches = {BUDGETS: "on_budget", "pods": "on_pod"}
    writes = (BUDGETS, "pods", "events")

    def __init__(self, process: Process, client: Client) -> None:
        super().__init__(process, client)
        self._selectors: dict[str, tuple[Obj, Selector]] = {}
        """Budget's uid → its selector, as written and as parsed."""

    # What is watched

    def on_budget(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            self._selectors.pop(one_of(old, new)["metadata"]["uid"], None)
            return
        self.enqueue(key_of(new))

    def on_pod(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and _is_disrupted(new):
            self.enqueue(_STALE + key_of(new), self._patience_us(new))
        if not self.cache.count(BUDGETS) or (old is not None and new is not None and _aspects(old) == _aspects(new)):
            return
        budget = self._budget_of(one_of(old, new))
        if budget is not None:
            self.enqueue(key_of(budget), _COLLECT_US if self.cache.count("pods") > _LARGE else 0)

    def _budget_of(self, pod: Obj) -> Obj | None:
        metadata, labels = pod["metadata"], labels_of(pod)
        found = [one for one in self.cache.list(BUDGETS, metadata["namespace"]) if self._selector(one).matches(labels)]
        if len(found) > 1:
            message = (
                f'Pod "{metadata["namespace"]}"/"{metadata["name"]}" matches multiple PodDisruptionBudgets.  '
                f'Chose "{found[0]["metadata"]["name"]}" arbitrarily.'
            )
            self.client.event(pod, "Warning", "MultiplePodDisruptionBudgets", message, source=_SOURCE)
        return found[0] if found else None

    def _selector(self, budget: Obj) -> Selector:
        uid, raw = budget["metadata"]["uid"], budget["spec"].get("selector")
        known = self._selectors.get(uid)
        if known is None or known[0] != raw:
            known = self._selectors[uid] = (raw, from_label_selector(raw))
        return known[1]

    # One budget

    def about(self, key: str) -> About:
        known = super().about(key)
        return known._replace(resource="pods") if key.startswith(_STALE) else known

    def reconcile(self, key: str) -> None:
        if key.startswith(_STALE):
            self._clear_stale(key, *split(key.removeprefix(_STALE)))
            return
        budget = self.cache.get(BUDGETS, *split(key))
        if budget is None:
            return
        selector = self._selector(budget)
        listed = self.cache.list("pods", budget["metadata"]["namespace"])
        pods = [pod for pod in listed if selector.matches(labels_of(pod))]
        if not pods:
            self._tell(budget, "Normal", "NoPods", "No matching pods found")
        try:
            expected, desired = self._expected(budget, pods)
        except CountError as error:
            message = f"Failed to calculate the number of expected pods: {error}"
            self._tell(budget, "Warning", "CalculateExpectedPodCountFailed", message)
            self._allow_nothing(budget, str(error))
            return
        disrupted = self._disrupted(key, budget, pods)
        healthy = sum(is_ready(pod) and not is_ending(pod) and pod["metadata"]["name"] not in disrupted for pod in pods)
        self._report(budget, healthy, desired, expected, disrupted)

    def _expected(self, budget: Obj, pods: Sequence[Obj]) -> tuple[int, int]:
        """(how many pods there should be, how many of them must be healthy)."""
        spec = budget["spec"]
        if (most := spec.get("maxUnavailable")) is not None:
            expected = self._scale(budget, pods)
            return expected, max(expected - _share(most, expected), 0)
        least = spec.get("minAvailable")
        if isinstance(least, int):
            return len(pods), least
        if least is None:
            return 0, 0
        expected = self._scale(budget, pods)
        return expected, _share(least, expected)

    def _scale(self, budget: Obj, pods: Sequence[Obj]) -> int:
        """The replicas of all controllers of these pods together."""
        scales: dict[str, int] = {}
        unmanaged = False
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged = True
            elif reference["uid"] not in scales:
                scales[reference["uid"]] = 0
                uid, replicas = self._replicas(pod, reference)
                scales[uid] = replicas
        if unmanaged:
            message = (
                f"Pods selected by this PodDisruptionBudget (selector: {_shown(budget['spec'].get('selector') or {})}) "
                "were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result "
                'in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an '
                "integer value."
            )
            self._tell(budget, "Warning", "UnmanagedPods", message)
        return sum(scales.values())

    def _replicas(self, pod: Obj, reference: Obj) -> tuple[str, int]:
        """Uid and replicas of the pod's controller, or of the Deployment above its ReplicaSet."""
        known = self.client.kinds.by_kind(reference["apiVersion"], reference["kind"])
        if known is None:
            raise _uncontrolled(pod)
        if known.name not in _SCALED:
            return self._custom_replicas(pod, reference, known)
        owner = self.cache.get(known.name, pod["metadata"]["namespace"], reference["name"])
        if owner is None or owner["metadata"]["uid"] != reference["uid"]:
            raise _uncontrolled(pod)
        above = controller_of(owner)
        if above is not None and above["kind"] == "Deployment":
            return self._replicas(pod, above)
        return owner["metadata"]["uid"], owner["spec"].get("replicas", 1)

    def _custom_replicas(self, pod: Obj, reference: Obj, kind: Resource) -> tuple[str, int]:
        """What the scale subresource of a custom resource says (`getScaleController`)."""
        version = self.client.kinds.version(kind)
        if version is None or version.scale is None:
            raise CountError(f"{kind.name} does not implement the scale subresource")
        try:
            owner = self.client.get(kind.name, pod["metadata"]["namespace"], reference["name"])
            replicas = custom_scale(owner, version)["spec"].get("replicas", 0)
        except StatusError as error:
            raise (_uncontrolled(pod) if error.code == 404 else CountError(error.message)) from error
        if owner["metadata"]["uid"] != reference["uid"]:
            raise _uncontrolled(pod)
        return owner["metadata"]["uid"], replicas

    def _disrupted(self, key: str, budget: Obj, pods: Sequence[Obj]) -> dict[str, str]:
        """Evicted pods that are not yet marked for deletion, and since when. Those that never are come back."""
        known = (budget.get("status") or {}).get("disruptedPods") or {}
        left: dict[str, str] = {}
        for pod in pods:
            name = pod["metadata"]["name"]
            if is_ending(pod) or name not in known:
                continue
            wait_us = self.engine.micros(known[name]) + _TIMEOUT_US - self.engine.now
            if wait_us < 0:
                namespace = budget["metadata"]["namespace"]
                # The namespace twice is what upstream says.
                message = f"Pod was expected by PDB {namespace}/{namespace} to be deleted but it wasn't"
                self._tell(pod, "Warning", "NotDeleted", message)
                continue
            left[name] = known[name]
            self.enqueue(key, wait_us + 1)
        return left

    # Status

    def _report(self, budget: Obj, healthy: int, desired: int, expected: int, disrupted: dict[str, str]) -> None:
        known = budget.get("status") or {}
        allowed = max(healthy - desired, 0) if expected > 0 else 0
        generation = budget["metadata"].get("generation", 1)
        now = self.engine.timestamp()
        status: Obj = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "disruptionsAllowed": allowed,
            "observedGeneration": generation,
            "conditions": allowed_condition(known.get("conditions"), allowed, generation, now),
        }
        if disrupted:
            status["disruptedPods"] = disrupted
        if status != known:
            self.client.update_status(BUDGETS, {**budget, "status": status})

    def _allow_nothing(self, budget: Obj, why: str) -> None:
        known = budget.get("status") or {}
        generation = known.get("observedGeneration", 0)
        conditions = with_condition(
            known.get("conditions"), "False", "SyncFailed", why, generation, self.engine.timestamp()
        )
        status = {**_NOTHING, **known, "disruptionsAllowed": 0, "conditions": conditions}
        if status != known:
            self.client.update_status(BUDGETS, {**budget, "status": status})

    def _tell(self, about: Obj, type: str, reason: str, message: str) -> None:
        self.client.event(about, type, reason, message, source=_SOURCE)

    # Disruptions that never came

    def _patience_us(self, pod: Obj) -> int:
        found = condition((pod.get("status") or {}).get("conditions"), "DisruptionTarget")
        assert found is not None
        return max(self.engine.micros(found["lastTransitionTime"]) + _TIMEOUT_US - self.engine.now, 0)

    def _clear_stale(self, key: str, namespace: str, name: str) -> None:
        pod = self.cache.get("pods", namespace, name)
        if pod is None or not _is_disrupted(pod):
            return
        if (left_us := self._patience_us(pod)) > 0:
            self.enqueue(key, left_us)
            return
        fresh = {
            "type": "DisruptionTarget",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": self.engine.timestamp(),
        }
        conditions = replaced(pod["status"]["conditions"], fresh)
        try:
            self.client.patch("pods", namespace, name, {"status": {"conditions": conditions}}, subresource="status")
        except StatusError as error:
            if error.reason != "NotFound":
                raise

    # State

    def on_stop(self) -> None:
        super().on_stop()
        self._selectors.clear()

    def load_private(self, state: Plain) -> None:
        self._selectors.clear()


_NOTHING: Obj = {"currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def _share(value: int | str, whole: int) -> int:
    return value if isinstance(value, int) else ceil(int(value.removesuffix("%")) * whole / 100)


def _uncontrolled(pod: Obj) -> CountError:
    return CountError(f'found no controllers for pod "{pod["metadata"]["name"]}"')


def _shown(selector: Obj) -> str:
    """A label selector as Go's generated String methods print it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    requirements = "".join(
        f"LabelSelectorRequirement{{Key:{one['key']},Operator:{one['operator']},Values:[{' '.join(one.get('values') or ())}],}},"
        for one in selector.get("matchExpressions") or ()
    )
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{requirements}}},}}"


def _is_disrupted(pod: Obj) -> bool:
    """Said to be disrupted by somebody other than its kubelet, and still there."""
    found = condition((pod.get("status") or {}).get("conditions"), "DisruptionTarget")
    if found is None or found["status"] != "True" or found.get("reason") == "TerminationByKubelet":
        return False
    return not is_ending(pod) and not is_terminal(pod)


def _aspects(pod: Obj) -> tuple[object, ...]:
    """What of a pod decides about budgets."""
    return is_ready(pod), is_ending(pod), labels_of(pod)
