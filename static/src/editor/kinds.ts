/** The kinds a manifest may hold, with the version Kubernetes 1.33 serves them under: offered before a schema is known. */
import type { ObjectKind } from "./schema";

const byVersion: Readonly<Record<string, readonly string[]>> = {
  "v1": [
    "ConfigMap", "Endpoints", "Event", "LimitRange", "Namespace", "Node", "PersistentVolume", "PersistentVolumeClaim", "Pod", "PodTemplate",
    "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount",
  ],
  "admissionregistration.k8s.io/v1": ["MutatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"],
  "apiextensions.k8s.io/v1": ["CustomResourceDefinition"],
  "apiregistration.k8s.io/v1": ["APIService"],
  "apps/v1": ["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
  "autoscaling/v2": ["HorizontalPodAutoscaler"],
  "batch/v1": ["CronJob", "Job"],
  "certificates.k8s.io/v1": ["CertificateSigningRequest"],
  "coordination.k8s.io/v1": ["Lease"],
  "discovery.k8s.io/v1": ["EndpointSlice"],
  "events.k8s.io/v1": ["Event"],
  "flowcontrol.apiserver.k8s.io/v1": ["FlowSchema", "PriorityLevelConfiguration"],
  "networking.k8s.io/v1": ["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"],
  "node.k8s.io/v1": ["RuntimeClass"],
  "policy/v1": ["PodDisruptionBudget"],
  "rbac.authorization.k8s.io/v1": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  "scheduling.k8s.io/v1": ["PriorityClass"],
  "storage.k8s.io/v1": ["CSIDriver", "CSINode", "CSIStorageCapacity", "StorageClass", "VolumeAttachment"],
};

export const versions: readonly string[] = Object.keys(byVersion);

export const kinds: readonly ObjectKind[] = Object.entries(byVersion).flatMap(([apiVersion, names]) => names.map((kind) => ({ apiVersion, kind })));

export const kindsOf = (apiVersion: string | undefined): readonly ObjectKind[] =>
  kinds.filter((kind) => !apiVersion || kind.apiVersion === apiVersion);

export const isKnown = ({ apiVersion, kind }: ObjectKind): boolean => byVersion[apiVersion]?.includes(kind) ?? false;
