"""A cluster for tests of other people's programs: fresh in milliseconds, its clock in the hands of the test.

    cluster = KubeCluster.create()
    cluster.kubectl("create deployment web --image=nginx --replicas=3")
    cluster.advance("1m")
    assert cluster.get("Deployment", "web")["status"]["readyReplicas"] == 3

Promises: time moves only in `advance` and `advance_until`; equal calls on equal clusters give equal answers, so a test that passes
once passes always. Leaves to others: serving the cluster over HTTP, and the pytest fixtures (`gateway.pytest_plugin`).
"""

import json
import shlex
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from simulator.cluster import Cluster
from simulator.machinery.go_text import parse_duration_us

Manifest = str | dict[str, Any] | Iterable[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Output:
    """What a command wrote."""

    stdout: str
    stderr: str
    exit: int


class CommandFailed(AssertionError):
    """A command ended with another exit code than 0."""

    def __init__(self, line: str, output: Output) -> None:
        super().__init__(f"{line}: exit code {output.exit}: {output.stderr.strip() or output.stdout.strip()}")
        self.output = output


class Refused(AssertionError):
    """The API server refused a request; `status` is its answer."""

    def __init__(self, asked: str, status: Any) -> None:
        message = status.get("message") if isinstance(status, dict) else status
        super().__init__(f"{asked}: {message}")
        self.status = status


class NotInTime(AssertionError):
    """What was waited for did not come true."""


class KubeCluster:
    """A simulated cluster with the calls that tests make. Not thread-safe, unless its `guard` is a lock."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        """The whole face of the simulator."""
        self.guard: AbstractContextManager[Any] = nullcontext()
        """Held during every call, by whoever lets others use the cluster at the same time."""
        self.on_change: Callable[[], None] = lambda: None
        """Called after every call that may have changed something."""

    @classmethod
    def create(
        cls, config: str | dict[str, Any] | None = None, *, seed: int = 1, profile: str = "instant"
    ) -> "KubeCluster":
        """`config` is a kind configuration. Profile `instant`: machines take no time, Kubernetes' own delays stay. Raises ConfigError."""
        return cls(Cluster.create(config, seed=seed, profile=profile))

    # Time

    @property
    def now(self) -> timedelta:
        """Simulated time since the fresh cluster had settled."""
        return timedelta(microseconds=self.cluster.now)

    def advance(self, by: str | float | timedelta) -> None:
        """Lets time pass: a duration as Go writes it (`5m`, `1h30m`), seconds, or a timedelta."""
        with self.guard:
            self._run_to(self.cluster.now + _micros(by))
        self.on_change()

    def advance_until(self, is_true: Callable[[], object], *, within: str | float | timedelta = "10m") -> None:
        """Lets time pass event by event until `is_true()`; never longer than `within`. Raises NotInTime."""
        with self.guard:
            end = self.cluster.now + _micros(within)
            while not is_true():
                due = self.cluster.next_due()
                if due is None or due > end:
                    self._run_to(end)
                    break
                self.cluster.step()
            came_true = bool(is_true())
        self.on_change()
        if not came_true:
            raise NotInTime(f"not true within {timedelta(microseconds=_micros(within))} of simulated time")

    def _run_to(self, until_us: int) -> None:
        while not self.cluster.advance(until_us):
            pass

    # Commands

    def kubectl(self, line: str, *, stdin: str = "", check: bool = True) -> Output:
        """Runs `kubectl <line>` on the cluster's own workstation. Raises CommandFailed, unless told not to `check`."""
        return self.shell(f"kubectl {line}", stdin=stdin, check=check)

    def shell(self, line: str, *, stdin: str = "", check: bool = True) -> Output:
        """Any line of the terminal: pipes, `cat`, `kind`, `docker`… Raises CommandFailed."""
        reply = self._do({"kind": "shell", "line": line, "stdin": stdin})
        if "error" in reply:
            raise ValueError(reply["error"]["message"])
        output = Output(reply["stdout"], reply["stderr"], reply["exit"])
        if check and output.exit:
            raise CommandFailed(line, output)
        return output

    def apply(self, manifest: Manifest) -> Output:
        """`kubectl apply -f` of YAML text, an object, or several. Raises CommandFailed."""
        return self.kubectl("apply -f -", stdin=_text(manifest))

    def get(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        """One object as the API server shows it; `kind` as kubectl takes it. Raises CommandFailed."""
        words = ["get", kind, name, "-n", namespace, "-o", "json"]
        found: dict[str, Any] = json.loads(self.kubectl(shlex.join(words)).stdout)
        return found

    def list(self, kind: str, namespace: str = "default", *, selector: str = "") -> list[dict[str, Any]]:
        """Objects of a kind, by name; namespace `""` is all of them. Raises CommandFailed."""
        place = ["-n", namespace] if namespace else ["-A"]
        words = ["get", kind, *place, *(["-l", selector] if selector else []), "-o", "json"]
        found: list[dict[str, Any]] = json.loads(self.kubectl(shlex.join(words)).stdout)["items"]
        return found

    def request(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """The answer of the API server to one request of the cluster's administrator. Raises Refused."""
        kind = "application/merge-patch+json" if method.upper() == "PATCH" else "application/json"
        headers = {"content-type": kind}
        reply = self._do(
            {"kind": "request", "method": method, "path": path, "query": query, "headers": headers, "body": body}
        )
        if "error" in reply:
            raise ValueError(reply["error"]["message"])
        answer = json.loads(reply["body"]) if isinstance(reply["body"], bytes) else reply["body"]
        if reply["status"] >= 400:
            raise Refused(f"{method} {path}", answer)
        return answer

    def break_(self, fault: str, target: str = "") -> None:
        """Lets something fail: the faults of `docs/architecture.md` section 1.6 (`node-power-off`, `kill-process`…). Raises ValueError."""
        reply = self._do({"kind": "fault", "fault": fault, "target": target})
        if "error" in reply:
            raise ValueError(reply["error"]["message"])

    def _do(self, command: dict[str, Any]) -> dict[str, Any]:
        with self.guard:
            reply = self.cluster.apply(command)
        if reply.get("changed"):
            self.on_change()
        return reply


def _text(manifest: Manifest) -> str:
    if isinstance(manifest, str):
        return manifest
    documents = [manifest] if isinstance(manifest, dict) else manifest
    return "\n---\n".join(json.dumps(document) for document in documents)


def _micros(duration: str | float | timedelta) -> int:
    if isinstance(duration, timedelta):
        found: int | None = duration // timedelta(microseconds=1)
    else:
        found = parse_duration_us(duration) if isinstance(duration, str) else int(duration * 1_000_000)
    if found is None or found < 0:
        raise ValueError(f"duration: found {duration!r}, wanted one like 5m, 90s or 1h30m, or seconds, not below zero")
    return found
