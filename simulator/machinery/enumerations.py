"""Closed sets of values and simple defaults that the published schema data leaves out.

Facts of the v1.33 API types, keyed by the Go name of the struct and the JSON name of the field. For the editor,
`explain` and the names of Go's string types in decoding errors; validation asks the kind's own module.
"""

from __future__ import annotations

from typing import Any

#: (struct, field) -> (Go type, values)
ENUMS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("PodSpec", "restartPolicy"): ("v1.RestartPolicy", ("Always", "Never", "OnFailure")),
    ("PodSpec", "dnsPolicy"): ("v1.DNSPolicy", ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")),
    ("PodSpec", "preemptionPolicy"): ("v1.PreemptionPolicy", ("Never", "PreemptLowerPriority")),
    ("PodOS", "name"): ("v1.OSName", ("linux", "windows")),
    ("PodStatus", "phase"): ("v1.PodPhase", ("Failed", "Pending", "Running", "Succeeded", "Unknown")),
    ("PodStatus", "qosClass"): ("v1.PodQOSClass", ("BestEffort", "Burstable", "Guaranteed")),
    ("Container", "imagePullPolicy"): ("v1.PullPolicy", ("Always", "IfNotPresent", "Never")),
    ("Container", "terminationMessagePolicy"): ("v1.TerminationMessagePolicy", ("FallbackToLogsOnError", "File")),
    ("Container", "restartPolicy"): ("v1.ContainerRestartPolicy", ("Always",)),
    ("EphemeralContainer", "imagePullPolicy"): ("v1.PullPolicy", ("Always", "IfNotPresent", "Never")),
    ("ContainerPort", "protocol"): ("v1.Protocol", ("SCTP", "TCP", "UDP")),
    ("HTTPGetAction", "scheme"): ("v1.URIScheme", ("HTTP", "HTTPS")),
    ("VolumeMount", "mountPropagation"): (
        "v1.MountPropagationMode",
        ("Bidirectional", "HostToContainer", "None"),
    ),
    ("EmptyDirVolumeSource", "medium"): ("v1.StorageMedium", ("", "HugePages", "Memory")),
    ("HostPathVolumeSource", "type"): (
        "v1.HostPathType",
        ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"),
    ),
    ("SeccompProfile", "type"): ("v1.SeccompProfileType", ("Localhost", "RuntimeDefault", "Unconfined")),
    ("Toleration", "operator"): ("v1.TolerationOperator", ("Equal", "Exists")),
    ("Toleration", "effect"): ("v1.TaintEffect", ("NoExecute", "NoSchedule", "PreferNoSchedule")),
    ("Taint", "effect"): ("v1.TaintEffect", ("NoExecute", "NoSchedule", "PreferNoSchedule")),
    ("NodeSelectorRequirement", "operator"): (
        "v1.NodeSelectorOperator",
        ("DoesNotExist", "Exists", "Gt", "In", "Lt", "NotIn"),
    ),
    ("LabelSelectorRequirement", "operator"): (
        "v1.LabelSelectorOperator",
        ("DoesNotExist", "Exists", "In", "NotIn"),
    ),
    ("TopologySpreadConstraint", "whenUnsatisfiable"): (
        "v1.UnsatisfiableConstraintAction",
        ("DoNotSchedule", "ScheduleAnyway"),
    ),
    ("TopologySpreadConstraint", "nodeAffinityPolicy"): ("v1.NodeInclusionPolicy", ("Honor", "Ignore")),
    ("TopologySpreadConstraint", "nodeTaintsPolicy"): ("v1.NodeInclusionPolicy", ("Honor", "Ignore")),
    ("ServiceSpec", "type"): ("v1.ServiceType", ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")),
    ("ServiceSpec", "sessionAffinity"): ("v1.ServiceAffinity", ("ClientIP", "None")),
    ("ServiceSpec", "externalTrafficPolicy"): ("v1.ServiceExternalTrafficPolicy", ("Cluster", "Local")),
    ("ServiceSpec", "internalTrafficPolicy"): ("v1.ServiceInternalTrafficPolicy", ("Cluster", "Local")),
    ("ServiceSpec", "ipFamilyPolicy"): (
        "v1.IPFamilyPolicy",
        ("PreferDualStack", "RequireDualStack", "SingleStack"),
    ),
    ("ServicePort", "protocol"): ("v1.Protocol", ("SCTP", "TCP", "UDP")),
    ("EndpointPort", "protocol"): ("v1.Protocol", ("SCTP", "TCP", "UDP")),
    ("EndpointSlice", "addressType"): ("v1.AddressType", ("FQDN", "IPv4", "IPv6")),
    ("DeploymentStrategy", "type"): ("v1.DeploymentStrategyType", ("Recreate", "RollingUpdate")),
    ("DaemonSetUpdateStrategy", "type"): ("v1.DaemonSetUpdateStrategyType", ("OnDelete", "RollingUpdate")),
    ("StatefulSetUpdateStrategy", "type"): ("v1.StatefulSetUpdateStrategyType", ("OnDelete", "RollingUpdate")),
    ("StatefulSetSpec", "podManagementPolicy"): ("v1.PodManagementPolicyType", ("OrderedReady", "Parallel")),
    ("JobSpec", "completionMode"): ("v1.CompletionMode", ("Indexed", "NonIndexed")),
    ("JobSpec", "podReplacementPolicy"): ("v1.PodReplacementPolicy", ("Failed", "TerminatingOrFailed")),
    ("CronJobSpec", "concurrencyPolicy"): ("v1.ConcurrencyPolicy", ("Allow", "Forbid", "Replace")),
    ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy"): (
        "v1.PersistentVolumeReclaimPolicy",
        ("Delete", "Recycle", "Retain"),
    ),
    ("PersistentVolumeSpec", "volumeMode"): ("v1.PersistentVolumeMode", ("Block", "Filesystem")),
    ("PersistentVolumeClaimSpec", "volumeMode"): ("v1.PersistentVolumeMode", ("Block", "Filesystem")),
    ("StorageClass", "reclaimPolicy"): ("v1.PersistentVolumeReclaimPolicy", ("Delete", "Recycle", "Retain")),
    ("StorageClass", "volumeBindingMode"): ("v1.VolumeBindingMode", ("Immediate", "WaitForFirstConsumer")),
    ("HTTPIngressPath", "pathType"): ("v1.PathType", ("Exact", "ImplementationSpecific", "Prefix")),
    ("NetworkPolicyPort", "protocol"): ("v1.Protocol", ("SCTP", "TCP", "UDP")),
    ("PriorityClass", "preemptionPolicy"): ("v1.PreemptionPolicy", ("Never", "PreemptLowerPriority")),
    ("Secret", "type"): ("v1.SecretType", ()),
}

#: (struct, field) -> default shown while editing
DEFAULTS: dict[tuple[str, str], Any] = {
    ("ContainerPort", "protocol"): "TCP",
    ("ServicePort", "protocol"): "TCP",
    ("ServiceSpec", "type"): "ClusterIP",
    ("ServiceSpec", "sessionAffinity"): "None",
    ("PodSpec", "restartPolicy"): "Always",
    ("PodSpec", "dnsPolicy"): "ClusterFirst",
    ("PodSpec", "terminationGracePeriodSeconds"): 30,
    ("PodSpec", "schedulerName"): "default-scheduler",
    ("Probe", "periodSeconds"): 10,
    ("Probe", "timeoutSeconds"): 1,
    ("Probe", "successThreshold"): 1,
    ("Probe", "failureThreshold"): 3,
    ("DeploymentSpec", "replicas"): 1,
    ("DeploymentSpec", "revisionHistoryLimit"): 10,
    ("DeploymentSpec", "progressDeadlineSeconds"): 600,
    ("ReplicaSetSpec", "replicas"): 1,
    ("StatefulSetSpec", "replicas"): 1,
    ("JobSpec", "backoffLimit"): 6,
    ("CronJobSpec", "concurrencyPolicy"): "Allow",
}
