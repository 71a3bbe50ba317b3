"""One invocation of kubectl: what it was asked, what it may use, and what it has said so far.

Promises: a verb sees only a `Call`. It writes with `out` and `err`, refuses by raising `CommandError`, and leaves
behind a follow token when the real command would go on.

Leaves to others: parsing (`cli.py`) and turning the outcome into a shell result (`kubectl_command.py`).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from simulator.kubectl.api_client import ApiClient, ApiServer
from simulator.kubectl.cli import Arguments
from simulator.kubectl.errors import CommandError, Unreachable, UsageError
from simulator.kubectl.home import FileError, Home
from simulator.kubectl.kubeconfig import OMITTED, Context, Kubeconfig
from simulator.kubectl.request_log import RequestLog
from simulator.network.traces import Trace

if TYPE_CHECKING:
    from simulator.kubectl.acting import Acted
    from simulator.kubectl.jobs import Jobs

Token = dict[str, Any]


class ExecRefused(Exception):
    """The container runtime could not start the command; the text is the runtime's."""


class ExecInContainer(Protocol):
    """Runs a command inside a container and gives `(stdout, stderr, exit)`. Raises `ExecRefused`."""

    def __call__(
        self, namespace: str, pod: str, container: str, command: list[str], stdin: str
    ) -> tuple[str, str, int]: ...


class OpenShell(Protocol):
    """Opens an interactive shell in a container and gives its `id` and `prompt`. Raises `ExecRefused`."""

    def __call__(self, namespace: str, pod: str, container: str, command: list[str]) -> dict[str, str]: ...


class AttachShell(Protocol):
    """As `OpenShell`, to the shell that a container itself runs; None when it runs none."""

    def __call__(self, namespace: str, pod: str, container: str, *, remove: bool) -> dict[str, str] | None: ...


class Forward(Protocol):
    """One request to a port inside the pod of that uid: `{"status", "body", "refused"}`."""

    def __call__(self, namespace: str, pod: str, port: int, path: str, *, uid: str) -> dict[str, Any]: ...


class Spawn(Protocol):
    """Runs a command of the workstation's shell to its end: `(stdout, stderr, exit)`."""

    def __call__(self, words: list[str]) -> tuple[str, str, int]: ...


class Fetch(Protocol):
    """One request from outside into a cluster's network."""

    def __call__(self, host: str, port: int, path: str) -> Trace: ...


@dataclass(frozen=True, slots=True)
class End:
    """What answers at an address: the API server of one cluster, and its containers."""

    name: str
    """The cluster's."""
    server: ApiServer
    note: str = OMITTED
    """What stands in kubeconfigs for the keys of its administrator."""
    exec_in_container: ExecInContainer | None = None
    open_shell: OpenShell | None = None
    attach_shell: AttachShell | None = None
    forward: Forward | None = None
    fetch: Fetch | None = None


class Reach(Protocol):
    """The way from the workstation to clusters."""

    def first(self) -> End:
        """The cluster that the workstation was made for."""

    def end(self, address: str) -> End | None:
        """Who listens at `https://host:port`; None: nobody."""


@dataclass(slots=True)
class Session:
    """What every command of one workstation shares."""

    reach: Reach
    home: Home
    config: Kubeconfig
    environment: dict[str, str]
    clock: Callable[[], int]
    """Microseconds since 1970, in simulated time."""
    home_server: str = ""
    """The address of the cluster that the workstation was made for."""
    is_terminal: bool = False
    """Somebody types at a terminal, so a session may be opened."""
    jobs: Jobs | None = None
    """What goes on here; None where a command is a process of its own."""
    spawn: Spawn | None = None
    """What runs an editor; None where there is no shell."""


