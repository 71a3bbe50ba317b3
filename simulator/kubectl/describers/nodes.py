"""Nodes: conditions, capacity, and what the pods on them ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events, since
from simulator.kubectl.describers.page import Page
from simulator.kubectl.describers.pod_templates import quantity
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery import go_text, quantities

_ROLE = "node-role.kubernetes.io/"
_SYSTEM = (
    ("Machine ID", "machineID"),
    ("System UUID", "systemUUID"),
    ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"),
    ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"),
    ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
    ("Kube-Proxy Version", "kubeProxyVersion"),
)
_SHOWN = ("cpu", "memory", "ephemeral-storage")

Amounts = dict[str, int]
"""Thousandths of a resource by its name."""


def describe_node(node: Obj, around: Surroundings) -> str:
    page = Page()
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    page.head(node, namespaced=False)
    page.raw(f"Roles:\t{','.join(roles_of(node)) or '<none>'}\n")
    page.labels_and_annotations(node)
    page.raw(f"CreationTimestamp:\t{go_text.rfc1123z(metadata.get('creationTimestamp'))}\n")
    _taints(page, spec.get("taints") or ())
    page.raw(f"Unschedulable:\t{go_text.value(bool(spec.get('unschedulable')))}\n")
    _lease(page, around.find("leases.coordination.k8s.io", "kube-node-lease", metadata["name"]), metadata["name"])
    _conditions(page, status.get("conditions") or ())
    page.raw("Addresses:\n")
    for address in status.get("addresses") or ():
        page.line(1, f"{address['type']}:\t{address['address']}")
    for title, field in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        if status.get(field):
            page.raw(f"{title}:\n")
            for name in sorted(status[field]):
                page.line(1, f"{name}:\t{quantity(status[field][name])}")
    system = status.get("nodeInfo") or {}
    page.raw("System Info:\n")
    for title, field in _SYSTEM:
        page.line(1, f"{title}:\t{system.get(field, '')}")
    for title, text in (
        ("PodCIDR", spec.get("podCIDR", "")),
        ("PodCIDRs", ",".join(spec.get("podCIDRs") or ())),
        ("ProviderID", spec.get("providerID", "")),
    ):
        if text:
            page.raw(f"{title}:\t{text}\n")
    selector = f"spec.nodeName={metadata['name']},status.phase!=Succeeded,status.phase!=Failed"
    _pods(page, node, around.items("pods", fieldSelector=selector), around.now_us)
    describe_events(page, around.events_of(node), around.now_us)
    return page.text()


def roles_of(node: Obj) -> list[str]:
    labels = node["metadata"].get("labels") or {}
    named = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE) and key != _ROLE]
    if labels.get("kubernetes.io/role"):
        named.append(labels["kubernetes.io/role"])
    return sorted(dict.fromkeys(named))


def _taints(page: Page, taints: Sequence[Obj]) -> None:
    if not taints:
        page.raw("Taints:\t<none>\n")
    for number, taint in enumerate(sorted(taints, key=lambda t: f"{t['effect']},{t['key']}")):
        page.raw(f"{'Taints:' if number == 0 else ''}\t{taint_text(taint)}\n")


def taint_text(taint: Obj) -> str:
    """`key=value:Effect`, without the value when there is none."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['key']}{value}:{taint['effect']}"


def _lease(page: Page, lease: Obj | None, name: str) -> None:
    if lease is None:
        page.raw(f'Lease:\tFailed to get lease: leases.coordination.k8s.io "{name}" not found\n')
        return
    spec = lease.get("spec") or {}
    page.raw("Lease:\n")
    page.line(1, f"HolderIdentity:\t{spec.get('holderIdentity', '<unset>')}")
    for title, field in (("AcquireTime", "acquireTime"), ("RenewTime", "renewTime")):
        page.line(1, f"{title}:\t{go_text.rfc1123z(spec[field]) if spec.get(field) else '<unset>'}")


