"""Row M6: a secret of a vault is a file in the pod, and no Secret in the API.

https://secrets-store-csi-driver.sigs.k8s.io/topics/secret-auto-rotation; texts from the driver's `nodeserver.go` and `rotation/reconciler.go`.
"""

from typing import Any

import pytest

from simulator.cluster import Cluster

BASE = "https://raw.githubusercontent.com/kubernetes-sigs/secrets-store-csi-driver/v1.5.0/deploy"
GROUP = "secrets-store.csi.x-k8s.io"
FILES = (
    f"{BASE}/rbac-secretproviderclass.yaml",
    f"{BASE}/csidriver.yaml",
    f"{BASE}/{GROUP}_secretproviderclasses.yaml",
    f"{BASE}/{GROUP}_secretproviderclasspodstatuses.yaml",
    f"{BASE}/secrets-store-csi-driver.yaml",
)
PROVIDER = "https://raw.githubusercontent.com/hashicorp/vault-csi-provider/v1.5.0/deployment/vault-csi-provider.yaml"
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: web, image: busybox, command: [sleep, 1d], volumeMounts: [{name: store, mountPath: /mnt/secrets, readOnly: true}]}
  volumes:
  - {name: store, csi: {driver: secrets-store.csi.k8s.io, readOnly: true, volumeAttributes: {secretProviderClass: db}}}
"""
CLASS = """
apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
metadata: {name: db}
spec:
  provider: vault
  parameters:
    vaultAddress: http://vault.example:8200
    roleName: db
    objects: |
      - {objectName: password, secretPath: secret/data/db, secretKey: password}
      - {objectName: all, secretPath: secret/data/db}
