"""`kubectl create` for what runs pods: Deployments, Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.selection import resource_named
from simulator.kubectl.verbs.create_objects import NO_TIME, built, create_built


def deployment(call: Call) -> None:
    name, images, command = call.one_name(), call.many("image"), _command_after_dash(call)
    if command and len(images) > 1:
        raise CommandError("cannot specify multiple --image options and command")
    containers = [_container(_container_name(image), image, command=command) for image in images]
    if call.number("port") >= 0 and containers:
        containers[0]["ports"] = [{"containerPort": call.number("port")}]
    labels = {"app": name}
    spec: Obj = {
        "replicas": call.number("replicas"),
        "selector": {"matchLabels": labels},
        "strategy": {},
        "template": {"metadata": {**NO_TIME, "labels": labels}, "spec": {"containers": containers}},
    }
    create_built(
        call,
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {**NO_TIME, "labels": labels, "name": name},
            "spec": spec,
            "status": {},
        },
        what="deployment",
    )


def _container_name(image: str) -> str:
    """The last part of an image name without tag and digest, made a DNS label."""
    base = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return "".join(rune if rune.isalnum() or rune == "-" else "-" for rune in base.lower()).strip("-")


def job(call: Call) -> None:
    name = call.one_name()
    if call.text("from") and call.text("image"):
        raise CommandError("either --image or --from must be specified")
    if call.text("from"):
        _job_from(call, name)
        return
    if not call.text("image"):
        raise CommandError("one of --image or --from must be specified")
    create_built(
        call,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {**NO_TIME, "name": name},
            "spec": {"template": _job_template(call, name, "Never")},
            "status": {},
        },
        what="job",
    )


def _job_template(call: Call, name: str, restart: str) -> Obj:
    container = _container(name, call.text("image"), command=_command_after_dash(call))
    return {"metadata": dict(NO_TIME), "spec": {"containers": [container], "restartPolicy": restart}}


def _job_from(call: Call, name: str) -> None:
    term, _, source = call.text("from").partition("/")
    resource = resource_named(term, call.api.kinds)
    if resource.kind != "CronJob" or not source:
        raise CommandError(f"from must be an existing cronjob: found {call.text('from')}, wanted cronjob/NAME")
    cron = call.api.get(resource, call.namespace, source)
    template = cron["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    owner = {
        "apiVersion": "batch/v1",
        "controller": True,
        "kind": "CronJob",
        "name": source,
        "uid": cron["metadata"]["uid"],
    }
    annotations = {**(metadata.get("annotations") or {}), "cronjob.kubernetes.io/instantiate": "manual"}
    made: Obj = {**NO_TIME, "annotations": annotations, "name": name, "ownerReferences": [owner]}
    if metadata.get("labels"):
        made["labels"] = metadata["labels"]
    create_built(
        call,
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": template["spec"], "status": {}},
        what="job",
    )


def cron_job(call: Call) -> None:
    name = call.one_name()
    template = _job_template(call, name, call.text("restart") or "OnFailure")
    spec = {
        "jobTemplate": {"metadata": {**NO_TIME, "name": name}, "spec": {"template": template}},
        "schedule": call.text("schedule"),
    }
    create_built(
        call,
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {**NO_TIME, "name": name},
            "spec": spec,
            "status": {},
        },
        what="cronjob",
    )


def _container(name: str, image: str, **more: Any) -> Obj:
    return {"image": image, "name": name, **{key: value for key, value in more.items() if value}, "resources": {}}


def _command_after_dash(call: Call) -> list[str]:
    return call.rest[call.arguments.dash :] if call.arguments.dash >= 0 else []


DEPLOYMENT = built(
    "deployment",
    "Create a Deployment",
    deployment,
    Flag("image", kind="array", help="Image of a container; may be given several times"),
    Flag("port", kind="int", default=-1, help="Port of the first container"),
    Flag("replicas", "r", kind="int", default=1, help="How many pods"),
    usage="NAME --image=IMAGE [-- COMMAND [args...]]",
    aliases=("deploy",),
    required=("image",),
)
JOB = built(
    "job",
    "Create a Job",
    job,
    Flag("image", help="Image of the container"),
    Flag("from", help="cronjob/NAME to run now"),
    usage="NAME --image=IMAGE [-- COMMAND [args...]]",
)
CRON_JOB = built(
    "cronjob",
    "Create a CronJob",
    cron_job,
    Flag("image", help="Image of the container"),
    Flag("schedule", help="When, in cron's five fields"),
    Flag("restart"),
    aliases=("cj",),
    required=("image", "schedule"),
)
