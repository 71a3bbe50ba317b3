"""The learner's workstation: a shell line with a home directory, a kubeconfig and kubectl.

kubectl here talks to the cluster only as the real one does, with HTTP requests to the API server, and prints what the
real one (v1.33) prints. The door is `workstation.Workstation`; nothing else is meant for others.
"""
