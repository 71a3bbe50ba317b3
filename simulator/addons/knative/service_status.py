"""What a Configuration says of its revisions, and a Service of its Configuration and its Route.

Follows knative/serving: `pkg/reconciler/configuration`, `pkg/reconciler/service`, and `configuration_lifecycle.go` and `service_lifecycle.go` of
`pkg/apis/serving/v1`.
"""

from collections.abc import Sequence

from simulator.addons.knative.conditions import Conditions, condition, is_observed, is_ready
from simulator.engine.plain import Obj

DEPENDENTS = ("ConfigurationsReady", "RoutesReady")
_READY = "Ready"
_OF_CONFIGURATIONS = ("latestCreatedRevisionName", "latestReadyRevisionName")
_OF_ROUTES = ("url", "address", "traffic")


def tell_revisions(conditions: Conditions, status: Obj, latest: Obj, revisions: Sequence[Obj]) -> Obj:
    """The names for a Configuration's status; `revisions` are its own, the newest first."""
    name = latest["metadata"]["name"]
    ready_name = status.get("latestReadyRevisionName", "")
    if ready_name != name:
        conditions.unknown(_READY, "")
    found = condition(latest)
    if found.get("status") == "False":
        conditions.false(
            _READY, "RevisionFailed", f'Revision "{name}" failed with message: {found.get("message", "")}.'
        )
    ready_name = next((one["metadata"]["name"] for one in revisions if is_ready(one)), ready_name)
    if ready_name == name and any(is_ready(one) for one in revisions):
        conditions.true(_READY)
    return {
        "latestCreatedRevisionName": name,
        **({"latestReadyRevisionName": ready_name} if ready_name else {}),
    }


def tell_parts(conditions: Conditions, configuration: Obj, route: Obj) -> Obj:
    """What a Service's status shows of both; the Route counts last."""
    shown: Obj = {}
    if is_observed(configuration):
        conditions.copy("ConfigurationsReady", condition(configuration))
        shown |= _shown(configuration, _OF_CONFIGURATIONS)
    else:
        message = "The Configuration is still working to reflect the latest desired specification."
        conditions.unknown("ConfigurationsReady", "OutOfDate", message)
    if is_observed(route):
        conditions.copy("RoutesReady", condition(route))
        shown |= _shown(route, _OF_ROUTES)
    else:
        message = "The Route is still working to reflect the latest desired specification."
        conditions.unknown("RoutesReady", "OutOfDate", message)
    if conditions.status("RoutesReady") == "True" and not _is_migrated(configuration, route):
        message = "Traffic is not yet migrated to the latest revision."
        conditions.unknown("RoutesReady", "TrafficNotMigrated", message)
    return shown


def _shown(part: Obj, fields: Sequence[str]) -> Obj:
    status = part.get("status") or {}
    return {field: status[field] for field in fields if field in status}


def _is_migrated(configuration: Obj, route: Obj) -> bool:
    """Requests go where they are to go, with the latest ready revision for the Configuration."""
    latest = (configuration.get("status") or {}).get("latestReadyRevisionName")
    wanted = [
        (one.get("revisionName") or latest, one.get("percent"), one.get("tag")) for one in route["spec"]["traffic"]
    ]
    traffic = (route.get("status") or {}).get("traffic") or ()
    return wanted == [(one["revisionName"], one.get("percent"), one.get("tag")) for one in traffic]
