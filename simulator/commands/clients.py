"""What clients of the API ask through a door of their own: requests, `exec` and `port-forward`, and which clusters there are."""

from simulator.apiserver.errors import ApiUnavailable
from simulator.apiserver.paths import is_passed_on
from simulator.apiserver.request import Request
from simulator.commands.fields import MAX_LINE, MAX_TEXT, BadCommand, Command, Reply, strings_of, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots
from simulator.port_forward import forward
from simulator.remote_commands import execute


class Clients:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def clusters(self, command: Command) -> Reply:
        """The clusters of the lab, its own one first."""
        every = self._parts.together
        return {"clusters": [{"name": one.config.name, "nodes": len(one.kubelets.nodes())} for one in every]}

    def request(self, command: Command) -> Reply:
        method, path = text_of(command, "method", 10), text_of(command, "path", 4_000)
        request = Request(
            method=method.upper(),
            path=path,
            query=strings_of(command.get("query") or {}, "query"),
            headers={key.lower(): value for key, value in strings_of(command.get("headers") or {}, "headers").items()},
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
        return call() if is_read else self._roots.rooted(f"{method} {path}", call, always=passed_on)

    def exec(self, command: Command) -> Reply:
        """One command in a container, or a shell that takes lines (`session`)."""
        namespace, name = text_of(command, "namespace", 253), text_of(command, "pod", 253)
        container, stdin = (
            text_of(command, "container", 253, default=""),
            text_of(command, "stdin", MAX_TEXT, default=""),
        )
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
        return self._roots.rooted(note, lambda: execute(self._parts, pod, container, argv, stdin, as_shell=as_shell))

    def port_forward(self, command: Command) -> Reply:
        namespace, pod, path = (
            text_of(command, "namespace", 253),
            text_of(command, "pod", 253),
            text_of(command, "path", 4_000),
        )
        port = command.get("port")
        if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65_536:
            raise BadCommand("port", port, "a port number")
        parts = self._parts
        note = f"port-forward to {pod}:{port}"
        return self._roots.rooted(
            note, lambda: forward(parts.registry, parts.datapath, namespace, pod, port, path), always=True
        )
