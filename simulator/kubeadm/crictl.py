"""`crictl` on a machine: what its container runtime runs and holds, whether or not an API server or a kubelet is there.

Tables and errors of kubernetes-sigs/cri-tools 1.33 (`cmd/crictl/container.go`, `sandbox.go`, `image.go`), durations and sizes of docker/go-units.
Left out: everything that changes a container (`exec`, `stop`, `rm`, `pull`), `inspect`, `stats`, other outputs than tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from simulator.engine import Engine
from simulator.kubectl.small_command import Outcome, fail
from simulator.node.identity import hex64
from simulator.node.kubelets import Kubelets
from simulator.node.pod_status import image_id
from simulator.node.records import PodRecord, Run

_SHORT = 13
_WIDTH, _GAP = 20, 3
_SWITCHES = {"-a": "all", "--all": "all", "-q": "quiet", "--quiet": "quiet", "-p": "previous", "--previous": "previous"}
_VALUES = {"--name": "name", "--state": "state", "-s": "state", "--pod": "pod", "--namespace": "namespace"}
_VALUES |= {"--tail": "tail", "--runtime-endpoint": "endpoint", "-r": "endpoint"}
_MOST_LINES = 10_000


class _Container(NamedTuple):
    id: str
    name: str
    image: str
    created_us: int
    state: str
    attempt: int
    pod: PodRecord
    run: Run | None


class _Asked(NamedTuple):
    words: list[str]
    flags: dict[str, str]


class UnknownFlag(Exception):
    """The text is what crictl prints."""


class Crictl:
    def __init__(self, kubelets: Kubelets, engine: Engine) -> None:
        self._kubelets = kubelets
        self._engine = engine

    def run(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        try:
            asked = _parsed(words)
        except UnknownFlag as error:
            return Outcome(stderr=f"{error}\n", exit=1)
        match asked.words:
            case ["ps", *_]:
                return self._ps(machine, asked.flags)
            case ["pods", *_]:
                return self._pods(machine, asked.flags)
            case ["images" | "image" | "img", *_]:
                return self._images(machine, quiet="quiet" in asked.flags)
            case ["logs", id]:
                return self._logs(machine, id, asked.flags)
            case ["logs"]:
                return _fatal("ID cannot be empty")
        return fail("crictl", "wanted crictl ps, pods, images or logs CONTAINER")

    def _ps(self, machine: str, flags: dict[str, str]) -> Outcome:
        found = [one for one in self._containers(machine) if _is_wanted(one, flags)]
        if "quiet" in flags:
            return Outcome("".join(f"{one.id}\n" for one in found))
        head = ("CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE")
        rows = [
            (
                one.id[:_SHORT],
                image_id(one.image).rpartition("sha256:")[2][:_SHORT],
                self._ago(one.created_us),
                one.state,
                one.name,
                str(one.attempt),
                _sandbox(one.pod)[:_SHORT],
                one.pod.name,
                one.pod.namespace,
            )
            for one in found
        ]
        return Outcome(_table(head, rows))

    def _pods(self, machine: str, flags: dict[str, str]) -> Outcome:
        records = sorted(
            (one for one in self._kubelets.runtime_pods(machine) if one.ip or one.sandbox),
            key=lambda one: -one.started_us,
        )
        found = [one for one in records if _fits(flags, name=one.name, namespace=one.namespace)]
        if "quiet" in flags:
            return Outcome("".join(f"{_sandbox(one)}\n" for one in found))
        head = ("POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME")
        rows = [
            (
                _sandbox(one)[:_SHORT],
                self._ago(one.started_us),
                "Ready" if one.sandbox else "NotReady",
                one.name,
                one.namespace,
                str(max(one.attempt - 1, 0)),
                "(default)",
            )
            for one in found
        ]
        return Outcome(_table(head, rows))

    def _images(self, machine: str, *, quiet: bool) -> Outcome:
        images = sorted(self._kubelets.runtime_images(machine).items())
        ids = {name: image_id(name).rpartition("sha256:")[2] for name, _ in images}
        if quiet:
            return Outcome("".join(f"sha256:{ids[name]}\n" for name, _ in images))
        rows = [
            (name.rpartition(":")[0], name.rpartition(":")[2], ids[name][:_SHORT], _size(size)) for name, size in images
        ]
        return Outcome(_table(("IMAGE", "TAG", "IMAGE ID", "SIZE"), rows))

    def _logs(self, machine: str, id: str, flags: dict[str, str]) -> Outcome:
        found = next((one for one in self._containers(machine) if one.id.startswith(id)), None)
        run = None if found is None else found.run
        if found is None or run is None:
            why = f'an error occurred when try to find container "{id}": not found'
            return _fatal(f"rpc error: code = NotFound desc = {why}")
        tail = flags.get("tail", "")
        limit = int(tail) if tail.isdecimal() else _MOST_LINES
        lines = self._kubelets.runtime_lines(found.pod, run, limit) if limit else []
        return Outcome("".join(f"{line}\n" for line in lines))

    def _containers(self, machine: str) -> list[_Container]:
        """Newest first; of each, the instance before the last is kept too."""
        found = []
        for record in self._kubelets.runtime_pods(machine):
            for one in record.containers.values():
                if one.id and one.run is not None:
                    state = "Running" if one.state == "running" else "Exited"
                    started = one.run.started_us
                    found.append(
                        _Container(_bare(one.id), one.name, one.image, started, state, one.restarts, record, one.run)
                    )
                if one.last is not None and one.before is not None and one.last["containerID"] != one.id:
                    id, started = _bare(one.last["containerID"]), one.before.started_us
                    earlier = max(one.restarts - 1, 0)
                    found.append(
                        _Container(
                            id, one.name, one.before.recipe.image, started, "Exited", earlier, record, one.before
                        )
                    )
        return sorted(found, key=lambda one: -one.created_us)

    def _ago(self, at_us: int) -> str:
        return f"{_duration(self._engine.now - at_us)} ago"


def _parsed(words: Sequence[str]) -> _Asked:
    rest: list[str] = []
    flags: dict[str, str] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            rest.append(word)
        elif name in ("-p",) and rest[:1] == ["ps"]:
            flags["pod"] = value if equals else waiting.pop(0) if waiting else ""
        elif name in _SWITCHES:
            flags[_SWITCHES[name]] = "true"
        elif name in _VALUES:
            flags[_VALUES[name]] = value if equals else waiting.pop(0) if waiting else ""
        else:
            raise UnknownFlag(f"flag provided but not defined: -{name.lstrip('-')}")
    return _Asked(rest, flags)


def _is_wanted(one: _Container, flags: dict[str, str]) -> bool:
    state = flags.get("state", "").lower() or ("" if "all" in flags else "running")
    return (
        state in ("", one.state.lower())
        and _fits(flags, name=one.name, namespace=one.pod.namespace)
        and _sandbox(one.pod).startswith(flags.get("pod", ""))
    )


def _fits(flags: dict[str, str], *, name: str, namespace: str) -> bool:
    return _matches(flags.get("name", ""), name) and _matches(flags.get("namespace", ""), namespace)


def _matches(pattern: str, text: str) -> bool:
    """An expression that is none matches nothing."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _sandbox(record: PodRecord) -> str:
    return hex64(f"{record.uid}/sandbox/{record.attempt}")


