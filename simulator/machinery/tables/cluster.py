"""Rows of nodes, namespaces, events and the other kinds that describe the cluster itself.

Follows `pkg/printers/internalversion/printers.go` (1.33).
"""

from __future__ import annotations

from simulator.machinery.tables.ages import human_duration, since
from simulator.machinery.tables.columns import (
    NONE,
    UNSET,
    Cells,
    Obj,
    Printer,
    age,
    go_bool,
    name_of,
    printer,
    spec,
    status,
)

_ROLE_PREFIX = "node-role.kubernetes.io/"


def _node(obj: Obj, now_us: int) -> Cells:
    system = status(obj).get("nodeInfo") or {}
    return [
        name_of(obj),
        node_status(obj),
        ",".join(node_roles(obj)) or NONE,
        age(obj, now_us),
        system.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        system.get("osImage") or "<unknown>",
        system.get("kernelVersion") or "<unknown>",
        system.get("containerRuntimeVersion") or "<unknown>",
    ]


def node_status(obj: Obj) -> str:
    """`Ready`, `NotReady` or `Unknown`, with `SchedulingDisabled` on a cordoned node."""
    ready = next((c.get("status") for c in status(obj).get("conditions") or () if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    if spec(obj).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def node_roles(obj: Obj) -> list[str]:
    """The roles a node's labels give it, sorted."""
    labels = obj["metadata"].get("labels") or {}
    roles = [key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)]
    roles.append(labels.get("kubernetes.io/role", ""))
    return sorted(dict.fromkeys(role for role in roles if role))


def _address(obj: Obj, kind: str) -> str:
    addresses = status(obj).get("addresses") or ()
    return next((entry.get("address", "") for entry in addresses if entry.get("type") == kind), NONE)


def _event(obj: Obj, now_us: int) -> Cells:
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now_us)
    last_at = obj.get("lastTimestamp")
    series = obj.get("series") or {}
    last = since(series.get("lastObservedTime") or last_at, now_us) if series or last_at else first
    about = obj.get("involvedObject") or {}
    kind = about.get("kind", "").lower()
    return [
        last,
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{about['name']}" if about.get("name") else kind,
        about.get("fieldPath", ""),
        _source(obj),
        (obj.get("message") or "").strip(),
        first,
        series.get("count") or obj.get("count") or 1,
        name_of(obj),
    ]


def _source(obj: Obj) -> str:
    source = obj.get("source") or {}
    component = source.get("component") or obj.get("reportingComponent") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {host}" if host else component


def _namespace(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), status(obj).get("phase", ""), age(obj, now_us)]


def _secret(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj, now_us)]


def _config_map(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj, now_us)]


def _service_account(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), len(obj.get("secrets") or ()), age(obj, now_us)]


def _quota(obj: Obj, now_us: int) -> Cells:
    hard, used = status(obj).get("hard") or {}, status(obj).get("used") or {}
    shown = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    requests = [text for name, text in shown.items() if not name.startswith("limits.")]
    limits = [text for name, text in shown.items() if name.startswith("limits.")]
    return [name_of(obj), ", ".join(requests), ", ".join(limits), age(obj, now_us)]


def _binding(obj: Obj, now_us: int) -> Cells:
    role = obj.get("roleRef") or {}
    people: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = subject["name"]
        if subject["kind"] == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        people.get(subject["kind"], []).append(name)
    return [name_of(obj), f"{role.get('kind')}/{role.get('name')}", age(obj, now_us), *map(", ".join, people.values())]


def _signing_request(obj: Obj, now_us: int) -> Cells:
    seconds = spec(obj).get("expirationSeconds")
    return [
        name_of(obj),
        age(obj, now_us),
        spec(obj).get("signerName") or NONE,
        spec(obj).get("username", ""),
        NONE if seconds is None else human_duration(seconds * 1_000_000),
        _approval(obj),
    ]


def _approval(obj: Obj) -> str:
    kinds = [c.get("type") for c in status(obj).get("conditions") or ()]
    words = [next((kind for kind in ("Denied", "Approved") if kind in kinds), "Pending")]
    if "Failed" in kinds:
        words.append("Failed")
    if status(obj).get("certificate"):
        words.append("Issued")
    return ",".join(words)


def _lease(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), spec(obj).get("holderIdentity", ""), age(obj, now_us)]


def _priority_class(obj: Obj, now_us: int) -> Cells:
    default = go_bool(obj.get("globalDefault"))
    return [name_of(obj), obj.get("value", 0), default, age(obj, now_us), obj.get("preemptionPolicy", "")]


def _runtime_class(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), obj.get("handler", ""), age(obj, now_us)]


def _webhooks(obj: Obj, now_us: int) -> Cells:
    return [name_of(obj), len(obj.get("webhooks") or ()), age(obj, now_us)]


def _admission_policy(obj: Obj, now_us: int) -> Cells:
    parameter = spec(obj).get("paramKind")
    shown = f"{parameter.get('apiVersion')}/{parameter.get('kind')}" if parameter else UNSET
    return [name_of(obj), len(spec(obj).get("validations") or ()), shown, age(obj, now_us)]


