"""Interactive shells in containers: `kubectl exec -it web -- sh`, one line at a time.

Promises: a session is plain data of the cluster (`dump`, `load`): its working directory, variables and functions survive a restore,
and its files are those of the container. It ends with `exit`, or when its container does. Leaves to others: what a line does
(`node.container_exec`).
"""

from typing import Any

from simulator.apiserver.registry import Registry
from simulator.engine import Engine
from simulator.kubectl.call import ExecRefused
from simulator.node.kubelets import Kubelets

#: Beyond it the oldest session is forgotten.
MAX_SESSIONS = 20
_KILLED = 137


class ContainerSessions:
    def __init__(self, engine: Engine, registry: Registry, kubelets: Kubelets, *, prefix: str = "") -> None:
        """`prefix` of every id, so that no two clusters of a lab give the same one."""
        self._engine = engine
        self._registry = registry
        self._kubelets = kubelets
        self._open: dict[str, dict[str, Any]] = {}
        self._count = 0
        self._prefix = prefix

    def open(self, namespace: str, pod: str, container: str, command: list[str]) -> dict[str, str]:
        """`{"id", "prompt"}`. Raises StatusError and ExecRefused."""
        found = self._registry.get("kubernetes-admin", "pods", namespace, pod)
        self._note(namespace, pod, f"{pod} opens {' '.join(command)}")
        session = self._kubelets.commands.open_session(found, container, tuple(command))
        if isinstance(session, str):
            raise ExecRefused(session)
        return self._keep({"namespace": namespace, "pod": pod, "status": 0, **session})

    def attach(self, namespace: str, pod: str, container: str, *, remove: bool) -> dict[str, str] | None:
        """As `open`, for the shell that a container runs; `remove`: the pod goes when it ends. None: there is no such shell."""
        found = self._registry.get("kubernetes-admin", "pods", namespace, pod)
        session = self._kubelets.commands.attach_session(found, container)
        if session is None:
            return None
        self._note(namespace, pod, f"{pod} is attached to")
        return self._keep({"namespace": namespace, "pod": pod, "status": 0, "remove": remove, **session})

    def _keep(self, session: dict[str, Any]) -> dict[str, str]:
        self._count += 1
        name = f"{self._prefix}{self._count}"
        self._open[name] = session
        for oldest in list(self._open)[: max(0, len(self._open) - MAX_SESSIONS)]:
            del self._open[oldest]
        return {"id": name, "prompt": self._kubelets.commands.session_prompt(session)}

    def line(self, name: str, line: str) -> dict[str, Any]:
        """What the shell answers to a line: `stdout`, `stderr`, `done`, `exit`, and the next `prompt`."""
        session = self._open.get(name)
        answer = None if session is None else self._answer(session, line)
        if session is None or answer is None:
            self._open.pop(name, None)
            return _ended("", "", _KILLED)
        done, over = answer
        if over:
            del self._open[name]
            return _ended(done.stdout + self._after(session), done.stderr, done.status)
        return {
            "stdout": done.stdout,
            "stderr": done.stderr,
            "done": False,
            "prompt": self._kubelets.commands.session_prompt(session),
        }

    def _answer(self, session: dict[str, Any], line: str) -> Any:
        self._note(session["namespace"], session["pod"], f"{session['pod']} runs {line}")
        leaves = line.strip().split()[:1] == ["exit"]
        # `exit` alone hands on the status of the line before.
        typed = f"exit {session['status']}" if leaves and len(line.split()) == 1 else line
        answer = self._kubelets.commands.session_line(session, typed)
        if answer is not None:
            session["status"] = answer[0].status
        return answer

    def _after(self, session: dict[str, Any]) -> str:
        """What follows the end of a session that `run --rm` or `debug` began."""
        if session.get("remove"):
            self._registry.delete("kubernetes-admin", "pods", session["namespace"], session["pod"], {})
            return f'pod "{session["pod"]}" deleted\n'
        if session.get("attached"):
            return (
                f"Session ended, resume using 'kubectl attach {session['pod']} -c {session['container']} -i -t' command "
                "when the pod is running\n"
            )
        return ""

    def _note(self, namespace: str, pod: str, note: str) -> None:
        self._engine.record("run", "you", verb="exec", resource="pods", namespace=namespace, name=pod, note=note[:200])

    def dump(self) -> dict[str, Any]:
        return {"open": self._open, "count": self._count}

    def load(self, state: dict[str, Any]) -> None:
        self._open, self._count = dict(state["open"]), state["count"]


def _ended(stdout: str, stderr: str, code: int) -> dict[str, Any]:
    if code:
        stderr += f"command terminated with exit code {code}\n"
    return {"stdout": stdout, "stderr": stderr, "done": True, "exit": code, "prompt": ""}
