"""The kubeconfig: which cluster, which user and which namespace a command means.

The files are the truth, as in life: a learner may read and edit them. `--kubeconfig` names one; else `$KUBECONFIG` names one or several,
which are merged (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files);
else it is `~/.kube/config`. Parsing is remembered by their texts.

Promises: unknown fields survive a change; a changed entry goes to the file it came from, a new one to the first that exists; a broken file is
a clear error naming it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import HOME, FileError, Home
from simulator.kubectl.kubeconfig_form import canonical
from simulator.kubectl.kubeconfig_text import kubeconfig_of
from simulator.kubectl.yaml_text import to_yaml

#: What stands for the credentials of the first kubeconfig.
OMITTED = "DATA+OMITTED"
CONFIG_PATH = HOME + "/.kube/config"
_SECTIONS = ("clusters", "contexts", "users")


@dataclass(frozen=True, slots=True)
class Context:
    """What one context resolves to."""

    name: str
    cluster: str
    user: str
    namespace: str
    server: str


class Kubeconfig:
    """The files of one workstation. `explicit` is what `--kubeconfig` says."""

    def __init__(self, home: Home, environment: Mapping[str, str] | None = None, *, explicit: str = "") -> None:
        self._home = home
        self._environment = environment if environment is not None else {}
        self._explicit = explicit
        self._texts: list[tuple[str, str]] | None = None
        self._parsed: dict[str, Any] = {}

    def at(self, path: str) -> Kubeconfig:
        """The same for a command with that `--kubeconfig`."""
        return Kubeconfig(self._home, self._environment, explicit=path) if path else self

    def files(self) -> list[str]:
        """In the order in which they count (`clientcmd.PathOptions.GetLoadingPrecedence`)."""
        if self._explicit:
            return [self._explicit]
        named = [path for path in self._environment.get("KUBECONFIG", "").split(":") if path]
        return list(dict.fromkeys(named)) or [CONFIG_PATH]

    @property
    def default_file(self) -> str:
        """Where new entries go (`clientcmd.PathOptions.GetDefaultFilename`)."""
        files = self.files()
        return next((path for path in files if self._home.is_file(path)), files[-1])

    def document(self) -> dict[str, Any]:
        """All files merged: what the first of them says counts; an absent file is an empty one."""
        texts = [(path, self._text(path)) for path in self.files()]
        if texts != self._texts:
            self._parsed = _merged([kubeconfig_of(text, path) for path, text in texts])
            self._texts = texts
        return self._parsed

    def require(self) -> None:
        """Raises CommandError when the file of `--kubeconfig` is not there."""
        if self._explicit and not self._home.is_file(self._explicit):
            raise CommandError(f"stat {self._explicit}: no such file or directory")

    def write(self, document: dict[str, Any]) -> None:
        """Raises FileError."""
        files = self.files()
        if len(files) == 1:
            self._put(files[0], document)
            return
        parts = {path: kubeconfig_of(self._text(path), path) for path in files}
        for path, part in _distributed(parts, document, self.default_file).items():
            if part != parts[path]:
                self._put(path, part)

    def _text(self, path: str) -> str:
        try:
            return self._home.read(path)
        except FileError:
            return ""

    def put(self, text: str) -> None:
        """Makes this the text of the first file. Raises FileError."""
        self._put_text(self.files()[0], text)

    def _put(self, path: str, document: dict[str, Any]) -> None:
        self._put_text(path, to_yaml(_sorted(canonical(document))))

    def _put_text(self, path: str, text: str) -> None:
        folder = posixpath.dirname(self._home.absolute(path))
        if not self._home.is_directory(folder):
            self._home.make_directory(folder)
        self._home.write(path, text)

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
            if wanted:
                raise CommandError(
                    f"Error in configuration: context was not found for specified context: {wanted}", prefixed=False
                )
            return Context("", "", "", "default", "http://localhost:8080")
        cluster = self.entry("clusters", body.get("cluster", "")) or {}
        return Context(
            wanted,
            body.get("cluster", ""),
            body.get("user", ""),
            body.get("namespace") or "default",
            cluster.get("server") or "http://localhost:8080",
        )


def kind_document(cluster: str, server: str, *, note: str = OMITTED) -> dict[str, Any]:
    """The kubeconfig that `kind create cluster --name <cluster>` leaves behind, keys shortened to a note."""
    name = f"kind-{cluster}"
    return {
        "apiVersion": "v1",
        "clusters": [{"cluster": {"certificate-authority-data": note, "server": server}, "name": name}],
        "contexts": [{"context": {"cluster": name, "user": name}, "name": name}],
        "current-context": name,
        "kind": "Config",
        "preferences": {},
        "users": [{"name": name, "user": {"client-certificate-data": note, "client-key-data": note}}],
    }


@lru_cache(maxsize=16)
def kind_text(cluster: str, server: str) -> str:
    """`kind_document` as it lies in the file of a new workstation."""
    return to_yaml(_sorted(canonical(kind_document(cluster, server))))


def omitted_of(number: int) -> str:
    """The note in the place of the keys of a cluster that was made beside the first one: they open that one only."""
    return OMITTED if number == 1 else f"{OMITTED}.{number}"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


def _merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(parts) == 1:
        return parts[0]
    found: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if key in _SECTIONS:
                known = {entry.get("name") for entry in found.get(key) or ()}
                new = [entry for entry in value or () if isinstance(entry, dict) and entry.get("name") not in known]
                found[key] = sorted([*(found.get(key) or ()), *new], key=lambda entry: str(entry.get("name")))
            elif not found.get(key):
                found[key] = value
    return found


def _distributed(
    parts: dict[str, dict[str, Any]], document: dict[str, Any], default_file: str
) -> dict[str, dict[str, Any]]:
    """Each entry of the merged document in the file that it belongs to (`clientcmd.ModifyConfig`)."""
    changed = {path: dict(part) for path, part in parts.items()}
    for section in _SECTIONS:
        wanted = {entry.get("name"): entry for entry in document.get(section) or ()}
        for part in changed.values():
            if part.get(section):
                part[section] = [wanted.pop(one["name"]) for one in part[section] if one.get("name") in wanted]
        if wanted:
            kept = changed[default_file].get(section) or []
            changed[default_file][section] = sorted([*kept, *wanted.values()], key=lambda one: str(one.get("name")))
    holder = next((path for path, part in parts.items() if part.get("current-context")), default_file)
    changed[holder]["current-context"] = document.get("current-context", "")
    if not parts[default_file] and changed[default_file]:
        changed[default_file] = {"apiVersion": "v1", "kind": "Config", **changed[default_file]}
    return changed
