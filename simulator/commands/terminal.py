"""The learner's terminal: lines of the shell, lines for a shell in a container, what is followed, the keys Ctrl-C, Ctrl-Z and Tab."""

from simulator.commands.fields import MAX_LINE, MAX_TEXT, BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots
from simulator.kubectl.completion import complete


class Terminal:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def shell(self, command: Command) -> Reply:
        line, stdin = text_of(command, "line", MAX_LINE), text_of(command, "stdin", MAX_TEXT, default="")
        terminal = command.get("terminal") is True
        result = self._roots.rooted(line, lambda: self._parts.workstation.run(line, stdin, terminal=terminal))
        reply: Reply = {"stdout": result.stdout, "stderr": result.stderr, "exit": result.exit}
        for name in ("follow", "open", "session"):
            if (value := getattr(result, name)) is not None:
                reply[name] = value
        if result.clear:
            reply["clear"] = True
        if result.background:
            reply["background"] = result.background
        return reply

    def signal(self, command: Command) -> Reply:
        """Ctrl-C or Ctrl-Z for a followed command."""
        name, token = text_of(command, "signal"), command.get("token")
        if name not in ("INT", "TSTP"):
            raise BadCommand("signal", repr(name), "INT or TSTP")
        if not isinstance(token, dict):
            raise BadCommand("token", token, "the token that a shell reply carried as `follow`")
        line = text_of(command, "line", MAX_LINE, default="")
        result = self._parts.workstation.signal(name, token, line)
        return {"stdout": result.stdout, **({"background": result.background} if result.background else {})}

    def session(self, command: Command) -> Reply:
        """A line for a shell that is open in a container."""
        name, line = text_of(command, "id", 20), text_of(command, "line", MAX_LINE)
        return self._roots.rooted(line, lambda: self._parts.sessions.line(name, line))

    def follow(self, command: Command) -> Reply:
        token = command.get("token")
        if not isinstance(token, dict):
            raise BadCommand("token", token, "the token that a shell reply carried as `follow`")
        return dict(self._parts.workstation.follow(token))

    def complete(self, command: Command) -> Reply:
        line = text_of(command, "line", MAX_LINE)
        at = command.get("at", len(line))
        if not isinstance(at, int):
            raise BadCommand("at", at, "a position in the line")
        return dict(complete(self._parts.workstation, line, max(0, min(at, len(line)))))
