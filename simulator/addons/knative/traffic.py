"""Where a Route sends requests: its targets as revisions, or why not.

Follows knative/serving `pkg/reconciler/route/traffic` and `pkg/apis/serving/v1/route_lifecycle.go`: as long as one target is missing or not ready,
all traffic stays where it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulator.addons.knative.conditions import Conditions, condition, is_ready
from simulator.addons.knative.kinds import host
from simulator.engine.plain import Obj

DEPENDENTS = ("AllTrafficAssigned", "IngressReady", "CertificateProvisioned")
_ASSIGNED = "AllTrafficAssigned"


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: str
    message: str
    is_failure: bool
    """Waiting does not help."""


@dataclass(frozen=True, slots=True)
class Known:
    """The Configurations and Revisions of a namespace."""

    configurations: Mapping[str, Obj]
    revisions: Mapping[str, Obj] = field(default_factory=dict)


def targets(route: Obj, known: Known) -> list[Obj] | Refusal:
    """For `status.traffic`. Of several refusals a failure counts, else the first."""
    found: list[Obj] = []
    refused: Refusal | None = None
    for target in route["spec"]["traffic"]:
        name = _revision(target, known)
        if isinstance(name, Refusal):
            refused = name if refused is None or name.is_failure else refused
        else:
            _add(found, _resolved(route, target, name))
    return found if refused is None else refused


def _revision(target: Obj, known: Known) -> str | Refusal:
    name = target.get("revisionName")
    if not name:
        owner = known.configurations.get(target["configurationName"])
        if owner is None:
            return _missing("Configuration", target["configurationName"])
        name = (owner.get("status") or {}).get("latestReadyRevisionName")
        if not name:
            return _unready_configuration(owner)
    revision = known.revisions.get(name)
    if revision is None:
        return _missing("Revision", name)
    if target.get("revisionName") and not is_ready(revision):
        return _unready_revision(revision)
    return str(name)


def _missing(kind: str, name: str) -> Refusal:
    return Refusal(f"{kind}Missing", f'{kind} "{name}" referenced in traffic not found.', is_failure=True)


def _unready_configuration(owner: Obj) -> Refusal:
    about = f'Configuration "{owner["metadata"]["name"]}"'
    if condition(owner).get("status") == "False":
        return Refusal("RevisionMissing", f"{about} does not have any ready Revision.", is_failure=True)
    return Refusal("RevisionMissing", f"{about} is waiting for a Revision to become ready.", is_failure=False)


def _unready_revision(revision: Obj) -> Refusal:
    about = f'Revision "{revision["metadata"]["name"]}"'
    if condition(revision).get("status") == "False":
        return Refusal("RevisionMissing", f"{about} failed to become ready.", is_failure=True)
    return Refusal("RevisionMissing", f"{about} is not yet ready.", is_failure=False)


def _resolved(route: Obj, target: Obj, name: str) -> Obj:
    found: Obj = {"revisionName": name, "latestRevision": not target.get("revisionName")}
    if "percent" in target:
        found["percent"] = target["percent"]
    if tag := target.get("tag"):
        found |= {"tag": tag, "url": f"http://{tag}-{host(route)}"}
    return found


def _add(found: list[Obj], target: Obj) -> None:
    """Two targets of one revision are one."""
    for one in found:
        if all(one.get(name) == target.get(name) for name in ("tag", "revisionName", "latestRevision")):
            one["percent"] = one.get("percent", 0) + target.get("percent", 0)
            return
    found.append(target)


def tell(conditions: Conditions, found: list[Obj] | Refusal, gateway: Obj | None) -> None:
    """`gateway` is the Deployment of the proxies in front."""
    if isinstance(found, Refusal):
        say = conditions.false if found.is_failure else conditions.unknown
        say(_ASSIGNED, found.reason, found.message)
        return
    conditions.true("CertificateProvisioned", "TLSNotEnabled", "external-domain-tls is not enabled")
    conditions.true(_ASSIGNED)
    if gateway is None:
        conditions.unknown("IngressReady", "IngressNotConfigured", "Ingress has not yet been reconciled.")
    elif not (gateway.get("status") or {}).get("readyReplicas"):
        conditions.unknown("IngressReady", "Uninitialized", "Waiting for load balancer to be ready")
    else:
        conditions.true("IngressReady")
