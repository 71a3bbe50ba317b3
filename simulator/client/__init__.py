"""What client-go is to Kubernetes: how a component reads (watch-fed cache), queues work and writes.

A component never touches the store. It belongs to a `Process`, is told of changes when the process's watch
delivers them, and writes through its `Client`.
"""

from simulator.client.cache import Cache
from simulator.client.client import Client
from simulator.client.controller import Controller
from simulator.client.errors import PublishFailed
from simulator.client.gate import KUBELET, About, Gate, Held
from simulator.client.process import Process
from simulator.client.routes import Handler
from simulator.client.workqueue import WorkQueue

__all__ = [
    "KUBELET",
    "About",
    "Cache",
    "Client",
    "Controller",
    "Gate",
    "Handler",
    "Held",
    "Process",
    "PublishFailed",
    "WorkQueue",
]
