"""What etcd holds: keys and values, plain or encrypted, and snapshots (rows A12, M5, T17)."""

from base64 import b64encode
from typing import Any

import pytest

from simulator.cluster import Cluster

Obj = dict[str, Any]
NODE = "kind-control-plane"
KEY = "/registry/secrets/default/db"
CONFIG = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: PROVIDERS
"""
AES = f"{{aescbc: {{keys: [{{name: key1, secret: {b64encode(b'k' * 32).decode()}}}]}}}}"
NEWER = f"{{secretbox: {{keys: [{{name: key2, secret: {b64encode(b'n' * 32).decode()}}}]}}}}"


class Lab:
    def __init__(self) -> None:
        self.cluster = Cluster.create(profile="instant")

    def shell(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def etcd(self, line: str) -> str:
        said = self.shell(f"kubectl exec -n kube-system etcd-{NODE} -- etcdctl {line}")
        assert said["exit"] == 0, said
        return str(said["stdout"])

    def encrypt(self, *providers: str) -> Obj:
        self.shell("cat > enc.yaml", CONFIG.replace("PROVIDERS", f"[{', '.join(providers)}]"))
        return self.shell(f"docker cp enc.yaml {NODE}:/etc/kubernetes/enc/enc.yaml")

    def value(self, key: str = KEY) -> str:
        return str(self.cluster.apply({"kind": "store-value", "key": key})["text"])


@pytest.fixture
def lab() -> Lab:
    lab = Lab()
    lab.shell("kubectl create secret generic db --from-literal=password=hunter2")
    return lab


PASSWORD = b64encode(b"hunter2").decode()


def test_a_secret_lies_in_the_store_as_everybody_can_read_it(lab: Lab) -> None:
    assert f'"password":"{PASSWORD}"' in lab.value()
    assert PASSWORD in lab.etcd(f"get {KEY}")


def test_keys_are_where_a_real_api_server_puts_them(lab: Lab) -> None:
    keys = lab.cluster.apply({"kind": "store-keys"})["keys"]
    assert {
        KEY,
        "/registry/minions/kind-control-plane",
        "/registry/services/specs/default/kubernetes",
        "/registry/deployments/kube-system/coredns",
        "/registry/clusterroles/cluster-admin",
    } <= set(keys)
    assert lab.etcd("get /registry/secrets --prefix --keys-only") == f"{KEY}\n\n"


def test_encryption_touches_what_is_written_from_now_on(lab: Lab) -> None:
    assert lab.encrypt(AES, "{identity: {}}")["exit"] == 0
    assert PASSWORD in lab.value()
    lab.shell("kubectl create secret generic new --from-literal=password=hunter2")
    fresh = lab.value("/registry/secrets/default/new")
    assert fresh.startswith("k8s:enc:aescbc:v1:key1:")
    assert PASSWORD not in fresh
    assert lab.shell("kubectl get secret new -o jsonpath='{.data.password}'")["stdout"] == PASSWORD


def test_replacing_every_secret_encrypts_it(lab: Lab) -> None:
    lab.encrypt(AES, "{identity: {}}")
    lab.shell("kubectl get secrets -A -o json | kubectl replace -f -")
    assert lab.value().startswith("k8s:enc:aescbc:v1:key1:")


def test_keys_are_rotated_by_writing_again(lab: Lab) -> None:
    lab.encrypt(AES, "{identity: {}}")
    lab.shell("kubectl get secrets -A -o json | kubectl replace -f -")
    lab.encrypt(NEWER, AES)
    assert lab.value().startswith("k8s:enc:aescbc:v1:key1:")
    lab.shell("kubectl get secrets -A -o json | kubectl replace -f -")
    assert lab.value().startswith("k8s:enc:secretbox:v1:key2:")


def test_without_its_key_a_secret_cannot_be_read(lab: Lab) -> None:
    lab.encrypt(AES, "{identity: {}}")
    lab.shell("kubectl get secrets -A -o json | kubectl replace -f -")
    lab.encrypt("{identity: {}}")
    assert lab.shell("kubectl get secret db")["stderr"] == (
        f'Error from server (InternalError): Internal error occurred: unable to transform key "{KEY}": no matching prefix found\n'
    )


def test_a_key_of_the_wrong_length_is_refused(lab: Lab) -> None:
    short = b64encode(b"short").decode()
    said = lab.encrypt(f"{{aescbc: {{keys: [{{name: key1, secret: {short}}}]}}}}")
    assert "secret is not of the expected length, got 5, expected one of [16 24 32]" in said["stderr"]


def test_wiping_the_store_empties_the_cluster_and_a_snapshot_brings_it_back(lab: Lab) -> None:
    lab.shell("kubectl create deployment web --image=nginx --replicas=2")
    lab.cluster.advance(lab.cluster.now + 10_000_000)
    uids = "kubectl get pods -o jsonpath='{.items[*].metadata.uid}'"
    before = lab.shell(uids)["stdout"]
    lab.etcd("snapshot save /backup/one.db")
    lab.cluster.apply({"kind": "store-wipe"})
    assert lab.shell("kubectl get all -A")["stderr"] == "No resources found\n"
    lab.cluster.apply({"kind": "store-restore", "name": "/backup/one.db"})
    assert lab.shell(uids)["stdout"] == before != ""
    lab.cluster.advance(lab.cluster.now + 120_000_000)
    ready = "kubectl get deployment web -o jsonpath='{.status.readyReplicas}'"
    assert lab.shell(ready)["stdout"] == "2"


def test_only_the_store_has_state(lab: Lab) -> None:
    before = lab.shell("kubectl get all -A -o name")["stdout"]
    for component in ("kube-apiserver", "kube-scheduler", "kube-controller-manager"):
        for fault in ("component-stop", "component-start"):
            lab.cluster.apply({"kind": "fault", "fault": fault, "target": component})
    lab.cluster.advance(lab.cluster.now + 60_000_000)
    assert lab.shell("kubectl get all -A -o name")["stdout"] == before


def test_snapshots_and_encryption_survive_a_restore_of_the_simulation(lab: Lab) -> None:
    lab.encrypt(AES, "{identity: {}}")
    lab.shell("kubectl create secret generic new --from-literal=a=b")
    lab.etcd("snapshot save one")
    again = Cluster.load(lab.cluster.dump())
    for one in (lab.cluster, again):
        one.apply({"kind": "store-wipe"})
        one.apply({"kind": "store-restore", "name": "one"})
        one.advance(one.now + 60_000_000)
    assert again.state_hash() == lab.cluster.state_hash()
