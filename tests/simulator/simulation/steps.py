"""What may happen in a random session: commands, faults and waits, drawn from one number so that it can be played again."""

from random import Random
from typing import Any

Step = dict[str, Any]
CONFIG = {
    "name": "t",
    "nodes": [{"role": "control-plane"}, {"role": "worker", "count": 3, "cpu": "2", "memory": "2Gi"}],
}
NODES = ("t-worker", "t-worker2", "t-worker3")
COMPONENTS = ("kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")
WAITS_US = (1_000, 50_000, 1_000_000, 7_000_000, 60_000_000, 400_000_000)
HARD_PODS = 12

_DATABASE = """
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "nginx:1.27", volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
_WORK = """
apiVersion: batch/v1
kind: Job
metadata: {name: work}
spec:
  completions: 4
  parallelism: 2
  template:
    spec: {restartPolicy: Never, containers: [{name: work, image: "busybox:1.36", command: [sh, -c, "sleep 5"]}]}
"""
_HUNGRY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: hungry}
spec:
  replicas: 4
  selector: {matchLabels: {app: hungry}}
  template:
    metadata: {labels: {app: hungry}}
    spec: {containers: [{name: web, image: "nginx:1.27", resources: {requests: {cpu: 700m, memory: 300Mi}}}]}
"""
_QUOTA = f"kubectl create quota small --hard=pods={HARD_PODS} -n limited"


def session(seed: int, length: int) -> list[Step]:
    """The steps of one session; equal seeds give equal steps."""
    rng = Random(seed)
    start = [shell("kubectl create namespace limited"), shell(_QUOTA)]
    return [*start, *(_step(rng) for _ in range(length))]


def shell(line: str, stdin: str = "") -> Step:
    return {"kind": "shell", "line": line, "stdin": stdin}


def _step(rng: Random) -> Step:
    kind = rng.choices(("wait", "command", "fault"), (4, 6, 2))[0]
    if kind == "wait":
        return {"wait": rng.choice(WAITS_US)}
    return _command(rng) if kind == "command" else _fault(rng)


def _command(rng: Random) -> Step:
    app, where = rng.choice(("web", "api")), rng.choice(("default", "limited"))
    line = rng.choice(
        (
            f"kubectl create deployment {app} --image=nginx:1.27 --replicas={rng.randint(0, 8)} -n {where}",
            f"kubectl scale deployment {app} --replicas={rng.randint(0, 25)} -n {where}",
            f"kubectl set image deployment/{app} nginx=nginx:{rng.choice(('1.28', '1.27', 'no-such-tag'))} -n {where}",
            f"kubectl rollout undo deployment/{app} -n {where}",
            f"kubectl expose deployment {app} --port=80 -n {where}",
            f"kubectl delete deployment {app} -n {where} --cascade={rng.choice(('background', 'foreground', 'orphan'))}",
            f"kubectl delete pods --all --wait=false -n {where}",
            f"kubectl label pods -l app={app} app=other --overwrite -n {where}",
            f"kubectl cordon {rng.choice(NODES)}",
            f"kubectl uncordon {rng.choice(NODES)}",
            f"kubectl taint nodes {rng.choice(NODES)} x=y:{rng.choice(('NoSchedule', 'NoExecute'))} --overwrite",
            f"kubectl taint nodes {rng.choice(NODES)} x-",
            f"kubectl scale statefulset db --replicas={rng.randint(0, 4)}",
            "kubectl delete statefulset db --wait=false",
            "kubectl delete pvc --all --wait=false",
            "kubectl delete job work --wait=false",
            f"kubectl autoscale deployment {app} --min=1 --max=6 --cpu-percent=50 -n {where}",
            f"kubectl create pdb {app} --selector=app={app} --min-available=1 -n {where}",
            "kubectl delete namespace limited --wait=false",
            "manifest",
        )
    )
    if line == "manifest":
        return shell("kubectl apply -f -", rng.choice((_DATABASE, _WORK, _HUNGRY)))
    return shell(line)


def _fault(rng: Random) -> Step:
    node = rng.choice(NODES)
    name, target = rng.choice(
        (
            (rng.choice(("node-power-off", "node-power-on")), node),
            (rng.choice(("component-stop", "component-start")), rng.choice(COMPONENTS)),
            (rng.choice(("kube-proxy-stop", "kube-proxy-start")), node),
            ("network-cut", f"{NODES[0]},{NODES[1]}"),
            ("network-mend", f"{NODES[0]},{NODES[1]}"),
        )
    )
    return {"kind": "fault", "fault": name, "target": target}


def recovery() -> list[Step]:
    """Everything is switched on and mended, and time passes until nobody has anything left to do."""
    starts = [{"kind": "fault", "fault": "component-start", "target": name} for name in reversed(COMPONENTS)]
    power = [{"kind": "fault", "fault": "node-power-on", "target": node} for node in NODES]
    mend: Step = {"kind": "fault", "fault": "network-mend", "target": f"{NODES[0]},{NODES[1]}"}
    return [*starts, *power, mend, {"wait": 1_500_000_000}]
