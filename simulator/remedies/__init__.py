"""What would let a pending pod run: the smallest change, found by trying changes on copies of the cluster."""
