"""Completing a line: verbs, flags, types, names, namespaces, containers and files.

Reads only. The options replace the text from `from` to the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kubectl import kind_command
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.cli import Command, Flag, find_command
from simulator.kubectl.command_tree import ROOT, flags_of
from simulator.kubectl.completion_tables import (
    ENTRIES,
    ENTRY_FLAGS,
    NAMES,
    OWNERS,
    SEVERAL,
    THROUGH_OWNERS,
    TYPES,
    VALUES,
    WITHOUT_TYPES,
)
from simulator.kubectl.errors import CommandError
from simulator.kubectl.job_control import JOB_COMMANDS
from simulator.kubectl.shell_commands import SMALL
from simulator.kubectl.workstation import Workstation
from simulator.machinery.resources import Resource

MAX_OPTIONS = 100
_KUBECTL = ("kubectl", "k")
_FILE_COMMANDS = ("cat", "ls", "cd", "rm", "cp", "mv", "head", "tail", "grep", "wc", "sort", "uniq", "touch")
Option = dict[str, str]


def complete(workstation: Workstation, line: str, at: int) -> dict[str, Any]:
    """`{"from": position, "options": [{"text", "note"}]}` for the cursor at `at`."""
    before = line[:at]
    start = max((found.end() for found in re.finditer(r"(?:\|\||&&|[|;\n])\s*", before)), default=0)
    words = before[start:].split()
    current = "" if not before or before[-1].isspace() or not words else words.pop()
    options = _Completer(workstation).options(words, current)
    chosen = [option for option in options if option["text"].startswith(_tail(current))]
    return {"from": at - len(_tail(current)), "options": chosen[:MAX_OPTIONS]}


def _tail(word: str) -> str:
    """The part of a word that is being completed: after `=`, `,` or `TYPE/`."""
    if word.startswith("-"):
        return word.partition("=")[2] if "=" in word else word
    return word.rpartition(",")[2] if "," in word else word


class _Completer:
    def __init__(self, workstation: Workstation) -> None:
        self.workstation = workstation
        session = workstation.session
        known = session.reach.first().server.kinds
        self.api = ApiClient(workstation.target, known=known, host="", command="kubectl __complete")

    def options(self, words: Sequence[str], current: str) -> list[Option]:
        if not words:
            known = sorted((*_KUBECTL[:1], "curl", "watch", *JOB_COMMANDS, *SMALL))
            return [{"text": name + " ", "note": "command"} for name in known]
        words = _without_assignments(list(words))
        words = words[1:] if words[:1] == ["watch"] else words
        if words[:1] and words[0] in _KUBECTL:
            return self._kubectl(words[1:], current)
        if words[:1] == ["kind"]:
            return self._kind(words[1:], current)
        if words[:1] and words[0] in _FILE_COMMANDS:
            return list(self._files(current))
        return []

    def _kind(self, words: list[str], current: str) -> list[Option]:
        command, _, left = find_command(kind_command.ROOT, words)
        if (left and left[-1] in ("--name", "-n")) or current.startswith("--name="):
            kinds = self.workstation.surface.kind
            return [{"text": f"{name} ", "note": "cluster"} for name in (kinds.names() if kinds else ())]
        if current.startswith("-"):
            return [
                {"text": f"--{flag.name}" + ("=" if flag.kind != "bool" else " "), "note": flag.help}
                for flag in command.flags
                if flag.help
            ]
        return [{"text": f"{child.name} ", "note": child.summary} for child in command.commands]

    def _kubectl(self, words: list[str], current: str) -> list[Option]:
        command, path, left = find_command(ROOT, words)
        if "--" in left:
            return []
        asked = self._flag_value(command, path, left, current)
        if asked is not None:
            return asked
        if current.startswith("-"):
            flags = sorted(flags_of(command), key=lambda flag: (not flag.help, flag.name))
            return [
                {"text": f"--{flag.name}" + ("=" if _takes_value(flag) else " "), "note": flag.help} for flag in flags
            ]
        if path[1:] == ["help"]:
            command, _, left = find_command(ROOT, left)
        given = _positional(left, flags_of(command))
        if command.commands and not given:
            return [{"text": child.name + " ", "note": child.summary} for child in command.commands]
        return self._targets(tuple(path[1:]), given, self._namespace(left), current)

    def _flag_value(
        self, command: Command, path: Sequence[str], left: Sequence[str], current: str
    ) -> list[Option] | None:
        by_sign = {
            sign: flag for flag in flags_of(command) for sign in (f"--{flag.name}", f"-{flag.short}") if sign != "-"
        }
        name, equals, _ = current.partition("=")
        flag = by_sign.get(name) if equals else by_sign.get(left[-1]) if left else None
        if flag is None or flag.kind == "bool" or (flag.bare is not None and not equals):
            return None
        if flag.name == "namespace":
            return self._names("namespaces", "")
        if flag.name == "filename":
            return list(self._files(current.partition("=")[2] if equals else current))
        if flag.name == "container":
            return self._containers(_positional(left[:-1], flags_of(command)), self._namespace(left))
        if flag.name in ENTRY_FLAGS and ENTRY_FLAGS[flag.name] not in path:
            return self._entries(ENTRY_FLAGS[flag.name])
        values = VALUES.get(f"{path[1] if len(path) > 1 else ''} {flag.name}") or VALUES.get(flag.name, ())
        return [{"text": value + ("" if value.endswith("=") else " "), "note": flag.name} for value in values]

    def _entries(self, section: str) -> list[Option]:
        try:
            entries = self.workstation.session.config.entries(section)
        except CommandError:
            return []
        return [{"text": f"{entry.get('name', '')} ", "note": section.removesuffix("s")} for entry in entries]

    # Types and names

    def _targets(self, path: tuple[str, ...], given: list[str], namespace: str, current: str) -> list[Option]:
        if path in ENTRIES:
            return [] if given else self._entries(ENTRIES[path])
        if "/" in current and path != ("cp",):
            head = current.partition("/")[0]
            named = self._names_of(self.api.kinds.lookup(head), namespace)
            return [
                {**option, "text": f"{head}/{option['text']}"}
                for option in named
                if f"{head}/{option['text'].strip()}" not in given
            ]
        if path in NAMES:
            return self._first_names(path, given, namespace)
        if path in WITHOUT_TYPES or not path:
            return []
        if given and "/" in given[0]:
            return []
        if given:
            return [
                one
                for one in self._names_of(self.api.kinds.lookup(given[0]), namespace)
                if one["text"].strip() not in given[1:]
            ]
        if path in TYPES:
            return [{"text": f"{name} ", "note": ""} for name in TYPES[path]]
        return list(self._types())

    def _first_names(self, path: tuple[str, ...], given: list[str], namespace: str) -> list[Option]:
        if given and path not in SEVERAL:
            return []
        names = [one for one in self._names(NAMES[path], namespace) if one["text"].strip() not in given]
        if path == ("cp",):
            return [{**one, "text": f"{one['text'].strip()}:"} for one in names]
        owners = OWNERS if path in THROUGH_OWNERS else ()
        return [*names, *({"text": text, "note": "a pod of it"} for text in owners)]

    def _types(self) -> Iterator[Option]:
        yield {"text": "all ", "note": "pods, services, workloads"}
        for resource in sorted(self.api.kinds.resources, key=lambda r: r.plural):
            if "list" in resource.verbs:
                short = ", ".join(resource.short_names)
                yield {"text": resource.plural + " ", "note": f"{resource.kind}{f' ({short})' if short else ''}"}

    def _names_of(self, resource: Resource | None, namespace: str) -> list[Option]:
        if resource is None:
            return []
        try:
            items = self.api.items(resource, namespace if resource.namespaced else "")
        except CommandError:
            return []
        names = sorted(item["metadata"]["name"] for item in items)
        return [{"text": name + " ", "note": resource.singular} for name in names]

    def _names(self, term: str, namespace: str) -> list[Option]:
        return self._names_of(self.api.kinds.lookup(term), namespace)

    def _namespace(self, left: Sequence[str]) -> str:
        for index, word in enumerate(left):
            if word in ("-n", "--namespace") and index + 1 < len(left):
                return left[index + 1]
            if word.startswith(("--namespace=", "-n=")):
                return word.partition("=")[2]
        try:
            return self.workstation.session.config.context().namespace
        except CommandError:
            return "default"

    def _containers(self, given: Sequence[str], namespace: str) -> list[Option]:
        pods = self.api.kinds.lookup("pods")
        assert pods is not None
        if not given:
            return []
        try:
            pod = self.api.get(pods, namespace, given[0].removeprefix("pods/").removeprefix("pod/"))
        except CommandError:
            return []
        fields = ("containers", "initContainers", "ephemeralContainers")
        return [{"text": c["name"] + " ", "note": "container"} for f in fields for c in pod["spec"].get(f) or ()]

    def _files(self, current: str) -> Iterator[Option]:
        head = current.rpartition("/")[0] + "/" if "/" in current else ""
        home = self.workstation.home
        if home.is_directory(head or "."):
            for entry in home.entries(head or "."):
                if not entry.startswith("."):
                    yield {"text": head + entry + ("" if entry.endswith("/") else " "), "note": "file"}


def _takes_value(flag: Flag) -> bool:
    return flag.kind != "bool" and flag.bare is None


def _positional(words: Sequence[str], flags: Sequence[Flag]) -> list[str]:
    """The words that are neither flags nor their values."""
    signs = {sign for flag in flags if _takes_value(flag) for sign in (f"--{flag.name}", f"-{flag.short}")}
    found, skip = [], False
    for word in words:
        if not skip and not word.startswith("-"):
            found.append(word)
        skip = not skip and word in signs
    return found


def _without_assignments(words: list[str]) -> list[str]:
    """`KUBE_EDITOR=vi kubectl …` completes as without."""
    while words and re.fullmatch(r"[A-Za-z_]\w*=\S*", words[0]):
        words = words[1:]
    return words
