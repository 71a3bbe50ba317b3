"""The programs of a machine that kubeadm's world consists of: `kubeadm`, `kubelet`, `apt-get`, `apt-mark`, `systemctl`.

https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/, step by step.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from simulator.kubeadm.arguments import parse
from simulator.kubeadm.certificates import certs
from simulator.kubeadm.joining import join, preflight_failed, reset
from simulator.kubeadm.machines import PACKAGES, VERSIONS, KubeadmError, Machines, failed
from simulator.kubeadm.tokens import token
from simulator.kubeadm.upgrade import upgrade
from simulator.kubectl.small_command import Outcome, fail
from simulator.node.kubelets import Kubelets

_PACKAGE = re.compile(r"(kubeadm|kubelet|kubectl)=(\d+\.\d+\.\d+)-(?:\*|[\d.]+)")


class Programs:
    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def kubeadm(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        arguments = parse(words[1:])
        try:
            match words[0] if words else "":
                case "token":
                    return token(self._machines, arguments)
                case "join":
                    return join(self._machines, machine, arguments)
                case "reset":
                    return reset(self._machines, machine, arguments, stdin)
                case "upgrade":
                    return upgrade(self._machines, machine, arguments)
                case "certs":
                    return certs(self._machines, machine, arguments)
                case "version":
                    return self._version(machine, short=arguments.flag("output", "") == "short")
                case "init":
                    return self._init(machine)
        except KubeadmError as error:
            return failed(error)
        return fail("kubeadm", "wanted token, join, reset, upgrade, certs or version")

    def _version(self, machine: str, *, short: bool) -> Outcome:
        version = self._machines.package(machine, "kubeadm")
        if short:
            return Outcome(f"{version}\n")
        major, minor, _ = version.removeprefix("v").split(".")
        return Outcome(
            f'kubeadm version: &version.Info{{Major:"{major}", Minor:"{minor}", GitVersion:"{version}", '
            'Compiler:"gc", Platform:"linux/amd64"}\n'
        )

    def _init(self, machine: str) -> Outcome:
        """A second cluster cannot be made here; on a machine of this one kubeadm itself refuses."""
        if not self._machines.is_node(machine):
            raise KubeadmError(f"{machine}: found a machine for this cluster, wanted `kubeadm join`")
        raise preflight_failed("Port-10250]: Port 10250 is in use", *self._taken(machine))

    def _taken(self, machine: str) -> list[str]:
        """`FileAvailable` for each manifest that is there."""
        paths = self._machines.parts.files.manifests(machine)
        return [f"FileAvailable-{path.replace('/', '-')}]: {path} already exists" for path in paths]

    def kubelet(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        if list(words) == ["--version"]:
            return Outcome(f"Kubernetes {self._machines.package(machine, 'kubelet')}\n")
        return fail("kubelet", "wanted --version; systemctl starts and stops it")

    # Packages

    def apt_get(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        match [word for word in words if not word.startswith("-")]:
            case ["update"]:
                return Outcome("Reading package lists... Done\n")
            case ["install", *packages] if packages:
                return self._install(machine, packages)
        return fail("E", "wanted apt-get update or apt-get install PACKAGE=VERSION")

    def _install(self, machine: str, packages: list[str]) -> Outcome:
        said = "Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n"
        for package in packages:
            found = _PACKAGE.fullmatch(package)
            name, _, asked = package.partition("=")
            if name not in PACKAGES:
                return Outcome(said, f"E: Unable to locate package {name}\n", 100)
            version = f"v{found[2]}" if found is not None else VERSIONS[-1]
            if (asked and found is None) or version not in VERSIONS:
                return Outcome(said, f"E: Version '{asked}' for '{name}' was not found\n", 100)
            self._machines.install(machine, name, version)
            said += f"Setting up {name} ({version.removeprefix('v')}-1.1) ...\n"
        return Outcome(said)

    def apt_mark(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        match list(words):
            case ["hold", *packages]:
                return Outcome("".join(f"{name} set on hold.\n" for name in packages))
            case ["unhold", *packages]:
                return Outcome("".join(f"Canceled hold on {name}.\n" for name in packages))
        return fail("E", "wanted apt-mark hold or unhold PACKAGE")

    # The kubelet's unit

    def systemctl(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        match [word for word in words if not word.startswith("-")]:
            case ["daemon-reload"]:
                return Outcome()
            case ["poweroff" | "halt" | "reboot" as verb]:
                return self._down(machine, reboots=verb == "reboot")
            case [verb, unit] if unit.removesuffix(".service") == "kubelet":
                return self._unit(machine, verb)
            case [_, unit]:
                return Outcome(stderr=f"Unit {unit.removesuffix('.service')}.service could not be found.\n", exit=4)
        return fail("systemctl", "wanted start|stop|restart|status|is-active kubelet")

    def shutdown(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        """`shutdown [-h|-r] now`: systemd's; one that is planned for later is not kept here."""
        when = [word for word in words if not word.startswith("-")]
        if when[:1] not in (["now"], ["+0"]):
            return fail("shutdown", "wanted shutdown [-h|-r] now")
        return self._down(machine, reboots="-r" in words or "--reboot" in words)

    def poweroff(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        return self._down(machine, reboots=False)

    def reboot(self, machine: str, words: Sequence[str], stdin: str) -> Outcome:
        return self._down(machine, reboots=True)

    def _down(self, machine: str, *, reboots: bool) -> Outcome:
        kubelets = self._machines.parts.kubelets
        if machine not in kubelets.nodes():
            return fail("systemctl", f"{machine} is no node yet: found a machine that nothing runs on")
        kubelets.shut_down(machine, reboots=reboots)
        return Outcome()

    def _unit(self, machine: str, verb: str) -> Outcome:
        kubelets: Kubelets = self._machines.parts.kubelets
        is_known = machine in kubelets.nodes()
        runs = is_known and kubelets.is_kubelet_running(machine)
        match verb:
            case "start" | "stop" | "restart":
                if verb != "start" and (runs or (is_known and kubelets.why_not_started(machine))):
                    kubelets.stop_kubelet(machine)
                if is_known and verb != "stop":
                    self._machines.kubelet_restarts(machine)
                    kubelets.start_kubelet(machine)
                return Outcome()
            case "enable" | "disable":
                return Outcome()
            case "is-active":
                if is_known and kubelets.why_not_started(machine):
                    return Outcome("activating\n", exit=3)
                return Outcome("active\n") if runs else Outcome("inactive\n", exit=3)
            case "status":
                state, why = "active (running)" if runs else "inactive (dead)", ""
                if is_known and (broken := kubelets.why_not_started(machine)):
                    state = "activating (auto-restart) (Result: exit-code)"
                    why = f'\nkubelet: "command failed" err={json.dumps(broken, ensure_ascii=False)}\n'
                head = "● kubelet.service - kubelet: The Kubernetes Node Agent\n"
                return Outcome(f"{head}     Active: {state}\n{why}", exit=0 if runs else 3)
        return Outcome(stderr=f"Unknown command verb '{verb}'.\n", exit=1)
