"""Audit policy: how much of which request is written down.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/; `apiserver/pkg/audit/policy/checker.go`. The first rule that matches decides; without a match nothing is kept.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.request import User
from simulator.engine.plain import Obj

NONE, METADATA, REQUEST, REQUEST_RESPONSE = LEVELS = ("None", "Metadata", "Request", "RequestResponse")
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_VERSION, _KIND = "audit.k8s.io/v1", "Policy"


class AuditPolicyError(ValueError):
    """The policy cannot be used; the message is the one the API server would log before it ends."""


@dataclass(frozen=True, slots=True)
class Verdict:
    level: str
    omitted: frozenset[str] = frozenset()
    without_managed_fields: bool = False

    def wants(self, level: str) -> bool:
        return LEVELS.index(self.level) >= LEVELS.index(level)


@dataclass(frozen=True, slots=True)
class Policy:
    rules: tuple[Obj, ...]
    omitted: tuple[str, ...]
    without_managed_fields: bool

    def verdict(self, user: User, asked: Attributes) -> Verdict:
        for rule in self.rules:
            if _matches(rule, user, asked):
                omitted = frozenset((*self.omitted, *(rule.get("omitStages") or ())))
                given = rule.get("omitManagedFields")
                return Verdict(rule["level"], omitted, self.without_managed_fields if given is None else bool(given))
        return Verdict(NONE, frozenset(self.omitted))


def read_policy(text: str) -> Policy:
    """Raises AuditPolicyError."""
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AuditPolicyError(f"failed decoding file: {error}") from error
    if not isinstance(document, dict) or (document.get("apiVersion"), document.get("kind")) != (_VERSION, _KIND):
        raise AuditPolicyError(f"failed decoding file: wanted {_KIND} in version {_VERSION}")
    rules = document.get("rules") or ()
    if not rules:
        raise AuditPolicyError("loaded illegal policy with 0 rules from file")
    for index, rule in enumerate(rules):
        if rule.get("level") not in LEVELS:
            supported = ", ".join(f'"{level}"' for level in LEVELS)
            found = rule.get("level", "")
            raise AuditPolicyError(f'rules[{index}].level: Unsupported value: "{found}": supported values: {supported}')
        if rule.get("nonResourceURLs") and (rule.get("resources") or rule.get("namespaces")):
            says = "rules cannot apply to both regular resources and non-resource URLs"
            raise AuditPolicyError(f"rules[{index}].nonResourceURLs: Invalid value: {rule['nonResourceURLs']}: {says}")
    return Policy(tuple(rules), tuple(document.get("omitStages") or ()), bool(document.get("omitManagedFields")))


def _matches(rule: Obj, user: User, asked: Attributes) -> bool:
    if rule.get("users") and user.name not in rule["users"]:
        return False
    if rule.get("userGroups") and not any(group in rule["userGroups"] for group in user.groups):
        return False
    if rule.get("verbs") and asked.verb not in rule["verbs"]:
        return False
    if rule.get("namespaces") or rule.get("resources"):
        return _matches_resource(rule, asked)
    if rule.get("nonResourceURLs"):
        return not asked.resource and any(_matches_path(asked.path, spec) for spec in rule["nonResourceURLs"])
    return True


def _matches_path(path: str, spec: str) -> bool:
    return spec in ("*", path) or (spec.endswith("*") and path.startswith(spec.rstrip("*")))


def _matches_resource(rule: Obj, asked: Attributes) -> bool:
    if not asked.resource:
        return False
    if rule.get("namespaces") and asked.namespace not in rule["namespaces"]:
        return False
    groups = rule.get("resources") or ()
    return not groups or any(_matches_group(group, asked) for group in groups)


def _matches_group(group: Obj, asked: Attributes) -> bool:
    if (group.get("group") or "") != asked.group:
        return False
    if not group.get("resources"):
        return True
    if group.get("resourceNames") and asked.name not in group["resourceNames"]:
        return False
    return any(
        wanted in (asked.combined, "*")
        or (asked.subresource and wanted == f"*/{asked.subresource}")
        or wanted == f"{asked.resource}/*"
        for wanted in group["resources"]
    )