"""
ROTATION = """kubectl -n kube-system patch ds csi-secrets-store --type json -p '[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--enable-secret-rotation=true"}]'"""


class Lab:
    def __init__(self, *, driver: bool = True, provider: bool = True) -> None:
        self.cluster = Cluster.create(profile="instant")
        for url in (*(FILES if driver else ()), *([PROVIDER] if provider else ())):
            self.shell(f"kubectl apply -f {url}")
        self.run(30)

    def shell(self, line: str, stdin: str = "") -> str:
        reply = self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})
        return str(reply["stdout"]) + str(reply["stderr"])

    def run(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * 1e6)
        while not self.cluster.advance(until):
            pass

    def start(self) -> None:
        self.shell("kubectl apply -f -", CLASS)
        self.shell("kubectl apply -f -", POD)
        self.run(5)

    def reads(self, file: str = "password") -> str:
        return self.shell(f"kubectl exec web -- cat /mnt/secrets/{file}")

    def events(self, reason: str) -> str:
        return self.shell(f"kubectl get events --field-selector reason={reason} -o jsonpath='{{.items[*].message}}'")


def rotating() -> Lab:
    lab = Lab()
    lab.shell(ROTATION)
    lab.shell("vault kv put secret/db password=one")
    lab.run(60)
    lab.start()
    assert lab.reads() == "one"
    return lab


def test_a_secret_of_the_vault_is_a_file_in_the_pod_and_no_secret_in_the_api() -> None:
    lab = Lab()
    lab.shell("vault kv put secret/db password=s3cret user=app")
    lab.start()
    assert lab.reads() == "s3cret"
    assert lab.reads("all") == '{"data":{"password":"s3cret","user":"app"}}'
    assert lab.shell("kubectl get secrets -A") == "No resources found\n"
    assert "s3cret" not in lab.shell("kubectl get all,configmaps,secretproviderclasspodstatuses -A -o yaml")
    assert "Read-only file system" in lab.shell("kubectl exec web -- sh -c 'echo x > /mnt/secrets/password'")
    status = lab.shell(
        "kubectl get secretproviderclasspodstatuses web-default-db -o jsonpath='{.status.objects[*].id} {.status.objects[*].version}'"
    )
    assert status == "all password 1 1"
    lab.shell("kubectl delete pod web")
    lab.run(5)
    assert "No resources" in lab.shell("kubectl get secretproviderclasspodstatuses")


@pytest.mark.parametrize(
    ("parts", "given", "text"),
    [
        pytest.param(
            {"driver": False},
            "",
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers",
            id="no driver on the node",
        ),
        pytest.param(
            {},
            "",
            'failed to get secretproviderclass default/db, error: SecretProviderClass.secrets-store.csi.x-k8s.io "db" not found',
            id="no class",
        ),
        pytest.param(
            {"provider": False},
            CLASS,
            'failed to mount secrets store objects for pod default/web, err: error connecting to provider "vault": provider not found: provider "vault"',
            id="no provider",
        ),
        pytest.param({}, CLASS, "URL: GET http://vault.example:8200/v1/secret/data/db\nCode: 404.", id="no secret"),
        pytest.param(
            {},
            CLASS.replace("secretKey: password", "secretKey: pin").replace("data/db,", "data/other,", 1),
            'error making mount request: {secret/data/other}: {key "pin" does not exist at the secret path}',
            id="no key",
        ),
    ],
)
def test_a_pod_waits_for_what_is_missing(parts: dict[str, Any], given: str, text: str) -> None:
    lab = Lab(**parts)
    lab.shell("vault kv put secret/other password=x")
    if given:
        lab.shell("kubectl apply -f -", given)
    lab.shell("kubectl apply -f -", POD)
    lab.run(5)
    assert "ContainerCreating" in lab.shell("kubectl get pod web")
    assert text in lab.events("FailedMount")


def test_a_changed_secret_reaches_running_pods_within_two_minutes() -> None:
    lab = rotating()
    lab.shell("vault kv put secret/db password=two")
    lab.run(0.5)
    assert lab.reads() == "one"
    lab.run(120)
    assert lab.reads() == "two"
    assert lab.events("MountRotationComplete") == "successfully rotated mounted contents for spc default/db"
    lab.shell("vault kv delete secret/db")
    lab.run(120)
    assert lab.reads() == "two", "what was mounted stays"
    assert lab.events("MountRotationFailed").startswith("provider mount err: rpc error: code = Unknown desc = ")


def test_without_the_flag_only_new_pods_see_it() -> None:
    lab = Lab()
    lab.shell("vault kv put secret/db password=one")
    lab.start()
    lab.shell("vault kv put secret/db password=two")
    lab.run(300)
    assert lab.reads() == "one"
    lab.shell("kubectl delete pod web")
    lab.start()
    assert lab.reads() == "two"
    lab.shell("vault kv put secret/db password=three")
    lab.shell(ROTATION)
    lab.run(180)
    assert lab.reads() == "three"


def test_a_restored_cluster_rotates_the_same_way() -> None:
    lab = rotating()
    lab.shell("vault kv put secret/db password=two")
    data = lab.cluster.dump()
    lab.run(121)
    wanted = lab.cluster.dump()
    lab.cluster = Cluster.load(data)
    lab.run(121)
    assert lab.cluster.dump() == wanted
    assert lab.reads() == "two"


def test_one_vault_serves_every_cluster_of_the_lab_and_outlives_them() -> None:
    lab = Lab(driver=False, provider=False)
    lab.shell("kind create cluster --name two")
    for url in (*FILES, PROVIDER):
        lab.shell(f"kubectl apply -f {url}")
    lab.run(90)
    lab.shell(ROTATION)
    lab.shell("vault kv put secret/db password=one")
    lab.run(30)
    lab.start()
    assert lab.reads() == "one"
    lab.shell("vault kv put secret/db password=two")
    lab.run(120)
    assert lab.reads() == "two"
    lab.shell("vault kv put secret/db password=three")
    lab.shell("kind delete cluster --name two")
    lab.run(300)
    lab.shell("vault kv put secret/db password=four")
    lab.run(300)
    assert lab.shell("vault kv get -field=password secret/db") == "four\n"


def test_the_vault_at_the_workstation() -> None:
    lab = Lab(driver=False, provider=False)
    assert lab.cluster.apply({"kind": "shell", "line": "vault kv put secret/app/db password=x user=y", "stdin": ""})[
        "changed"
    ]
    text = lab.shell("vault kv get secret/app/db")
    assert text.startswith("=== Secret Path ===\nsecret/data/app/db\n\n======= Metadata =======\n")
    assert text.endswith(
        "version            1\n\n====== Data ======\nKey         Value\n---         -----\npassword    x\nuser        y\n"
    )
    assert lab.shell("vault kv get -field=user secret/app/db") == "y\n"
    assert lab.shell("vault kv list secret/") == "Keys\n----\napp/\n"
    assert lab.shell("vault kv list secret/app") == "Keys\n----\ndb\n"
    assert lab.shell("vault kv delete secret/app/db").startswith("Success!")
    assert lab.shell("vault kv get secret/app/db") == "No value found at secret/data/app/db\n"
    assert lab.shell("vault kv put secret/x") == "Must supply data\n"
    assert "wanted a path below secret/" in lab.shell("vault kv get other/x")