def _bare(id: str) -> str:
    return id.rpartition("//")[2]


def _fatal(text: str) -> Outcome:
    return Outcome(stderr=f"FATA[0000] {text}\n", exit=1)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Go's tabwriter with cells of at least twenty, three apart; the last column is not padded."""
    lines = [head, *rows]
    widths = [max(_WIDTH, *(len(line[at]) + _GAP for line in lines)) for at in range(len(head) - 1)]
    return "".join(
        "".join(f"{cell:<{width}}" for cell, width in zip(line[:-1], widths, strict=True)) + line[-1] + "\n"
        for line in lines
    )


def _duration(us: int) -> str:
    """`units.HumanDuration`."""
    seconds = us // 1_000_000
    minutes, hours = seconds // 60, (us + 1_800_000_000) // 3_600_000_000
    if seconds < 1:
        return "Less than a second"
    if seconds == 1:
        return "1 second"
    if seconds < 60:
        return f"{seconds} seconds"
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    for limit, divisor, unit in ((48, 1, "hours"), (336, 24, "days"), (1_440, 168, "weeks"), (17_520, 720, "months")):
        if hours < limit:
            return f"{hours // divisor} {unit}"
    return f"{seconds // 31_536_000} years"


def _size(size: float) -> str:
    """`units.HumanSizeWithPrecision` with three digits."""
    for unit in ("B", "kB", "MB"):
        if size < 1_000:
            return f"{size:.3g}{unit}"
        size /= 1_000
    return f"{size:.3g}GB"
