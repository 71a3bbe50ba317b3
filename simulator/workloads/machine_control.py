"""What a running script does between its commands: jumps, loops, pipelines, `case`, functions, jobs.

Follows POSIX.1-2017 Shell Command Language, 2.9. One step of a compiled script (`shell_scripts.Op`) is carried out at a time.
"""

from abc import abstractmethod
from collections.abc import Sequence

from simulator.workloads import shell_expansion
from simulator.workloads.machine_frames import Frames
from simulator.workloads.pauses import Pause
from simulator.workloads.shell_expansion import fields, one_text, pattern
from simulator.workloads.shell_scripts import NotSimulated, Op, compile_script
from simulator.workloads.shell_words import Word

_MAX_STACK = 200


class Control(Frames):
    __slots__ = ()

    @abstractmethod
    def _run(self, op: Op) -> Pause | None:
        """One simple command."""

    @abstractmethod
    def _check(self, op: Op) -> Pause | None:
        """`-e` after a command that failed."""

    @abstractmethod
    def _start_job(self, op: Op) -> None:
        """A list that ends with `&`."""

    def _do(self, op: Op) -> Pause | None:
        match op.kind:
            case "run":
                return self._run(op)
            case "jump":
                self.pc = op.target
            case "jump_ok":
                self.pc = op.target if self.status == 0 else self.pc
            case "jump_fail":
                self.pc = op.target if self.status != 0 else self.pc
            case "not":
                self.status = int(self.status == 0)
            case "succeed":
                self.status = 0
            case "function":
                self.functions[op.name] = [self.script, self.pc]
                self.pc, self.status = op.target, 0
            case "return":
                self._return()
            case "job":
                self._start_job(op)
            case "job_end":
                return self._end(self.status)
            case _:
                return self._structure(op)
        return None

    def _structure(self, op: Op) -> Pause | None:
        if len(self.stack) > _MAX_STACK:
            raise NotSimulated("a program of this depth is not simulated")
        match op.kind:
            case "capture":
                self._push("capture", subshell=True, pc=op.target, status=self.status)
                self._buffer()
            case "subshell":
                self._push("subshell", subshell=True, pc=op.target)
            case "pipe" | "tee":
                self._push("pipe", subshell=True, pc=self.pc)
                self._to_next(op)
            case "pipe_next" | "tee_next":
                self._unwind("pipe")
                self._from_previous()
                if op.kind == "tee_next" or compile_script(self.script)[self._next_stage(self.pc)].kind != "pipe_end":
                    self._to_next(op)
            case "pipe_end":
                self._unwind("pipe")
                failed = self._pop().get("failed", 0)
                if self.pipefail and failed and not self.status:
                    self.status = failed
                    return self._check(op)
            case "loop":
                self._push("loop")
            case "leave":
                while self.stack and self._pop()["kind"] not in ("loop", "for"):
                    pass
            case "loop_again":
                self._unwind("loop")
            case "loop_end" | "for_end":
                self._unwind("loop" if op.kind == "loop_end" else "for")
                self._pop()
                if op.kind == "loop_end":
                    self.status = 0
            case "capture_end" | "subshell_end":
                self._leave_subshell()
            case "redirect_end" | "case_end":
                self._unwind("redirect" if op.kind == "redirect_end" else "case")
                self._pop()
            case _:
                return self._with_words(op)
        return None

    def _with_words(self, op: Op) -> Pause | None:
        if op.kind == "for_next":
            self._unwind("for")
            items = self.stack[-1]["items"]
            if items:
                self.set_value(op.name, items.pop(0))
            else:
                self.pc = op.target
            return None
        if self._must_look(self._paths_in(op)):
            self.pc -= 1
            return Pause("look")
        captured = self._captured(op)
        match op.kind:
            case "for":
                self._push("for", items=[text for word in op.words for text in fields(word, self, captured)])
                self.status = 0
            case "case":
                self._push("case", subject=one_text(op.words[0], self, captured))
                self.status = 0
            case "case_try":
                wanted = [pattern(word, self, captured) for word in op.words]
                if not any(shell_expansion.fits(self.stack[-1]["subject"], one) for one in wanted):
                    self.pc = op.target
            case "redirect":
                self._push("redirect")
                if not self._open(op.redirects, captured):
                    self._skip_to("redirect_end")
        return None

    # Volumes that others write to

    def _must_look(self, texts: Sequence[str]) -> bool:
        if self.tree.seen is not None or not any(mount.shared for mount in self.tree.setting.mounts):
            return False
        shared = [mount.path for mount in self.tree.setting.mounts if mount.shared]
        return self.tree.is_shared(self.directory) or any(place in text for text in texts for place in shared)

    def _paths_in(self, op: Op) -> list[str]:
        words: list[Word] = [*op.words, *(one.word for one in op.redirects)]
        texts = []
        for word in words:
            for part in word:
                if part[0] == "lit":
                    texts.append(str(part[1]))
                elif part[0] == "var":
                    texts.append(self.value(str(part[1])) or "")
        return texts
