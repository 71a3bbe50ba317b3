"""Tables: the cells kubectl prints, above all the STATUS of a pod."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.machinery import resources, tables

Obj = dict[str, Any]
NOW = 1_760_000_000_000_000
CREATED = "2025-10-09T08:52:00Z"  # 80 seconds before NOW


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_100, "3h5m"),
        (28_800, "8h"),
        (172_800, "2d"),
        (190_000, "2d4h"),
        (86_400 * 9, "9d"),
        (86_400 * 731, "2y1d"),
        (86_400 * 365 * 9, "9y"),
    ],
)
def test_durations_read_as_people_say_them(seconds: int, text: str) -> None:
    assert tables.human_duration(seconds * 1_000_000) == text


def test_the_wide_columns_of_a_pod_have_priority_one() -> None:
    columns, _ = tables.table("pods", [], NOW)
    assert [(c["name"], c["priority"]) for c in columns] == [
        ("Name", 0), ("Ready", 0), ("Status", 0), ("Restarts", 0), ("Age", 0),
        ("IP", 1), ("Node", 1), ("Nominated Node", 1), ("Readiness Gates", 1),
    ]  # fmt: skip
    assert (columns[0]["type"], columns[0]["format"]) == ("string", "name")


def pod(*states: Obj, phase: str = "Running", init: tuple[Obj, ...] = (), **status: Any) -> Obj:
    return {
        "metadata": {"name": "web", "creationTimestamp": CREATED},
        "spec": {
            "containers": [{"name": f"c{i}"} for i in range(max(len(states), 1))],
            "initContainers": [{"name": f"i{i}"} for i in range(len(init))],
        },
        "status": {
            "phase": phase,
            "containerStatuses": [{"name": f"c{i}", **state} for i, state in enumerate(states)],
            "initContainerStatuses": [{"name": f"i{i}", **state} for i, state in enumerate(init)],
            **status,
        },
    }


RUNNING = {"ready": True, "state": {"running": {}}}
CRASHING = {
    "ready": False,
    "restartCount": 3,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"finishedAt": "2025-10-09T08:51:20Z", "exitCode": 1}},
}
COMPLETED = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
PULLING = {"state": {"waiting": {"reason": "ImagePullBackOff"}}}
READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("obj", "cells"),
    [
        (pod(phase="Pending"), ["0/1", "Pending", "0"]),
        (pod(RUNNING), ["1/1", "Running", "0"]),
        (pod(RUNNING, CRASHING), ["1/2", "CrashLoopBackOff", "3 (2m ago)"]),
        (pod(PULLING, phase="Pending"), ["0/1", "ImagePullBackOff", "0"]),
        (pod(COMPLETED, phase="Succeeded"), ["0/1", "Completed", "0"]),
        (pod(COMPLETED, RUNNING, conditions=READY), ["1/2", "Running", "0"]),
        (pod(COMPLETED, RUNNING), ["1/2", "NotReady", "0"]),
        (pod(FAILED, phase="Failed"), ["0/1", "Error", "0"]),
        (pod({"state": {"terminated": {"exitCode": 137}}}, phase="Failed"), ["0/1", "ExitCode:137", "0"]),
        (pod(phase="Failed", reason="Evicted"), ["0/1", "Evicted", "0"]),
        (pod(phase="Pending", init=(COMPLETED, {"state": {"running": {}}})), ["0/1", "Init:1/2", "0"]),
        (pod(phase="Pending", init=(FAILED,)), ["0/1", "Init:Error", "0"]),
        (pod(phase="Pending", init=(CRASHING,)), ["0/1", "Init:CrashLoopBackOff", "3 (2m ago)"]),
        (
            pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
            ["0/1", "SchedulingGated", "0"],
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else "",
)
def test_a_pod_row_sums_up_its_containers(obj: Obj, cells: list[str]) -> None:
    _, (row,) = tables.table("pods", [obj], NOW)
    assert row[:5] == ["web", *cells, "80s"]


@pytest.mark.parametrize(
    ("reason", "phase", "status"),
    [("", "Running", "Terminating"), ("NodeLost", "Running", "Unknown"), ("", "Succeeded", "Completed")],
)
def test_a_pod_being_deleted(reason: str, phase: str, status: str) -> None:
    obj = pod(COMPLETED if phase == "Succeeded" else RUNNING, phase=phase, reason=reason)
    obj["metadata"]["deletionTimestamp"] = CREATED
    assert tables.pod_status(obj) == status


def service(**spec: Any) -> Obj:
    return {"metadata": {"name": "web", "creationTimestamp": CREATED}, "spec": {"clusterIPs": ["10.0.0.1"], **spec}}


PORTS = [{"port": 80, "protocol": "TCP"}]


def other(spec: Obj | None = None, status: Obj | None = None, **fields: Any) -> Obj:
    metadata = {"name": "web", "creationTimestamp": CREATED, **fields.pop("metadata", {})}
    return {"metadata": metadata, "spec": spec or {}, "status": status or {}, **fields}


TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "b:1"}, {"name": "c", "image": "d:2"}]}}
SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "tier", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("resource", "obj", "row"),
    [
        (
            "deployments.apps",
            other(
                {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR},
                {"readyReplicas": 1, "updatedReplicas": 3, "availableReplicas": 1},
            ),
            ["web", "1/3", 3, 1, "80s", "a,c", "b:1,d:2", "app=web,tier"],
        ),
        (
            "services",
            service(type="ClusterIP", ports=PORTS, selector={"b": "2", "a": "1"}),
            ["web", "ClusterIP", "10.0.0.1", "<none>", "80/TCP", "80s", "a=1,b=2"],
        ),
        (
            "services",
            service(type="LoadBalancer", ports=[{"port": 80, "nodePort": 30080, "protocol": "TCP"}]),
            ["web", "LoadBalancer", "10.0.0.1", "<pending>", "80:30080/TCP", "80s", "<none>"],
        ),
        (
            "services",
            service(type="ClusterIP", clusterIPs=["None"], ports=[]),
            ["web", "ClusterIP", "None", "<none>", "<none>", "80s", "<none>"],
        ),
        (
            "nodes",
            other(
                {"unschedulable": True},
                {
                    "conditions": [{"type": "Ready", "status": "Unknown"}],
                    "nodeInfo": {"kubeletVersion": "v1.33.0"},
                    "addresses": [{"type": "InternalIP", "address": "10.0.0.2"}],
                },
                metadata={"labels": {"node-role.kubernetes.io/control-plane": ""}},
            ),
            [
                "web",
                "NotReady,SchedulingDisabled",
                "control-plane",
                "80s",
                "v1.33.0",
                "10.0.0.2",
                "<none>",
                "<unknown>",
                "<unknown>",
                "<unknown>",
            ],
        ),
        (
            "endpoints",
            other(subsets=[{"addresses": [{"ip": f"10.0.0.{i}"} for i in range(5)], "ports": [{"port": 80}]}]),
            ["web", "10.0.0.0:80,10.0.0.1:80,10.0.0.2:80 + 2 more...", "80s"],
        ),
        (
            "endpointslices.discovery.k8s.io",
            other(addressType="IPv4", ports=[{"port": 80}], endpoints=[{"addresses": ["10.0.0.1"]}]),
            ["web", "IPv4", "80", "10.0.0.1", "80s"],
        ),
        (
            "events",
            other(
                type="Normal",
                reason="Scheduled",
                message="hello ",
                involvedObject={"kind": "Pod", "name": "web-1"},
                source={"component": "default-scheduler"},
                firstTimestamp=CREATED,
                lastTimestamp="2025-10-09T08:53:10Z",
                count=4,
            ),
            ["10s", "Normal", "Scheduled", "pod/web-1", "", "default-scheduler", "hello", "80s", 4, "web"],
        ),
        (
            "jobs.batch",
            other({"completions": 3}, {"succeeded": 1, "startTime": CREATED}),
            ["web", "Running", "1/3", "80s", "80s", "", "", "<error>"],
        ),
        (
            "persistentvolumeclaims",
            other(
                {"volumeName": "pv-1", "storageClassName": "fast", "volumeMode": "Filesystem"},
                {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]},
            ),
            ["web", "Bound", "pv-1", "1Gi", "RWO", "fast", "<unset>", "80s", "Filesystem"],
        ),
        ("roles.rbac.authorization.k8s.io", other(), ["web", CREATED]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rows(resource: str, obj: Obj, row: list[Any]) -> None:
    assert tables.table(resource, [obj], NOW)[1] == [row]


def test_every_resource_has_as_many_cells_as_columns() -> None:
    seen = 0
    for resource in resources.RESOURCES:
        columns, (row,) = tables.table(resource.name, [{"metadata": {"name": "a"}}], NOW)
        assert len(columns) == len(row), resource.name
        seen += 1
    assert seen == 60
