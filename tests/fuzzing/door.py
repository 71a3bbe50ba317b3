"""One cluster behind its HTTP door, and what must hold after every request, however odd.

A request is answered: never with a failure of our own, never not at all. Afterwards the cluster is whole: the rules of random sessions
hold (`tests/simulator/simulation/invariants.py`), its loops go on, and a copy made from its dump is the same cluster.
`DRYDOCK_FUZZ=50` makes every test fifty times as long, with other examples each time; without it they are the same in every run.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, settings

from gateway.front import Front
from gateway.sockets import serve_socket
from gateway.standalone import LocalBackend
from simulator.cluster import Cluster
from simulator.machinery.expressions import evaluate
from tests.simulator.simulation.invariants import Watcher

# The library of CEL raises the recursion limit with its first expression, which Hypothesis forbids a test.
evaluate("1 == 1", {})
LENGTH = float(os.environ.get("DRYDOCK_FUZZ", "1"))
_HANGS_S = 10.0
_COPIED_EVERY = 40
#: Where Kubernetes itself says 500: `structuredmerge.go`, `filters/impersonation.go`, `pod/storage/eviction.go`.
_THEIRS = (
    b"failed to create typed patch object",
    b"without impersonating a user",
    b"This pod has more than one PodDisruptionBudget",
)


def fuzzed(examples: int) -> Callable[[Any], Any]:
    """As `@settings`: so many examples in CI, and the same ones each time."""
    return settings(
        max_examples=max(1, int(examples * LENGTH)),
        derandomize=LENGTH == 1,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink] if LENGTH > 1 else [Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Door:
    def __init__(self) -> None:
        self.cluster = Cluster.create("kind: Cluster\nnodes: [{role: control-plane}, {role: worker}]")
        for line in (
            "kubectl create configmap a --from-literal=x=y",
            "kubectl create deployment web --image=nginx:1.27 --replicas=2",
            "kubectl expose deployment web --port=80",
            "kubectl run one --image=nginx:1.27",
            # A number of replicas is soon odd enough to fill every machine; a real cluster has a quota for such authors.
            "kubectl create quota few --hard=pods=12,count/replicasets.apps=12,count/jobs.batch=12",
        ):
            assert self.cluster.apply({"kind": "shell", "line": line})["exit"] == 0
        self.cluster.advance(self.cluster.now + 20_000_000, max_events=10**6)
        self._watcher = Watcher(self.cluster)
        self.backend = LocalBackend(self.cluster, speed=0)
        self._front = Front(self.backend)
        self._loop = asyncio.new_event_loop()
        self._count = 0

    def close(self) -> None:
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str | bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Raises AssertionError when the answer is our failure, or none comes, or the cluster is not whole afterwards."""
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query if isinstance(query, bytes) else quote(query, safe="=&%+").encode(),
            "headers": headers or [],
        }
        answer = self._loop.run_until_complete(self._answered(scope, path, body))
        shown = f"{method} {path!r} ?{scope['query_string']!r} {headers} {body[:300]!r} → {answer.status} {answer.body[:300]!r}"
        is_theirs = method == "HEAD" or any(words in answer.body for words in _THEIRS)
        assert answer.status != 500 or is_theirs, shown
        assert 200 <= answer.status < 600, shown
        if answer.status >= 400 and method != "HEAD" and "json" in answer.headers.get("content-type", ""):
            told = json.loads(answer.body)
            assert (told["kind"], told["status"], told["code"]) == ("Status", "Failure", answer.status), shown
        self.check(shown)
        return answer

    async def _answered(self, scope: dict[str, Any], path: str, body: bytes) -> Answer:
        sent: list[dict[str, Any]] = []
        heard = asyncio.Event()
        asked = [{"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await heard.wait()  # who has heard the beginning of a stream hangs up
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body":
                heard.set()

        await asyncio.wait_for(self._front(scope, receive, send, path), _HANGS_S)
        assert sent, f"{scope['method']} {path!r}: no answer"
        headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answer(sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent[1:]))

    def talk(self, path: str, query: bytes, protocols: list[str], said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What a WebSocket answers to some messages and a goodbye."""
        sent = self._loop.run_until_complete(self._talked(path, query, protocols, said))
        self.check(f"WebSocket {path!r} {query!r} {protocols} {said}")
        return sent

    async def _talked(
        self, path: str, query: bytes, protocols: list[str], said: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        scope = {"type": "websocket", "path": path, "query_string": query, "headers": [], "subprotocols": protocols}
        told = [{"type": "websocket.connect"}, *said, {"type": "websocket.disconnect", "code": 1000}]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0)
            if told:
                return told.pop(0)
            await asyncio.sleep(_HANGS_S)
            raise AssertionError("asked for more after the goodbye")

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await asyncio.wait_for(serve_socket(scope, receive, send, self.backend, path), _HANGS_S)
        return sent

    def run(self, act: Coroutine[Any, Any, None]) -> None:
        self._loop.run_until_complete(asyncio.wait_for(act, _HANGS_S))

    def check(self, shown: str) -> None:
        """What must hold after anything."""
        self._count += 1
        cluster = self.cluster
        with _told(shown):
            cluster.advance(cluster.now + 500_000, max_events=10_000)
            self._watcher.check(cluster)
            if self._count % _COPIED_EVERY == 0:
                self.check_copy()

    def check_copy(self) -> None:
        copy = Cluster.load(self.cluster.dump())
        assert copy.state_hash() == self.cluster.state_hash(), "a copy is another cluster"


@contextlib.contextmanager
def _told(shown: str) -> Any:
    """Names the request that something followed from."""
    try:
        yield
    except Exception as error:
        error.add_note(shown)
        raise
