"""`kubeadm` on the machines of a cluster: tokens, joining and resetting, upgrades, certificates."""
