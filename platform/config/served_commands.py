"""`drydock kubectl | apply | snapshot | restore`: work with the cluster that `drydock serve` holds.

It is found by `--kubeconfig`, by `$KUBECONFIG`, or because it is the newest that answers on this machine. `drydock apply` does without: it
tries manifests in a cluster of its own, in memory, and tells whether everything became ready.
"""

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.disk_home import DiskHome
from gateway.served import NotServed, RemoteReach, Served
from simulator.kubectl.acting import OUT, Acted
from simulator.kubectl.call import Call, Reach, Session
from simulator.kubectl.command_tree import act, follow, run_kubectl
from simulator.kubectl.editing.editor import VARIABLES
from simulator.kubectl.kubeconfig import Kubeconfig

if TYPE_CHECKING:
    from simulator.testing import KubeCluster

LOOK_S = 0.5


class Failed(Exception):
    """The command ends with this exit code; what there was to say is said."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


# kubectl


def run_words(words: Sequence[str]) -> int:
    """`drydock kubectl WORDS`: the exit code. Raises NotServed."""
    served, kubeconfig = Served.find(_value_of(words, "--kubeconfig"))
    home = DiskHome()
    session = Session(
        RemoteReach(served),
        home,
        Kubeconfig(home, {"KUBECONFIG": kubeconfig}),
        {name: os.environ[name] for name in (*VARIABLES, "SHELL") if name in os.environ},
        lambda: served.now_us,
        served.url,
        is_terminal=sys.stdin.isatty(),
        spawn=_spawned,
    )
    return _Terminal(session, served).run(words)


def _spawned(words: list[str]) -> tuple[str, str, int]:
    """An editor on this machine, which has the terminal for itself."""
    try:
        return "", "", subprocess.run(words, check=False).returncode
    except FileNotFoundError:
        return "", "", 127


def _value_of(words: Sequence[str], flag: str) -> str:
    for index, word in enumerate(words):
        if word == flag and index + 1 < len(words):
            return words[index + 1]
        if word.startswith(f"{flag}="):
            return word.partition("=")[2]
    return ""


class _Terminal:
    """Says what a command says, and goes on with what goes on."""

    def __init__(self, session: Session, served: Served) -> None:
        self._session, self._served = session, served

    def run(self, words: Sequence[str]) -> int:
        call = run_kubectl(self._session, words, _stdin(words))
        _say(call)
        if call.opened is not None:
            return self._shell(call.opened)
        if call.process is not None:
            return self._acted(call.process)
        return self._followed(call.follow) if call.follow is not None else call.exit_code

    def _acted(self, acted: Acted) -> int:
        """A command that acts while time passes: here it is this process that does."""
        while not acted.done:
            time.sleep(LOOK_S)
            self._served.ask({"kind": "clusters"})  # what time it is there
            if acted.due is not None and self._session.clock() >= acted.due:
                acted = act(self._session, acted.token)
                for descriptor, text in acted.said:
                    _write(sys.stdout if descriptor == OUT else sys.stderr, text)
        return acted.exit

    def _followed(self, token: dict[str, Any]) -> int:
        while True:
            time.sleep(LOOK_S)
            self._served.ask({"kind": "clusters"})  # what time it is there
            looked = follow(self._session, token)
            _write(sys.stdout, looked.stdout)
            if not looked.done:
                token = looked.token
                continue
            then = looked.token.get("then")
            return self.run(shlex.split(then)[1:]) if then and looked.exit == 0 else looked.exit

    def _shell(self, opened: dict[str, str]) -> int:
        """Lines for a shell in a container, until it ends."""
        prompt = opened["prompt"]
        while True:
            try:
                line = input(prompt)
            except EOFError:
                line = "exit"
            reply = self._served.ask({"kind": "session", "id": opened["id"], "line": line})
            _write(sys.stdout, str(reply["stdout"]))
            _write(sys.stderr, str(reply["stderr"]))
            if reply["done"]:
                return int(reply["exit"])
            prompt = str(reply["prompt"])


def _stdin(words: Sequence[str]) -> str:
    """What is piped in, for a command that reads it."""
    reads = any(word in ("-", "-i", "--stdin", "-f-") or word.endswith("=-") for word in words)
    return sys.stdin.read() if reads and not sys.stdin.isatty() else ""


def _say(call: Call) -> None:
    _write(sys.stdout, "".join(call.stdout))
    _write(sys.stderr, "".join(call.stderr))


def _write(stream: Any, text: str) -> None:
    stream.write(text)
    stream.flush()


# apply


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "the simulated kubectl, for the cluster of `drydock serve`"
    commands.add_parser("kubectl", help=text, description=text, usage="drydock kubectl [WORDS...]", add_help=False)
    _add_apply(commands)
    for name, run, text in (
        ("snapshot", _snapshot, "write the served cluster to a file"),
        ("restore", _restore, "let the served cluster go on from a file"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("file", type=Path, metavar="FILE")
        command.add_argument("--kubeconfig", default="", metavar="FILE", help="which served cluster")
        command.set_defaults(run=run, data=None)


def add_configuration(command: argparse.ArgumentParser, whose: str) -> None:
    """What a cluster is like that begins with this command."""
    command.add_argument("--config", type=Path, metavar="FILE", help=f"kind configuration {whose}")
    command.add_argument(
        "--unknown-images", action="store_true", help="run images that nobody has described as plain servers"
    )


def configuration(options: argparse.Namespace) -> dict[str, Any]:
    """As `Cluster.create` takes it. Raises OSError and ConfigError."""
    from simulator.config import read_config

    told = read_config(options.config.read_text() if options.config is not None else None).dump()
    return {**told, "allowUnknownImages": True} if options.unknown_images else told


def _add_apply(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "apply manifests to the served cluster, or try them in a fresh one in memory"
    command = commands.add_parser("apply", help=text, description=text)
    command.add_argument("-f", "--filename", action="append", required=True, metavar="FILE", help="file or folder; -")
    command.add_argument("--kubeconfig", default="", metavar="FILE", help="which served cluster")
    command.add_argument("--fresh", action="store_true", help="a cluster of its own, also when one is served")
    add_configuration(command, "of a fresh cluster")
    command.add_argument("--seed", type=int, default=1, help="of a fresh cluster")
    command.add_argument("--wait", default="2m", metavar="TIME", help="simulated time that a fresh cluster gets")
    command.set_defaults(run=_apply, data=None)


def _apply(options: argparse.Namespace) -> None:
    words = ["apply", *(word for name in options.filename for word in ("-f", name))]
    if not options.fresh:
        try:
            served, kubeconfig = Served.find(options.kubeconfig)
        except NotServed:
            if options.kubeconfig:
                raise
        else:
            del served
            _end(run_words([*words, "--kubeconfig", kubeconfig]))
    _try_out(options, words)


def _try_out(options: argparse.Namespace, words: Sequence[str]) -> None:
    """In memory: apply, let time pass, and tell what came of it."""
    from simulator.config_checks import ConfigError
    from simulator.testing import KubeCluster

    try:
        kube = KubeCluster.create(configuration(options), seed=options.seed, profile="lab")
    except (OSError, ConfigError) as error:
        raise NotServed(str(error)) from error
    call = run_kubectl(_session_in(kube), words, _stdin(words))
    _say(call)
    if call.exit_code:
        _end(call.exit_code)
    try:
        kube.advance(options.wait)
    except ValueError as error:
        raise NotServed(f"--wait: {error}") from error
    _end(_outcome(kube, options.wait))


def _session_in(kube: "KubeCluster") -> Session:
    """The workstation's way to its clusters, with the files of this machine."""
    station = kube.cluster.workstation.session
    reach: Reach = station.reach
    clock: Callable[[], int] = station.clock
    return Session(reach, DiskHome(), station.config, {}, clock, station.home_server)


