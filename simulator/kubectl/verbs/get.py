"""`kubectl get`: list and show objects.

One request a type, with the Accept header that asks for a Table unless another format was asked for. Follows
https://kubernetes.io/docs/reference/kubectl/generated/kubectl_get/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import AS_TABLE, ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.custom_columns import custom_columns
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.manifests import read_plainly
from simulator.kubectl.printers import (
    TablePrinter,
    list_of,
    object_text,
    typed_name,
)
from simulator.kubectl.selection import Target, refuse_words_beside_files, targets
from simulator.kubectl.shared_flags import (
    ALL_NAMESPACES,
    CHUNK_SIZE,
    FIELD_SELECTOR,
    FILE_FLAGS,
    PRINT_FLAGS,
    SELECTOR,
)
from simulator.kubectl.sorting import found_by, not_found, sorted_objects, sorted_rows
from simulator.machinery.json_text import compact
from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed
from simulator.machinery.resources import Resource
from simulator.machinery.tables.columns import age

NOTHING_NAMED = """You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.

error: Required resource not specified.
Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).
See 'kubectl get -h' for help and examples"""


@dataclass(slots=True)
class _Fetched:
    """Tables of one resource, joined: rows of several names stand under one header."""

    resource: Resource
    tables: list[Obj] = field(default_factory=list)

    def joined(self) -> Obj:
        rows = [row for table in self.tables for row in table.get("rows") or ()]
        return {**self.tables[0], "rows": rows}


def get(call: Call) -> None:
    if call.text("raw"):
        _raw(call)
        return
    if call.on("output-watch-events") and not (call.on("watch") or call.on("watch-only")):
        raise CommandError("--output-watch-events option can only be used with --watch or --watch-only")
    wanted = _targets(call)
    if call.text("subresource") and not all(target.name for target in wanted):
        raise CommandError("subresource cannot be used when bulk resources are specified")
    output = call.text("output")
    if call.on("watch") or call.on("watch-only"):
        _watch(call, wanted, output)
    elif output in ("", "wide"):
        _print_tables(call, wanted)
    else:
        _print_objects(call, wanted, output)


def _raw(call: Call) -> None:
    path, _, query = call.text("raw").partition("?")
    body = call.api.raw(path, query=dict(parse_qsl(query, keep_blank_values=True)))
    call.out(body if isinstance(body, str) else compact(body) + "\n")


def _targets(call: Call) -> list[Target]:
    if call.names_files:
        refuse_words_beside_files(call.rest)
        return [Target(m.resource, m.namespace, m.name) for m in read_plainly(call)]
    if not call.rest:
        raise CommandError(NOTHING_NAMED, prefixed=False)
    if call.text("selector") and (len(call.rest) > 1 or "/" in call.rest[0]):
        raise CommandError("name cannot be provided when a selector is specified")
    return targets(call, call.rest, everything=True, any_namespace=call.on("all-namespaces"))


def _query(call: Call, target: Target) -> dict[str, str]:
    query: dict[str, str] = {}
    if call.text("selector"):
        query["labelSelector"] = call.text("selector")
    if call.text("field-selector"):
        query["fieldSelector"] = call.text("field-selector")
    if not target.name and call.number("chunk-size") > 0 and not call.text("sort-by"):
        query["limit"] = str(call.number("chunk-size"))
    return query


# Tables


def _print_tables(call: Call, wanted: Sequence[Target]) -> None:
    groups, problems = _fetch_tables(call, wanted)
    _refuse_tables_to_sort(call, groups)
    several = len({group.resource.name: None for group in groups}) > 1
    tables = [(group.resource, _sorted(call, group)) for group in groups if group.joined()["rows"]]
    shown = [(resource, table) for resource, table in tables if table is not None]
    for number, (resource, table) in enumerate(shown):
        if number and not call.on("no-headers"):
            call.out("\n")
        call.out(_printer(call, resource, prefixed=several or call.on("show-kind")).text(table))
    if not shown and not problems and not call.on("ignore-not-found"):
        _say_nothing_found(call, wanted)
    raise_all(problems)


def _fetch_tables(call: Call, wanted: Sequence[Target]) -> tuple[list[_Fetched], list[CommandError]]:
    groups: list[_Fetched] = []
    problems: list[CommandError] = []
    for target in wanted:
        try:
            tables = _tables_of(call, target)
        except ApiRefusal as refusal:
            if not (refusal.reason == "NotFound" and call.on("ignore-not-found")):
                problems.append(refusal)
            continue
        if not groups or groups[-1].resource is not target.resource:
            groups.append(_Fetched(target.resource))
        groups[-1].tables += tables
    return groups, problems


def _tables_of(call: Call, target: Target) -> list[Obj]:
    if not call.on("server-print"):
        return [_plain_table(_objects_of(call, target), call.now_us)]
    query = _query(call, target)
    if call.text("sort-by"):
        query["includeObject"] = "Object"
    part = call.text("subresource")
    tables = [call.api.table(target.resource, target.namespace, target.name, part=part, query=query)]
    if tables[0]["kind"] != "Table":
        return [_plain_table(tables[0].get("items", tables), call.now_us)]
    while following := tables[-1].get("metadata", {}).get("continue"):
        tables.append(call.api.table(target.resource, target.namespace, query={**query, "continue": following}))
    return tables


_PLAIN_COLUMNS = [{"name": name, "type": "string", "priority": 0} for name in ("Name", "Age")]


def _plain_table(objects: list[Obj], now_us: int) -> Obj:
    """What the command itself can say of any object, without the server's columns."""
    rows = [{"cells": [obj["metadata"].get("name", ""), age(obj, now_us)], "object": obj} for obj in objects]
    return {"kind": "Table", "columnDefinitions": _PLAIN_COLUMNS, "rows": rows, "metadata": {}}


