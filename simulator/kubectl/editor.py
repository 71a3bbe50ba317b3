"""Applying and comparing the text of the page's editor, with the line and column of every mistake.

The work is that of `kubectl apply -f -` and `kubectl diff -f -`; what differs is that a refusal also says where in the text
it belongs, so the page can mark it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from simulator.kubectl.call import Call, Session
from simulator.kubectl.cli import parse
from simulator.kubectl.command_tree import ROOT, flags_of
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.manifests import Manifest, manifest_of
from simulator.kubectl.verbs.apply import apply_manifest
from simulator.kubectl.verbs.change import diff_manifest
from simulator.machinery.yaml_documents import Document, YamlError, read

_SOURCE = "editor"
_FIELD = re.compile(r'(?:unknown|duplicate) field "([^"]+)"')
_GO_FIELD = re.compile(r"Go struct field \w+\.(\S+) of type")

Problem = dict[str, Any]


def apply_text(session: Session, text: str, *, dry_run: bool = False) -> dict[str, Any]:
    """`{"results": [{"line", "text", "ok"}], "problems": [Problem]}`, one result a document."""
    results: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for document, manifest in _manifests(session, text, problems):
        call = _call(session, "apply", ["--dry-run=server"] if dry_run else [])
        try:
            if manifest is None:
                continue
            apply_manifest(call, manifest)
            results.append({"line": document.line, "text": "".join(call.stdout).strip(), "ok": True})
        except CommandError as error:
            results.append({"line": document.line, "text": error.report().strip(), "ok": False})
            problems += _problems_of(error, document)
    return {"results": results, "problems": problems}


def diff_text(session: Session, text: str) -> dict[str, Any]:
    """`{"diff": text, "problems": [Problem]}`."""
    problems: list[Problem] = []
    parts: list[str] = []
    for document, manifest in _manifests(session, text, problems):
        try:
            if manifest is not None:
                parts.append(diff_manifest(_call(session, "diff", []), manifest))
        except CommandError as error:
            problems += _problems_of(error, document)
    return {"diff": "".join(parts), "problems": problems}


def _call(session: Session, verb: str, words: list[str]) -> Call:
    command = ROOT.child(verb)
    assert command is not None
    path = f"kubectl {verb}"
    return Call(session, path=path, arguments=parse(flags_of(command), [*words, "-f", "-"], path), stdin="")


def _manifests(session: Session, text: str, problems: list[Problem]) -> Iterator[tuple[Document, Manifest | None]]:
    try:
        documents = read(text)
    except YamlError as error:
        problems.append(_problem(error.line, error.column, "", str(error)))
        return
    for document in documents:
        try:
            yield document, manifest_of(_call(session, "apply", []), document.value, _SOURCE)
        except CommandError as error:
            problems += _problems_of(error, document)


def _problems_of(error: CommandError, document: Document) -> list[Problem]:
    if isinstance(error, ApiRefusal):
        causes = (error.status.get("details") or {}).get("causes") or ()
        if causes:
            return [
                _placed(document, cause.get("field", ""), f"{cause.get('field', '')}: {cause.get('message', '')}")
                for cause in causes
            ]
        paths = _FIELD.findall(error.message) + _GO_FIELD.findall(error.message)
        if paths:
            return [_placed(document, path, error.message) for path in paths]
        return [_placed(document, "", error.message)]
    message = error.line()
    return [_placed(document, "kind" if "no matches for kind" in message else "", message)]


def _placed(document: Document, path: str, message: str) -> Problem:
    line, column = document.place(path)
    return _problem(line, column, path, message)


def _problem(line: int, column: int, path: str, message: str) -> Problem:
    return {"line": line, "column": column, "path": path, "message": message, "severity": "error"}
