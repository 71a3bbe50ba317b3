"""What a running script reads and writes: descriptors, redirections, pipes, and how a shell complains.

Follows POSIX.1-2017 Shell Command Language, 2.7 and 2.9.2. Promises: whatever is written reaches a file, a buffer or `pending`, in
order. Complaints are those of ash, dash and bash, word for word.
"""

from collections.abc import Sequence

from simulator.workloads.file_tree import DENIED
from simulator.workloads.machine_state import ERR, FILE, NULL, OUT, PIPE, TEE, MachineState, Sink
from simulator.workloads.shell_expansion import fields, one_text
from simulator.workloads.shell_quoting import traced
from simulator.workloads.shell_scripts import Op, Redirect


class Streams(MachineState):
    __slots__ = ()

    def say(self, fd: int, text: str) -> None:
        self.written += len(text)
        self._pour(self.fds.get(fd, [NULL]), text)

    def _pour(self, sink: Sink, text: str) -> None:
        match sink[0]:
            case "out" | "err":
                self.pending.append((1 if sink[0] == OUT else 2, text))
            case "file":
                self.tree.put(sink[1], (self.tree.read(sink[1]) or "") + text)
            case "buffer":
                self.buffers[sink[1]] += text
            case "tee":
                for path in sink[1]:
                    self.tree.put(path, (self.tree.read(path) or "") + text)
                self._pour(sink[2], text)

    def _open(self, redirects: Sequence[Redirect], captured: Sequence[str]) -> bool:
        """Whether all could be opened; says why not."""
        for one in redirects:
            text = one_text(one.word, self, captured)
            if one.mode == "<<":
                self.input = text
            elif one.mode == "dup":
                self.fds[one.fd] = [NULL] if text == "-" else self.fds.get(int(text), [NULL])
            elif one.mode == "<":
                content = "" if text == "/dev/null" else self.tree.read(self.path(text))
                if content is not None and self.tree.is_unreadable(self.path(text)):
                    return self._cannot("open", text, DENIED)
                if content is None:
                    return self._cannot("open", text, "no such file" if self._is_ash() else "No such file or directory")
                self.input = content
            elif not self._open_for_writing(one, text):
                return False
        return True

    def _open_for_writing(self, one: Redirect, text: str) -> bool:
        devices = {"/dev/null": [NULL], "/dev/stdout": self.fds.get(1, [OUT]), "/dev/stderr": self.fds.get(2, [ERR])}
        devices.update(
            {
                "/proc/1/fd/1": [OUT],
                "/proc/1/fd/2": [ERR],
                "/proc/self/fd/1": [OUT],
                "/proc/self/fd/2": [ERR],
                "/dev/fd/1": [OUT],
                "/dev/fd/2": [ERR],
                "/dev/tty": [OUT],
            }
        )
        if text in devices:
            self.fds[one.fd] = devices[text]
            return True
        path = self.path(text)
        kept = self.tree.read(path) if one.mode == ">>" else ""
        problem = self.tree.write(path, kept or "")
        if problem:
            if problem == "No such file or directory" and self.dialect != "bash":
                problem = "nonexistent directory" if self._is_ash() else "Directory nonexistent"
            return self._cannot("create", text, problem)
        self.fds[one.fd] = [FILE, path]
        return True

    def _cannot(self, verb: str, path: str, why: str) -> bool:
        if self.name.rsplit("/", 1)[-1] == "bash":
            self.say(2, f"{self._prefix()}{path}: {why}\n")
        else:
            self.say(
                2,
                f"{self._prefix()}can't {verb} {path}: {why}\n"
                if self._is_ash()
                else f"{self._prefix()}cannot {verb} {path}: {why}\n",
            )
        self.status = 2 if self.dialect == "dash" else 1
        return False

    def _is_ash(self) -> bool:
        return self.image.shell == "busybox"

    def _prefix(self) -> str:
        """How a shell begins a complaint: ash by its name, dash and bash with the line."""
        shell = self.name.rsplit("/", 1)[-1]
        if self._is_ash():
            return f"{shell if not self.name.startswith('/') else self.name}: "
        if self.interactive:
            return f"{shell}: " if shell == "bash" else f"{shell}: 1: "
        return f"{shell}: line 1: " if shell == "bash" else f"{shell}: 1: "

    def not_permitted(self, program: str) -> None:
        self.say(2, f"{self._prefix()}{program}: {DENIED}\n")
        self.status = 126

    def complain(self, text: str) -> None:
        """In the shell's own name."""
        self.say(2, f"{self._prefix()}{text}\n")

    def trace(self, assigned: Sequence[tuple[str, str]], argv: Sequence[str], sink: Sink) -> None:
        """`-x` (`PS4` is `+ `): what is about to run, on what was the standard error before its own redirections."""
        quote = traced[self.dialect]
        pairs = [f"{name}={quote(value)}" for name, value in assigned]
        words = [quote(word) for word in argv]
        lines = [*([pair] for pair in pairs), words] if self.dialect == "bash" else [[*pairs, *words]]
        text = "".join(f"+ {' '.join(line)}\n" for line in lines if line)
        self.written += len(text)
        self._pour(sink, text)

    def not_found(self, program: str) -> None:
        bash = self.dialect == "bash"
        said = ("No such file or directory" if "/" in program else "command not found") if bash else "not found"
        self.say(2, f"{self._prefix()}{program}: {said}\n")
        self.status = 127

    # A stage of a pipeline: while it runs, `buffers[-1]` collects its output; the last stage writes where the whole pipeline does.

    def _buffer(self) -> None:
        self.buffers.append("")
        self.fds[1] = [PIPE, len(self.buffers) - 1]

    def _to_next(self, op: Op) -> None:
        if op.kind.startswith("tee"):
            words = [text for word in op.words for text in fields(word, self)]
            paths = [self.path(text) for text in words if not text.startswith("-")]
            for path in paths:
                if "-a" not in words and path != "/dev/null":
                    self.tree.write(path, "")
            self.fds[1] = [TEE, paths, self.fds[1]]
        else:
            self._buffer()