def _sorted(call: Call, group: _Fetched) -> Obj | None:
    """None for a table that cannot be sorted: the real command leaves it out."""
    table = group.joined()
    if not call.text("sort-by"):
        return table
    rows = sorted_rows(table["rows"], call.text("sort-by"), call.now_us)
    return None if rows is None else {**table, "rows": rows}


def _refuse_tables_to_sort(call: Call, groups: Sequence[_Fetched]) -> None:
    """Of several answers the real command sorts the tables themselves, and they have no such field."""
    tables = [table for group in groups for table in group.tables]
    if not call.text("sort-by") or len(tables) < 2:
        return
    try:
        path = JsonPath(relaxed(call.text("sort-by")))
    except JsonPathError as error:
        raise CommandError(str(error)) from error
    if not any(found_by(path, table) for table in tables):
        raise not_found(path)


def _printer(call: Call, resource: Resource, *, prefixed: bool) -> TablePrinter:
    return TablePrinter(
        wide=call.text("output") == "wide",
        headers=not call.on("no-headers"),
        show_labels=call.on("show-labels"),
        label_columns=call.many("label-columns"),
        with_namespace=call.on("all-namespaces") and resource.namespaced,
        kind_prefix=typed_name(resource, "").rstrip("/") if prefixed else "",
    )


def _say_nothing_found(call: Call, wanted: Sequence[Target]) -> None:
    everywhere = call.on("all-namespaces") or not all(target.resource.namespaced for target in wanted)
    call.err("No resources found\n" if everywhere else f"No resources found in {call.namespace} namespace.\n")


# Other formats


def _print_objects(call: Call, wanted: Sequence[Target], output: str) -> None:
    objects, problems = _fetch_objects(call, wanted)
    if call.text("sort-by"):
        objects = sorted_objects(objects, call.text("sort-by"), call.now_us)
    single = len(wanted) == 1 and bool(wanted[0].name)
    if output.partition("=")[0] in ("custom-columns", "custom-columns-file"):
        call.out(custom_columns(call, output, objects))
    elif objects or not (single or problems):
        shown: Any = objects[0] if single else list_of(objects)
        call.out(object_text(shown, output, keep_managed_fields=call.on("show-managed-fields"), of_write=False))
    raise_all(problems)


def _fetch_objects(call: Call, wanted: Sequence[Target]) -> tuple[list[Obj], list[CommandError]]:
    objects: list[Obj] = []
    problems: list[CommandError] = []
    for target in wanted:
        try:
            objects += _objects_of(call, target)
        except ApiRefusal as refusal:
            if not (refusal.reason == "NotFound" and call.on("ignore-not-found")):
                problems.append(refusal)
    return objects, problems


