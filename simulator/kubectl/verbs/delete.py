"""`kubectl delete`: ask the server to delete, then wait until the objects are gone.

Waiting is a followed command: it prints nothing and ends when every object is gone or replaced.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.following import Followed, finished, quiet
from simulator.kubectl.manifests import chosen, read_manifests
from simulator.kubectl.printers import typed_name
from simulator.kubectl.selection import NOTHING_NAMED, Target, refuse_words_beside_files, targets
from simulator.kubectl.shared_flags import (
    ALL,
    ALL_NAMESPACES,
    DRY_RUN,
    FIELD_SELECTOR,
    FILE_FLAGS,
    GRACE_PERIOD,
    SELECTOR,
    TIMEOUT,
    done_suffix,
    dry_run,
)
from simulator.machinery.go_text import parse_bool
from simulator.machinery.resources import Resource

IMMEDIATE = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
    "The resource may continue to run on the cluster indefinitely.\n"
)
_CASCADES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}


def delete(call: Call) -> None:
    options = delete_options(call)
    wanted = _targets(call)
    if call.text("output") not in ("", "name"):
        raise CommandError(f"unexpected -o output mode: {call.text('output')}. We only support '-o name'")
    if options.get("gracePeriodSeconds") == 0:
        call.err(IMMEDIATE)
    deleted: list[list[str]] = []
    problems: list[CommandError] = []
    if call.on("interactive") and not _confirmed(call, wanted):
        call.out("deletion is cancelled\n")
        return
    for target in wanted:
        try:
            for found in _expanded(call, target):
                deleted += _delete_one(call, found, options)
        except CommandError as error:
            problems.append(error)
    if not deleted and not problems and not call.text("output") and not any(t.name for t in wanted):
        call.out("No resources found\n")
    if deleted and call.on("wait") and dry_run(call) == "none":
        _wait(call, deleted)
    raise_all(problems)


def _confirmed(call: Call, wanted: list[Target]) -> bool:
    """Ask before anything is deleted; the answer is the first word of standard input, and silence means no."""
    listed = [found for target in wanted for found in _expanded(call, _checked(call, target))]
    call.out(f"You are about to delete the following {len(listed)} resource(s):\n")
    for found in listed:
        call.out(f"{_kind_text(found.resource)}/{found.name}\n")
    call.out("Do you want to continue? (y/n): ")
    return call.stdin.split()[:1] in (["y"], ["Y"])


def _checked(call: Call, target: Target) -> Target:
    if target.name:
        call.api.get(target.resource, target.namespace, target.name)
    return target


def _kind_text(resource: Resource) -> str:
    return f"{resource.singular}.{resource.group}" if resource.group else resource.singular


def delete_options(call: Call) -> Obj:
    """The DeleteOptions that the flags mean."""
    grace = call.number("grace-period")
    if call.on("now"):
        if grace >= 0:
            raise CommandError("--now and --grace-period cannot be specified together")
        grace = 1
    if grace == 0 and not call.on("force"):
        grace = 1
    if call.on("force") and grace < 0:
        grace = 0
    elif call.on("force") and grace > 0:
        raise CommandError("--force and --grace-period greater than 0 cannot be specified together")
    options: Obj = {"propagationPolicy": _CASCADES[_cascade(call)]}
    if grace >= 0:
        options["gracePeriodSeconds"] = grace
    if dry_run(call) == "server":
        options["dryRun"] = ["All"]
    return options


def _cascade(call: Call) -> str:
    """The way of `--cascade`, which once was true or false."""
    said = call.text("cascade")
    if said in _CASCADES:
        return said
    deep = parse_bool(said)
    if deep is None:
        raise CommandError(f'invalid cascade value ({said}). Must be "background", "foreground", or "orphan"')
    meant = "background" if deep else "orphan"
    call.err(f"warning: --cascade={said} is deprecated (boolean value) and can be replaced with --cascade={meant}.\n")
    return meant


def _targets(call: Call) -> list[Target]:
    if call.names_files:
        refuse_words_beside_files(call.rest)
        return [Target(m.resource, m.namespace, m.name, m.source) for m in chosen(call, read_manifests(call))]
    words = call.rest
    if not words:
        raise CommandError(NOTHING_NAMED)
    narrowed = call.on("all") or bool(call.text("selector") or call.text("field-selector"))
    if call.on("all") and call.text("selector"):
        raise CommandError("setting 'all' parameter but found a non empty selector. ")
    if narrowed and len(words) > 1:
        raise CommandError("name cannot be provided when a selector is specified")
    return targets(call, words, everything=narrowed, any_namespace=call.on("all-namespaces"))


def _expanded(call: Call, target: Target) -> list[Target]:
    if target.name:
        return [target]
    query = {"labelSelector": call.text("selector"), "fieldSelector": call.text("field-selector")}
    items = call.api.items(target.resource, target.namespace, query={k: v for k, v in query.items() if v})
    return [Target(target.resource, item["metadata"].get("namespace", ""), item["metadata"]["name"]) for item in items]


def _delete_one(call: Call, target: Target, options: Obj) -> list[list[str]]:
    resource = target.resource
    uid = ""
    if dry_run(call) != "client":
        try:
            answer = call.api.delete(resource, target.namespace, target.name, options=options)
        except ApiRefusal as refusal:
            if refusal.reason == "NotFound" and (call.on("ignore-not-found") or call.on("all")):
                return []
            if target.source:
                raise refusal.with_context(f'error when deleting "{target.source}"') from None
            raise
        uid = _uid(answer)
    _say(call, resource, target.name, forced=options.get("gracePeriodSeconds") == 0)
    return [[resource.name, target.namespace, target.name, uid]]


def _uid(answer: Obj) -> str:
    if answer.get("kind") == "Status":
        return str((answer.get("details") or {}).get("uid", ""))
    return str((answer.get("metadata") or {}).get("uid", ""))


def _say(call: Call, resource: Resource, name: str, *, forced: bool) -> None:
    if call.text("output") == "name":
        call.out(typed_name(resource, name) + "\n")
        return
    kind = _kind_text(resource)
    verb = "force deleted" if forced else "deleted"
    call.out(f'{kind} "{name}" {verb}{done_suffix(call)}\n')


def _wait(call: Call, deleted: list[list[str]]) -> None:
    token: Token = {"kind": "gone", "objects": deleted, "deadline": deadline(call)}
    looked = follow_gone(call.api, token, call.now_us)
    if not looked.done:
        call.follow = looked.token


def deadline(call: Call) -> int:
    """When a waiting command gives up, in microseconds since 1970; 0 for never."""
    timeout = call.number("timeout")
    return call.now_us + timeout if timeout > 0 else 0


def follow_gone(api: ApiClient, token: Token, now_us: int) -> Followed:
    """Done when none of the objects is there any more."""
    left = [entry for entry in token["objects"] if _is_there(api, *entry)]
    if not left:
        return finished(token)
    if token["deadline"] and now_us >= token["deadline"]:
        resource, _, name, _ = left[0]
        return finished(token, f"error: timed out waiting for the condition on {resource}/{name}\n", exit_code=1)
    return quiet({**token, "objects": left})


def _is_there(api: ApiClient, resource_name: str, namespace: str, name: str, uid: str) -> bool:
    resource = api.kinds.by_name(resource_name)
    assert resource is not None
    try:
        found = api.get(resource, namespace, name)
    except ApiRefusal as refusal:
        if refusal.reason == "NotFound":
            return False
        raise
    return not uid or found["metadata"].get("uid") == uid


FOLLOWERS = {"gone": follow_gone}

COMMANDS = (
    Command(
        "delete",
        "Delete objects by name, file or label",
        delete,
        usage="([-f FILENAME] | TYPE [(NAME | -l label | --all)])",
        flags=(
            *FILE_FLAGS,
            ALL,
            ALL_NAMESPACES,
            SELECTOR,
            FIELD_SELECTOR,
            DRY_RUN,
            GRACE_PERIOD,
            TIMEOUT,
            Flag("cascade", default="background", bare="background", help="background, foreground or orphan"),
            Flag("force", kind="bool", help="Remove from the API at once"),
            Flag("ignore-not-found", kind="bool", help="An object that is not there is no error"),
            Flag("interactive", "i", kind="bool", help="Ask first"),
            Flag("now", kind="bool", help="The same as --grace-period=1"),
            Flag("output", "o"),
            Flag("raw"),
            Flag("wait", kind="bool", default=True, help="Wait until the objects are gone"),
        ),
    ),
)
