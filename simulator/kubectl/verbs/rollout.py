"""`kubectl rollout`: status, history, undo, pause, resume and restart of a workload's revisions.

Follows https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment. `status` goes on
until the rollout has ended: a followed command.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import align
from simulator.kubectl.api_client import JSON_PATCH, STRATEGIC_PATCH, ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.describers.pod_templates import template_text
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.printers import object_text
from simulator.kubectl.rollouts import CHANGE_CAUSE, REVISION, owned_by, progress_of, revisions_of, templates_of
from simulator.kubectl.selection import Found, Selection, select
from simulator.kubectl.shared_flags import (
    DRY_RUN,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    TIMEOUT,
    done_suffix,
    dry_run,
    manager,
)
from simulator.kubectl.verbs.delete import deadline
from simulator.machinery import selectors
from simulator.machinery.go_text import quoted, rfc3339
from simulator.machinery.resources import by_name

_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
_ROLLING = ("Deployment", "DaemonSet", "StatefulSet")
_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.deployment.rollback.to",
)


def _selected(call: Call) -> Selection:
    if not call.rest and not call.names_files:
        raise CommandError("required resource not specified")
    return select(call, call.rest, everything=True)


def _none_found(call: Call, selection: Selection) -> bool:
    if selection.found or selection.problems:
        return False
    call.err(f"No resources found in {call.namespace} namespace.\n")
    return True


# Status


def status(call: Call) -> None:
    if call.number("revision") < 0:
        raise CommandError(f"revision must be a positive integer: {call.number('revision')}")
    selection = _selected(call)
    selection.done()
    if _none_found(call, selection):
        return
    for found in selection:
        if found.resource.kind not in _ROLLING:
            kind = ".".join(part for part in (found.resource.kind, found.resource.group) if part)
            raise CommandError(f"no status viewer has been implemented for {kind}")
    token: Token = {
        "kind": "rollout",
        "left": [[found.resource.name, found.namespace, found.name] for found in selection],
        "revision": call.number("revision"),
        "said": "",
        "deadline": deadline(call),
    }
    looked = follow_status(call.api, token, call.now_us)
    call.out(looked.stdout)
    call.exit_code = looked.exit
    if not looked.done and call.on("watch"):
        call.follow = looked.token


def follow_status(api: ApiClient, token: Token, now_us: int) -> Followed:
    """New sentences since the last look; one object after the other."""
    text, said, left = "", token["said"], list(token["left"])
    while left:
        resource = api.kinds.by_name(left[0][0])
        assert resource is not None
        try:
            obj = api.get(resource, left[0][1], left[0][2])
        except ApiRefusal as refusal:
            if refusal.code >= 500:
                raise
            if refusal.reason == "NotFound" and said:
                return finished(token, f"{text}error: object has been deleted\n", exit_code=1)
            return finished(token, text + refusal.report(), exit_code=1)
        progress = progress_of({**obj, "kind": resource.kind}, token["revision"])
        if progress.failed:
            return finished(token, f"{text}error: {progress.text}\n", exit_code=1)
        if progress.text != said:
            text, said = text + progress.text, progress.text
        if not progress.done:
            break
        left, said = left[1:], ""
    fresh = {**token, "left": left, "said": said}
    if not left:
        return finished(fresh, text)
    if token["deadline"] and now_us >= token["deadline"]:
        return finished(fresh, f"{text}error: timed out waiting for the condition\n", exit_code=1)
    return Followed(text, fresh)


# History


def history(call: Call) -> None:
    if call.number("revision") < 0:
        raise CommandError(f"revision must be a positive integer: {call.number('revision')}")
    selection = _selected(call)
    selection.attempt(lambda found: _history_of(call, found))
    selection.done()


def _history_of(call: Call, found: Found) -> None:
    revisions = _revisions(call, found)
    wanted = call.number("revision")
    if wanted and wanted not in revisions:
        raise CommandError("unable to find the specified revision")
    if call.text("output"):
        chosen = revisions.get(wanted or max(revisions, default=0))
        if chosen is not None:
            call.out(object_text(chosen, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
        return
    if wanted:
        replica_set = revisions[wanted]
        template = _template_with_cause(replica_set)
        call.out(f"{found.typed_name} with revision #{wanted}\n{template_text(template)}\n")
        return
    rows = "".join(f"{number}\t{_cause(replica_set)}\n" for number, replica_set in revisions.items())
    table = align("REVISION\tCHANGE-CAUSE\n" + rows)
    call.out(f"{found.typed_name} \n{table}\n")


def _cause(replica_set: Obj) -> str:
    return (replica_set["metadata"].get("annotations") or {}).get(CHANGE_CAUSE) or "<none>"


def _template_with_cause(replica_set: Obj) -> Obj:
    template: Obj = replica_set["spec"]["template"]
    cause = (replica_set["metadata"].get("annotations") or {}).get(CHANGE_CAUSE)
    if not cause:
        return template
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), CHANGE_CAUSE: cause}
    return {**template, "metadata": {**metadata, "annotations": annotations}}


def _revisions(call: Call, found: Found) -> dict[int, Obj]:
    if found.resource.kind not in _ROLLING:
        raise CommandError(f"no history viewer has been implemented for {quoted(found.resource.kind)}")
    if found.resource.kind == "Deployment":
        return revisions_of(_replica_sets(call, found))
    return templates_of(found.obj, _controller_revisions(call, found))


def _controller_revisions(call: Call, found: Found) -> list[Obj]:
    revisions = by_name("controllerrevisions.apps")
    assert revisions is not None
    return owned_by(found.obj, call.api.items(revisions, found.namespace))


def _replica_sets(call: Call, found: Found) -> list[Obj]:
    replica_sets = by_name("replicasets.apps")
    assert replica_sets is not None
    selector = str(selectors.from_label_selector(found.obj["spec"].get("selector")))
    return owned_by(found.obj, call.api.items(replica_sets, found.namespace, query={"labelSelector": selector}))


# Undo


def undo(call: Call) -> None:
    selection = _selected(call)
    selection.attempt(lambda found: _undo_one(call, found))
    selection.done()


def _undo_one(call: Call, found: Found) -> None:
    if found.resource.kind not in _ROLLING:
        raise CommandError(f"no rollbacker has been implemented for {quoted(found.resource.kind)}")
    if found.resource.kind == "Deployment":
        _undo_deployment(call, found)
    else:
        _undo_by_history(call, found)


def _undo_by_history(call: Call, found: Found) -> None:
    """A DaemonSet or StatefulSet goes back to the template that one of its ControllerRevisions holds."""
    history = {int(one["revision"]): one for one in _controller_revisions(call, found)}
    wanted = call.number("to-revision")
    if not wanted and len(history) <= 1:
        raise CommandError("no last revision to roll back to")
    target = history.get(wanted or sorted(history)[-2])
    if target is None:
        raise CommandError(f"unable to find specified revision {wanted} in history")
    template = {key: value for key, value in target["data"]["spec"]["template"].items() if key != "$patch"}
    if dry_run(call) == "client":
        call.out(f"{found.typed_name} will roll back to {template_text(template)}{done_suffix(call)}\n")
        return
    if template == found.obj["spec"]["template"]:
        call.out(f"{found.typed_name} skipped rollback (current template already matches revision {wanted})\n")
        return
    query = {"dryRun": "All"} if dry_run(call) == "server" else {}
    call.api.patch(
        found.resource,
        found.namespace,
        found.name,
        target["data"],
        kind=STRATEGIC_PATCH,
        manager="kubectl-rollout",
        query=query,
    )
    call.out(f"{found.typed_name} rolled back{done_suffix(call)}\n")


def _undo_deployment(call: Call, found: Found) -> None:
    target = _rollback_target(found.name, revisions_of(_replica_sets(call, found)), call.number("to-revision"))
    if dry_run(call) == "client":
        call.out(f"{found.typed_name} {template_text(target['spec']['template'])}{done_suffix(call)}\n")
        return
    if found.obj["spec"].get("paused"):
        raise CommandError(
            f"you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/{found.name}' "
            "and try again"
        )
    template = _without_hash(target["spec"]["template"])
    if _without_hash(found.obj["spec"]["template"]) == template:
        call.out(
            f"{found.typed_name} skipped rollback (current template already matches revision "
            f"{call.number('to-revision')})\n"
        )
        return
    annotations = found.obj["metadata"].get("annotations") or {}
    kept = {key: text for key, text in annotations.items() if key in _NOT_COPIED}
    theirs = target["metadata"].get("annotations") or {}
    kept.update({key: text for key, text in theirs.items() if key not in _NOT_COPIED})
    patch = [
        {"op": "replace", "path": "/spec/template", "value": template},
        {"op": "replace", "path": "/metadata/annotations", "value": kept},
    ]
    query = {"dryRun": "All"} if dry_run(call) == "server" else {}
    call.api.patch(
        found.resource, found.namespace, found.name, patch, kind=JSON_PATCH, manager="kubectl-rollout", query=query
    )
    call.out(f"{found.typed_name} rolled back{done_suffix(call)}\n")


def _rollback_target(name: str, revisions: dict[int, Obj], wanted: int) -> Obj:
    if wanted:
        if wanted not in revisions:
            raise CommandError(f"unable to find specified revision {wanted} in history")
        return revisions[wanted]
    if len(revisions) < 2:
        raise CommandError(f'no rollout history found for deployment "{name}"')
    return revisions[sorted(revisions)[-2]]


def _without_hash(template: Obj) -> Obj:
    metadata = template.get("metadata") or {}
    labels = {key: text for key, text in (metadata.get("labels") or {}).items() if key != "pod-template-hash"}
    return {**template, "metadata": {**metadata, "labels": labels}}


# Pause, resume, restart


def _patching(doing: str, done: str, kinds: tuple[str, ...]) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        selection = _selected(call)
        if _none_found(call, selection):
            return
        selection.attempt(lambda found: _patch_one(call, found, doing, done, kinds))
        selection.done()

    return run


def _patch_one(call: Call, found: Found, doing: str, done: str, kinds: tuple[str, ...]) -> None:
    kind = found.resource.kind
    if kind not in kinds:
        raise CommandError(
            f"{found.resource.plural}{'.' + found.resource.group if found.resource.group else ''} "
            f'"{found.name}" {_CANNOT[doing]}'
        )
    paused = bool(found.obj["spec"].get("paused"))
    if doing == "restarting":
        if paused:
            raise CommandError("can't restart paused deployment (run rollout resume first)")
        stamp = {_RESTARTED_AT: rfc3339(call.now_us)}
        patch: Obj = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
    else:
        if paused == (doing == "pausing"):
            raise CommandError(
                f'{found.resource.plural}.{found.resource.group} "{found.name}" is '
                f"{'already paused' if paused else 'not paused'}"
            )
        patch = {"spec": {"paused": True if doing == "pausing" else None}}
    obj = call.api.patch(
        found.resource, found.namespace, found.name, patch, kind=STRATEGIC_PATCH, manager=call.text("field-manager")
    )
    if call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{found.typed_name} {done}\n")


_CANNOT = {
    "pausing": "pausing is not supported",
    "resuming": "resuming is not supported",
    "restarting": "restarting is not supported",
}

_USAGE = "(TYPE NAME | TYPE/NAME)"
_WRITE = (*PRINT_FLAGS, *FILE_FLAGS, SELECTOR, manager("kubectl-rollout"))

FOLLOWERS = {"rollout": follow_status}

COMMANDS = (
    Command(
        "rollout",
        "Manage the rollout of a Deployment, DaemonSet or StatefulSet",
        commands=(
            Command(
                "history",
                "Show the revisions",
                history,
                usage=_USAGE,
                flags=(
                    *PRINT_FLAGS,
                    *FILE_FLAGS,
                    SELECTOR,
                    Flag("revision", kind="int", help="Show this revision in full"),
                ),
            ),
            Command(
                "pause",
                "Stop acting on changes of the template",
                _patching("pausing", "paused", ("Deployment",)),
                usage=_USAGE,
                flags=_WRITE,
            ),
            Command(
                "restart",
                "Replace every pod",
                _patching("restarting", "restarted", _ROLLING),
                usage=_USAGE,
                flags=_WRITE,
            ),
            Command(
                "resume",
                "Go on after a pause",
                _patching("resuming", "resumed", ("Deployment",)),
                usage=_USAGE,
                flags=_WRITE,
            ),
            Command(
                "status",
                "Show how far the rollout is",
                status,
                usage=_USAGE,
                flags=(
                    *FILE_FLAGS,
                    SELECTOR,
                    TIMEOUT,
                    Flag("revision", kind="int"),
                    Flag("watch", "w", kind="bool", default=True, help="Go on until the rollout has ended"),
                ),
            ),
            Command(
                "undo",
                "Go back to an earlier revision",
                undo,
                usage=_USAGE,
                flags=(
                    *PRINT_FLAGS,
                    *FILE_FLAGS,
                    SELECTOR,
                    DRY_RUN,
                    Flag("to-revision", kind="int", help="0 for the last one"),
                ),
            ),
        ),
    ),
)
