"""`kubectl describe`: one module a family of kinds, each a function from an object to text.

The layout of every kind follows `staging/src/k8s.io/kubectl/pkg/describe/describe.go` of Kubernetes 1.33, line by line in
effect, in our own words in code. A describer gets the object and a `Surroundings` to look up what belongs to it.
"""
