"""The registry of built-in resources: what v1.33 serves, under which names and with which verbs.

Promises: `RESOURCES` holds one row a resource in the order in which kubectl prefers them (core first, then
the aggregator's group priority), `SERVED` adds the other versions served beside the preferred one, and
`lookup` resolves a term exactly as `kubectl get <term>` would. Rows are values: nothing here changes at run time.

Leaves to others: custom resources (a registry of their own), schemas (`schemas.py`), and every behaviour.
Plural, scope, verbs and subresources agree with the published OpenAPI (a test compares them with
lightkube-models); short names and categories follow `pkg/registry/*/storage` of Kubernetes 1.33.
"""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

_OTHER_VERBS = {
    "bindings": ("create",),
    "componentstatuses": ("get", "list"),
    "namespaces": ("create", "delete", "get", "list", "patch", "update", "watch"),
    "localsubjectaccessreviews": ("create",),
    "selfsubjectaccessreviews": ("create",),
    "selfsubjectrulesreviews": ("create",),
    "selfsubjectreviews": ("create",),
    "subjectaccessreviews": ("create",),
    "tokenreviews": ("create",),
}

# kind | plural | short names | categories | N(amespaced) or C(luster) | subresources
_TABLE = {
    "v1": """
        Binding                          | bindings                          |          |               | N |
        ComponentStatus                  | componentstatuses                 | cs       |               | C |
        ConfigMap                        | configmaps                        | cm       |               | N |
        Endpoints                        | endpoints                         | ep       |               | N |
        Event                            | events                            | ev       |               | N |
        LimitRange                       | limitranges                       | limits   |               | N |
        Namespace                        | namespaces                        | ns       |               | C | finalize status
        Node                             | nodes                             | no       |               | C | proxy status
        PersistentVolumeClaim            | persistentvolumeclaims            | pvc      |               | N | status
        PersistentVolume                 | persistentvolumes                 | pv       |               | C | status
        Pod                              | pods                              | po       | all           | N | attach binding ephemeralcontainers eviction exec log portforward proxy resize status
        PodTemplate                      | podtemplates                      |          |               | N |
        ReplicationController            | replicationcontrollers            | rc       | all           | N | scale status
        ResourceQuota                    | resourcequotas                    | quota    |               | N | status
        Secret                           | secrets                           |          |               | N |
        ServiceAccount                   | serviceaccounts                   | sa       |               | N | token
        Service                          | services                          | svc      | all           | N | proxy status
    """,
    "apiregistration.k8s.io/v1": """
        APIService                       | apiservices                       |          | api-extensions | C | status
    """,
    "apps/v1": """
        ControllerRevision               | controllerrevisions               |          |               | N |
        DaemonSet                        | daemonsets                        | ds       | all           | N | status
        Deployment                       | deployments                       | deploy   | all           | N | scale status
        ReplicaSet                       | replicasets                       | rs       | all           | N | scale status
        StatefulSet                      | statefulsets                      | sts      | all           | N | scale status
    """,
    "events.k8s.io/v1": """
        Event                            | events                            | ev       |               | N |
    """,
    "authentication.k8s.io/v1": """
        SelfSubjectReview                | selfsubjectreviews                |          |               | C |
        TokenReview                      | tokenreviews                      |          |               | C |
    """,
    "authorization.k8s.io/v1": """
        LocalSubjectAccessReview         | localsubjectaccessreviews         |          |               | N |
        SelfSubjectAccessReview          | selfsubjectaccessreviews          |          |               | C |
        SelfSubjectRulesReview           | selfsubjectrulesreviews           |          |               | C |
        SubjectAccessReview              | subjectaccessreviews              |          |               | C |
    """,
    "autoscaling/v2": """
        HorizontalPodAutoscaler          | horizontalpodautoscalers          | hpa      | all           | N | status
    """,
    "autoscaling/v1": """
        HorizontalPodAutoscaler          | horizontalpodautoscalers          | hpa      | all           | N | status
    """,
    "batch/v1": """
        CronJob                          | cronjobs                          | cj       | all           | N | status
        Job                              | jobs                              |          | all           | N | status
    """,
    "certificates.k8s.io/v1": """
        CertificateSigningRequest        | certificatesigningrequests        | csr      |               | C | approval status
    """,
    "networking.k8s.io/v1": """
        IngressClass                     | ingressclasses                    |          |               | C |
        Ingress                          | ingresses                         | ing      |               | N | status
        IPAddress                        | ipaddresses                       | ip       |               | C |
        NetworkPolicy                    | networkpolicies                   | netpol   |               | N |
        ServiceCIDR                      | servicecidrs                      |          |               | C | status
    """,
    "policy/v1": """
        PodDisruptionBudget              | poddisruptionbudgets              | pdb      |               | N | status
    """,
    "rbac.authorization.k8s.io/v1": """
        ClusterRoleBinding               | clusterrolebindings               |          |               | C |
        ClusterRole                      | clusterroles                      |          |               | C |
        RoleBinding                      | rolebindings                      |          |               | N |
        Role                             | roles                             |          |               | N |
    """,
    "storage.k8s.io/v1": """
        CSIDriver                        | csidrivers                        |          |               | C |
        CSINode                          | csinodes                          |          |               | C |
        CSIStorageCapacity               | csistoragecapacities              |          |               | N |
        StorageClass                     | storageclasses                    | sc       |               | C |
        VolumeAttachment                 | volumeattachments                 |          |               | C | status
    """,
    "admissionregistration.k8s.io/v1": """
        MutatingWebhookConfiguration     | mutatingwebhookconfigurations     |          | api-extensions | C |
        ValidatingAdmissionPolicy        | validatingadmissionpolicies       |          | api-extensions | C | status
        ValidatingAdmissionPolicyBinding | validatingadmissionpolicybindings |          | api-extensions | C |
        ValidatingWebhookConfiguration   | validatingwebhookconfigurations   |          | api-extensions | C |
    """,
    "apiextensions.k8s.io/v1": """
        CustomResourceDefinition         | customresourcedefinitions         | crd crds | api-extensions | C | status
    """,
    "scheduling.k8s.io/v1": """
        PriorityClass                    | priorityclasses                   | pc       |               | C |
    """,
    "coordination.k8s.io/v1": """
        Lease                            | leases                            |          |               | N |
    """,
    "node.k8s.io/v1": """
        RuntimeClass                     | runtimeclasses                    |          |               | C |
    """,
    "discovery.k8s.io/v1": """
        EndpointSlice                    | endpointslices                    |          |               | N |
    """,
    "flowcontrol.apiserver.k8s.io/v1": """
        FlowSchema                       | flowschemas                       |          |               | C | status
        PriorityLevelConfiguration       | prioritylevelconfigurations       |          |               | C | status
    """,
}

