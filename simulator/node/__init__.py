"""The machines of the cluster: kubelet, container runtime, image store, probes.

One component hosts the kubelets of all nodes, because a thousand idle kubelets must cost nothing; each still acts under
its own name (`kubelet/<node>`) and knows only the pods bound to it.
"""