def _conditions(page: Page, conditions: Sequence[Obj]) -> None:
    if not conditions:
        return
    page.raw("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n")
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------")
    for condition in conditions:
        heard, changed = (go_text.rfc1123z(condition.get(f)) for f in ("lastHeartbeatTime", "lastTransitionTime"))
        page.line(
            1,
            f"{condition['type']} \t{condition['status']} \t{heard} \t{changed} \t{condition.get('reason', '')} \t"
            f"{condition.get('message', '')}",
        )


# Pods on the node


def _pods(page: Page, node: Obj, pods: Sequence[Obj], now_us: int) -> None:
    status = node.get("status") or {}
    allocatable = _amounts(status.get("allocatable") or status.get("capacity") or {})
    page.raw(f"Non-terminated Pods:\t({len(pods)} in total)\n")
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge")
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---")
    totals: dict[str, Amounts] = {"requests": {}, "limits": {}}
    for pod in pods:
        asked = {side: pod_amounts(pod, side) for side in totals}
        for side, amounts in asked.items():
            totals[side] = _sum(totals[side], amounts)
        shares = [
            _share(asked[side], allocatable, name) for name in ("cpu", "memory") for side in ("requests", "limits")
        ]
        metadata = pod["metadata"]
        page.line(
            1,
            f"{metadata.get('namespace', '')}\t{metadata['name']}\t\t"
            + "\t".join(shares)
            + f"\t{since(metadata.get('creationTimestamp'), now_us)}",
        )
    _totals(page, allocatable, totals)


def _totals(page: Page, allocatable: Amounts, totals: Mapping[str, Amounts]) -> None:
    page.raw("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n")
    page.line(1, "Resource\tRequests\tLimits")
    page.line(1, "--------\t--------\t------")
    requests, limits = totals["requests"], totals["limits"]
    huge = [name for name in sorted(allocatable) if name.startswith("hugepages-")]
    for name in (*_SHOWN, *huge):
        page.line(1, f"{name}\t{_share(requests, allocatable, name)}\t{_share(limits, allocatable, name)}")
    for name in sorted(allocatable):
        if name not in (*_SHOWN, *huge, "pods"):
            page.line(1, f"{name}\t{_amount_text(name, requests)}\t{_amount_text(name, limits)}")


def _share(amounts: Amounts, allocatable: Amounts, name: str) -> str:
    have = allocatable.get(name, 0)
    percent = int(amounts.get(name, 0) / have * 100) if have else 0
    return f"{_amount_text(name, amounts)} ({percent}%)"


def _amount_text(name: str, amounts: Amounts) -> str:
    amount = amounts.get(name, 0)
    binary = name in ("memory", "ephemeral-storage") or name.startswith("hugepages-")
    return quantities.from_bytes(amount // 1000) if binary else quantities.from_milli(amount)


def _amounts(resources: Mapping[str, str]) -> Amounts:
    return {name: quantities.milli(str(text)) for name, text in resources.items()}


def _sum(left: Amounts, right: Amounts) -> Amounts:
    return {name: left.get(name, 0) + right.get(name, 0) for name in dict.fromkeys((*left, *right))}


def _larger(left: Amounts, right: Amounts) -> Amounts:
    return {name: max(left.get(name, 0), right.get(name, 0)) for name in dict.fromkeys((*left, *right))}


def pod_amounts(pod: Obj, side: str) -> Amounts:
    """What a pod asks for: its containers together, or its largest start-up phase, and its overhead.

    https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers
    """
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec.get("containers") or ():
        total = _sum(total, _amounts((container.get("resources") or {}).get(side) or {}))
    sidecars: Amounts = {}
    starting: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _amounts((container.get("resources") or {}).get(side) or {})
        if container.get("restartPolicy") == "Always":
            sidecars = _sum(sidecars, own)
            total = _sum(total, own)
            starting = _larger(starting, sidecars)
        else:
            starting = _larger(starting, _sum(sidecars, own))
    total = _larger(total, starting)
    overhead = _amounts(spec.get("overhead") or {})
    if side == "requests":
        return _sum(total, overhead)
    return {name: amount + overhead.get(name, 0) for name, amount in total.items()}
