"""Custom resources: what a CustomResourceDefinition says, and what it makes of the objects of its kind.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/; upstream's apiextensions-apiserver.
"""
