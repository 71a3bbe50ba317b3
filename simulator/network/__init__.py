"""Addresses, names and the way of a request through the cluster: CNI, kube-proxy and CoreDNS as data and questions."""
