"""The Vertical Pod Autoscaler: what containers should request, and pods that are made anew with it.

Follows https://github.com/kubernetes/autoscaler, `vertical-pod-autoscaler` 1.4: a recommender, an updater and an admission controller, each in a pod of
its own, so each can be missing on its own.
"""
