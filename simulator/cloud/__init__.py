"""The world a cluster runs in: flavours, machines and, where the cluster is a managed one, a cloud that sells them.

A kind cluster, a desktop one and a shelf of Raspberry Pis have machines and nothing more. A managed cluster has a cloud: it creates
machines within a quota, takes a while, and may be out of order; its cloud controller manager tells Kubernetes about it.
"""
