"""What a running script is inside of: subshells, pipelines, loops, functions, other scripts; and how each is left.

Promises: leaving a frame gives back the descriptors, the input and (of a subshell) the variables that it was entered with. Traps on
EXIT run once, at the end of the script that set them.
"""

from typing import Any

from simulator.workloads.machine_state import ERR, OUT, Frame
from simulator.workloads.machine_streams import Streams
from simulator.workloads.pauses import Pause
from simulator.workloads.shell_scripts import Op, compile_script


class Frames(Streams):
    __slots__ = ()

    def _push(self, kind: str, *, subshell: bool = False, **more: Any) -> None:
        frame: Frame = {
            "kind": kind,
            "fds": [[fd, sink] for fd, sink in self.fds.items()],
            "input": self.input,
            "buffers": len(self.buffers),
            "script": self.script,
            **more,
        }
        if subshell:
            frame.update(env=dict(self.env), hidden=list(self.hidden), directory=self.directory, args=list(self.args))
        self.stack.append(frame)

    def _restore(self, frame: Frame) -> None:
        self.fds = dict(frame["fds"])
        if frame["kind"] in ("redirect", "capture", "pipe", "call"):
            self.input = frame["input"]
        if "env" in frame:
            self.env, self.hidden = dict(frame["env"]), dict.fromkeys(frame["hidden"])
            self.directory, self.args = frame["directory"], list(frame["args"])
        if "options" in frame:
            self.stops_on_error, self.traces, self.strict, self.pipefail = frame["options"]
        self._take_back(frame.get("saved", []))
        del self.buffers[frame["buffers"] :]

    def _take_back(self, saved: list[list[str | None]]) -> None:
        for name, value in saved:
            if value is None:
                self.env.pop(str(name), None)
            else:
                self.env[str(name)] = value

    def _pop(self) -> Frame:
        frame = self.stack.pop()
        if frame["kind"] in ("redirect", "pipe", "capture", "subshell"):
            self._restore(frame)
        return frame

    def _from_previous(self) -> None:
        """The next stage reads what the one before has written, in a shell of its own."""
        frame = self.stack[-1]
        text = self.buffers.pop()
        status = self.status
        if status:
            frame["failed"] = status
        self._restore(frame)
        self.input = text
        self.status = status
        frame["pc"] = self.pc

    def _unwind(self, kind: str) -> None:
        """Leaves what lies inside the nearest frame of a kind, as `break` and `continue` do."""
        while self.stack and self.stack[-1]["kind"] != kind:
            self._pop()

    def _skip_to(self, kind: str) -> None:
        depth = 0
        for place, op in enumerate(compile_script(self.script)[self.pc :], start=self.pc):
            depth += op.kind == "redirect"
            if op.kind == kind:
                if depth == 0:
                    self.pc = place
                    return
                depth -= 1

    def _next_stage(self, start: int) -> int:
        """Where the next command of the pipeline begins that runs from `start`, or where the pipeline ends."""
        depth = 0
        for place, op in enumerate(compile_script(self.script)[start:], start=start):
            if op.kind in ("pipe", "tee"):
                depth += 1
            elif depth == 0 and op.kind in ("pipe_next", "tee_next", "pipe_end"):
                return place
            elif op.kind == "pipe_end":
                depth -= 1
        return start

    def _leave_subshell(self) -> None:
        status = self.status
        while self.stack[-1]["kind"] not in ("capture", "subshell"):
            self._pop()
        frame = self.stack[-1]
        text = self.buffers[frame["buffers"]] if frame["kind"] == "capture" else ""
        self._pop()
        if frame["kind"] == "capture":
            self.values.append([text.rstrip("\n"), frame["status"]])
        self.status = status

    def _captured(self, op: Op) -> list[str]:
        if not op.captures:
            return []
        found = self.values[-op.captures :]
        del self.values[-op.captures :]
        self.last_status, self.status = self.status, found[0][1]
        return [text for text, _ in found]

    def _return(self) -> None:
        while self.stack:
            frame = self.stack.pop()
            if frame["kind"] in ("call", "trap"):
                self.script, self.pc = frame["script"], frame["pc"]
                if frame["kind"] == "call":
                    self._restore(frame)
                    self.args = frame["args"]
                else:
                    self.status = frame["status"]
                return
            self._restore(frame)

    # Ends

    def _end(self, code: int) -> Pause | None:
        """The end of a script, or `exit`: of a subshell, of a script inside, or of the process."""
        while self.stack:
            frame = self.stack[-1]
            if frame["kind"] in ("capture", "subshell"):
                self.status = code
                self._leave_subshell()
                self.script, self.pc = frame["script"], frame["pc"] + 1
                return None
            if frame["kind"] == "pipe":
                self.status, self.script = code, frame["script"]
                self.pc = self._next_stage(frame["pc"])
                return None
            if frame["kind"] == "script" and "EXIT" in self.traps:
                self._run_exit_trap(code)
                return None
            self.stack.pop()
            if frame["kind"] in ("script", "call", "trap"):
                self._restore(frame)
                self.script, self.pc = frame["script"], frame["pc"]
                if frame["kind"] == "script":
                    self.name, self.traps = frame["name"], frame["traps"]
                self.status = frame["status"] if frame["kind"] == "trap" else code
                return None
            self._restore(frame)
        if "EXIT" in self.traps:
            self._run_exit_trap(code)
            return None
        return Pause("exit", code=code)

    def _run_exit_trap(self, code: int) -> None:
        self.script, self.pc = f"{self.traps.pop('EXIT')}\nexit {code}", 0

    def exit(self, code: int) -> Pause | None:
        while self.stack and self.stack[-1]["kind"] in ("call", "trap"):
            self._restore(self.stack.pop())
        return self._end(code & 255)

    def _fatal(self, code: int) -> Pause | None:
        self.status = code
        if self.interactive:
            self.pc, self.stack, self.fds = 1 << 30, [], {1: [OUT], 2: [ERR]}
            return Pause("exit", code=code)
        self.pc = max(self.pc, 1)
        return (
            Pause("exit", code=code)
            if not any(f["kind"] in ("script", "capture", "subshell") for f in self.stack)
            else self.exit(code)
        )

    def _run_trap(self, name: str) -> Pause | None:
        self._push("trap", script=self.script, pc=self.pc, status=self.status)
        self.script, self.pc = self.traps[name], 0
        return None
