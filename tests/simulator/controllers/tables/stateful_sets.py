"""StatefulSets for tests: `db`, with and without a volume claim for each member."""

from functools import partial
from typing import Any

Obj = dict[str, Any]

CLAIM: Obj = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data"},
    "spec": {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "volumeMode": "Filesystem",
    },
}


def stateful_set(template: Any, replicas: int = 3, image: str = "db:1", **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db", image),
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "revisionHistoryLimit": 10,
            **spec,
        },
    }


claiming_set = partial(stateful_set, volumeClaimTemplates=[CLAIM])


def settle(world: Any, rounds: int = 24) -> None:
    """Kubelets that make every pod ready and finish every deletion, until nothing changes."""
    for _ in range(rounds):
        world.run(0.2)
        world.finish_deletions()
        for pod in world.pods():
            if not pod["spec"].get("nodeName"):
                world.client.bind("default", pod["metadata"]["name"], "node-1")
            elif "deletionTimestamp" not in pod["metadata"] and pod["status"]["phase"] == "Pending":
                world.make_ready(pod)
    world.run(0.2)


def change(world: Any, **spec: Any) -> None:
    world.client.patch("statefulsets.apps", "default", "db", {"spec": spec})