def _outcome(kube: "KubeCluster", waited: str) -> int:
    mine = [pod for pod in kube.list("pods", "") if pod["metadata"]["namespace"] != "kube-system"]
    unready = [pod for pod in mine if not _is_settled(pod)]
    if mine:
        others = "metadata.namespace!=kube-system"
        _write(sys.stdout, "\n" + kube.kubectl(f"get pods -A -o wide --field-selector {others}").stdout)
    if not unready:
        _write(sys.stdout, f"\nEverything is ready after {waited} of simulated time.\n")
        return 0
    _write(sys.stdout, "\n" + kube.kubectl("events -A --types=Warning").stdout)
    names = ", ".join(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in unready)
    sys.stderr.write(f"drydock: not ready after {waited} of simulated time: {names}\n")
    return 1


def _is_settled(pod: dict[str, Any]) -> bool:
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return True
    return any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions") or ())


def _end(code: int) -> None:
    raise Failed(code)


# snapshot, restore


def _snapshot(options: argparse.Namespace) -> None:
    served, _ = Served.find(options.kubeconfig)
    data = served.snapshot()
    try:
        options.file.write_bytes(data)
    except OSError as error:
        raise NotServed(f"{options.file}: {error.strerror}") from error
    _write(sys.stdout, f"{options.file}: {len(data)} bytes\n")


def _restore(options: argparse.Namespace) -> None:
    served, _ = Served.find(options.kubeconfig)
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise NotServed(f"{options.file}: {error.strerror}") from error
    told = served.restore(data)
    _write(sys.stdout, f"The cluster {told['name']} goes on from {options.file}.\n")
