"""Virtual machines as custom resources, each in a launcher pod of its own.

https://kubevirt.io/user-guide/; behaves like KubeVirt 1.5 (`pkg/virt-operator`, `pkg/virt-controller/watch`): the operator brings the kinds and the
controller once a KubeVirt object asks for them; a VirtualMachineInstance becomes a pod `virt-launcher-…`, and a VirtualMachine keeps one.
Left out: the guest itself, its disks and networks, migration, and the words of virt-api. What virt-handler tells of a guest on its node is told
by the controller, as soon as the pod runs.
"""