#: Versions that a cluster serves only when its `runtimeConfig` says so. They are known by name everywhere.
_OPTIONAL = {
    "admissionregistration.k8s.io/v1alpha1": """
        MutatingAdmissionPolicy          | mutatingadmissionpolicies         |          | api-extensions | C |
        MutatingAdmissionPolicyBinding   | mutatingadmissionpolicybindings   |          | api-extensions | C |
    """,
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the API: the pair of a kind and the path under which it is served."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...]
    categories: tuple[str, ...]
    namespaced: bool
    verbs: tuple[str, ...]
    subresources: tuple[str, ...]
    api_version: str
    name: str
    """The group-resource string that names this resource everywhere: `pods`, `deployments.apps`."""

    @property
    def list_kind(self) -> str:
        return self.kind + "List"


def resource_from(
    api_version: str,
    *,
    kind: str,
    plural: str,
    singular: str = "",
    short_names: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    namespaced: bool = True,
    verbs: tuple[str, ...] = STANDARD_VERBS,
    subresources: tuple[str, ...] = (),
) -> Resource:
    """Build a row; the names derived from others (`name`, `group`, `version`, `singular`) are filled in."""
    group, _, version = api_version.rpartition("/")
    return Resource(
        group=group,
        version=version,
        kind=kind,
        plural=plural,
        singular=singular or kind.lower(),
        short_names=short_names,
        categories=categories,
        namespaced=namespaced,
        verbs=verbs,
        subresources=subresources,
        api_version=api_version,
        name=f"{plural}.{group}" if group else plural,
    )


def _row(api_version: str, line: str) -> Resource:
    kind, plural, short, categories, scope, subresources = (cell.strip() for cell in line.split("|"))
    return resource_from(
        api_version,
        kind=kind,
        plural=plural,
        short_names=tuple(short.split()),
        categories=tuple(categories.split()),
        namespaced=scope == "N",
        verbs=_OTHER_VERBS.get(plural, STANDARD_VERBS),
        subresources=tuple(subresources.split()),
    )


def _rows(table: dict[str, str]) -> tuple[Resource, ...]:
    return tuple(_row(api_version, line) for api_version, rows in table.items() for line in rows.strip().splitlines())


SERVED: tuple[Resource, ...] = _rows(_TABLE)
"""Every version served, the preferred version of a group before the others."""

OPTIONAL: tuple[Resource, ...] = _rows(_OPTIONAL)
"""What `--runtime-config` can add to them; `Kinds` says whether a cluster did."""

_BY_NAME: dict[str, Resource] = {}
for _served in SERVED:
    _BY_NAME.setdefault(_served.name, _served)

RESOURCES: tuple[Resource, ...] = tuple(_BY_NAME.values())
"""One row a resource, in its preferred version, in the order in which ambiguous terms are resolved."""

for _served in OPTIONAL:
    _BY_NAME.setdefault(_served.name, _served)

_BY_KIND = {(resource.api_version, resource.kind): resource for resource in SERVED}
_BY_PATH = {(resource.group, resource.version, resource.plural): resource for resource in SERVED}


def _term_index() -> dict[str, Resource]:
    """First come, first kept: plural and singular of any group win over every short name."""
    index: dict[str, Resource] = {}
    for resource in RESOURCES:
        index.setdefault(resource.plural, resource)
        index.setdefault(resource.singular, resource)
    for resource in RESOURCES:
        for short in resource.short_names:
            index.setdefault(short, resource)
    return index


_BY_TERM = _term_index()


def by_name(name: str) -> Resource | None:
    """The preferred version of a group-resource string such as `deployments.apps`; optional ones too, served or not."""
    return _BY_NAME.get(name)


def by_kind(api_version: str, kind: str) -> Resource | None:
    """The resource that serves objects with this `apiVersion` and `kind`."""
    return _BY_KIND.get((api_version, kind))


def by_path(group: str, version: str, plural: str) -> Resource | None:
    """The resource behind `/api/v1/<plural>` (group `""`) or `/apis/<group>/<version>/<plural>`."""
    return _BY_PATH.get((group, version, plural))


def lookup(term: str) -> Resource | None:
    """What `kubectl get <term>` means: plural, singular, short name or kind, optionally `.group` or `.version.group`."""
    wanted = term.lower()
    if found := _BY_TERM.get(wanted):
        return found
    head, dot, tail = wanted.partition(".")
    if not dot:
        return None
    return _in_group(head, tail) or _in_version_and_group(head, tail)


def _in_group(head: str, group: str) -> Resource | None:
    matches = [resource for resource in RESOURCES if head in _terms(resource)]
    for resource in matches:
        if resource.group == group:
            return resource
    for resource in matches:  # kubectl accepts an unambiguous prefix of the group: `deployments.app`
        if group and resource.group.startswith(group):
            return resource
    return None


def _in_version_and_group(head: str, tail: str) -> Resource | None:
    version, _, group = tail.partition(".")
    for resource in SERVED:
        if resource.version == version and resource.group == group and head in _terms(resource):
            return resource
    return None


def _terms(resource: Resource) -> tuple[str, ...]:
    return (resource.plural, resource.singular, *resource.short_names)
