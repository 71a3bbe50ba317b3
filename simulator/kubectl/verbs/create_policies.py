"""`kubectl create` for access, limits and routes: roles and bindings, quotas, budgets, priorities and ingresses.

The objects are those of the real command. The tree that they hang in is `create.COMMANDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.selection import named_plainly
from simulator.kubectl.verbs.create_objects import NO_TIME, built, create_built
from simulator.machinery import quantities

_RBAC = "rbac.authorization.k8s.io"
_VERBS = (
    "*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection", "use", "bind",
    "escalate", "impersonate",
)  # fmt: skip
_RULE = re.compile(r"(?P<host>[^/]*)/(?P<path>[^=,]*)=(?P<service>[^:,]+):(?P<port>[^,]+)(,tls(=(?P<secret>.+))?)?")


# Roles


def role(call: Call) -> None:
    name, verbs, resources = call.one_name(), _unique(call.many("verb")), _unique(call.many("resource"))
    if not verbs:
        raise CommandError("at least one verb must be specified")
    if not resources:
        raise CommandError("at least one resource must be specified")
    _create_role(call, "Role", name, _resource_rules(call, verbs, resources))


def cluster_role(call: Call) -> None:
    name, verbs, resources = call.one_name(), _unique(call.many("verb")), _unique(call.many("resource"))
    urls = _unique(call.many("non-resource-url"))
    if call.text("aggregation-rule"):
        if verbs or resources or urls or call.many("resource-name"):
            raise CommandError(
                "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
            )
        _create_aggregated(call, name, call.text("aggregation-rule"))
        return
    if not verbs:
        raise CommandError("at least one verb must be specified")
    if not resources and not urls:
        raise CommandError("one of resource or nonResourceURL must be specified")
    rules = _resource_rules(call, verbs, resources)
    if urls:
        rules.append({"nonResourceURLs": urls, "verbs": verbs})
    _create_role(call, "ClusterRole", name, rules)


def _create_aggregated(call: Call, name: str, text: str) -> None:
    pairs = [pair.partition("=") for pair in text.split(",")]
    for key, equals, value in pairs:
        if not equals or not key or not value:
            raise CommandError(
                f'invalid argument "{text}" for "--aggregation-rule" flag: {key} must be formatted as key=value'
            )
    labels = {key: value for key, _, value in pairs}
    obj = {
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": labels}]},
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {**NO_TIME, "name": name},
        "rules": None,
    }
    create_built(call, obj, what="clusterrole")


def _create_role(call: Call, kind: str, name: str, rules: list[Obj]) -> None:
    obj = {"apiVersion": f"{_RBAC}/v1", "kind": kind, "metadata": {**NO_TIME, "name": name}, "rules": rules}
    create_built(call, obj, what=kind.lower())


def _resource_rules(call: Call, verbs: list[str], terms: list[str]) -> list[Obj]:
    """One rule an API group, in the order in which the groups were named."""
    for verb in verbs if terms else ():
        if verb not in _VERBS:
            call.err(f"Warning: '{verb}' is not a standard resource verb\n")
    by_group: dict[str, list[str]] = {}
    for term in terms:
        name, _, subresource = term.partition("/")
        if name == "*":
            by_group.setdefault("", []).append(term)
            continue
        resource = named_plainly(name, call.api.kinds)
        plural = f"{resource.plural}/{subresource}" if subresource else resource.plural
        by_group.setdefault(resource.group, []).append(plural)
    names = _unique(call.many("resource-name"))
    rules: list[Obj] = []
    for group, plurals in by_group.items():
        named = {"resourceNames": names} if names else {}
        rules.append({"apiGroups": [group], **named, "resources": plurals, "verbs": ["*"] if "*" in verbs else verbs})
    return rules


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


# Bindings


def role_binding(call: Call) -> None:
    name, of_role, of_cluster = call.one_name(), call.text("role"), call.text("clusterrole")
    if bool(of_role) is bool(of_cluster):
        raise CommandError("exactly one of clusterrole or role must be specified")
    reference = {"kind": "Role" if of_role else "ClusterRole", "name": of_role or of_cluster}
    _create_binding(call, "RoleBinding", name, reference)


def cluster_role_binding(call: Call) -> None:
    _create_binding(
        call, "ClusterRoleBinding", call.one_name(), {"kind": "ClusterRole", "name": call.text("clusterrole")}
    )


def _create_binding(call: Call, kind: str, name: str, role: Obj) -> None:
    obj: Obj = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": {**NO_TIME, "name": name},
        "roleRef": {"apiGroup": _RBAC, **role},
    }
    subjects = _subjects(call)
    create_built(call, {**obj, "subjects": subjects} if subjects else obj, what=kind.lower())


def _subjects(call: Call) -> list[Obj]:
    found: list[Obj] = [{"apiGroup": _RBAC, "kind": "User", "name": name} for name in call.many("user")]
    found += [{"apiGroup": _RBAC, "kind": "Group", "name": name} for name in call.many("group")]
    for text in call.many("serviceaccount"):
        namespace, _, name = text.partition(":")
        if not namespace or not name or ":" in name:
            raise CommandError("serviceaccount must be <namespace>:<name>")
        found.append({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    return found


def token(call: Call) -> None:
    """A token of a ServiceAccount, printed alone."""
    name = call.one_name()
    spec: Obj = {}
    if call.many("audience"):
        spec["audiences"] = call.many("audience")
    if seconds := call.number("duration") // 1_000_000:
        spec["expirationSeconds"] = seconds
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    try:
        answer = call.api.post(f"/api/v1/namespaces/{call.namespace}/serviceaccounts/{name}/token", body)
    except ApiRefusal as refusal:
        raise CommandError(f"failed to create token: {refusal.message}") from refusal
    call.out(f"{answer['status']['token']}\n")


# Limits


def quota(call: Call) -> None:
    spec: Obj = {}
    if hard := {name: amount for text in call.many("hard") for name, amount in [_amount(text)]}:
        spec["hard"] = hard
    if call.many("scopes"):
        spec["scopes"] = list(call.many("scopes"))
    metadata = {**NO_TIME, "name": call.one_name()}
    obj = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec, "status": {}}
    create_built(call, obj, what="quota")


def _amount(text: str) -> tuple[str, str]:
    name, equals, amount = text.partition("=")
    if not equals:
        raise CommandError(f"Invalid argument syntax {text}, expected <resource>=<value>")
    try:
        return name, quantities.canonical(amount)
    except quantities.QuantityError as error:
        raise CommandError(str(error)) from error


def disruption_budget(call: Call) -> None:
    name, least, most = call.one_name(), call.text("min-available"), call.text("max-unavailable")
    if not call.text("selector"):
        raise CommandError("a selector must be specified")
    if not least and not most:
        raise CommandError("one of min-available or max-unavailable must be specified")
    if least and most:
        raise CommandError("min-available and max-unavailable cannot be both specified")
    field, text = ("minAvailable", least) if least else ("maxUnavailable", most)
    if not re.fullmatch(r"[0-9]+%?", text):
        raise CommandError(f"invalid format specified for {'min-available' if least else 'max-unavailable'}")
    labels = dict(part.partition("=")[::2] for part in call.text("selector").split(","))
    counts = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
    obj = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {**NO_TIME, "name": name},
        "spec": {field: int(text) if text.isdecimal() else text, "selector": {"matchLabels": labels}},
        "status": dict.fromkeys(counts, 0),
    }
    create_built(call, obj, what="poddisruptionbudgets")


def priority_class(call: Call) -> None:
    obj: Obj = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    if call.text("description"):
        obj["description"] = call.text("description")
    if call.on("global-default"):
        obj["globalDefault"] = True
    obj["metadata"] = {**NO_TIME, "name": call.one_name()}
    obj["preemptionPolicy"] = call.text("preemption-policy")
    create_built(call, {**obj, "value": call.number("value")}, what="priorityclass")


# Routes


def ingress(call: Call) -> None:
    name, rules, backend = call.one_name(), call.many("rule"), call.text("default-backend")
    if not rules and not backend:
        raise CommandError(
            "not enough information provided: every ingress has to either specify a default-backend "
            "(which catches all traffic) or a list of rules (which catch specific paths)"
        )
    metadata: Obj = {**NO_TIME, "name": name}
    if call.many("annotation"):
        metadata["annotations"] = dict(text.partition("=")[::2] for text in call.many("annotation"))
    spec: Obj = {}
    if backend:
        service, _, port = backend.partition(":")
        spec["defaultBackend"] = _backend(service, port)
    if call.text("class"):
        spec["ingressClassName"] = call.text("class")
    spec.update(_routes([_rule(text) for text in rules]))
    status: Obj = {"loadBalancer": {}}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    create_built(call, {**kind, "metadata": metadata, "spec": spec, "status": status}, what="ingress")


def _rule(text: str) -> re.Match[str]:
    found = _RULE.fullmatch(text)
    if found is None:
        form = "host/path=svcname:svcport[,tls[=secret]]"
        raise CommandError(f"rule {text} is invalid and should be in format {form}")
    return found


def _routes(rules: list[re.Match[str]]) -> Obj:
    """Rules of one host share an entry; so do hosts of one certificate."""
    hosts: dict[str, list[Obj]] = {}
    secrets: dict[str, list[str]] = {}
    for rule in rules:
        path = f"/{rule['path']}"
        kind = "Prefix" if path.endswith("*") else "Exact"
        hosts.setdefault(rule["host"], []).append(
            {"backend": _backend(rule["service"], rule["port"]), "path": path.removesuffix("*"), "pathType": kind}
        )
        if ",tls" in rule[0] and rule["host"] not in (named := secrets.setdefault(rule["secret"] or "", [])):
            named.append(rule["host"])
    found: Obj = {}
    if hosts:
        found["rules"] = [
            {**({"host": host} if host else {}), "http": {"paths": paths}} for host, paths in hosts.items()
        ]
    if secrets:
        found["tls"] = [{"hosts": names, **({"secretName": key} if key else {})} for key, names in secrets.items()]
    return found


def _backend(service: str, port: str) -> Obj:
    place: Obj = {"number": int(port)} if port.isdecimal() else {"name": port}
    return {"service": {"name": service, "port": place}}


_ROLE_FLAGS = (
    Flag("verb", kind="list", help="What may be done"),
    Flag("resource", kind="list", help="To which resources"),
    Flag("resource-name", kind="array", help="Only these objects"),
)
_SUBJECT_FLAGS = (
    Flag("clusterrole", help="The ClusterRole to bind"),
    Flag("user", kind="array"),
    Flag("group", kind="array"),
    Flag("serviceaccount", kind="array", help="NAMESPACE:NAME"),
)


POLICIES = (
    built("role", "Create a Role", role, *_ROLE_FLAGS),
    built(
        "clusterrole",
        "Create a ClusterRole",
        cluster_role,
        *_ROLE_FLAGS,
        Flag("non-resource-url", kind="list", help="Paths that are no resources"),
        Flag("aggregation-rule", help="Labels of the ClusterRoles whose rules it gathers, as key=value,..."),
    ),
    built("rolebinding", "Create a RoleBinding", role_binding, *_SUBJECT_FLAGS, Flag("role", help="The Role")),
    built(
        "clusterrolebinding",
        "Create a ClusterRoleBinding",
        cluster_role_binding,
        *_SUBJECT_FLAGS,
        required=("clusterrole",),
    ),
    built(
        "token",
        "Ask for a token of a ServiceAccount",
        token,
        Flag("audience", kind="array"),
        Flag("duration", kind="duration", help="How long it is valid"),
    ),
    built(
        "quota",
        "Create a ResourceQuota",
        quota,
        Flag("hard", kind="list", help="resource=amount"),
        Flag("scopes", kind="list"),
        aliases=("resourcequota",),
    ),
    built(
        "poddisruptionbudget",
        "Create a PodDisruptionBudget",
        disruption_budget,
        Flag("selector", help="key=value of the pods"),
        Flag("min-available"),
        Flag("max-unavailable"),
        aliases=("pdb",),
    ),
    built(
        "priorityclass",
        "Create a PriorityClass",
        priority_class,
        Flag("value", kind="int", default=0),
        Flag("description"),
        Flag("global-default", kind="bool"),
        Flag("preemption-policy", default="PreemptLowerPriority"),
        aliases=("pc",),
    ),
    built(
        "ingress",
        "Create an Ingress",
        ingress,
        Flag("rule", kind="array", help="host/path=service:port[,tls[=secret]]"),
        Flag("class"),
        Flag("default-backend", help="service:port"),
        Flag("annotation", kind="array"),
        aliases=("ing",),
    ),
)
