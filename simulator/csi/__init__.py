"""The storage driver's controller part: the sidecars of Kubernetes CSI, each an actor of its own, and the cloud behind them.

One process (`csi-driver`) beside the control plane. They are clients of the API server like everybody else: a claim's annotation, a
released volume, a VolumeAttachment or a larger request is what sets each of them going.
"""
