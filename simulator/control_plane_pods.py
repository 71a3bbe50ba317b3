"""What ties the control plane to its static pods: a component runs on a machine while its container does.

kubeadm and kind start etcd, kube-apiserver, kube-controller-manager and kube-scheduler from files in `/etc/kubernetes/manifests`
(https://kubernetes.io/docs/reference/setup-tools/kubeadm/implementation-details/), so a file moved away stops its component. The power of a machine
and the faults that stop a component by name are told to `ControlPlane` directly.
"""

from simulator.controlplane import COMPONENTS, ControlPlane


class ControlPlanePods:
    """`node.fleet.ProcessListener`; no state of its own."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def container_started(self, node: str, image: str) -> None:
        component = self._component(node, image)
        if component == "kube-apiserver":
            self._plane.api_server_version(image.rpartition(":")[2])
        if component and not self._plane.is_up(component, node):
            self._plane.restart(component, node)

    def container_ended(self, node: str, image: str) -> None:
        component = self._component(node, image)
        if component and self._plane.is_up(component, node):
            self._plane.stop(component, node)

    def machine_lost(self, node: str) -> None:
        """The power tells the control plane itself."""

    def _component(self, node: str, image: str) -> str:
        name = image.rpartition("/")[2].partition(":")[0]
        return name if name in COMPONENTS and node in self._plane.machines else ""
