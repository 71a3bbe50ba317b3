"""Which requests a webhook or a policy is asked about: rules, selectors of objects and of namespaces.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules; `apiserver/pkg/admission/plugin/webhook/predicates`.
"""

from dataclasses import dataclass, field

from simulator.apiserver.request import User
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource
from simulator.machinery.selectors import from_label_selector
from simulator.machinery.store import Store


@dataclass(frozen=True, slots=True)
class Connection:
    """One end of a stream: `pods/attach` of a pod."""

    namespace: str
    name: str
    subresource: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write, as policies and webhooks look at it. `obj` is None for a deletion, `old` for a creation."""

    operation: str
    resource: Resource
    who: str
    obj: Obj | None
    old: Obj | None
    groups: tuple[str, ...] = ()
    dry_run: bool = False
    kinds: Kinds = field(default_factory=Kinds)
    """What the cluster serves."""
    connection: Connection | None = None
    """Whereto, when it is no write but a stream that begins (operation CONNECT); then `obj` holds its options."""
    user: User | None = None
    """All that is known of `who`."""

    @property
    def user_info(self) -> Obj:
        """As reviews and `request.userInfo` tell it."""
        known = self.user if self.user is not None else User(self.who, self.groups)
        return {**known.info(), "groups": list(known.groups)}

    @property
    def about(self) -> Obj:
        found = self.obj if self.obj is not None else self.old
        assert found is not None
        return found

    @property
    def name(self) -> str:
        return str(self.connection.name if self.connection else self.about["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        return str(self.connection.namespace if self.connection else self.about["metadata"].get("namespace", ""))

    @property
    def subresource(self) -> str:
        return self.connection.subresource if self.connection else ""

    @property
    def kind(self) -> Obj:
        """The kind of `obj`, as a review names it."""
        resource = self.resource
        kind = self.about["kind"] if self.connection else resource.kind
        return {"group": resource.group, "version": resource.version, "kind": kind}


@dataclass(frozen=True, slots=True)
class Pass:
    """What a walk over mutating policies or webhooks came to: the write, who must look again, and who may have to if others change it."""

    change: Change
    again: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()


def in_rule(rule: Obj, change: Change, *, exact: bool = False) -> bool:
    """`exact`: another version of the same resource does not count (`matchPolicy: Exact`)."""
    resource, names = change.resource, rule.get("resourceNames")
    scope = rule.get("scope", "*")
    return (
        _has(rule, "operations", change.operation)
        and _has(rule, "apiGroups", resource.group)
        and _has_version(rule, change, exact=exact)
        and any(_is_meant(one, change) for one in rule.get("resources") or ())
        and scope in ("*", "Namespaced" if resource.namespaced else "Cluster")
        and (not names or change.name in names)
    )


def _is_meant(pattern: str, change: Change) -> bool:
    """`webhook/predicates/rules/rules.go: resource`: `pods`, `pods/attach`, `*/attach`, `pods/*`, `*/*`."""
    resource, _, subresource = pattern.partition("/")
    return resource in ("*", change.resource.plural) and subresource in ("*", change.subresource)


def objects_match(selector: Obj | None, change: Change) -> bool:
    """Either the object or what it was before."""
    if not selector:
        return True
    wanted = from_label_selector(selector)
    return any(
        wanted.matches(one["metadata"].get("labels")) for one in (change.obj, change.old) if one and "metadata" in one
    )


def namespace_matches(store: Store, selector: Obj | None, change: Change) -> bool:
    """What lies in no namespace is never exempt (`predicates/namespace/matcher.go`)."""
    if not selector or (not change.namespace and change.resource.name != "namespaces"):
        return True
    return from_label_selector(selector).matches(_namespace_labels(store, change))


def _namespace_labels(store: Store, change: Change) -> dict[str, str]:
    if change.resource.name == "namespaces":
        return change.about["metadata"].get("labels") or {}
    namespace = store.get("namespaces", ("", change.namespace))
    return (namespace or {"metadata": {}})["metadata"].get("labels") or {}


def _has_version(rule: Obj, change: Change, *, exact: bool) -> bool:
    resource = change.resource
    if _has(rule, "apiVersions", resource.version):
        return True
    versions = () if exact else rule.get("apiVersions") or ()
    return any(change.kinds.by_path(resource.group, version, resource.plural) is not None for version in versions)


def _has(rule: Obj, key: str, wanted: str) -> bool:
    given = rule.get(key) or ()
    return "*" in given or wanted in given
