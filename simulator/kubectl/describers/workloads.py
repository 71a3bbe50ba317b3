"""Pods and what makes pods: Deployments, ReplicaSets, DaemonSets, StatefulSets, Jobs, CronJobs."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events, since
from simulator.kubectl.describers.page import Page, pairs_on_one_line
from simulator.kubectl.describers.pod_templates import (
    describe_containers,
    describe_spread,
    describe_template,
    describe_tolerations,
    quantity,
    selector_text,
)
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.kubectl.describers.volumes import describe_volumes
from simulator.kubectl.rollouts import owned_by
from simulator.machinery import go_text, selectors
from simulator.machinery.tables import human_duration

_UNSET = "<unset>"


# Pods


def describe_pod(pod: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = pod["spec"], pod.get("status") or {}
    page.head(pod)
    _pod_identity(page, pod)
    page.labels_and_annotations(pod)
    _pod_phase(page, pod, around.now_us)
    page.raw(f"IP:\t{status.get('podIP', '')}\n")
    addresses = status.get("podIPs") or ()
    page.raw("IPs:\n" if addresses else "IPs:\t<none>\n")
    for address in addresses:
        page.line(1, f"IP:\t{address.get('ip', '')}")
    _controller(page, pod)
    if status.get("nominatedNodeName"):
        page.raw(f"NominatedNodeName:\t{status['nominatedNodeName']}\n")

    def resolve(path: str) -> str:
        return field_of_pod(pod, path)

    for label, field, statuses in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        if spec.get(field) or field == "containers":
            describe_containers(
                page, label, spec.get(field) or (), statuses=status.get(statuses) or (), resolve=resolve
            )
    _pod_conditions(page, pod)
    describe_volumes(page, spec.get("volumes") or ())
    page.raw(f"QoS Class:\t{status.get('qosClass', 'BestEffort')}\n")
    page.pairs("Node-Selectors", spec.get("nodeSelector"))
    describe_tolerations(page, spec.get("tolerations") or (), "Tolerations")
    describe_spread(page, spec.get("topologySpreadConstraints") or ())
    describe_events(page, around.events_of(pod), around.now_us)
    return page.text()


def _pod_identity(page: Page, pod: Obj) -> None:
    spec, status = pod["spec"], pod.get("status") or {}
    if spec.get("priority") is not None:
        page.raw(f"Priority:\t{spec['priority']}\n")
    for title, field in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(field):
            page.raw(f"{title}:\t{spec[field]}\n")
    node = f"{spec['nodeName']}/{status.get('hostIP', '')}" if spec.get("nodeName") else "<none>"
    page.raw(f"Node:\t{node}\n")
    if status.get("startTime"):
        page.raw(f"Start Time:\t{go_text.rfc1123z(status['startTime'])}\n")


def _pod_phase(page: Page, pod: Obj, now_us: int) -> None:
    status, metadata = pod.get("status") or {}, pod["metadata"]
    phase = status.get("phase", "")
    if metadata.get("deletionTimestamp") and phase not in ("Failed", "Succeeded"):
        page.raw(f"Status:\tTerminating (lasts {since(metadata['deletionTimestamp'], now_us)})\n")
        page.raw(f"Termination Grace Period:\t{metadata.get('deletionGracePeriodSeconds', 0)}s\n")
    else:
        page.raw(f"Status:\t{phase}\n")
    for title, field in (("Reason", "reason"), ("Message", "message")):
        if status.get(field):
            page.raw(f"{title}:\t{status[field]}\n")
    profile = (pod["spec"].get("securityContext") or {}).get("seccompProfile")
    if profile:
        page.raw(f"SeccompProfile:\t{profile.get('type', '')}\n")
        if profile.get("type") == "Localhost":
            page.raw(f"LocalhostProfile:\t{profile.get('localhostProfile', '')}\n")


def _pod_conditions(page: Page, pod: Obj) -> None:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    by_type = {condition["type"]: condition["status"] for condition in conditions}
    gates = pod["spec"].get("readinessGates") or ()
    if gates:
        page.raw("Readiness Gates:\n  Type\tStatus\n")
        for gate in gates:
            page.line(1, f"{gate['conditionType']} \t{by_type.get(gate['conditionType'], '<none>')} ")
    if conditions:
        page.raw("Conditions:\n  Type\tStatus\n")
        for condition in conditions:
            page.line(1, f"{condition['type']} \t{condition['status']} ")


def _controller(page: Page, obj: Obj) -> None:
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            page.raw(f"Controlled By:\t{owner['kind']}/{owner['name']}\n")
            return


def field_of_pod(pod: Obj, path: str) -> str:
    """What `describe` knows of a downward API field: metadata only, as upstream (`fieldpath.ExtractFieldPathAsString`)."""
    metadata = pod["metadata"]
    for field in ("labels", "annotations"):
        if path.startswith(f"metadata.{field}['"):
            return str((metadata.get(field) or {}).get(path.split("'")[1], ""))
    simple = {
        "metadata.name": metadata.get("name"),
        "metadata.namespace": metadata.get("namespace"),
        "metadata.uid": metadata.get("uid"),
    }
    return str(simple.get(path) or "")


# Workloads


def _counts_text(around: Surroundings, obj: Obj) -> str:
    running, waiting, succeeded, failed = around.pod_counts(obj)
    return f"{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"


def describe_deployment(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj, created=True)
    page.labels_and_annotations(obj)
    page.raw(f"Selector:\t{selectors.from_label_selector(spec.get('selector'))}\n")
    counts = (
        (spec.get("replicas", 0), "desired"),
        (status.get("updatedReplicas", 0), "updated"),
        (status.get("replicas", 0), "total"),
        (status.get("availableReplicas", 0), "available"),
        (status.get("unavailableReplicas", 0), "unavailable"),
    )
    page.raw("Replicas:\t" + " | ".join(f"{number} {word}" for number, word in counts) + "\n")
    strategy = spec.get("strategy") or {}
    page.raw(f"StrategyType:\t{strategy.get('type', '')}\n")
    page.raw(f"MinReadySeconds:\t{spec.get('minReadySeconds', 0)}\n")
    rolling = strategy.get("rollingUpdate")
    if rolling:
        page.raw(
            f"RollingUpdateStrategy:\t{rolling.get('maxUnavailable', '')} max unavailable, "
            f"{rolling.get('maxSurge', '')} max surge\n"
        )
    describe_template(page, spec.get("template") or {})
    page.conditions(obj)
    _replica_sets(page, obj, around)
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _replica_sets(page: Page, deployment: Obj, around: Surroundings) -> None:
    selector = str(selectors.from_label_selector(deployment["spec"].get("selector")))
    namespace = deployment["metadata"]["namespace"]
    owned = owned_by(deployment, around.items("replicasets.apps", namespace, labelSelector=selector))
    current = new_replica_set(deployment, owned)
    old = [replica_set for replica_set in owned if replica_set is not current]
    if owned:
        page.raw(f"OldReplicaSets:\t{_replica_sets_text(old)}\n")
        page.raw(f"NewReplicaSet:\t{_replica_sets_text([current] if current else [])}\n")


def new_replica_set(deployment: Obj, owned: list[Obj]) -> Obj | None:
    """The ReplicaSet whose template is the Deployment's, the oldest when several are."""
    wanted = _without_hash(deployment["spec"]["template"])
    matching = [rs for rs in owned if _without_hash(rs["spec"]["template"]) == wanted]
    return min(
        matching, key=lambda rs: (rs["metadata"].get("creationTimestamp", ""), rs["metadata"]["name"]), default=None
    )


