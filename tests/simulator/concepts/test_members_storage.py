"""Groups L and N: the claims of a StatefulSet's members."""

from typing import Any

import pytest

SET = """\
apiVersion: v1
kind: Service
metadata: {name: dullahan}
spec: {clusterIP: None, selector: {app: web}, ports: [{name: web, port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: tkb-sts}
spec:
  replicas: 3
  serviceName: dullahan
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - {name: ctr-web, image: "nginx:1.27", ports: [{containerPort: 80}], volumeMounts: [{name: webroot, mountPath: /usr/share/nginx/html}]}
  volumeClaimTemplates:
  - metadata: {name: webroot}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""


@pytest.fixture
def members(lab: Any) -> Any:
    lab.run("kubectl apply -f -", SET)
    lab.wait(60)
    assert lab.column("kubectl get sts", "READY") == ["3/3"]
    return lab


def test_every_member_keeps_its_own_claim(members: Any) -> None:
    """N4."""
    lab = members
    names = [f"webroot-tkb-sts-{n}" for n in range(3)]
    assert lab.column("kubectl get pvc", "NAME") == names
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"] * 3
    lab.run("kubectl exec tkb-sts-1 -- sh -c 'echo member one > /usr/share/nginx/html/index.html'")
    volume_name = lab.value("pvc webroot-tkb-sts-1", "{.spec.volumeName}")
    lab.run("kubectl scale sts tkb-sts --replicas=1")
    lab.wait(30)
    assert lab.column("kubectl get pvc", "STATUS") == ["Bound"] * 3
    lab.run("kubectl scale sts tkb-sts --replicas=3")
    lab.wait(60)
    assert lab.value("pvc webroot-tkb-sts-1", "{.spec.volumeName}") == volume_name
    assert lab.run("kubectl exec tkb-sts-1 -- cat /usr/share/nginx/html/index.html") == "member one\n"


def test_a_member_that_comes_back_has_its_name_its_address_and_its_volume(members: Any) -> None:
    """N2, N3 and N7: only the uid is new."""
    lab = members
    lab.run("kubectl exec tkb-sts-0 -- sh -c 'echo mine > /usr/share/nginx/html/index.html'")
    uid, node = lab.value("pod tkb-sts-0", "{.metadata.uid}"), lab.value("pod tkb-sts-0", "{.spec.nodeName}")
    lab.run("kubectl delete pod tkb-sts-0")
    lab.wait(30)
    assert lab.column("kubectl get pods", "NAME") == ["tkb-sts-0", "tkb-sts-1", "tkb-sts-2"]
    assert lab.value("pod tkb-sts-0", "{.metadata.uid}") != uid
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") == node
    assert lab.run("kubectl exec tkb-sts-0 -- cat /usr/share/nginx/html/index.html") == "mine\n"
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 3600")
    lab.wait(15)
    found = lab.run("kubectl exec jump -- nslookup tkb-sts-0.dullahan.default.svc.cluster.local")
    assert f"Address: {lab.value('pod tkb-sts-0', '{.status.podIP}')}" in found
    cards = [
        (row.name, row.uid)
        for row in lab.cluster.engine.trail.rows()
        if row.verb == "create" and row.resource == "pods"
    ]
    assert [name for name, _ in cards if name == "tkb-sts-0"] == ["tkb-sts-0", "tkb-sts-0"]
    assert len({one for name, one in cards if name == "tkb-sts-0"}) == 2


def test_without_its_headless_service_a_set_runs_and_its_members_have_no_name(members: Any) -> None:
    """Myth T7."""
    lab = members
    lab.run("kubectl delete service dullahan")
    lab.run("kubectl run jump --image=busybox:1.36 -- sleep 3600")
    lab.wait(15)
    assert lab.column("kubectl get sts", "READY") == ["3/3"]
    assert (
        "can't resolve" in (said := lab.failure("kubectl exec jump -- nslookup tkb-sts-0.dullahan"))
        or "NXDOMAIN" in said
    )


def test_the_retention_policy_takes_the_claims_along(lab: Any) -> None:
    policy = "  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Delete}\n"
    lab.run("kubectl apply -f -", SET.replace("  replicas: 3\n", f"  replicas: 2\n{policy}"))
    lab.wait(40)
    lab.run("kubectl scale sts tkb-sts --replicas=1")
    lab.wait(30)
    assert lab.column("kubectl get pvc", "NAME") == ["webroot-tkb-sts-0"]
    lab.run("kubectl delete sts tkb-sts")
    lab.wait(40)
    assert lab.run("kubectl get pvc,pv") == ""


def test_a_member_on_a_dead_machine_comes_back_with_its_disk_when_somebody_vouches_for_it(cloud: Any) -> None:
    """N12: until then nobody takes its name."""
    lab = cloud("linode", size=2)
    lab.run("kubectl apply -f -", SET.replace("replicas: 3", "replicas: 1"))
    lab.wait(40)
    lab.run("kubectl exec tkb-sts-0 -- sh -c 'echo mine > /usr/share/nginx/html/index.html'")
    dead = lab.value("pod tkb-sts-0", "{.spec.nodeName}")
    lab.fault("node-power-off", dead)
    lab.wait(600)
    assert lab.column("kubectl get pods", "STATUS") == ["Terminating"]
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") == dead
    lab.run(f"kubectl taint node {dead} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute")
    lab.wait(60)
    assert lab.column("kubectl get pods", "STATUS") == ["Running"]
    assert lab.value("pod tkb-sts-0", "{.spec.nodeName}") != dead
    assert lab.run("kubectl exec tkb-sts-0 -- cat /usr/share/nginx/html/index.html") == "mine\n"
