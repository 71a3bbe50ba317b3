"""`agnhost`, the image of Kubernetes' own tests, as far as its subcommands are programs that end (`test/images/agnhost`).

Its servers are in the catalogue. Promises: the words of the original; what would be chance follows from the number of the line.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from simulator.workloads.file_modes import in_go
from simulator.workloads.file_tree import MISSING
from simulator.workloads.shell_scripts import NotSimulated
from simulator.workloads.small_programs import number, seconds_us

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

_NEW_FILE = "mount-tester new file\n"
#: What `statfs` says of the disk of a machine: ext4.
_EXT4 = 61267
_METHODS, _NAMESPACES = ("GET", "POST", "PUT"), ("kube-system", "default", "ns")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def agnhost(machine: Machine, words: list[str]) -> int:
    subcommand, flags = (words or ["pause"])[0], _flags(words[1:])
    match subcommand:
        case "mounttest":
            return _mounttest(machine, flags)
        case "dns-suffix" | "dns-server-list" | "etc-hosts":
            return _resolver(machine, subcommand)
        case "entrypoint-tester":
            machine.say(1, f"[/agnhost {' '.join(words)}]\n")
            return 0
    raise NotSimulated(f"agnhost {' '.join(words)} is not simulated")


def _resolver(machine: Machine, subcommand: str) -> int:
    """What the files of the kubelet say."""
    if subcommand == "etc-hosts":
        machine.say(1, machine.tree.read("/etc/hosts") or "")
        return 0
    wanted = "search" if subcommand == "dns-suffix" else "nameserver"
    lines = [line.split() for line in (machine.tree.read("/etc/resolv.conf") or "").splitlines()]
    machine.say(1, ",".join(word for words in lines if words[:1] == [wanted] for word in words[1:]) + "\n")
    return 0


def script(words: list[str]) -> str:
    """The shell's words for a subcommand that takes time; "" for the others."""
    if words[:1] != ["logs-generator"]:
        return ""
    flags = _flags(words[1:])
    total = number(flags.get("log-lines-total") or flags.get("t") or "0")
    duration = seconds_us([flags.get("run-duration") or flags.get("d") or "0"])
    if total <= 0:
        return f"echo 'F logs_generator.go:64] Invalid total number of lines: {total}'; exit 255"
    if duration <= 0:
        return "echo 'F logs_generator.go:68] Invalid duration: 0s'; exit 255"
    delay = duration / total / 1_000_000
    # klog's header: severity, month and day, time, the process' number, and where the line was written.
    lines = (
        f"""echo "$(date +'I%m%d %H:%M:%S.%f')       1 logs_generator.go:76] {_line(id)}"; sleep {delay:.6f}"""
        for id in range(total)
    )
    return "\n".join(lines)


def _line(id: int) -> str:
    """The original draws lots for each part."""
    lot = (id * 2_654_435_761 + 40_503) & 0xFFFF_FFFF
    name = "".join(_LETTERS[(lot >> shift) % len(_LETTERS)] for shift in (3, 9, 15, 21)[: 3 + (lot >> 7 & 1)])
    return f"{id} {_METHODS[(lot >> 5) % 3]} /api/v1/namespaces/{_NAMESPACES[(lot >> 11) % 3]}/pods/{name} {200 + (lot >> 13) % 400}"


def _flags(words: list[str]) -> dict[str, str]:
    """`--name=value`, `--name value`, `-t value`."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, given, value = rest.pop(0).partition("=")
        found[name.lstrip("-")] = value if given or not rest or rest[0].startswith("-") else rest.pop(0)
    return found


def _mounttest(machine: Machine, flags: dict[str, str]) -> int:
    """The order of the steps is that of the original: the kind of file system, new files, modes, contents."""
    tree, failed = machine.tree, False

    def given(flag: str, system_call: str) -> str:
        """The path of a flag, when there is something at it."""
        nonlocal failed
        path = flags.get(flag, "")
        if path and not tree.exists(path):
            machine.say(1, f'error from {system_call}("{path}"): {MISSING.lower()}\n')
            failed = True
            return ""
        return path

    if path := given("fs_type", "statfs"):
        mount = tree.mount_of(path)
        kind = mount.modes.file_system if mount is not None else ""
        machine.say(1, f'mount type of "{path}": {kind or _EXT4}\n')
    for mode in (0o644, 0o666, 0o660, 0o777):
        if path := flags.get(f"new_file_0{mode:o}", ""):
            problem = tree.write(path, _NEW_FILE)
            if problem:
                machine.say(1, f'error writing new file "{path}": open {path}: {problem.lower()}\n')
                failed = True
            else:
                tree.modes[path] = mode
                _content(machine, path)
    if path := given("file_mode", "Lstat"):
        machine.say(1, f'mode of file "{path}": {in_go(tree.mode(path), directory=tree.is_dir(path))}\n')
    if path := given("file_perm", "Lstat"):
        machine.say(1, f'perms of file "{path}": {in_go(tree.mode(path) & 0o777, directory=False)}\n')
    if path := given("file_owner", "stat"):
        owner = 0 if path not in tree.modes else tree.setting.uid
        machine.say(1, f'owner UID of "{path}": {owner}\nowner GID of "{path}": {tree.group(path)}\n')
    for flag in ("file_content", "file_content_in_loop"):
        if path := flags.get(flag, ""):
            failed = not _content(machine, path) or failed
    return int(failed)


def _content(machine: Machine, path: str) -> bool:
    text = machine.tree.read(path)
    if text is None or machine.tree.is_unreadable(path):
        why = MISSING.lower() if text is None else "permission denied"
        machine.say(1, f"error reading file content for {json.dumps(path)}: open {path}: {why}\n")
        return False
    machine.say(1, f"content of file {json.dumps(path)}: {text}\n")
    return True


COMMANDS = {"agnhost": agnhost}
