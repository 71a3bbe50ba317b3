"""Completing a line: verbs, flags, types, names, namespaces, containers and files.

Reads only. The options replace the text from `from` to the cursor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from simulator.kubectl import kind_command
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.cli import Command, find_command
from simulator.kubectl.command_tree import ROOT, flags_of
from simulator.kubectl.errors import CommandError
from simulator.kubectl.job_control import JOB_COMMANDS
from simulator.kubectl.shell_commands import SMALL
from simulator.kubectl.workstation import Workstation
from simulator.machinery.resources import Resource

MAX_OPTIONS = 100
_KUBECTL = ("kubectl", "k")
_FILE_COMMANDS = ("cat", "ls", "cd", "rm", "cp", "mv", "head", "tail", "grep", "wc", "sort", "uniq", "touch")
_POD_VERBS = ("logs", "exec")
_NODE_VERBS = ("cordon", "uncordon", "drain")
_NO_TYPES = (
    "apply",
    "create",
    "version",
    "config",
    "cluster-info",
    "api-resources",
    "api-versions",
    "run",
    "auth",
    "events",
    "diff",
)
_VALUES = {
    "output": ("wide", "yaml", "json", "name", "jsonpath=", "custom-columns="),
    "dry-run": ("client", "server", "none"),
    "cascade": ("background", "foreground", "orphan"),
    "type": ("ClusterIP", "NodePort", "LoadBalancer"),
    "for": ("condition=Ready", "condition=Available", "delete", "jsonpath="),
}

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
        words = list(words[1:]) if words[0] == "watch" else list(words)
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
        asked = self._flag_value(command, left, current)
        if asked is not None:
            return asked
        if current.startswith("-"):
            flags = [flag for flag in flags_of(command) if flag.help]
            return [
                {"text": f"--{flag.name}" + ("=" if flag.kind != "bool" else " "), "note": flag.help} for flag in flags
            ]
        if command.commands and not _positional(left):
            return [{"text": child.name + " ", "note": child.summary} for child in command.commands]
        return self._targets(path, left, current)

    def _flag_value(self, command: Command, left: Sequence[str], current: str) -> list[Option] | None:
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
            return self._containers(left)
        if flag.name == "context":
            entries = self.workstation.session.config.entries("contexts")
            return [{"text": f"{entry.get('name', '')} ", "note": "context"} for entry in entries]
        return [
            {"text": value + ("" if value.endswith("=") else " "), "note": flag.name}
            for value in _VALUES.get(flag.name, ())
        ]

    # Types and names

    def _targets(self, path: Sequence[str], left: Sequence[str], current: str) -> list[Option]:
        verb = path[1] if len(path) > 1 else ""
        given = _positional(left)
        namespace = self._namespace(left)
        if verb in _POD_VERBS:
            return self._names("pods", namespace) if not given else []
        if verb in _NODE_VERBS:
            return self._names("nodes", "")
        if verb == "config" and path[-1] in ("use-context", "delete-context"):
            entries = self.workstation.session.config.entries("contexts")
            return [{"text": f"{entry.get('name', '')} ", "note": "context"} for entry in entries]
        if verb in _NO_TYPES or not verb:
            return []
        if "/" in current:
            resource = self.api.kinds.lookup(current.partition("/")[0])
            head = current.partition("/")[0] + "/"
            return [{**o, "text": head + o["text"]} for o in self._names_of(resource, namespace)] if resource else []
        if given:
            return self._names_of(self.api.kinds.lookup(given[0]), namespace)
        return list(self._types())

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

    def _containers(self, left: Sequence[str]) -> list[Option]:
        pods, given = self.api.kinds.lookup("pods"), _positional(left)
        assert pods is not None
        if not given:
            return []
        try:
            pod = self.api.get(pods, self._namespace(left), given[0].removeprefix("pod/"))
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


def _positional(words: Sequence[str]) -> list[str]:
    found, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in (
                "-n",
                "--namespace",
                "-l",
                "--selector",
                "-o",
                "--output",
                "-c",
                "--container",
                "-f",
                "--filename",
            )
        else:
            found.append(word)
    return found
