"""Volume snapshots: three kinds and the common controller, as kubernetes-csi/external-snapshotter releases them."""
