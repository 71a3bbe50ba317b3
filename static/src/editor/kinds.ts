/** The kinds people write manifests for, with the version Kubernetes 1.33 serves them under: offered before the schema is known. */
import type { ObjectKind } from "./schema";

const byVersion: Readonly<Record<string, readonly string[]>> = {
  "v1": ["ConfigMap", "LimitRange", "Namespace", "PersistentVolume", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"],
  "apps/v1": ["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
  "autoscaling/v2": ["HorizontalPodAutoscaler"],
  "batch/v1": ["CronJob", "Job"],
  "networking.k8s.io/v1": ["Ingress", "IngressClass", "NetworkPolicy"],
  "policy/v1": ["PodDisruptionBudget"],
  "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  "scheduling.k8s.io/v1": ["PriorityClass"],
  "storage.k8s.io/v1": ["StorageClass"],
};

export const versions: readonly string[] = Object.keys(byVersion);

export const kinds: readonly ObjectKind[] = Object.entries(byVersion).flatMap(([apiVersion, names]) => names.map((kind) => ({ apiVersion, kind })));

export const kindsOf = (apiVersion: string | undefined): readonly ObjectKind[] =>
  kinds.filter((kind) => !apiVersion || kind.apiVersion === apiVersion);