class Call:
    def __init__(self, session: Session, *, path: str, arguments: Arguments, stdin: str) -> None:
        self.session = session
        self.path = path
        """The command as typed in full: `kubectl rollout status`."""
        self.arguments = arguments
        self.words: list[str] = []
        """What was typed behind `kubectl`."""
        self.stdin = stdin
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.exit_code = 0
        self.follow: Token | None = None
        self.process: Acted | None = None
        """What goes on and acts while time passes."""
        self.open_path: str | None = None
        self.help_text: Callable[[], str] = str
        """The help of the command."""
        self.opened: dict[str, str] | None = None
        """An interactive shell that takes the lines from now on."""
        self.unread: list[CommandError] = []
        """Why objects of files could not be read, while the others go their way."""
        self._api: ApiClient | None = None
        self._config: Kubeconfig | None = None
        self._context: Context | None = None

    # Saying

    def out(self, text: str) -> None:
        self.stdout.append(text)

    def err(self, text: str) -> None:
        self.stderr.append(text)

    def warn_once(self, text: str) -> None:
        """A warning of the client's own, however often there is a reason for it."""
        line = f"Warning: {text}\n"
        if line not in self.stderr:
            self.stderr.append(line)

    def show_help(self) -> None:
        """The help of the command, as one shows that was used wrongly."""
        self.out(self.help_text())

    def goes_on(self, acted: Acted) -> None:
        """Says what the first moment of a process brought, and leaves the rest of it behind."""
        for descriptor, text in acted.said:
            (self.out if descriptor == 1 else self.err)(text)
        self.exit_code = acted.exit
        if not acted.done:
            token = {**acted.token, "server": self.server, "identity": self._identity()}
            self.process = replace(acted, token=token, said=[])

    def take_unread(self) -> list[CommandError]:
        """What of the files could not be read, for a command that tells it itself."""
        taken, self.unread = self.unread, []
        return taken

    # Asked

    @property
    def rest(self) -> list[str]:
        return self.arguments.rest

    def text(self, flag: str) -> str:
        return str(self.arguments.values[flag])

    def on(self, flag: str) -> bool:
        return bool(self.arguments.values.get(flag))

    def number(self, flag: str) -> int:
        return int(self.arguments.values[flag])

    def many(self, flag: str) -> tuple[str, ...]:
        return tuple(self.arguments.values.get(flag) or ())

    @property
    def names_files(self) -> bool:
        """Whether the objects come from `-f` or `-k`."""
        return bool(self.arguments.values.get("filename") or self.arguments.values.get("kustomize"))

    def given(self, flag: str) -> bool:
        return flag in self.arguments.given

    def wrong_usage(self, text: str) -> UsageError:
        return UsageError(text, self.path)

    def one_name(self) -> str:
        """The single positional NAME of the `create` commands."""
        names = self.rest if self.arguments.dash < 0 else self.rest[: self.arguments.dash]
        if len(names) != 1:
            raise self.wrong_usage(f"exactly one NAME is required, got {len(names)}")
        return names[0]

    # Surroundings

    @property
    def now_us(self) -> int:
        return self.session.clock()

    @property
    def config(self) -> Kubeconfig:
        """The kubeconfig of this command: that of `--kubeconfig`, or the workstation's."""
        if self._config is None:
            self._config = self.session.config.at(self.text("kubeconfig"))
        return self._config

    @property
    def context(self) -> Context:
        """Raises CommandError when there is no such context, or no such file."""
        if self._context is None:
            self.config.require()
            self._context = _overridden(self.config, *map(self._global, ("context", "cluster", "user")))
        return self._context

    def goes_on_in(self, context: Context) -> None:
        """A command that waited acts where it began, whatever the kubeconfig has become."""
        self._context = context

    def _global(self, flag: str) -> str:
        """`create rolebinding` and others have a `--user` of their own, a list."""
        value = self.arguments.values.get(flag)
        return value if isinstance(value, str) else ""

    @property
    def server(self) -> str:
        """The address that is spoken to."""
        return self.text("server") or self.context.server

    @property
    def end(self) -> End:
        """Who answers there. Raises Unreachable."""
        found = self.session.reach.end(self.server)
        if found is None:
            raise Unreachable(_host(self.server))
        return found

    @property
    def namespace(self) -> str:
        return self.text("namespace") or self.context.namespace

    @property
    def namespace_is_enforced(self) -> bool:
        """Whether objects in files must lie in this namespace."""
        return self.given("namespace")

    @property
    def api(self) -> ApiClient:
        if self._api is None:
            server = self.server
            _check_timeout(self.text("request-timeout"))
            self._api = ApiClient(
                self.session.reach.end(server),
                known=self.session.reach.first().server.kinds,
                host=_host(server),
                command=self.path,
                identity=self._identity(),
                is_logged=True,
                log=self._request_log(server),
                certificate=self._certificate(),
                with_ownership=self._shows_ownership,
            )
        return self._api

    @property
    def _shows_ownership(self) -> bool:
        """Whether managedFields may be seen: templates are given whole objects."""
        template = str(self.arguments.values.get("output") or "").partition("=")[0]
        asked = any(map(self.on, ("show-managed-fields", "server-side", "save-config")))
        return asked or template.startswith(("jsonpath", "go-template", "template", "strict-go-template"))

    @property
    def speaker(self) -> dict[str, Any]:
        """For whom a command that goes on will ask: the parts of a token that say so."""
        parts = {"identity": self._identity(), "certificate": self._certificate()}
        return {name: part for name, part in parts.items() if part}

    def _identity(self) -> dict[str, str]:
        """Headers for whom the command acts: the flags' word first, then that of the kubeconfig's user."""
        user = self.config.entry("users", self.context.user) or {}
        token = self.text("token") or user.get("token") or ""
        name = self.text("as") or user.get("as") or ""
        groups = self.many("as-group") or tuple(user.get("as-groups") or ())
        if (groups or self.text("as-uid")) and not name:
            raise CommandError(
                f"requesting uid, groups or user-extra for {self.context.user} without impersonating a user"
            )
        headers = {
            "authorization": f"Bearer {token}" if token else "",
            "impersonate-user": str(name),
            "impersonate-group": ",".join(groups),
            "impersonate-uid": self.text("as-uid"),
        }
        return {key: value for key, value in headers.items() if value}

    def _request_log(self, server: str) -> RequestLog | None:
        level = self.text("v")
        if not level.isdecimal() or int(level) < 6:
            return None
        return RequestLog(int(level), server.rstrip("/"), self.session.clock, self.err)

    def _certificate(self) -> str:
        """The client certificate of the flags or of the kubeconfig's user; that of the first kubeconfig is not shown."""
        user = self.config.entry("users", self.context.user) or {}
        path = self.text("client-certificate") or user.get("client-certificate") or ""
        data = user.get("client-certificate-data") or ""
        if path:
            try:
                return self.session.home.read(path)
            except FileError as error:
                says = f"unable to read client-cert {path} for {self.context.user} due to open {path}: {str(error).lower()}"
                raise CommandError(f"error loading config file: {says}") from error
        if data.startswith(OMITTED):
            end = self.session.reach.end(self.server)
            return "" if end is None or data == end.note else data
        try:
            return b64decode(data).decode()
        except ValueError as error:
            raise CommandError("tls: failed to find any PEM data in certificate input") from error

    def close(self) -> None:
        """Print the server's warnings, as the client library does while it works."""
        if self._api is None or not self._api.warnings:
            return
        self.stderr[:0] = [f"Warning: {text}\n" for text in dict.fromkeys(self._api.warnings)]
        if self.on("warnings-as-errors"):
            count = len(self._api.warnings)
            raise CommandError(f"{count} warning{'s' if count > 1 else ''} received")


_TIMEOUT = re.compile(r"\d+(s|m|h)?")


def _check_timeout(text: str) -> None:
    """Requests here take no time that could run out; what is no time is refused all the same."""
    if not _TIMEOUT.fullmatch(text):
        raise CommandError(
            "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding "
            "time unit (e.g. 1s | 2m | 3h)"
        )


def _host(server: str) -> str:
    return server.partition("://")[2].rstrip("/") or server


def _overridden(config: Kubeconfig, name: str, cluster: str, user: str) -> Context:
    """The context a command works in: `--cluster` and `--user` stand above what the context says."""
    found = config.context(name)
    if cluster:
        entry = config.entry("clusters", cluster)
        if entry is None:
            raise CommandError(f'no server found for cluster "{cluster}"')
        found = replace(found, cluster=cluster, server=entry.get("server") or found.server)
    if user:
        if config.entry("users", user) is None:
            raise CommandError(f'auth info "{user}" does not exist')
        found = replace(found, user=user)
    return found
