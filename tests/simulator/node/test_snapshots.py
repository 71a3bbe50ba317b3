"""What kubelets remember is plain data, and a restored kubelet goes on as if nothing had happened."""

from typing import Any

import msgspec

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


def test_a_program_that_asks_for_ever_does_not_grow(many: Any) -> None:
    machines = many()
    machines.script(_LOOPS)
    machines.run(6_000)
    early = len(machines.snapshot())
    machines.run(4_000)
    assert len(machines.snapshot()) - early < 100
