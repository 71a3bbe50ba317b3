"""The Cluster Autoscaler of a managed cluster: more machines for pods that fit nowhere, fewer when they are not needed.

Follows https://github.com/kubernetes/autoscaler, `cluster-autoscaler`, with its default flags. Looks every 10 s upstream; here only when
something has happened or a delay is over.
"""
