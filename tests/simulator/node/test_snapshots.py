"""What kubelets remember is plain data, and a restored kubelet goes on as if nothing had happened."""

from typing import Any

import msgspec
import pytest

_LOOPS = "until nslookup db; do echo waiting; sleep 2; done"


def _busy(machines: Any) -> None:
    machines.start("server", readinessProbe={"httpGet": {"port": 80}})
    machines.script("sleep 3; exit 1", "crashing")
    machines.script(_LOOPS, "asking")
    machines.start("missing", image="nginx:1.99")
    machines.run(40)


def test_dump_and_load_are_inverse(many: Any) -> None:
    machines = many(profile="lab")
    _busy(machines)
    before = machines.snapshot()
    machines.kubelets.load(msgspec.msgpack.decode(before))
    assert machines.snapshot() == before


def test_a_restored_fleet_has_the_same_future(many: Any) -> None:
    one, other = many(profile="lab"), many(profile="lab")
    _busy(one)
    _busy(other)
    other.kubelets.load(msgspec.msgpack.decode(other.snapshot()))
    for machines in (one, other):
        machines.delete("server")
        machines.run(300)
    assert one.snapshot() == other.snapshot()
    assert one.registry.store.revision == other.registry.store.revision


def _stopping(machines: Any) -> None:
    """Pods in the middle of their hooks, as another user, with programs and modes from volumes."""
    metadata = {"name": "app", "namespace": "default"}
    data = {"run.sh": "#!/bin/sh\ntrap 'exit 0' TERM\nwhile true; do cat /v/key; sleep 3; done\n", "key": "1"}
    machines.create("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    source = {"name": "app", "defaultMode": 0o750, "items": [{"key": key, "path": key} for key in sorted(data)]}
    machines.start(
        "hooked",
        image="busybox:1.36",
        command=["/v/run.sh"],
        lifecycle={"preStop": {"exec": {"command": ["sh", "-c", "echo bye > /tmp/last; sleep 20; exit 1"]}}},
        volumeMounts=[{"name": "v", "mountPath": "/v"}],
        spec={
            "securityContext": {"runAsUser": 1000, "fsGroup": 2000},
            "volumes": [{"name": "v", "configMap": source}],
        },
    )
    side = {"name": "side", "image": "busybox:1.36", "restartPolicy": "Always", "command": ["sleep", "1000"]}
    machines.script("sleep 15", "sided", spec={"restartPolicy": "Never", "initContainers": [side]})
    port = [{"containerPort": 80, "hostPort": 8080}]
    for name in ("first", "refused"):
        machines.start(name, ports=port)
    machines.run(10)
    machines.delete("hooked")


@pytest.mark.parametrize("seconds", [0, 1, 6, 12, 21, 40])
def test_pods_that_stop_and_pods_that_were_refused_have_the_same_future(many: Any, seconds: float) -> None:
    one, other = many(profile="lab"), many(profile="lab")
    for machines in (one, other):
        _stopping(machines)
        machines.run(seconds)
    other.kubelets.load(msgspec.msgpack.decode(other.snapshot()))
    for machines in (one, other):
        machines.run(60)
    assert one.snapshot() == other.snapshot()
    assert one.registry.store.revision == other.registry.store.revision
    assert [one.status(name)["phase"] for name in ("sided", "first", "refused")] == ["Succeeded", "Running", "Failed"]
    assert one.said("FailedPreStopHook", "hooked") == ["PreStopHook failed"]


def test_a_program_that_asks_for_ever_does_not_grow(many: Any) -> None:
    machines = many()
    machines.script(_LOOPS)
    machines.run(6_000)
    early = len(machines.snapshot())
    machines.run(4_000)
    assert len(machines.snapshot()) - early < 100
