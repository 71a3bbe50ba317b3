"""Answers that drivers on a node give to their kubelet."""


class PublishFailed(Exception):
    """NodePublishVolume failed: the volume cannot be set up now; the text is the driver's."""
