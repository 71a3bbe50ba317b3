"""What a lab weighs: at most 60 KB is its design, and there are hundreds of labs, each of which is written often."""

import msgspec
import zstandard

from simulator.cluster import Cluster


def test_a_lab_of_fifty_pods_is_written_in_50_kb() -> None:
    cluster = Cluster.create()
    cluster.apply({"kind": "shell", "line": "kubectl create deployment web --image=nginx:1.27 --replicas=50"})
    until = cluster.now + 60_000_000
    while not cluster.advance(until):
        continue
    data = cluster.dump()
    tables = dict(msgspec.msgpack.decode(data)["components"]["kube-apiserver"]["store"]["tables"])
    assert len(cluster.registry.store.table("pods")) == 60
    assert len(cluster.registry.store.table("events")) > 350
    assert tables["events"][0] == [], "Events that components tell should fit into columns"
    assert len(zstandard.compress(data)) < 50 * 1_024
