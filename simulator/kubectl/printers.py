"""Printing objects: tables, YAML, JSON, names, JSONPath and custom columns.

Promises: the same bytes a real kubectl prints for the same answer of the server. Rows, columns and ages of tables come
from the server; this module only lays them out.

Leaves to others: fetching (`verbs/`), `describe` (`describers/`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.aligned import rows_text
from simulator.kubectl.errors import CommandError
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery import go_text
from simulator.machinery.go_templates import TemplateError, execute, parse_template
from simulator.machinery.go_templates.functions import plain
from simulator.machinery.go_templates.values import floats
from simulator.machinery.json_text import compact, pretty
from simulator.machinery.jsonpath import JsonPath, JsonPathError
from simulator.machinery.resources import Resource, by_kind

_FORMATS = (
    "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,"
    "name,template,templatefile,wide,yaml"
)
_FORMATS_OF_WRITES = (
    "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml"
)
STRICT_TEMPLATE = "strict-go-template"
"""`-o go-template` where a key that is not there ends the output."""
_LINE_END = re.compile(r"[\f\n\r]")


# One object or a list


def object_text(obj: Any, output: str, *, keep_managed_fields: bool = False, of_write: bool = True) -> str:
    """`obj` in the format of `-o`, which must be neither empty, `wide` nor custom columns."""
    shown = obj if keep_managed_fields else without_managed_fields(obj)
    if output == "yaml":
        return to_yaml(shown)
    if output == "json":
        return pretty(shown) + "\n"
    if output == "name":
        return "".join(name_of(item) + "\n" for item in (obj["items"] if _is_list(obj) else [obj]))
    kind, _, template = output.partition("=")
    if kind in ("jsonpath", "jsonpath-as-json"):
        return _jsonpath_text(obj, template, as_json=kind == "jsonpath-as-json")
    if kind in ("go-template", "template", STRICT_TEMPLATE):
        return _template_text(obj, template, strict=kind == STRICT_TEMPLATE)
    formats = _FORMATS_OF_WRITES if of_write else _FORMATS
    raise CommandError(
        f'unable to match a printer suitable for the output format "{output}", allowed formats are: {formats}'
    )


def _template_text(obj: Any, template: str, *, strict: bool) -> str:
    if not template:
        raise CommandError("template format specified but no template given")
    try:
        nodes = parse_template(template)
    except TemplateError as error:
        raise CommandError(f"error parsing template {template}, {error}") from error
    try:
        return execute(template, nodes, obj, missing_is_error=strict)
    except TemplateError as error:
        raise CommandError(
            f"error executing template {go_text.quoted(template)}: {error}",
            written=error.written + _debugging(obj, template, error),
        ) from error


def _debugging(obj: Any, template: str, error: TemplateError) -> str:
    """What kubectl prints beside the complaint: the template, the object as JSON, and as Go shows it."""
    return (
        f"Error executing template: {error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t"
        f"{template}\n\traw data was:\n\t\t{compact(obj)}\n\tobject given to template engine was:\n\t\t{plain(floats(obj))}\n\n"
    )


def _jsonpath_text(obj: Any, template: str, *, as_json: bool) -> str:
    if not template:
        raise CommandError("template format specified but no template given")
    try:
        path = JsonPath(template)
    except JsonPathError as error:
        raise CommandError(f"error parsing jsonpath {template}, {error}") from error
    try:
        return pretty(path.values(obj)) + "\n" if as_json else path.text(obj)
    except JsonPathError as error:
        raise CommandError(
            f"error executing jsonpath {go_text.quoted(template)}: Error executing template: {error}. Printing more "
            f"information for debugging the template:\n\ttemplate was:\n\t\t{template}\n\tobject given to jsonpath "
            f"engine was:\n\t\t{go_text.syntax(obj)}\n\n\n"
        ) from error


def _is_list(obj: Any) -> bool:
    return isinstance(obj, dict) and isinstance(obj.get("items"), list)


def list_of(items: Sequence[Obj]) -> Obj:
    """The `List` that kubectl makes of several objects."""
    return {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}}


def without_managed_fields(obj: Any) -> Any:
    """Objects are shown without `metadata.managedFields` unless they are asked for."""
    if _is_list(obj):
        return {**obj, "items": [without_managed_fields(item) for item in obj["items"]]}
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}


# Names


def typed_name(resource: Resource, name: str) -> str:
    """`pod/web`, `deployment.apps/web`."""
    return f"{resource.singular}.{resource.group}/{name}" if resource.group else f"{resource.singular}/{name}"


def name_of(obj: Obj) -> str:
    """The typed name of an object as `-o name` prints it."""
    name = (obj.get("metadata") or {}).get("name", "")
    kind, version = obj.get("kind", ""), obj.get("apiVersion", "")
    resource = by_kind(version, kind)
    if resource is not None:
        return typed_name(resource, name)
    group = version.rpartition("/")[0]
    return f"{kind.lower()}.{group}/{name}" if group else f"{kind.lower()}/{name}"


# Tables


class TablePrinter:
    """Lays out `Table`s of the server. Remembers widths, so that rows of a watch stay in their columns."""

    def __init__(
        self,
        *,
        wide: bool = False,
        headers: bool = True,
        show_labels: bool = False,
        label_columns: Sequence[str] = (),
        with_namespace: bool = False,
        kind_prefix: str = "",
        widths: list[int] | None = None,
    ) -> None:
        self.wide = wide
        self.headers = headers
        self.show_labels = show_labels
        self.label_columns = tuple(label_columns)
        self.with_namespace = with_namespace
        self.kind_prefix = kind_prefix
        self.widths = widths

    def text(self, table: Obj) -> str:
        shown = self.shown_columns(table["columnDefinitions"])
        rows = [self._header(table["columnDefinitions"], shown)] if self.headers else []
        rows += [self.row(row, table["columnDefinitions"], shown) for row in table.get("rows") or ()]
        text, self.widths = rows_text(rows, self.widths)
        return text

    def shown_columns(self, columns: Sequence[Obj]) -> list[int]:
        return [i for i, column in enumerate(columns) if self.wide or not column.get("priority")]

    def _header(self, columns: Sequence[Obj], shown: Sequence[int]) -> list[str]:
        cells = [columns[i]["name"].upper() for i in shown]
        if self.with_namespace:
            cells.insert(0, "NAMESPACE")
        cells += [label.rpartition("/")[2].upper() for label in self.label_columns]
        return [*cells, "LABELS"] if self.show_labels else cells

    def row(self, row: Obj, columns: Sequence[Obj], shown: Sequence[int]) -> list[str]:
        values = row["cells"]
        metadata = (row.get("object") or {}).get("metadata") or {}
        cells = [cell(values[i]) for i in shown if i < len(values)]
        if self.kind_prefix and cells:
            at = next((k for k, i in enumerate(shown) if columns[i].get("format") == "name"), 0)
            cells[at] = f"{self.kind_prefix}/{cells[at]}"
        if self.with_namespace:
            cells.insert(0, metadata.get("namespace", ""))
        labels = metadata.get("labels") or {}
        cells += [labels.get(label, "") for label in self.label_columns]
        return [*cells, _labels_text(labels)] if self.show_labels else cells


def cell(value: Any) -> str:
    """A value as it stands in a row: its first line."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else go_text.value(value)
    cut = _LINE_END.search(text)
    return text[: cut.start()] + "..." if cut else text.replace("\t", " ")


def _labels_text(labels: dict[str, str]) -> str:
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>"


def plain_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, headers: bool = True) -> str:
    """A table made by the client itself (api-resources, contexts)."""
    return rows_text([list(header), *rows] if headers else list(rows))[0]
