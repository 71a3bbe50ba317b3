"""`kubectl scale` and `kubectl autoscale`: how many pods a workload should have."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import MERGE_PATCH
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, note_cause, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.manifests import read_manifests
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import Found, refuse_words_beside_files, select
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    TIMEOUT,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.kubectl.verbs.create_objects import create_built
from simulator.machinery.resources import Resource


def scale(call: Call) -> None:
    if call.number("replicas") < 0:
        raise CommandError("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    dry_run(call)
    if call.names_files:
        refuse_words_beside_files(call.rest)
        _scale_files(call)
        return
    selection = select(call, call.rest)
    if call.text("resource-version") and len(selection.found) > 1:
        raise CommandError("cannot use --resource-version with multiple resources")
    if not selection.found:
        why = [problem.message for problem in selection.problems if isinstance(problem, ApiRefusal)]
        told = f"[{', '.join(why)}]" if len(why) > 1 else "".join(why)
        raise CommandError(f"no objects passed to scale {told}".rstrip())
    for found in selection:
        _scale_one(call, found)
    selection.done()


def _scale_files(call: Call) -> None:
    """What files name is looked for when its turn has come."""
    for one in read_manifests(call):
        _refuse_unscalable(one.resource)
        _scale_one(
            call, Found(one.resource, one.namespace, one.name, call.api.get(one.resource, one.namespace, one.name))
        )


def _refuse_unscalable(resource: Resource) -> None:
    if "scale" not in resource.subresources:
        status = {"reason": "NotFound", "message": "the server could not find the requested resource"}
        raise ApiRefusal(status, code=404)


def _scale_one(call: Call, found: Found) -> None:
    resource = found.resource
    _refuse_unscalable(resource)
    _check_preconditions(call, found)
    if dry_run(call) != "client":
        call.api.patch(
            resource,
            found.namespace,
            found.name,
            {"spec": {"replicas": call.number("replicas")}},
            kind=MERGE_PATCH,
            manager="kubectl",
            subresource="scale",
            query={key: text for key, text in write_query(call).items() if key == "dryRun"},
        )
    if dry_run(call) == "none":
        note_cause(call, resource, found.namespace, found.name)
    if call.text("output"):
        shown = found.obj if dry_run(call) == "client" else call.api.get(resource, found.namespace, found.name)
        call.out(object_text(shown, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{found.typed_name} scaled{done_suffix(call)}\n")


def _check_preconditions(call: Call, found: Found) -> None:
    current = found.obj["spec"].get("replicas", 0)
    if call.given("current-replicas") and call.number("current-replicas") not in (-1, current):
        raise CommandError(f"Expected replicas to be {call.number('current-replicas')}, was {current}")
    version = found.obj["metadata"].get("resourceVersion", "")
    if call.text("resource-version") not in ("", version):
        raise CommandError(f"Expected resource version to be {call.text('resource-version')}, was {version}")


def autoscale(call: Call) -> None:
    if call.number("max") < 1:
        raise CommandError(f"--max=MAXPODS is required and must be at least 1, max: {call.number('max')}")
    if call.number("max") < call.number("min"):
        raise CommandError(
            f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {call.number('max')}, min: {call.number('min')}"
        )
    selection = select(call, call.rest)
    selection.attempt(lambda found: _autoscale_one(call, found))
    selection.done()


def _autoscale_one(call: Call, found: Found) -> None:
    if "scale" not in found.resource.subresources:
        api = f"{found.resource.group}/{found.resource.version}"
        raise CommandError(
            f"cannot autoscale a {found.resource.kind}: could not find scale subresource for {api}, "
            f"Resource={found.resource.plural} in discovery information"
        )
    spec: Obj = {
        "maxReplicas": call.number("max"),
        "scaleTargetRef": {
            "apiVersion": found.resource.api_version,
            "kind": found.resource.kind,
            "name": found.name,
        },
    }
    if call.number("min") > 0:
        spec["minReplicas"] = call.number("min")
    if call.number("cpu-percent") >= 0:
        target = {"averageUtilization": call.number("cpu-percent"), "type": "Utilization"}
        spec["metrics"] = [{"resource": {"name": "cpu", "target": target}, "type": "Resource"}]
    name = call.text("name") or found.name
    scaler: Obj = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"creationTimestamp": None, "name": name},
        "spec": spec,
        "status": {"currentMetrics": None, "desiredReplicas": 0},
    }
    create_built(call, recorded(call, scaler), verb="autoscaled")


COMMANDS = (
    Command(
        "scale",
        "Set the number of replicas of a workload",
        scale,
        usage="--replicas=COUNT (-f FILENAME | TYPE NAME)",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            RECORD,
            ALL,
            SELECTOR,
            DRY_RUN,
            TIMEOUT,
            Flag("replicas", kind="int", help="How many pods there should be"),
            Flag("current-replicas", kind="int", default=-1, help="Only when there are this many now"),
            Flag("resource-version", help="Only when the object is at this version"),
        ),
        required=("replicas",),
    ),
    Command(
        "autoscale",
        "Let the number of replicas follow the load",
        autoscale,
        usage="(-f FILENAME | TYPE NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            DRY_RUN,
            manager("kubectl-autoscale"),
            Flag("min", kind="int", default=-1, help="At least this many pods"),
            Flag("max", kind="int", default=-1, help="At most this many pods"),
            Flag("cpu-percent", kind="int", default=-1, help="Average CPU use to aim at, in percent of the request"),
            Flag("name"),
            RECORD,
            Flag("save-config", kind="bool"),
        ),
        required=("max",),
    ),
)
