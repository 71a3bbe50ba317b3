"""The Secrets Store CSI Driver with HashiCorp's provider: what lies in a vault outside the cluster, as files in pods.

Follows kubernetes-sigs/secrets-store-csi-driver (`pkg/secrets-store/nodeserver.go`, `pkg/rotation/reconciler.go`, 1.5) and hashicorp/vault-csi-provider; https://secrets-store-csi-driver.sigs.k8s.io/.
"""
