"""The table of all commands, and what a reply says of each: plain JSON both ways.

`docs/architecture.md` section 1.6 is the list. Every reply says whether anything `changed`. Bad input is answered, never raised.
"""

from collections.abc import Callable
from typing import Protocol

from simulator.checks import CheckError
from simulator.commands.answers import Answers
from simulator.commands.clients import Clients
from simulator.commands.etcd import EtcdStore
from simulator.commands.fields import BadCommand, Command, Reply, text_of
from simulator.commands.files import Files
from simulator.commands.machines import Machines
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots
from simulator.commands.steering import Steering
from simulator.commands.terminal import Terminal
from simulator.faults import FaultError
from simulator.loops.debugger import DebuggerError
from simulator.network.faults import Unfit
from simulator.remedies.search import RemedyError

Handler = Callable[[Command], Reply]


class Commands:
    def __init__(self, parts: Parts) -> None:
        self._engine = parts.engine
        self._roots = Roots(parts)
        self._known = _table(parts, self._roots)

    def run(self, command: Command) -> Reply:
        before = self._standing()
        try:
            reply = self._answer(command)
        finally:
            self._engine.cause = 0
        return {**reply, "changed": before != self._standing()}

    def _standing(self) -> tuple[int, ...]:
        return (self._engine.trail.ev, *self._roots.standing())

    def _answer(self, command: Command) -> Reply:
        try:
            handler = self._known.get(text_of(command, "kind"))
            if handler is None:
                raise BadCommand("kind", repr(command.get("kind")), f"one of {', '.join(self._known)}")
            return handler(command)
        except (BadCommand, RemedyError) as error:
            return _refusal("BadCommand", error)
        except Unfit as error:
            return _refusal("BadFault" if command.get("kind") == "fault" else "BadCommand", error)
        except FaultError as error:
            return _refusal("BadFault", error)
        except DebuggerError as error:
            return _refusal("BadBreakpoint", error)
        except CheckError as error:
            return _refusal("BadCheck", error)


def _table(parts: Parts, roots: Roots) -> dict[str, Handler]:
    terminal, files, clients, steering = (
        Terminal(parts, roots),
        Files(parts, roots),
        Clients(parts, roots),
        Steering(parts, roots),
    )
    answers, machines, etcd, network = (
        Answers(parts),
        Machines(parts, roots),
        EtcdStore(parts, roots),
        parts.network_questions,
    )
    return {
        "shell": terminal.shell,
        "session": terminal.session,
        "follow": terminal.follow,
        "signal": terminal.signal,
        "complete": terminal.complete,
        "apply-yaml": files.apply_yaml,
        "diff-yaml": files.diff_yaml,
        "write-file": files.write_file,
        "read-file": files.read_file,
        "list-files": files.list_files,
        "finish-edit": files.finish_edit,
        "clusters": clients.clusters,
        "request": clients.request,
        "fault": steering.fault,
        "loops": steering.loops,
        "loop": steering.loop,
        "breakpoint": steering.breakpoint,
        "look": steering.look,
        "remedies": steering.remedies,
        "inspect": answers.inspect,
        "because": answers.because,
        "fields": answers.fields,
        "check": answers.check,
        "schema": answers.schema,
        "request-path": network.request_path,
        "diagnose": network.diagnose,
        "node-rules": network.node_rules,
        "select": network.select,
        "traffic": network.traffic,
        "cloud": machines.cloud,
        "join": machines.join,
        "cgroups": machines.cgroups,
        "exec": clients.exec,
        "port-forward": clients.port_forward,
        "store-keys": etcd.keys,
        "store-value": etcd.value,
        "store-snapshot": etcd.snapshot,
        "store-wipe": etcd.wipe,
        "store-restore": etcd.restore,
        "write-host-file": machines.write_host_file,
        "read-host-file": machines.read_host_file,
    }


def unknown_cluster(found: object, known: list[str]) -> Reply:
    """The reply to a command for a cluster that the lab does not have."""
    error = BadCommand("cluster", repr(found)[:60], f"one of {', '.join(known)}")
    return {**_refusal("BadCommand", error), "changed": False}


class _Refused(Protocol):
    thing: str
    found: str
    wanted: str


def _refusal(code: str, error: _Refused) -> Reply:
    found = {"thing": error.thing, "found": error.found, "wanted": error.wanted}
    return {"error": {"code": code, "message": str(error), **found}}
