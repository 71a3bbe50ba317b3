"""`-o` before a command sees it: templates in files read in, and `--template` joined to it."""

from __future__ import annotations

from simulator.kubectl.call import Call
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.printers import STRICT_TEMPLATE

_TEMPLATES = ("go-template", "template")
_ANY_CASE = ("json", "name", "yaml")
_FILES = {"go-template-file": "go-template", "templatefile": "go-template", "jsonpath-file": "jsonpath"}
_WITH_TEMPLATE = (*_TEMPLATES, *_FILES, "jsonpath", "jsonpath-as-json")


def expand_output(call: Call) -> None:
    """Leave `-o` as `go-template=TEXT` or `jsonpath=TEXT`, whatever way it was said."""
    values = call.arguments.values
    if "template" not in values or not isinstance(values.get("output"), str):
        return
    if values["output"].lower() in _ANY_CASE:
        values["output"] = values["output"].lower()
    kind, equals, text = values["output"].partition("=")
    if values["template"] and not values["output"]:
        kind = "go-template"
    if values["template"] and not equals and kind in ("", *_WITH_TEMPLATE):
        text = str(values["template"])
    if kind in _FILES:
        text, kind = _read(call, text), _FILES[kind]
    if kind in _TEMPLATES and not call.on("allow-missing-template-keys"):
        kind = STRICT_TEMPLATE
    if kind in (*_WITH_TEMPLATE, STRICT_TEMPLATE):
        values["output"] = f"{kind}={text}"


def _read(call: Call, path: str) -> str:
    if not path:
        raise CommandError("template format specified but no template given")
    try:
        return call.session.home.read(path)
    except FileError as error:
        raise CommandError(f"error reading --template {path}, open {path}: {str(error).lower()}\n") from error
