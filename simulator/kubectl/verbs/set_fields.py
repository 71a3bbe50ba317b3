"""`kubectl set image|env|resources|serviceaccount`: change one part of a pod template."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.change_cause import RECORD, recorded
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.environment_sources import Unresolved, value_of, variables_from
from simulator.kubectl.errors import CommandError
from simulator.kubectl.printers import object_text
from simulator.kubectl.selection import NOTHING_NAMED, Found, select
from simulator.kubectl.shared_flags import (
    ALL,
    DRY_RUN,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
    done_suffix,
    dry_run,
    manager,
    write_query,
)
from simulator.machinery import quantities
from simulator.machinery.patches import two_way_merge
from simulator.machinery.schemas import schema_for

Change = Callable[[Obj], Obj]
"""From the pod spec of an object to the wanted one; the same one when nothing changes."""


def _apply(call: Call, words: list[str], change: Change, done: str) -> None:
    dry_run(call)
    selection = select(call, words)
    selection.attempt(lambda found: _change_one(call, found, change, done))
    selection.done()


def _change_one(call: Call, found: Found, change: Change, done: str) -> None:
    modified = _with_pod_spec(found.obj, _path_to_pod_spec(found), change)
    _send_change(call, found, recorded(call, modified), done)


def _send_change(call: Call, found: Found, modified: Obj, done: str) -> None:
    schema = schema_for(found.resource.api_version, found.resource.kind)
    patch = two_way_merge(found.obj, modified, schema)
    if not patch:
        return
    obj = modified
    if dry_run(call) != "client":
        obj = call.api.patch(
            found.resource,
            found.namespace,
            found.name,
            patch,
            manager=call.text("field-manager"),
            query={key: text for key, text in write_query(call).items() if key == "dryRun"},
        )
    if call.text("output"):
        call.out(object_text(obj, call.text("output"), keep_managed_fields=call.on("show-managed-fields")))
    else:
        call.out(f"{found.typed_name} {done}{done_suffix(call)}\n")


def _with_pod_spec(obj: Obj, path: tuple[str, ...], change: Change) -> Obj:
    if not path:
        return change(obj)
    return {**obj, path[0]: _with_pod_spec(obj.get(path[0]) or {}, path[1:], change)}


def _path_to_pod_spec(found: Found) -> tuple[str, ...]:
    kind = found.resource.kind
    if kind == "Pod":
        return ("spec",)
    if kind == "CronJob":
        return ("spec", "jobTemplate", "spec", "template", "spec")
    if "template" in (found.obj.get("spec") or {}):
        return ("spec", "template", "spec")
    raise CommandError(f"the object is not a pod or does not have a pod template: {kind}")


def _containers(spec: Obj) -> list[tuple[str, Obj]]:
    return [(field, container) for field in ("initContainers", "containers") for container in spec.get(field) or ()]


def _changed(spec: Obj, change: Callable[[Obj], Obj]) -> Obj:
    """The pod spec with every container, also those that start up, put through `change`."""
    fields = [field for field in ("initContainers", "containers") if spec.get(field)]
    return {**spec, **{field: [change(container) for container in spec[field]] for field in fields}}


# image


def image(call: Call) -> None:
    words, pairs = _resources_and_pairs(call)
    if not words and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    if not pairs:
        select(call, words).done()
        raise CommandError("at least one image update is required")

    def change(spec: Obj) -> Obj:
        known = [container["name"] for _, container in _containers(spec)]
        for name in pairs:
            if name != "*" and name not in known:
                raise CommandError(f'unable to find container named "{name}"')
        return _changed(spec, with_image)

    def with_image(container: Obj) -> Obj:
        wanted = pairs.get(container["name"], pairs.get("*"))
        return container if wanted is None else {**container, "image": wanted}

    _apply(call, words, change, "image updated")


def _resources_and_pairs(call: Call) -> tuple[list[str], dict[str, str]]:
    words: list[str] = []
    pairs: dict[str, str] = {}
    for word in call.rest:
        if "=" in word[1:]:
            name, _, value = word.partition("=")
            pairs[name] = value
        elif pairs:
            raise CommandError(f"all resources must be specified before image changes: {word}")
        else:
            words.append(word)
    return words, pairs


# env


def env(call: Call) -> None:
    words, wanted, removed = _env_changes(call)
    if not words and not call.names_files:
        raise CommandError("one or more resources must be specified as <resource> <name> or <resource>/<name>")
    if call.on("list") and call.text("output"):
        raise CommandError("--list and --output may not be specified together")
    if call.many("keys") and not call.text("from"):
        raise CommandError("when specifying --keys, a configmap or secret must be provided with --from")
    if call.on("list"):
        _list_env(call, words)
        return
    if call.text("from"):
        wanted |= variables_from(call, call.text("from"))
    elif not wanted and not removed:
        select(call, words).done()
        return

    prefix = call.text("prefix")
    wanted = {f"{prefix}{name}": {**entry, "name": f"{prefix}{name}"} for name, entry in wanted.items()}

    def with_env(container: Obj) -> Obj:
        if not _chosen(call, container["name"]):
            return container
        _refuse_overwriting(call, container, wanted)
        return _with_env(container, wanted, removed)

    _apply(call, words, lambda spec: _changed(spec, with_env), "env updated")


def _with_env(container: Obj, wanted: dict[str, Obj], removed: list[str]) -> Obj:
    kept = [wanted.get(entry["name"], entry) for entry in container.get("env") or () if entry["name"] not in removed]
    known = [entry["name"] for entry in kept]
    env = kept + [entry for name, entry in wanted.items() if name not in known]
    if env or "env" in container:
        return {**container, "env": env}
    return container


def _env_changes(call: Call) -> tuple[list[str], dict[str, Obj], list[str]]:
    words: list[str] = []
    wanted: dict[str, Obj] = {}
    removed: list[str] = []
    for word in (*call.rest, *call.many("env")):
        if "=" in word:
            name, _, value = word.partition("=")
            wanted[name] = {"name": name, "value": value}
        elif word.endswith("-"):
            removed.append(word[:-1])
        else:
            words.append(word)
    return words, wanted, removed


def _refuse_overwriting(call: Call, container: Obj, wanted: dict[str, Obj]) -> None:
    if call.on("overwrite"):
        return
    for variable in container.get("env") or ():
        if variable["name"] in wanted:
            raise CommandError(
                f"'{variable['name']}' already has a value ({variable.get('value', '')}), and --overwrite is false"
            )


def _chosen(call: Call, name: str) -> bool:
    wanted = call.text("containers")
    return wanted == "*" or wanted == name


def _list_env(call: Call, words: list[str]) -> None:
    selection = select(call, words)
    for found in selection:
        spec: Any = found.obj
        for part in _path_to_pod_spec(found):
            spec = spec.get(part) or {}
        for _, container in _containers(spec):
            if _chosen(call, container["name"]):
                call.out(f"# {found.resource.kind} {found.name}, container {container['name']}\n")
                _list_of(call, found.obj, container)
    selection.done()


def _list_of(call: Call, obj: Obj, container: Obj) -> None:
    unresolved: dict[str, list[str]] = {}
    for variable in container.get("env") or ():
        try:
            resolves = call.on("resolve") and "valueFrom" in variable
            value = value_of(call, variable["valueFrom"], obj, container) if resolves else None
        except Unresolved as error:
            value = None
            unresolved.setdefault(str(error), []).append(variable["name"])
        call.out(_env_line(variable) if value is None else f"{variable['name']}={value}\n")
    for why, names in sorted(unresolved.items()):
        call.err(f"error retrieving reference for {', '.join(sorted(names))}: {why}\n")


def _env_line(variable: Obj) -> str:
    source = variable.get("valueFrom")
    if source is None:
        return f"{variable['name']}={variable.get('value', '')}\n"
    kind, reference = next(iter(source.items()))
    what = {"configMapKeyRef": "configmap", "secretKeyRef": "secret"}.get(kind)
    if what:
        return f"# {variable['name']} from {what} {reference.get('name', '')}, key {reference.get('key', '')}\n"
    return f"# {variable['name']} from field path {reference.get('fieldPath') or reference.get('resource', '')}\n"


# resources


def resources(call: Call) -> None:
    if not call.rest and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    select(call, call.rest).done()
    if not call.text("limits") and not call.text("requests"):
        raise CommandError("you must specify an update to requests or limits (in the form of --requests/--limits)")
    amounts = {field: _amounts(call.text(field)) for field in ("limits", "requests") if call.text(field)}

    def change(spec: Obj) -> Obj:
        if not any(_chosen(call, container["name"]) for _, container in _containers(spec)):
            raise CommandError(f"unable to find container named {call.text('containers')}")
        return _changed(spec, with_resources)

    def with_resources(container: Obj) -> Obj:
        if not _chosen(call, container["name"]):
            return container
        have = container.get("resources") or {}
        merged = {field: {**(have.get(field) or {}), **amounts[field]} for field in amounts}
        return {**container, "resources": {**have, **merged}}

    _apply(call, call.rest, change, "resource requirements updated")


def _amounts(text: str) -> dict[str, str]:
    found = {}
    for part in text.split(","):
        name, equals, amount = part.partition("=")
        if not equals:
            raise CommandError(f"Invalid argument syntax {part}, expected <resource>=<value>")
        try:
            found[name] = quantities.canonical(amount)
        except quantities.QuantityError as error:
            raise CommandError(str(error)) from error
    return found


# service account


def service_account(call: Call) -> None:
    if not call.rest:
        raise CommandError("serviceaccount is required")
    *words, name = call.rest
    if not words and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    _apply(call, words, lambda spec: {**spec, "serviceAccountName": name}, "serviceaccount updated")


# selector


def selector(call: Call) -> None:
    *words, text = call.rest or [""]
    if text and not words and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    if "=" not in text:
        raise CommandError("a selector is required: found none, wanted TYPE/NAME key=value[,key=value]")
    wanted = dict(part.partition("=")[::2] for part in text.split(","))
    dry_run(call)
    selection = select(call, words)
    selection.attempt(lambda found: _select_with(call, found, wanted))
    selection.done()


def _select_with(call: Call, found: Found, wanted: dict[str, str]) -> None:
    if found.resource.kind != "Service":
        raise CommandError(f"selector: found a {found.resource.kind}, wanted a Service")
    modified = {**found.obj, "spec": {**found.obj["spec"], "selector": wanted}}
    _send_change(call, found, recorded(call, modified), "selector updated")


def _flags(*more: Flag) -> tuple[Flag, ...]:
    return (
        *PRINT_FLAGS,
        *FILE_FLAGS,
        ALL,
        SELECTOR,
        DRY_RUN,
        manager("kubectl-set"),
        Flag("local", kind="bool"),
        *more,
    )


_CONTAINERS = Flag("containers", "c", default="*", help="Only this container")

COMMANDS = (
    Command(
        "set",
        "Change one part of an object",
        helps_on_stderr=True,
        commands=(
            Command(
                "env",
                "Change environment variables of a pod template",
                env,
                usage="RESOURCE/NAME KEY_1=VAL_1 ... KEY_N-",
                flags=_flags(
                    _CONTAINERS,
                    Flag("env", "e", kind="array", help="KEY=value; may be given several times"),
                    Flag("list", kind="bool", help="Show the variables"),
                    Flag("overwrite", kind="bool", default=True),
                    Flag("from", help="configmap/NAME or secret/NAME: a variable for each of its keys"),
                    Flag("keys", kind="list", help="Only these keys of --from"),
                    Flag("prefix", help="What the names begin with"),
                    Flag("resolve", kind="bool", help="Show values, not where they come from"),
                ),
            ),
            Command(
                "image",
                "Change images of a pod template",
                image,
                usage="(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ...",
                flags=_flags(RECORD),
            ),
            Command(
                "resources",
                "Change requests and limits of a pod template",
                resources,
                usage="(-f FILENAME | TYPE NAME) [--limits=LIMITS] [--requests=REQUESTS]",
                flags=_flags(
                    _CONTAINERS,
                    Flag("limits", help="For example cpu=200m,memory=512Mi"),
                    Flag("requests", help="For example cpu=100m,memory=256Mi"),
                    RECORD,
                ),
            ),
            Command(
                "selector",
                "Change which pods a Service selects",
                selector,
                usage="(-f FILENAME | TYPE NAME) EXPRESSIONS",
                flags=_flags(RECORD),
            ),
            Command(
                "serviceaccount",
                "Change the service account of a pod template",
                service_account,
                usage="(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
                flags=_flags(RECORD),
                aliases=("sa",),
            ),
        ),
    ),
)
