"""`kubectl top node` and `kubectl top pod`: what the metrics API says, as a table.

Follows `kubectl/pkg/cmd/top/` and `pkg/metricsutil/metrics_printer.go` of v1.33.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import align
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.shared_flags import SELECTOR
from simulator.machinery.quantities import parse

_GROUP = "metrics.k8s.io"
_ROOT = f"/apis/{_GROUP}/v1beta1"
#: `metricsCreationDelay`.
_DELAY_US = 120_000_000
_MIB = 1 << 20
_UNKNOWN = "<unknown>"
_SORTS = ("cpu", "memory", "swap")


def top_node(call: Call) -> None:
    name = _one_name(call)
    _check(call, name)
    found = _metrics(call, f"{_ROOT}/nodes", name)
    if not found:
        raise CommandError("metrics not available yet")
    if name:
        nodes = [call.api.document(f"/api/v1/nodes/{name}")]
    else:
        nodes = call.api.document(f"/api/v1/nodes{_selector(call)}")["items"]
    part = "capacity" if call.on("show-capacity") else "allocatable"
    available = {node["metadata"]["name"]: (node.get("status") or {}).get(part) or {} for node in nodes}
    rows = [] if call.on("no-headers") else [_head(["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"])]
    for one in _sorted(found, call.text("sort-by"), lambda one: one["usage"]):
        rows.append(_node_row(one["metadata"]["name"], one["usage"], available.pop(one["metadata"]["name"], {})))
    rows += [f"{missing}\t{_UNKNOWN}\t{_UNKNOWN}\t{_UNKNOWN}\t{_UNKNOWN}\t" for missing in sorted(available)]
    _print(call, rows)


def top_pod(call: Call) -> None:
    name = _one_name(call)
    _check(call, name)
    namespace = "" if call.on("all-namespaces") else call.namespace
    within = f"{_ROOT}/namespaces/{namespace}/pods" if namespace else f"{_ROOT}/pods"
    found = _metrics(call, within, name)
    if not found:
        _explain_nothing(call, namespace, name)
        return
    columns = ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    columns = [
        *(["NAMESPACE"] if call.on("all-namespaces") else []),
        *(["POD"] if call.on("containers") else []),
        *columns,
    ]
    rows = [] if call.on("no-headers") else [_head(columns)]
    by = call.text("sort-by")
    ordered = _sorted(found, by, _pod_usage)
    if not by and call.on("all-namespaces"):
        ordered = sorted(found, key=lambda one: (one["metadata"]["namespace"], one["metadata"]["name"]))
    for one in ordered:
        rows += _pod_rows(one, call)
    if call.on("sum"):
        rows += _sum_rows(found, len(columns))
    _print(call, rows)


# Asking


def _one_name(call: Call) -> str:
    if len(call.rest) > 1:
        raise call.wrong_usage(f"{call.path.split()[-1]} [NAME | -l label]")
    return call.rest[0] if call.rest else ""


def _check(call: Call, name: str) -> None:
    by = call.text("sort-by")
    if by and by not in _SORTS[:2]:
        raise CommandError("--sort-by accepts only cpu or memory")
    if name and (call.text("selector") or call.arguments.values.get("field-selector")):
        raise CommandError(
            "only one of NAME or selector can be provided"
            if call.path.endswith("pod")
            else "only one of NAME or --selector can be provided"
        )
    groups = call.api.document("/apis")["groups"]
    if not any(one["name"] == _GROUP for one in groups):
        raise CommandError("Metrics API not available")


def _metrics(call: Call, path: str, name: str) -> list[Obj]:
    try:
        if name:
            return [call.api.document(f"{path}/{name}")]
        found: list[Obj] = call.api.raw(path, query=_query(call))["items"]
    except ApiRefusal as refusal:
        if refusal.reason != "ServiceUnavailable":
            raise
        what = "nodes" if "/nodes" in path else "pods"
        message = f"the server is currently unable to handle the request (get {what}.{_GROUP})"
        raise ApiRefusal({"reason": "ServiceUnavailable", "message": message}, code=503) from None
    return found


def _query(call: Call) -> dict[str, str]:
    return {"labelSelector": call.text("selector")} if call.text("selector") else {}


def _selector(call: Call) -> str:
    return ""


def _explain_nothing(call: Call, namespace: str, name: str) -> None:
    """Pods without metrics: too young, or something is wrong."""
    root = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
    api: ApiClient = call.api
    pods = [api.document(f"{root}/{name}")] if name else api.raw(root, query=_query(call))["items"]
    if not pods:
        call.err(
            "No resources found\n" if call.on("all-namespaces") else f"No resources found in {namespace} namespace.\n"
        )
        return
    raise CommandError("metrics not available yet")


# Showing


def _head(columns: Sequence[str]) -> str:
    return "".join(f"{one}\t" for one in columns)


def _node_row(name: str, usage: Obj, available: Obj) -> str:
    cells = [name]
    for resource in ("cpu", "memory"):
        cells.append(_amount(resource, usage))
        if resource in available:
            whole = parse(available[resource]).milli
            cells.append(f"{int(parse(usage[resource]).milli / whole * 100) if whole else 0}%")
    return _head(cells)


def _pod_rows(one: Obj, call: Call) -> list[str]:
    metadata = one["metadata"]
    before = [metadata["namespace"]] if call.on("all-namespaces") else []
    if not call.on("containers"):
        usage = _pod_usage(one)
        return [_head([*before, metadata["name"], _amount("cpu", usage), _amount("memory", usage)])]
    ordered = _sorted(one["containers"], call.text("sort-by"), lambda container: container["usage"])
    return [
        _head(
            [*before, metadata["name"], each["name"], _amount("cpu", each["usage"]), _amount("memory", each["usage"])]
        )
        for each in ordered
    ]


def _sum_rows(found: Sequence[Obj], columns: int) -> list[str]:
    cpu = sum(parse(_pod_usage(one)["cpu"]).nanos for one in found)
    memory = sum(parse(_pod_usage(one)["memory"]).value for one in found)
    usage = {"cpu": f"{cpu}n", "memory": str(memory)}
    line = _head([*[""] * (columns - 2), "________", "________"])
    return [line, _head([*[""] * (columns - 2), _amount("cpu", usage), _amount("memory", usage)])]


def _pod_usage(one: Obj) -> Obj:
    cpu = sum(parse(each["usage"]["cpu"]).nanos for each in one["containers"])
    memory = sum(parse(each["usage"]["memory"]).value for each in one["containers"])
    return {"cpu": f"{cpu // 1}n", "memory": str(memory)}


def _amount(resource: str, usage: Obj) -> str:
    found = parse(usage[resource])
    return f"{found.milli}m" if resource == "cpu" else f"{found.value // _MIB}Mi"


def _nanos(text: str) -> int:
    return parse(text).nanos


def _sorted(found: Sequence[Obj], by: str, usage_of: object) -> list[Obj]:
    assert callable(usage_of)
    if by:
        return sorted(found, key=lambda one: (-_nanos(usage_of(one)[by]), _name(one)))
    return sorted(found, key=_name)


def _name(one: Obj) -> str:
    return str((one.get("metadata") or one)["name"])


def _print(call: Call, rows: Sequence[str]) -> None:
    call.out(align("".join(f"{row}\n" for row in rows), min_width=6, padding=3))


COMMANDS = (
    Command(
        "top",
        "Show how much CPU and memory is used",
        helps_on_stderr=True,
        commands=(
            Command(
                "node",
                "Use of nodes",
                top_node,
                aliases=("nodes", "no"),
                usage="[NAME | -l label]",
                flags=(
                    SELECTOR,
                    Flag("sort-by", help="cpu or memory"),
                    Flag("no-headers", kind="bool"),
                    Flag("use-protocol-buffers", kind="bool", default=True),
                    Flag("show-capacity", kind="bool", help="Shares of capacity instead of allocatable"),
                ),
            ),
            Command(
                "pod",
                "Use of pods",
                top_pod,
                aliases=("pods", "po"),
                usage="[NAME | -l label]",
                flags=(
                    SELECTOR,
                    Flag("field-selector"),
                    Flag("all-namespaces", "A", kind="bool"),
                    Flag("containers", kind="bool", help="A line for each container"),
                    Flag("sort-by", help="cpu or memory"),
                    Flag("no-headers", kind="bool"),
                    Flag("use-protocol-buffers", kind="bool", default=True),
                    Flag("sum", kind="bool", help="A last line with the sum"),
                ),
            ),
        ),
    ),
)
