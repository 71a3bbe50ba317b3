"""What one invocation of `kind` may use, and the seam to what makes clusters (`KindProvider`).

Promises: kind's log is standard error and silent with `-q`; what it prints is standard output. The name of a cluster comes from the flag, else
from `$KIND_CLUSTER_NAME`, else it is `kind` (`cli.OverrideDefaultName`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.kubectl.cli import Arguments
from simulator.kubectl.home import FileError
from simulator.kubectl.kubeconfig import Kubeconfig
from simulator.kubectl.small_command import Outcome, Surface
from simulator.machinery.go_text import quoted

DEFAULT_NAME = "kind"


class KindRefused(Exception):
    """What was asked cannot be done; the text is what comes after `ERROR: `."""


@dataclass(frozen=True, slots=True)
class Made:
    """A cluster that has just been made."""

    name: str
    machines: tuple[str, ...]
    control_planes: int
    has_network: bool
    """Whether kind installs its own network plugin."""
    server: str
    number: int


class KindProvider(Protocol):
    """What stands in for the container engine: clusters by name."""

    def names(self) -> list[str]:
        """Clusters that kind knows of, sorted."""

    def machines(self, name: str) -> list[str]:
        """Names of the node containers; none for a cluster that is not there."""

    def create(self, config: dict[str, Any]) -> Made:
        """Raises KindRefused."""

    def delete(self, name: str) -> list[str]:
        """The machines that went. Raises KindRefused."""

    def document(self, name: str, *, internal: bool = False) -> dict[str, Any] | None:
        """The cluster's kubeconfig; None when there is no such cluster."""

    def load_image(self, name: str, image: str, machines: Sequence[str]) -> None:
        """Puts an image of the workstation on machines."""

    def has_image(self, name: str, image: str, machine: str) -> bool: ...

    def image_id(self, image: str) -> str | None:
        """Of an image that lies on the workstation; None: there is none."""


class Run:
    """One invocation. kind's log is standard error; what it prints is standard output."""

    def __init__(self, surface: Surface, kinds: KindProvider, arguments: Arguments, stdin: str) -> None:
        self.surface = surface
        self.kinds = kinds
        self.arguments = arguments
        self.stdin = stdin
        self.outcome = Outcome()

    def text(self, flag: str) -> str:
        return str(self.arguments.values[flag])

    def on(self, flag: str) -> bool:
        return bool(self.arguments.values.get(flag))

    def log(self, text: str) -> None:
        if not self.on("quiet"):
            self.outcome.stderr += f"{text}\n"

    def out(self, text: str) -> None:
        self.outcome.stdout += f"{text}\n"

    def step(self, text: str) -> None:
        """A terminal shows the spinner's last state only."""
        if not self.surface.is_terminal:
            self.log(f" • {text}  ...")
        self.log(f" ✓ {text}")

    @property
    def name(self) -> str:
        """`cli.OverrideDefaultName`: the flag, the environment, the default."""
        if "name" in self.arguments.given:
            return self.text("name")
        return self.surface.environment.get("KIND_CLUSTER_NAME") or self.text("name")

    @property
    def config(self) -> Kubeconfig:
        assert self.surface.config is not None
        return self.surface.config.at(self.text("kubeconfig"))

    def no_arguments(self, path: str) -> None:
        if self.arguments.rest:
            raise KindRefused(f"unknown command {quoted(self.arguments.rest[0])} for {quoted(path)}")


def merge(run: Run, document: dict[str, Any]) -> None:
    """`kubeconfig.WriteMerged`: entries of these names are replaced, and the context is used from now on."""
    try:
        run.config.write(merged(run.config.document(), document))
    except FileError as error:
        raise KindRefused(f"failed to write kubeconfig: {error}") from error


def merged(before: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    document = {"apiVersion": "v1", "kind": "Config", **before}
    for section in ("clusters", "contexts", "users"):
        entries = {entry["name"]: entry for entry in new[section]}
        kept = [entry for entry in before.get(section) or () if entry.get("name") not in entries]
        document[section] = sorted([*kept, *entries.values()], key=lambda entry: str(entry.get("name")))
    document["current-context"] = new["current-context"]
    return document
