"""The annotation in which client-side apply keeps what was applied last."""

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