def _objects_of(call: Call, target: Target) -> list[Obj]:
    if target.name:
        part = call.text("subresource")
        return [call.api.subresource(target.resource, target.namespace, target.name, part)]
    query = _query(call, target)
    page = call.api.page(target.resource, target.namespace, query=query)
    found: list[Obj] = list(page["items"])
    while following := page.get("metadata", {}).get("continue"):
        page = call.api.page(target.resource, target.namespace, query={**query, "continue": following})
        found += page["items"]
    return found


# Watching


def _watch(call: Call, wanted: Sequence[Target], output: str) -> None:
    if len(wanted) != 1:
        raise CommandError("you may only specify a single resource type when watching")
    if output not in ("", "wide", "name"):
        raise CommandError(f"-o {output} together with --watch is not available in this workstation")
    if call.text("sort-by"):
        call.err("warning: --watch requested, --sort-by will be ignored for watch events received\n")
    target = wanted[0]
    query = {key: text for key, text in _query(call, target).items() if key != "limit"}
    if target.name:
        query["fieldSelector"] = f"metadata.name={target.name}"
        call.api.get(target.resource, target.namespace, target.name)
    table = call.api.table(target.resource, target.namespace, query=query)
    printer = _printer(call, target.resource, prefixed=call.on("show-kind"))
    rows = table.get("rows") or []
    if rows and not call.on("watch-only"):
        call.out(_watched_text(table, printer, target.resource, output))
    call.follow = {
        "kind": "watch",
        "resource": target.resource.name,
        "namespace": target.namespace,
        "query": query,
        "since": table["metadata"]["resourceVersion"],
        "output": output,
        "headers": printer.headers and not (rows and not call.on("watch-only")),
        "show_labels": printer.show_labels,
        "label_columns": list(printer.label_columns),
        "with_namespace": printer.with_namespace,
        "kind_prefix": printer.kind_prefix,
        "widths": printer.widths or [],
    }


def _watched_text(table: Obj, printer: TablePrinter, resource: Resource, output: str) -> str:
    if output == "name":
        names = [row["object"]["metadata"]["name"] for row in table.get("rows") or ()]
        return "".join(typed_name(resource, name) + "\n" for name in names)
    return printer.text(table)


def follow_watch(api: ApiClient, token: Token, now_us: int) -> Followed:
    """Rows of the changes since the last look, in the columns of the rows before them."""
    resource = api.kinds.by_name(token["resource"])
    assert resource is not None
    try:
        events = api.watch(resource, token["namespace"], since=token["since"], query=token["query"], accept=AS_TABLE)
    except ApiRefusal as refusal:
        return finished(token, refusal.report(), exit_code=1)
    printer = TablePrinter(
        wide=token["output"] == "wide",
        headers=token["headers"],
        show_labels=token["show_labels"],
        label_columns=token["label_columns"],
        with_namespace=token["with_namespace"],
        kind_prefix=token["kind_prefix"],
        widths=list(token["widths"]) or None,
    )
    text, since = "", token["since"]
    for event in events:
        table = event["object"]
        text += _watched_text(table, printer, resource, token["output"])
        printer.headers = False
        since = table["metadata"].get("resourceVersion") or since
    fresh = {**token, "since": since, "headers": printer.headers, "widths": printer.widths or []}
    return Followed(text, fresh)


FOLLOWERS = {"watch": follow_watch}

COMMANDS = (
    Command(
        "get",
        "Show one or many objects",
        get,
        usage="(TYPE [NAME | -l label] | TYPE/NAME ...) [-o wide|yaml|json|name|jsonpath=...|custom-columns=...]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            SELECTOR,
            FIELD_SELECTOR,
            ALL_NAMESPACES,
            CHUNK_SIZE,
            Flag("ignore-not-found", kind="bool", help="An object that is not there is no error"),
            Flag("label-columns", "L", kind="list", help="Labels to show as columns"),
            Flag("no-headers", kind="bool", help="Leave the header line out"),
            Flag("output-watch-events", kind="bool"),
            Flag("raw"),
            Flag("server-print", kind="bool", default=True, help="Let the server choose the columns"),
            Flag("show-kind", kind="bool", help="Put the type in front of each name"),
            Flag("show-labels", kind="bool", help="Show all labels as the last column"),
            Flag("sort-by", help="Sort by this field, for example .metadata.name"),
            Flag("subresource"),
            Flag("watch", "w", kind="bool", help="Go on and show changes"),
            Flag("watch-only", kind="bool", help="Show only changes"),
        ),
    ),
)
