"""A settled cluster and its workstation, for tests that type lines and read what comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

CONFIG = "kind: Cluster\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]"


class Terminal:
    """Types lines and lets simulated time pass."""

    def __init__(self) -> None:
        self.cluster = Cluster.create(CONFIG, epoch_s=1_760_000_000)
        self.station = self.cluster.workstation

    def run(self, line: str, stdin: str = "", *, exit_code: int = 0) -> str:
        """Standard output of a line that must end with `exit_code` and, when that is 0, say no error."""
        result = self.station.run(line, stdin)
        assert (result.exit, result.stderr if not exit_code else "") == (exit_code, ""), result
        return result.stdout

    def refused(self, line: str, stdin: str = "") -> str:
        """Standard error of a line that must fail."""
        result = self.station.run(line, stdin)
        assert result.exit != 0, result
        return result.stderr

    def let_pass(self, seconds: int) -> None:
        self.cluster.advance(self.cluster.now + seconds * 1_000_000, 1_000_000)

    def follow(self, line: str, *, seconds: int = 60) -> tuple[str, dict[str, Any]]:
        """Everything a followed line prints within the time, and the last reply."""
        result = self.station.run(line)
        assert result.follow is not None, result
        text, reply = result.stdout, {"token": result.follow, "done": False}
        for _ in range(seconds):
            self.let_pass(1)
            reply = self.station.follow(reply["token"])
            text += reply["stdout"]
            if reply["done"]:
                break
        return text, reply


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def with_web(terminal: Terminal) -> Terminal:
    """A Deployment `web` of three running pods."""
    terminal.run("kubectl create deployment web --image=nginx:1.27 --replicas=3 --port=80")
    terminal.let_pass(20)
    return terminal


@pytest.fixture
def write(terminal: Terminal) -> Callable[[str, str], None]:
    return terminal.station.write_file
