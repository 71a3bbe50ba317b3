"""Keeps as many pods alive as a ReplicationController asks for: the ReplicaSet controller for its predecessor.

https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/. The one difference is the selector,
which is a plain set of labels.
"""

from typing import ClassVar

from simulator.client.routes import Interest
from simulator.controllers.replicaset import ReplicaSetController
from simulator.engine.plain import Obj
from simulator.machinery.selectors import Selector, from_labels


class ReplicationController(ReplicaSetController):
    name: ClassVar[str] = "replication-controller"
    watches = {"replicationcontrollers": "on_set", "pods": "on_pod"}
    interests = {"pods": Interest(owner="ReplicationController")}
    writes = ("replicationcontrollers", "pods", "events")

    resource: ClassVar[str] = "replicationcontrollers"
    kind: ClassVar[str] = "ReplicationController"

    def selector(self, owner: Obj) -> Selector:
        return from_labels(owner["spec"].get("selector") or {})
