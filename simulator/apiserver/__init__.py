"""The API server: the one door to the cluster's state."""