def _mutating_policy(obj: Obj, now_us: int) -> Cells:
    name, _, shown, since = _admission_policy(obj, now_us)
    return [name, len(spec(obj).get("mutations") or ()), shown, since]


def _admission_binding(obj: Obj, now_us: int) -> Cells:
    parameter = spec(obj).get("paramRef")
    shown = UNSET
    if parameter:
        name = parameter.get("name") or "*"
        shown = f"{parameter['namespace']}/{name}" if parameter.get("namespace") else name
    return [name_of(obj), spec(obj).get("policyName", ""), shown, age(obj, now_us)]


def _flow_schema(obj: Obj, now_us: int) -> Cells:
    level = (spec(obj).get("priorityLevelConfiguration") or {}).get("name", "")
    dangling = next((c.get("status") for c in status(obj).get("conditions") or () if c.get("type") == "Dangling"), "?")
    method = (spec(obj).get("distinguisherMethod") or {}).get("type") or NONE
    return [name_of(obj), level, spec(obj).get("matchingPrecedence", 0), method, age(obj, now_us), dangling]


def _priority_level(obj: Obj, now_us: int) -> Cells:
    limited = spec(obj).get("limited") or {}
    queuing = (limited.get("limitResponse") or {}).get("queuing") or {}
    shares = (spec(obj).get("limited") or spec(obj).get("exempt") or {}).get("nominalConcurrencyShares", NONE)
    queues = [queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")]
    return [name_of(obj), spec(obj).get("type", ""), shares, *queues, age(obj, now_us)]


def _api_service(obj: Obj, now_us: int) -> Cells:
    service = spec(obj).get("service")
    shown = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    available = next((c for c in status(obj).get("conditions") or () if c.get("type") == "Available"), None)
    said = "Unknown"
    if available is not None:
        said = (
            available["status"]
            if available["status"] == "True"
            else f"{available['status']} ({available.get('reason', '')})"
        )
    return [name_of(obj), shown, said, age(obj, now_us)]


def _component(obj: Obj, now_us: int) -> Cells:
    """`printers/internalversion/printers.go: printComponentStatus`."""
    healthy: Obj = next((one for one in obj.get("conditions") or () if one["type"] == "Healthy"), {})
    status = {"True": "Healthy", "False": "Unhealthy"}.get(healthy.get("status", ""), "Unknown")
    return [name_of(obj), status, healthy.get("message", ""), healthy.get("error", "")]


PRINTERS: dict[str, Printer] = {
    "componentstatuses": printer("Name | Status | Message | Error", _component),
    "nodes": printer(
        "Name | Status | Roles | Age | Version | Internal-IP* | External-IP* | OS-Image* | Kernel-Version* "
        "| Container-Runtime*",
        _node,
    ),
    "events": printer(
        "Last Seen | Type | Reason | Object | Subobject* | Source* | Message | First Seen* | Count* | Name*", _event
    ),
    "namespaces": printer("Name | Status | Age", _namespace),
    "secrets": printer("Name | Type | Data | Age", _secret, data="integer"),
    "configmaps": printer("Name | Data | Age", _config_map, data="integer"),
    "serviceaccounts": printer("Name | Secrets | Age", _service_account, secrets="integer"),
    "resourcequotas": printer("Name | Request | Limit | Age", _quota),
    "rolebindings.rbac.authorization.k8s.io": printer(
        "Name | Role | Age | Users* | Groups* | ServiceAccounts*", _binding
    ),
    "certificatesigningrequests.certificates.k8s.io": printer(
        "Name | Age | SignerName | Requestor | RequestedDuration | Condition", _signing_request
    ),
    "leases.coordination.k8s.io": printer("Name | Holder | Age", _lease),
    "priorityclasses.scheduling.k8s.io": printer(
        "Name | Value | Global-Default | Age | PreemptionPolicy", _priority_class, value="integer"
    ),
    "runtimeclasses.node.k8s.io": printer("Name | Handler | Age", _runtime_class),
    "validatingadmissionpolicies.admissionregistration.k8s.io": printer(
        "Name | Validations | ParamKind | Age", _admission_policy, validations="integer"
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": printer(
        "Name | PolicyName | ParamRef | Age", _admission_binding
    ),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": printer(
        "Name | Mutations | ParamKind | Age", _mutating_policy, mutations="integer"
    ),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": printer(
        "Name | PolicyName | ParamRef | Age", _admission_binding
    ),
    "flowschemas.flowcontrol.apiserver.k8s.io": printer(
        "Name | PriorityLevel | MatchingPrecedence | DistinguisherMethod | Age | MissingPL", _flow_schema
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": printer(
        "Name | Type | NominalConcurrencyShares | Queues | HandSize | QueueLengthLimit | Age", _priority_level
    ),
    "apiservices.apiregistration.k8s.io": printer("Name | Service | Available | Age", _api_service),
}
PRINTERS["clusterrolebindings.rbac.authorization.k8s.io"] = PRINTERS["rolebindings.rbac.authorization.k8s.io"]
PRINTERS["events.events.k8s.io"] = PRINTERS["events"]
for _configuration in ("mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
    PRINTERS[f"{_configuration}.admissionregistration.k8s.io"] = printer(
        "Name | Webhooks | Age", _webhooks, webhooks="integer"
    )
