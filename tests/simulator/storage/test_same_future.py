"""A cluster with volumes, restored at any moment, has the same future (claims under way, disks, files, attachments)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.cluster import Cluster

KIND = {"name": "t", "nodes": [{"role": "control-plane"}, {"role": "worker", "count": 2}]}
CLOUD = {"name": "t", "flavour": "cloud", "cloud": {"provider": "aws"}, "nodeGroups": [{"size": 2}]}
LINODE = {"name": "t", "flavour": "cloud", "cloud": {"provider": "linode"}, "nodeGroups": [{"size": 2}]}
NAMES = ("a", "b")
Step = dict[str, Any]

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {{name: {name}}}
spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: c
    image: busybox:1.36
    command: [sh, -c, "while true; do echo x >> /data/log; sleep 7; done"]
    volumeMounts: [{{name: v, mountPath: /data}}, {{name: s, mountPath: /etc/s}}]
  volumes: [{{name: v, persistentVolumeClaim: {{claimName: {claim}}}}}, {{name: s, configMap: {{name: s, optional: true}}}}]
"""


def shell(line: str, stdin: str = "") -> Step:
    return {"kind": "shell", "line": line, "stdin": stdin}


names = st.sampled_from(NAMES)
commands = st.one_of(
    st.builds(lambda name: shell("kubectl apply -f -", CLAIM.format(name=name)), names),
    st.builds(lambda name, claim: shell("kubectl apply -f -", POD.format(name=name, claim=claim)), names, names),
    st.builds(lambda name: shell(f"kubectl delete pod {name} --wait=false"), names),
    st.builds(lambda name: shell(f"kubectl delete pod {name} --force --grace-period=0"), names),
    st.builds(lambda name: shell(f"kubectl delete pvc {name} --wait=false"), names),
    st.builds(lambda name: shell(f"kubectl exec {name} -- sh -c 'echo y >> /data/log; cat /data/log'"), names),
    st.builds(
        lambda name: shell(
            f"""kubectl patch pvc {name} -p '{{"spec": {{"resources": {{"requests": {{"storage": "2Gi"}}}}}}}}'"""
        ),
        names,
    ),
    st.just(shell("kubectl create configmap s --from-literal=k=1")),
    st.just(shell("kubectl delete configmap s")),
    st.just(shell("kubectl get pods,pvc,pv,volumeattachments -o wide")),
    st.builds(
        lambda fault, target: {"kind": "fault", "fault": fault, "target": target},
        st.sampled_from(("cloud-outage", "cloud-recovery")),
        st.just("disks"),
    ),
    st.builds(
        lambda fault, target: {"kind": "fault", "fault": fault, "target": target},
        st.sampled_from(("component-stop", "component-start")),
        st.sampled_from(("kube-scheduler", "kube-controller-manager", "kube-apiserver")),
    ),
)
waits = st.builds(lambda us: {"wait": us}, st.sampled_from((1_000, 400_000, 2_000_000, 9_000_000, 400_000_000)))


def play(cluster: Cluster, step: Step) -> object:
    if "wait" not in step:
        return cluster.apply(step)
    until = cluster.now + step["wait"]
    while not cluster.advance(until):
        continue
    return None


@pytest.mark.parametrize(
    "config", [pytest.param(KIND, id="kind"), pytest.param(CLOUD, id="aws"), pytest.param(LINODE, id="linode")]
)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(history=st.lists(st.one_of(commands, waits), min_size=4, max_size=16), cut=st.floats(0, 1))
def test_a_restored_cluster_with_volumes_has_the_same_future(config: Step, history: list[Step], cut: float) -> None:
    straight = Cluster.create(config)
    at = round(cut * len(history))
    for step in history[:at]:
        play(straight, step)
    data = straight.dump()
    restored = Cluster.load(data)
    assert restored.dump() == data
    for step in history[at:]:
        assert play(restored, step) == play(straight, step), step
    for cluster in (straight, restored):
        play(cluster, {"wait": 30_000_000})
    assert restored.state_hash() == straight.state_hash()


@pytest.mark.parametrize("config", [pytest.param(KIND, id="kind"), pytest.param(CLOUD, id="aws")])
def test_a_settled_cluster_with_volumes_plans_nothing_but_what_it_planned_before(config: Step) -> None:
    """No timer of a volume is left over when everything is bound and mounted."""
    cluster = Cluster.create(config)
    play(cluster, shell("kubectl apply -f -", CLAIM.format(name="a")))
    play(cluster, shell("kubectl apply -f -", POD.format(name="a", claim="a")))
    play(cluster, {"wait": 700_000_000})
    before = cluster.ev
    play(cluster, {"wait": 300_000_000})
    assert cluster.ev == before


@pytest.mark.parametrize("moment", range(0, 30_000_000, 1_500_000))
def test_every_moment_of_a_volumes_life_can_be_restored(moment: int) -> None:
    cluster = Cluster.create(CLOUD)
    play(cluster, shell("kubectl apply -f -", CLAIM.format(name="a") + "---\n" + POD.format(name="a", claim="a")))
    play(cluster, {"wait": moment})
    restored = Cluster.load(cluster.dump())
    for one in (cluster, restored):
        play(one, {"wait": 20_000_000})
        play(one, shell("kubectl delete pod a --wait=false"))
        play(one, shell("kubectl delete pvc a --wait=false"))
        play(one, {"wait": 30_000_000})
    assert restored.state_hash() == cluster.state_hash()
    assert cluster.apply(shell("kubectl get pv,pvc,volumeattachments"))["stdout"] == ""
