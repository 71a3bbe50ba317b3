"""The commands a host may give to a cluster, and their replies: plain JSON both ways.

`docs/architecture.md` section 1.6 is the list. A command that can change something is a root of the trail, so that
everything that follows from it can be traced back to the person who typed it. Bad input is answered, never raised.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from simulator.addons.secrets_store.vault import Vault
from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.apiserver.paths import is_passed_on
from simulator.apiserver.registry import Registry
from simulator.apiserver.request import Request
from simulator.apiserver.server import Server
from simulator.apiserver.storage_browser import StorageBrowser
from simulator.checks import CheckError, evaluate
from simulator.cloud.cloud import Cloud
from simulator.cluster_autoscaler.controller import ClusterAutoscaler
from simulator.config import ClusterConfig
from simulator.config_checks import ConfigError
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.explain import because, field_causes
from simulator.faults import FaultError, Faults
from simulator.host_files import HostFiles
from simulator.inspector import find, inspect
from simulator.kubectl.completion import complete
from simulator.kubectl.docker_command import HostRefused
from simulator.kubectl.home import FileError
from simulator.kubectl.workstation import Workstation
from simulator.loops.debugger import Debugger, DebuggerError
from simulator.machinery import schemas
from simulator.machinery.custom.published import schema_of
from simulator.machinery.differences import value_at
from simulator.narrator import Narrator
from simulator.network.datapath import Datapath
from simulator.network.faults import Unfit
from simulator.network.questions import Questions
from simulator.node.container_exec import Execution
from simulator.node.kubelets import Kubelets
from simulator.node.pod_cgroups import cgroups
from simulator.picture import Picture
from simulator.port_forward import forward
from simulator.remedies.search import Remedies, RemedyError
from simulator.remote_commands import execute
from simulator.scheduler.scheduler import Scheduler
from simulator.sessions import ContainerSessions
from simulator.yard import Yard

Reply = dict[str, Any]
T = TypeVar("T")
#: A line longer than this is refused; manifests travel as stdin or files.
MAX_LINE = 64_000
MAX_TEXT = 1_000_000
_NOTE = 200
#: Fields told of one object; the largest pods have some two hundred.
_FIELDS = 600


class BadCommand(Exception):
    def __init__(self, thing: str, found: object, wanted: str) -> None:
        super().__init__(f"{thing}: found {found}, wanted {wanted}")
        self.thing, self.found, self.wanted = thing, str(found), wanted


class Parts(Protocol):
    """What commands need of a cluster."""

    config: ClusterConfig
    engine: Engine
    registry: Registry
    server: Server
    scheduler: Scheduler
    workstation: Workstation
    sessions: ContainerSessions
    faults: Faults
    storage: StorageBrowser
    files: HostFiles
    debugger: Debugger
    narrator: Narrator
    datapath: Datapath
    network_questions: Questions
    cloud: Cloud | None
    kubelets: Kubelets
    autoscaler: ClusterAutoscaler | None
    yard: Yard
    remedies: Remedies
    vault: Vault

    def execute(self, namespace: str, pod: str, container: str, command: list[str], stdin: str) -> Execution: ...

    @property
    def pictures(self) -> Picture: ...

    @property
    def most_nodes(self) -> int:
        """How many machines all clusters of the lab may have; 0 is no limit."""

    @property
    def nodes_together(self) -> int: ...

    @property
    def together(self) -> "Sequence[Parts]":
        """All clusters of the lab: a line of the terminal may reach each of them."""

    @property
    def zero(self) -> int: ...


class Commands:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "shell": self._shell,
            "session": self._session,
            "follow": self._follow,
            "signal": self._signal,
            "complete": self._complete,
            "apply-yaml": self._apply_yaml,
            "diff-yaml": self._diff_yaml,
            "write-file": self._write_file,
            "read-file": self._read_file,
            "list-files": self._list_files,
            "finish-edit": self._finish_edit,
            "clusters": self._clusters,
            "request": self._request,
            "fault": self._fault,
            "loops": self._loops,
            "loop": self._loop,
            "breakpoint": self._breakpoint,
            "look": self._look,
            "remedies": self._remedies,
            "inspect": self._inspect,
            "because": self._because,
            "fields": self._fields,
            "check": self._check,
            "schema": self._schema,
            "request-path": parts.network_questions.request_path,
            "diagnose": parts.network_questions.diagnose,
            "node-rules": parts.network_questions.node_rules,
            "select": parts.network_questions.select,
            "traffic": parts.network_questions.traffic,
            "cloud": self._cloud,
            "join": self._join,
            "cgroups": self._cgroups,
            "exec": self._exec,
            "port-forward": self._port_forward,
            "store-keys": self._store_keys,
            "store-value": self._store_value,
            "store-snapshot": self._store_snapshot,
            "store-wipe": self._store_wipe,
            "store-restore": self._store_restore,
            "write-host-file": self._write_host_file,
            "read-host-file": self._read_host_file,
        }

    def run(self, command: dict[str, Any]) -> Reply:
        parts = self._parts
        before = (parts.engine.trail.ev, *self._standing())
        try:
            handler = self._known.get(_text(command, "kind"))
            if handler is None:
                raise BadCommand("kind", repr(command.get("kind")), f"one of {', '.join(self._known)}")
            reply = handler(command)
        except BadCommand as error:
            reply = _refusal("BadCommand", str(error), error.thing, error.found, error.wanted)
        except Unfit as error:
            code = "BadFault" if command.get("kind") == "fault" else "BadCommand"
            reply = _refusal(code, str(error), error.thing, error.found, error.wanted)
        except FaultError as error:
            reply = _refusal("BadFault", str(error), error.thing, error.found, error.wanted)
        except DebuggerError as error:
            reply = _refusal("BadBreakpoint", str(error), error.thing, error.found, error.wanted)
        except RemedyError as error:
            reply = _refusal("BadCommand", str(error), error.thing, error.found, error.wanted)
        except CheckError as error:
            reply = _refusal("BadCheck", str(error), error.thing, error.found, error.wanted)
        finally:
            parts.engine.cause = 0
        after = (parts.engine.trail.ev, *self._standing())
        return {**reply, "changed": before != after}

    # The shell

    def _shell(self, command: dict[str, Any]) -> Reply:
        line, stdin = _text(command, "line", MAX_LINE), _text(command, "stdin", MAX_TEXT, default="")
        terminal = command.get("terminal") is True
        result = self._rooted(line, lambda: self._parts.workstation.run(line, stdin, terminal=terminal))
        reply: Reply = {"stdout": result.stdout, "stderr": result.stderr, "exit": result.exit}
        for name in ("follow", "open", "session"):
            if (value := getattr(result, name)) is not None:
                reply[name] = value
        if result.clear:
            reply["clear"] = True
        if result.background:
            reply["background"] = result.background
        return reply

    def _signal(self, command: dict[str, Any]) -> Reply:
        """Ctrl-C or Ctrl-Z for a followed command."""
        name, token = _text(command, "signal"), command.get("token")
        if name not in ("INT", "TSTP"):
            raise BadCommand("signal", repr(name), "INT or TSTP")
        if not isinstance(token, dict):
            raise BadCommand("token", token, "the token that a shell reply carried as `follow`")
        line = _text(command, "line", MAX_LINE, default="")
        result = self._parts.workstation.signal(name, token, line)
        return {"stdout": result.stdout, **({"background": result.background} if result.background else {})}

    def _session(self, command: dict[str, Any]) -> Reply:
        """A line for a shell that is open in a container."""
        name, line = _text(command, "id", 20), _text(command, "line", MAX_LINE)
        return self._rooted(line, lambda: self._parts.sessions.line(name, line))

    def _follow(self, command: dict[str, Any]) -> Reply:
        token = command.get("token")
        if not isinstance(token, dict):
            raise BadCommand("token", token, "the token that a shell reply carried as `follow`")
        return dict(self._parts.workstation.follow(token))

    def _complete(self, command: dict[str, Any]) -> Reply:
        line = _text(command, "line", MAX_LINE)
        at = command.get("at", len(line))
        if not isinstance(at, int):
            raise BadCommand("at", at, "a position in the line")
        return dict(complete(self._parts.workstation, line, max(0, min(at, len(line)))))

    # Manifests and files

    def _apply_yaml(self, command: dict[str, Any]) -> Reply:
        text = _text(command, "text", MAX_TEXT)
        dry_run = bool(command.get("dry_run"))
        return self._rooted("apply from the editor", lambda: self._parts.workstation.apply_text(text, dry_run=dry_run))

    def _diff_yaml(self, command: dict[str, Any]) -> Reply:
        return dict(self._parts.workstation.diff_text(_text(command, "text", MAX_TEXT)))

    def _write_file(self, command: dict[str, Any]) -> Reply:
        path, text = _text(command, "path", 255), _text(command, "text", MAX_TEXT, default="")
        try:
            self._parts.workstation.write_file(path, text)
        except FileError as error:
            raise BadCommand("path", f"{path!r}: {error}", "a file that can be written") from error
        return {"ok": True}

    def _read_file(self, command: dict[str, Any]) -> Reply:
        path = _text(command, "path", 255)
        text = self._parts.workstation.read_file(path)
        if text is None:
            raise BadCommand("path", repr(path), "a file in the home folder")
        edited = {"edit": True} if path in self._parts.workstation.edits() else {}
        return {"text": text, **edited}

    def _list_files(self, command: dict[str, Any]) -> Reply:
        station = self._parts.workstation
        edited = set(station.edits())
        files = [
            {"path": path, "size": size, **({"edit": True} if path in edited else {})} for path, size in station.files()
        ]
        return {"files": files}

    def _finish_edit(self, command: dict[str, Any]) -> Reply:
        """The page's editor closes a file that `kubectl edit` waits for."""
        path, text = _text(command, "path", 255), _text(command, "text", MAX_TEXT, default="")
        station = self._parts.workstation
        try:
            return self._rooted("kubectl edit: the editor is closed", lambda: station.finish_edit(path, text))
        except FileError as error:
            raise BadCommand("text", f"{path!r}: {error}", "a text that can be written") from error

    # The API

    def _clusters(self, command: dict[str, Any]) -> Reply:
        """The clusters of the lab, its own one first."""
        every = self._parts.together
        return {"clusters": [{"name": one.config.name, "nodes": len(one.kubelets.nodes())} for one in every]}

    def _request(self, command: dict[str, Any]) -> Reply:
        method, path = _text(command, "method", 10), _text(command, "path", 4_000)
        request = Request(
            method=method.upper(),
            path=path,
            query=_strings(command.get("query") or {}, "query"),
            headers={key.lower(): value for key, value in _strings(command.get("headers") or {}, "headers").items()},
            body=command.get("body"),
            findings=tuple(str(one) for one in command.get("findings") or ()),
            is_logged=method.upper() not in ("GET", "HEAD"),
        )

        def call() -> Reply:
            try:
                response = self._parts.server.handle(request)
            except ApiUnavailable:
                return {"status": 503, "headers": {}, "body": "the API server cannot be reached", "unreachable": True}
            headers = {**response.headers, "warning": list(response.warnings)}
            return {"status": response.status, "headers": headers, "body": response.body}

        passed_on = is_passed_on(path)
        is_read = request.method in ("GET", "HEAD") and not passed_on
        return call() if is_read else self._rooted(f"{method} {path}", call, always=passed_on)

    # Faults

    def _fault(self, command: dict[str, Any]) -> Reply:
        ev, said = self._parts.faults.inject(_text(command, "fault", 40), _text(command, "target", 300))
        self._parts.pictures.root(ev, "fault", said)
        return {"ok": True, "said": said}

    # The loop debugger

    def _loops(self, command: dict[str, Any]) -> Reply:
        return self._parts.debugger.loops(self._parts.zero)

    def _loop(self, command: dict[str, Any]) -> Reply:
        loop, op = _text(command, "loop"), _text(command, "op")
        if op not in ("on", "off"):
            raise BadCommand("op", repr(op), "on or off")
        said = self._rooted(f"switch {loop} {op}", lambda: self._parts.debugger.switch(loop, op == "on"), always=True)
        return {"ok": True, "said": said}

    def _breakpoint(self, command: dict[str, Any]) -> Reply:
        op, loop = _text(command, "op"), _text(command, "loop", 300, default="")
        debugger, key = self._parts.debugger, _text(command, "key", 600, default="")
        match op:
            case "set":
                where = tuple(_text(command, field, 300, default="") for field in ("resource", "namespace", "name"))
                number, said = self._rooted(
                    f"breakpoint: {loop or 'any loop'}", lambda: debugger.set(loop, *where), always=True
                )
                return {"ok": True, "id": number, "said": said}
            case "clear":
                which = command.get("id")
                if which is not None and not isinstance(which, int):
                    raise BadCommand("id", repr(which)[:60], "the number of a breakpoint")
                said = self._rooted("clear a breakpoint", lambda: debugger.clear(which), always=True)
                return {"ok": True, "said": said}
            case "step":
                said = self._rooted(f"let {loop} go on", lambda: debugger.step(loop, key), always=True)
                return {"ok": True, "said": said}
        raise BadCommand("op", repr(op), "one of set, clear, step")

    def _look(self, command: dict[str, Any]) -> Reply:
        return self._parts.debugger.look(_text(command, "loop", 300), _text(command, "key", 600, default=""))

    def _remedies(self, command: dict[str, Any]) -> Reply:
        """What would let a pending pod run: tried on copies."""
        return self._parts.remedies.of(_text(command, "namespace", 253), _text(command, "name", 253))

    # Questions

    def _inspect(self, command: dict[str, Any]) -> Reply:
        found = inspect(
            self._parts.registry,
            command,
            narrator=self._parts.narrator,
            decide=self._parts.scheduler.decision,
            zero=self._parts.zero,
        )
        if found is None:
            raise BadCommand("object", command.get("uid") or command.get("name"), "an object that exists")
        return found

    def _because(self, command: dict[str, Any]) -> Reply:
        if "path" in command:
            return self._because_of_field(command)
        ev = command.get("ev")
        if isinstance(ev, bool) or not isinstance(ev, int):
            raise BadCommand("ev", ev, "an event number")
        return {"hops": because(self._parts.registry, self._parts.narrator, ev, self._parts.zero)}

    def _because_of_field(self, command: dict[str, Any]) -> Reply:
        parts, path = self._parts, _text(command, "path", 500)
        resource, obj = self._object(command)
        (cause,) = field_causes(parts.registry, resource, obj, [path])
        hops = because(parts.registry, parts.narrator, cause.ev, parts.zero)
        return {"path": path, "value": value_at(obj, path), "exact": cause.exact, "hops": hops}

    def _fields(self, command: dict[str, Any]) -> Reply:
        """Every field of an object with the write that set it."""
        parts, trail = self._parts, self._parts.engine.trail
        resource, obj = self._object(command)
        rows = []
        for cause in field_causes(parts.registry, resource, obj)[:_FIELDS]:
            row = trail.get(cause.ev)
            by, at = (row.actor, row.at - parts.zero) if row else ("", 0)
            rows.append({**cause._asdict(), "value": value_at(obj, cause.path), "by": by, "at": at})
        return {"fields": rows}

    def _object(self, command: dict[str, Any]) -> tuple[str, Obj]:
        found = find(self._parts.registry, command)
        if found is None:
            raise BadCommand("object", command.get("uid") or command.get("name"), "an object that exists")
        return found

    def _check(self, command: dict[str, Any]) -> Reply:
        checks = command.get("checks")
        if not isinstance(checks, list):
            raise BadCommand("checks", checks, "a list of checks")
        return {"results": [evaluate(self._parts.registry, check) for check in checks]}

    def _schema(self, command: dict[str, Any]) -> Reply:
        version, kind = _text(command, "apiVersion", 200), _text(command, "kind_name", 200)
        schema = schemas.trimmed(version, kind)
        if schema is None and (custom := schema_of(self._parts.registry.kinds, version, kind)) is not None:
            schema = schemas.trimmed_node(custom, version, kind)
        if schema is None:
            raise BadCommand("kind_name", f"{kind} in {version}", "a kind that this cluster serves")
        return {"schema": schema}

    # Machines

    def _cloud(self, command: dict[str, Any]) -> Reply:
        cloud = self._parts.cloud
        if cloud is None:
            return {"cloud": None}
        autoscaler, zero = self._parts.autoscaler, self._parts.zero
        return {"cloud": {**cloud.panel(zero), "autoscaler": None if autoscaler is None else autoscaler.panel(zero)}}

    def _cgroups(self, command: dict[str, Any]) -> Reply:
        namespace, name = _text(command, "namespace", 253), _text(command, "name", 253)
        pod = self._parts.registry.store.get("pods", (namespace, name))
        if pod is None:
            raise BadCommand("name", repr(name), f"a pod in {namespace}")
        return {"pod": cgroups(pod, self._parts.kubelets.uses(namespace, name))}

    def _join(self, command: dict[str, Any]) -> Reply:
        yard = self._parts.yard
        try:
            node = yard.described(command.get("node") or {})
        except ConfigError as error:
            raise BadCommand(error.path, error.found, error.wanted) from error
        if (most := self._parts.most_nodes) and self._parts.nodes_together >= most:
            raise BadCommand("node", f"{self._parts.nodes_together} machines in this lab", f"at most {most}")
        self._rooted(f"the machine {node.name} joins", lambda: yard.join(node))
        return {"ok": True, "name": node.name}

    def _exec(self, command: dict[str, Any]) -> Reply:
        """One command in a container, or a shell that takes lines (`session`)."""
        namespace, name = _text(command, "namespace", 253), _text(command, "pod", 253)
        container, stdin = _text(command, "container", 253, default=""), _text(command, "stdin", MAX_TEXT, default="")
        argv = command.get("argv")
        if not isinstance(argv, list) or not argv or not all(isinstance(word, str) for word in argv):
            raise BadCommand("argv", repr(argv)[:100], "a program and its arguments")
        if sum(map(len, argv)) > MAX_LINE:
            raise BadCommand("argv", f"{sum(map(len, argv))} characters", f"at most {MAX_LINE}")
        pod = self._parts.registry.store.get("pods", (namespace, name))
        if pod is None:
            raise BadCommand("pod", repr(name), f"a pod in {namespace}")
        as_shell = command.get("shell") is True
        note = f"exec {name}: {' '.join(argv)}"
        return self._rooted(note, lambda: execute(self._parts, pod, container, argv, stdin, as_shell=as_shell))

    def _port_forward(self, command: dict[str, Any]) -> Reply:
        namespace, pod, path = (
            _text(command, "namespace", 253),
            _text(command, "pod", 253),
            _text(command, "path", 4_000),
        )
        port = command.get("port")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
            raise BadCommand("port", port, "a port number")
        parts = self._parts
        note = f"port-forward to {pod}:{port}"
        return self._rooted(
            note, lambda: forward(parts.registry, parts.datapath, namespace, pod, port, path), always=True
        )

    # The store and the machines

    def _store_keys(self, command: dict[str, Any]) -> Reply:
        return {"keys": self._parts.storage.keys(_text(command, "prefix", 500, default=""))}

    def _store_value(self, command: dict[str, Any]) -> Reply:
        key = _text(command, "key", 500)
        value = self._parts.storage.value(key)
        if value is None:
            raise BadCommand("key", repr(key), "a key that is there")
        return {"text": value.decode(errors="replace"), "base64": b64encode(value).decode()}

    def _store_snapshot(self, command: dict[str, Any]) -> Reply:
        name = _text(command, "name", 200)
        return {"keys": self._rooted(f"etcd snapshot {name}", lambda: self._parts.storage.save(name), always=True)}

    def _store_wipe(self, command: dict[str, Any]) -> Reply:
        return self._stored("etcd is wiped", self._parts.storage.wipe)

    def _store_restore(self, command: dict[str, Any]) -> Reply:
        name = _text(command, "name", 200)
        known = self._parts.storage.names()
        if name not in known:
            raise BadCommand("name", repr(name), f"one of {', '.join(known) or 'no snapshots yet'}")
        return self._stored(f"etcd is restored from {name}", lambda: self._parts.storage.restore(name) or 0)

    def _stored(self, note: str, act: Callable[[], int]) -> Reply:
        """Refused like any write when etcd has no majority."""
        try:
            return {"changes": self._rooted(note, act)}
        except (ApiUnavailable, StatusError) as error:
            raise BadCommand("etcd", str(error) or "no API server", "an etcd that can be written") from error

    def _write_host_file(self, command: dict[str, Any]) -> Reply:
        node, path, text = _text(command, "node", 253), _text(command, "path", 300), _text(command, "text", MAX_TEXT)
        try:
            self._parts.files.write(node, path, text)
        except HostRefused as error:
            raise BadCommand("file", str(error), "a file that the machine can use") from error
        self._rooted(f"{node} gets {path}", lambda: None, always=True)
        return {"ok": True}

    def _read_host_file(self, command: dict[str, Any]) -> Reply:
        node, path = _text(command, "node", 253), _text(command, "path", 300)
        text = self._parts.files.read(node, path)
        if text is None:
            raise BadCommand("path", repr(path), f"a file of {node}")
        return {"text": text}

    # Inside

    def _standing(self) -> tuple[int, ...]:
        """What moves when a command changed something."""
        parts = self._parts
        every = parts.together
        logs = sum(one.registry.audit.version + one.files.version for one in every)
        revisions = sum(one.registry.store.revision for one in every)
        return (len(every), revisions, parts.engine.tickets, parts.workstation.version + parts.vault.version, logs)

    def _rooted(self, note: str, act: Callable[[], T], *, always: bool = False) -> T:
        """Runs `act` as a command of the learner; it leaves a root in the trail only if it changed something (or `always`)."""
        engine = self._parts.engine
        trail = engine.trail
        mark = trail.ev
        engine.cause = ev = engine.record("command", "you", because=0, note=note[:_NOTE])
        before = self._standing()
        try:
            result = act()
        except DebuggerError:
            trail.undo(mark)
            raise
        if not always and trail.ev == ev and self._standing() == before:
            trail.undo(mark)
        else:
            for one in self._parts.together:
                one.pictures.root(ev, "command", note.partition("\n")[0][:_NOTE])
        return result


def unknown_cluster(found: object, known: list[str]) -> Reply:
    """The reply to a command for a cluster that the lab does not have."""
    error = BadCommand("cluster", repr(found)[:60], f"one of {', '.join(known)}")
    return {**_refusal("BadCommand", str(error), error.thing, error.found, error.wanted), "changed": False}


def _refusal(code: str, message: str, thing: str, found: str, wanted: str) -> Reply:
    return {"error": {"code": code, "message": message, "thing": thing, "found": found, "wanted": wanted}}


def _text(command: dict[str, Any], field: str, limit: int = 100, *, default: str | None = None) -> str:
    value = command.get(field, default)
    if not isinstance(value, str):
        raise BadCommand(field, repr(value)[:60], "text")
    if len(value) > limit:
        raise BadCommand(field, f"{len(value):,} characters", f"at most {limit:,}")
    return value


def _strings(given: object, field: str) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(k, str) and isinstance(v, str) for k, v in given.items()):
        raise BadCommand(field, repr(given)[:60], "a mapping of texts")
    return dict(given)
