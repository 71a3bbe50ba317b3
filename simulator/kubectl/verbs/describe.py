"""`kubectl describe`: everything about an object, for reading."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.describers.registry import describer_for
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.manifests import read_plainly
from simulator.kubectl.selection import Found, Target, found_of, refuse_words_beside_files, targets
from simulator.kubectl.shared_flags import ALL_NAMESPACES, CHUNK_SIZE, FILE_FLAGS, SELECTOR

_NOTHING_NAMED = (
    'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported '
    "resources."
)


def describe(call: Call) -> None:
    wanted = _targets(call)
    found: list[Found] = []
    problems: list[CommandError] = []
    for target in wanted:
        try:
            found += _found(call, target)
        except ApiRefusal as refusal:
            if len(wanted) == 1 and refusal.reason == "NotFound" and _describe_by_prefix(call, target):
                return
            problems.append(refusal)
    if len(problems) == 1 and len(call.rest) == 2 and len(wanted) > 1:  # looked for again, as the prefix of a name
        raise CommandError("you may only specify a single resource type") if "," in call.rest[0] else problems[0]
    call.out("\n\n".join(_texts(call, found)))
    if not found and not problems:
        _say_nothing_found(call)
    raise_all(problems)


def _texts(call: Call, found: list[Found]) -> list[str]:
    around = Surroundings(call.api, call.now_us, show_events=call.on("show-events"))
    return [describer_for(one.resource)(_typed(one), around) for one in found]


def _describe_by_prefix(call: Call, target: Target) -> bool:
    """A name that is no object's may be the beginning of several."""
    items = call.api.items(target.resource, target.namespace)
    found = [found_of(target.resource, item) for item in items if item["metadata"]["name"].startswith(target.name)]
    for text in _texts(call, found):
        call.out(text + "\n")
    return bool(found)


def _typed(found: Found) -> Obj:
    return {"kind": found.resource.kind, "apiVersion": found.resource.api_version, **found.obj}


def _targets(call: Call) -> list[Target]:
    if call.names_files:
        refuse_words_beside_files(call.rest)
        return [Target(m.resource, m.namespace, m.name) for m in read_plainly(call)]
    if not call.rest:
        raise CommandError(_NOTHING_NAMED)
    if call.text("selector") and len(call.rest) > 1:
        raise CommandError("name cannot be provided when a selector is specified")
    return targets(call, call.rest, everything=True, any_namespace=call.on("all-namespaces"))


def _found(call: Call, target: Target) -> list[Found]:
    if not target.name:
        query = {"labelSelector": call.text("selector")} if call.text("selector") else {}
        items = call.api.items(target.resource, target.namespace, query=query)
        return [found_of(target.resource, item) for item in items]
    obj = call.api.get(target.resource, target.namespace, target.name)
    return [Found(target.resource, target.namespace, target.name, obj)]


def _say_nothing_found(call: Call) -> None:
    if call.on("all-namespaces"):
        call.err("No resources found\n")
    else:
        call.err(f"No resources found in {call.namespace} namespace.\n")


COMMANDS = (
    Command(
        "describe",
        "Show one or several objects in detail",
        describe,
        usage="(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
        flags=(
            *FILE_FLAGS,
            SELECTOR,
            ALL_NAMESPACES,
            CHUNK_SIZE,
            Flag("show-events", kind="bool", default=True, help="Show the events about each object"),
        ),
    ),
)
