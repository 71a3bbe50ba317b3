"""`kubectl explain`: what the fields of a kind mean, from the published schemas."""

from __future__ import annotations

import re

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.selection import resource_asked
from simulator.machinery.custom.published import schema_of
from simulator.machinery.jsonpath_syntax import Field as PathField
from simulator.machinery.jsonpath_syntax import JsonPathError, read
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource
from simulator.machinery.schemas import Explanation, Field, Schema, UnknownField, explain_node

_NOTHING_NAMED = 'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.'
_MAX_DEPTH = 20


def explain(call: Call) -> None:
    if not call.rest:
        raise CommandError(_NOTHING_NAMED)
    if len(call.rest) > 1:
        raise CommandError("We accept only this format: explain RESOURCE")
    if call.text("output") not in ("plaintext", "plaintext-openapiv2"):
        raise CommandError(f"unrecognized format: {call.text('output')}")
    kinds = call.api.kinds
    resource, path = _asked(call, call.rest[0])
    schema = schema_of(kinds, resource.api_version, resource.kind)
    if schema is None:
        raise CommandError(f"couldn't find resource for {resource.group}/{resource.version}, Kind={resource.kind}")
    try:
        found = explain_node(schema, resource.api_version, resource.kind, tuple(path))
    except UnknownField:
        call.out(_head(resource))
        raise CommandError(f'field "{path[-1]}" does not exist') from None
    call.out(_text(resource, schema, found, recursive=call.on("recursive")))


def _asked(call: Call, word: str) -> tuple[Resource, list[str]]:
    """The resource and the path below it: `deployments.apps.spec` names its group, `deploy.spec` does not."""
    word = word.removesuffix(".")
    try:
        found = read("{." + word + "}")[0]
    except JsonPathError as error:
        raise CommandError(str(error)) from error
    fields = [part.name for part in found if isinstance(part, PathField)]
    if len(fields) != len(found):
        raise CommandError("invalid jsonpath syntax, first node must be field node")
    term, *path = fields
    if not term:
        raise CommandError("a resource must be present, got: /, Resource=")
    kinds = call.api.kinds
    call.api.document("/api")
    try:
        resource = resource_asked(call, term)
    except CommandError as error:
        raise CommandError(error.text, prefixed=False) from None
    if call.text("api-version"):
        return _in_version(resource, call.text("api-version"), kinds), path
    for other in kinds.resources:
        if term in (other.plural, other.singular) and f"{word}.".startswith(f"{other.name}."):
            return other, path[other.name.count(".") :]
    return resource, path


def _in_version(resource: Resource, api_version: str, kinds: Kinds) -> Resource:
    if not api_version or api_version == resource.api_version:
        return resource
    for served in kinds.served:
        if served.kind == resource.kind and served.api_version == api_version:
            return served
    group, _, version = api_version.rpartition("/")
    raise CommandError(f'couldn\'t find resource for "{group}/{version}, Resource={resource.plural}"')


def _text(resource: Resource, schema: Schema, found: Explanation, *, recursive: bool) -> str:
    lines = [_head(resource)]
    if found.path:
        lines.append(f"FIELD: {found.path[-1]} <{found.type}>\n")
        if found.enum:
            lines.append("ENUM:" + "".join(f"\n    {_shown(value)}" for value in found.enum))
        lines.append("\n\n")
    description = f"{found.description}\n" if found.description else "<empty>"
    lines.append("DESCRIPTION:\n" + _indented(_wrapped(description, 76), 4) + "\n")
    if found.fields:
        lines.append("FIELDS:\n")
    for field in found.fields:
        lines.append(_field_text(field, level=1, short=recursive))
        if recursive:
            lines.append(_below(schema, (*found.path, field.name), 2, (_bare_type(field.type),)))
    return "".join(lines) + "\n"


def _head(resource: Resource) -> str:
    group = f"GROUP:      {resource.group}\n" if resource.group else ""
    return f"{group}KIND:       {resource.kind}\nVERSION:    {resource.version}\n\n"


def _below(schema: Schema, path: tuple[str, ...], level: int, seen: tuple[str, ...]) -> str:
    """Fields below a path; a type inside itself is not entered again."""
    if level > _MAX_DEPTH:
        return ""
    found = explain_node(schema, "", "", path)
    text = ""
    for field in found.fields:
        text += _field_text(field, level=level, short=True)
        inner = _bare_type(field.type)
        if inner not in seen:
            text += _below(schema, (*path, field.name), level + 1, (*seen, inner))
    return text


def _bare_type(text: str) -> str:
    return text.replace("[]", "").replace("map[string]", "")


def _field_text(field: Field, *, level: int, short: bool) -> str:
    pad = 2 * level
    text = f"{' ' * pad}{field.name}\t<{field.type}>{' -required-' if field.required else ''}"
    if field.enum:
        shown = ", ".join(_shown(value) for value in field.enum[:4])
        text += f"\n{' ' * pad}enum: {shown}{', ....' if len(field.enum) > 4 else ''}"
    if short:
        return text + "\n"
    description = _indented(_wrapped(field.description or "<no description>", 78 - pad), pad + 2)
    return f"{text}\n{description}\n\n"


def _shown(value: str) -> str:
    return value or '""'


def _indented(text: str, amount: int) -> str:
    pad = " " * amount
    return pad + text.replace("\n", "\n" + pad)


def _wrapped(text: str, width: int) -> str:
    """Break lines between words so that none is wider, where words allow it."""
    return "\n".join(_wrapped_line(line, width) for line in text.split("\n"))


def _wrapped_line(line: str, width: int) -> str:
    lines, current = [], ""
    for space, word in re.findall(r"(\s*)(\S+)", line):
        if current and len(current) + len(space) + len(word) > width:
            lines.append(current)
            current = word
        else:
            current += space + word
    return "\n".join([*lines, current])


COMMANDS = (
    Command(
        "explain",
        "Show what the fields of a kind mean",
        explain,
        usage="TYPE[.FIELD...] [--recursive]",
        flags=(
            Flag("recursive", kind="bool", help="Only names and types, of all fields below"),
            Flag("api-version", help="This version of the kind"),
            Flag("output", default="plaintext"),
        ),
    ),
)
