"""The kubeconfig: which cluster, which user and which namespace a command means.

The file `~/.kube/config` is the truth, as in life: a learner may read and edit it. Parsing is remembered by its text.

Promises: unknown fields survive a change; a broken file is a clear error naming it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import HOME, FileError, Home
from simulator.kubectl.yaml_text import to_yaml

#: What stands for the credentials of the first kubeconfig.
OMITTED = "DATA+OMITTED"
CONFIG_PATH = HOME + "/.kube/config"


@dataclass(frozen=True, slots=True)
class Context:
    """What one context resolves to."""

    name: str
    cluster: str
    user: str
    namespace: str
    server: str


class Kubeconfig:
    """The file of one workstation."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._text: str | None = None
        self._parsed: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        """The parsed file; an absent file is an empty one."""
        try:
            text = self._home.read(CONFIG_PATH)
        except FileError:
            text = ""
        if text != self._text:
            self._parsed = _parse(text)
            self._text = text
        return self._parsed

    def write(self, document: dict[str, Any]) -> None:
        if not self._home.is_directory(HOME + "/.kube"):
            self._home.make_directory(HOME + "/.kube")
        self._home.write(CONFIG_PATH, to_yaml(document))

    def current_name(self) -> str:
        return str(self.document().get("current-context") or "")

    def entries(self, section: str) -> list[dict[str, Any]]:
        found = self.document().get(section) or []
        return [entry for entry in found if isinstance(entry, dict)]

    def entry(self, section: str, name: str) -> dict[str, Any] | None:
        """The body of a named entry: section `contexts` holds `{"name", "context"}`."""
        for entry in self.entries(section):
            if entry.get("name") == name:
                body = entry.get(section.removesuffix("s"))
                return body if isinstance(body, dict) else {}
        return None

    def context(self, name: str = "") -> Context:
        """The context a command uses; without any, kubectl's own default server."""
        wanted = name or self.current_name()
        body = self.entry("contexts", wanted)
        if body is None:
            if name:
                raise CommandError(f'context "{name}" does not exist')
            return Context("", "", "", "default", "http://localhost:8080")
        cluster = self.entry("clusters", body.get("cluster", "")) or {}
        return Context(
            wanted,
            body.get("cluster", ""),
            body.get("user", ""),
            body.get("namespace") or "default",
            cluster.get("server") or "http://localhost:8080",
        )


def kind_document(cluster: str, server: str) -> dict[str, Any]:
    """The kubeconfig that `kind create cluster --name <cluster>` leaves behind, keys shortened to a note."""
    name = f"kind-{cluster}"
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"certificate-authority-data": OMITTED, "server": server}, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": name}, "name": name}],
        "current-context": name,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": name, "user": {"client-certificate-data": OMITTED, "client-key-data": OMITTED}}],
    }


def _parse(text: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        document = "unreadable"
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise CommandError(
            f'error loading config file "{CONFIG_PATH}": it is not a kubeconfig (YAML with kind: Config)'
        )
    return document
