"""What the API server itself adds to a new Pod, before anybody schedules it.

Admission plugins in the order of `pkg/kubeapiserver/options/plugins.go`, as far as they are simulated: LimitRanger
(defaults), ServiceAccount (account and token volume), DefaultTolerationSeconds (300 s for not-ready and unreachable),
Priority, RuntimeClass; then the pod strategy's own fields (phase, QoS class: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/).

Pods of one template share the admitted spec, so a thousand replicas cost one spec in memory; for that reason the
token volume's random name follows from the owner and not from the pod.
"""

from dataclasses import dataclass

from simulator.apiserver import label_keys
from simulator.apiserver.admission import limit_ranger, priority, runtime_class, service_account
from simulator.engine import Engine, Rng
from simulator.engine.plain import Obj
from simulator.machinery.defaulting import default
from simulator.machinery.pod_qos import qos_class
from simulator.machinery.store import Store

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_TOKEN_VOLUME = "kube-api-access-"
_MIRROR = "kubernetes.io/config.mirror"
#: Templates whose admitted spec is remembered.
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A template as it was found, what was looked up for it, and what became of it."""

    template: Obj
    identity: str
    account: Obj | None
    ranges: tuple[Obj, ...]
    runtime: Obj | None
    labels: label_keys.Picked
    spec: Obj
    qos: str
    note: str
    """What LimitRanger says it set."""


class PodAdmission:
    """Keeps a memory of recent templates; forgetting it changes nothing but what is shared in memory."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._store = store
        self._recent: list[_Admitted] = []

    def admit(self, pod: Obj) -> Obj:
        """Raises StatusError Forbidden for an unknown ServiceAccount or PriorityClass."""
        if _MIRROR in (pod["metadata"].get("annotations") or {}):
            service_account.refuse_mirror(pod)
            spec = self._finished(dict(pod["spec"]), pod["metadata"]["name"])
            return {**pod, "spec": spec, "status": self._status(spec, qos_class(spec))}
        found = self._remembered(pod)
        metadata = pod["metadata"]
        if found.note:
            annotations = {**(metadata.get("annotations") or {}), limit_ranger.ANNOTATION: found.note}
            metadata = {**metadata, "annotations": annotations}
        return {**pod, "metadata": metadata, "spec": found.spec, "status": self._status(found.spec, found.qos)}

    def _status(self, spec: Obj, qos: str) -> Obj:
        """`applySchedulingGatedCondition` of `pkg/registry/core/pod/strategy.go`: a gated pod says so from the start."""
        status: Obj = {"phase": "Pending", "qosClass": qos}
        if spec.get("schedulingGates"):
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": self._engine.timestamp(),
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]
        return status

    def _remembered(self, pod: Obj) -> _Admitted:
        template, identity = pod["spec"], _identity(pod["metadata"])
        account = service_account.find(self._store, pod)
        ranges = limit_ranger.ranges(self._store, pod["metadata"].get("namespace", ""))
        runtime = runtime_class.find(self._store, template)
        labels = label_keys.picked(template, pod["metadata"].get("labels") or {})
        for one in self._recent:
            if (
                one.template is template
                and one.identity == identity
                and one.account is account
                and one.ranges == ranges
                and one.runtime is runtime
                and one.labels == labels
            ):
                return one
        spec, note = limit_ranger.with_defaults(ranges, default("pods", pod)["spec"])
        spec = dict(spec)
        self._service_account(spec, identity, account or {})
        spec["tolerations"] = _tolerations(spec.get("tolerations") or [])
        spec = self._finished(spec, pod["metadata"]["name"])
        runtime_class.apply(spec, runtime, pod["metadata"]["name"])
        service_account.refuse_unlisted_secrets(spec, account or {}, pod["metadata"]["name"])
        if labels:
            spec["affinity"] = label_keys.merged(spec["affinity"], labels)
        made = _Admitted(template, identity, account, ranges, runtime, labels, spec, qos_class(spec), note)
        self._recent.insert(0, made)
        del self._recent[_REMEMBERED:]
        return made

    def _finished(self, spec: Obj, pod_name: str) -> Obj:
        priority.apply(self._store, spec, pod_name)
        spec.setdefault("enableServiceLinks", True)
        return spec

    def _service_account(self, spec: Obj, identity: str, account: Obj) -> None:
        spec["serviceAccountName"] = spec["serviceAccount"] = service_account.name_in(spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = account["imagePullSecrets"]
        if not service_account.mounts_token(spec, account):
            return
        volumes = spec.get("volumes") or []
        own = next((one["name"] for one in volumes if one["name"].startswith(_TOKEN_VOLUME)), None)
        name = own or _TOKEN_VOLUME + Rng.for_stream(self._engine.seed, identity).suffix(5)
        mount = {"name": name, "readOnly": True, "mountPath": _TOKEN_PATH}
        is_needed = False
        for part in ("initContainers", "containers"):
            if spec.get(part):
                bare = [not _has_own_token(container) for container in spec[part]]
                is_needed = is_needed or any(bare)
                spec[part] = [
                    {**one, "volumeMounts": [*(one.get("volumeMounts") or ()), mount]} if is_bare else one
                    for one, is_bare in zip(spec[part], bare, strict=True)
                ]
        if is_needed and own is None:
            spec["volumes"] = [*volumes, _token_volume(name)]


def _has_own_token(container: Obj) -> bool:
    """Something else mounted there keeps the token out."""
    return any(mount["mountPath"] == _TOKEN_PATH for mount in container.get("volumeMounts") or ())


def _identity(metadata: Obj) -> str:
    for reference in metadata.get("ownerReferences", ()):
        if reference.get("controller"):
            return f"token-volume/{reference['uid']}"
    return f"token-volume/{metadata.get('namespace')}/{metadata['name']}"


def _token_volume(name: str) -> Obj:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
            ],
        },
    }


def _tolerations(given: list[Obj]) -> list[Obj]:
    """`plugin/pkg/admission/defaulttolerationseconds`: 300 s unless the pod tolerates the taint in its own way."""
    added = []
    for taint in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(_speaks_of(toleration, taint) for toleration in given):
            added.append({"key": taint, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300})
    return [*given, *added]


def _speaks_of(toleration: Obj, taint: str) -> bool:
    return toleration.get("key", "") in (taint, "") and toleration.get("effect", "") in ("NoExecute", "")
