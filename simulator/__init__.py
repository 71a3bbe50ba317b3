"""A Kubernetes cluster in pure Python: no container runs, everything else behaves."""