def _without_hash(template: Obj) -> Obj:
    metadata = template.get("metadata") or {}
    labels = {key: text for key, text in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    return {**template, "metadata": {"labels": labels, "annotations": metadata.get("annotations") or {}}}


def _replica_sets_text(found: list[Obj]) -> str:
    texts = [
        f"{rs['metadata']['name']} ({(rs.get('status') or {}).get('replicas', 0)}/{rs['spec'].get('replicas', 0)} replicas created)"
        for rs in found
    ]
    return ", ".join(texts) or "<none>"


def describe_replica_set(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    plain = obj["kind"] == "ReplicationController"
    selector = pairs_on_one_line(spec.get("selector")) if plain else selector_text(spec.get("selector"))
    page.raw(f"Selector:\t{selector}\n")
    page.labels_and_annotations(obj)
    _controller(page, obj)
    page.raw(f"Replicas:\t{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired\n")
    page.raw(f"Pods Status:\t{_counts_text(around, obj)}\n")
    describe_template(page, spec.get("template") or {})
    page.conditions(obj)
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_daemon_set(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    page.raw(f"Selector:\t{selectors.from_label_selector(spec.get('selector'))}\n")
    page.raw(f"Node-Selector:\t{pairs_on_one_line(spec['template'].get('spec', {}).get('nodeSelector'))}\n")
    page.labels_and_annotations(obj)
    for title, field in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        page.raw(f"{title}: {status.get(field, 0)}\n")
    page.raw(f"Pods Status:\t{_counts_text(around, obj)}\n")
    describe_template(page, spec.get("template") or {})
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_stateful_set(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj, created=True)
    page.raw(f"Selector:\t{selectors.from_label_selector(spec.get('selector'))}\n")
    page.labels_and_annotations(obj)
    page.raw(f"Replicas:\t{spec.get('replicas', 0)} desired | {status.get('replicas', 0)} total\n")
    strategy = spec.get("updateStrategy") or {}
    page.raw(f"Update Strategy:\t{strategy.get('type', '')}\n")
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        page.line(1, f"Partition:\t{rolling['partition']}")
        if rolling.get("maxUnavailable") is not None:
            page.line(1, f"MaxUnavailable:\t{rolling['maxUnavailable']}")
    page.raw(f"Pods Status:\t{_counts_text(around, obj)}\n")
    describe_template(page, spec.get("template") or {})
    _claim_templates(page, spec.get("volumeClaimTemplates") or ())
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _claim_templates(page: Page, templates: list[Obj] | tuple[()]) -> None:
    page.raw("Volume Claims:\n" if templates else "Volume Claims:\t<none>\n")
    for claim in templates:
        spec, metadata = claim.get("spec") or {}, claim["metadata"]
        page.line(1, f"Name:\t{metadata['name']}")
        page.line(1, f"StorageClass:\t{spec.get('storageClassName') or ''}")
        page.pairs("Labels", metadata.get("labels"), indent="  ")
        page.pairs("Annotations", metadata.get("annotations"), indent="  ")
        amount = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        page.line(1, f"Capacity:\t{quantity(amount) if amount else '<default>'}")
        page.line(1, f"Access Modes:\t{go_text.value(spec.get('accessModes') or [])}")


# Jobs


def describe_job(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    page.raw(f"Selector:\t{selectors.from_label_selector(spec.get('selector'))}\n")
    page.labels_and_annotations(obj)
    _controller(page, obj)
    if spec.get("parallelism") is not None:
        page.raw(f"Parallelism:\t{spec['parallelism']}\n")
    page.raw(f"Completions:\t{spec.get('completions', _UNSET)}\n")
    for title, field in (
        ("Completion Mode", "completionMode"),
        ("Suspend", "suspend"),
        ("Backoff Limit", "backoffLimit"),
        ("TTL Seconds After Finished", "ttlSecondsAfterFinished"),
    ):
        if spec.get(field) is not None:
            page.raw(f"{title}:\t{go_text.value(spec[field])}\n")
    for title, field in (("Start Time", "startTime"), ("Completed At", "completionTime")):
        if status.get(field):
            page.raw(f"{title}:\t{go_text.rfc1123z(status[field])}\n")
    started, ended = (go_text.parse_time_us(status.get(field)) for field in ("startTime", "completionTime"))
    if started is not None and ended is not None:
        page.raw(f"Duration:\t{human_duration(ended - started)}\n")
    if spec.get("activeDeadlineSeconds") is not None:
        page.raw(f"Active Deadline Seconds:\t{spec['activeDeadlineSeconds']}s\n")
    ready = f" ({status['ready']} Ready)" if status.get("ready") is not None else ""
    page.raw(
        f"Pods Statuses:\t{status.get('active', 0)} Active{ready} / {status.get('succeeded', 0)} Succeeded / "
        f"{status.get('failed', 0)} Failed\n"
    )
    if spec.get("completionMode") == "Indexed":
        page.raw(f"Completed Indexes:\t{_capped_indexes(status.get('completedIndexes', ''))}\n")
    describe_template(page, spec.get("template") or {})
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _capped_indexes(indexes: str) -> str:
    cut = indexes.find(",", 50)
    return indexes[: cut + 1] + "..." if cut >= 0 else indexes or "<none>"


def describe_cron_job(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    page.labels_and_annotations(obj)
    page.raw(f"Schedule:\t{spec.get('schedule', '')}\n")
    page.raw(f"Concurrency Policy:\t{spec.get('concurrencyPolicy', '')}\n")
    suspend = spec.get("suspend")
    page.raw(f"Suspend:\t{_UNSET if suspend is None else 'True' if suspend else 'False'}\n")
    if spec.get("timeZone"):
        page.raw(f"Time Zone:\t{spec['timeZone']}\n")
    page.raw(f"Successful Job History Limit:\t{spec.get('successfulJobsHistoryLimit', _UNSET)}\n")
    page.raw(f"Failed Job History Limit:\t{spec.get('failedJobsHistoryLimit', _UNSET)}\n")
    deadline = spec.get("startingDeadlineSeconds")
    page.raw(f"Starting Deadline Seconds:\t{_UNSET if deadline is None else f'{deadline}s'}\n")
    _job_template(page, (spec.get("jobTemplate") or {}).get("spec") or {})
    last = status.get("lastScheduleTime")
    page.raw(f"Last Schedule Time:\t{go_text.rfc1123z(last) if last else _UNSET}\n")
    active = ", ".join(job.get("name", "") for job in status.get("active") or ())
    page.raw(f"Active Jobs:\t{active or '<none>'}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def _job_template(page: Page, spec: Obj) -> None:
    selector = spec.get("selector")
    page.raw(f"Selector:\t{_UNSET if selector is None else selectors.from_label_selector(selector)}\n")
    page.raw(f"Parallelism:\t{spec.get('parallelism', _UNSET)}\n")
    page.raw(f"Completions:\t{spec.get('completions', _UNSET)}\n")
    if spec.get("activeDeadlineSeconds") is not None:
        page.raw(f"Active Deadline Seconds:\t{spec['activeDeadlineSeconds']}s\n")
    describe_template(page, spec.get("template") or {})
