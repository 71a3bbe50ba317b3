"""Programs that say who and where a process is: `id`, `hostname`, `env`, `date`, `uname`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.workloads.small_programs import date_text

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

_KERNEL = "6.8.0-64-generic"
_ROOT_GROUPS = (0, 10)


def hostname(machine: Machine, words: list[str]) -> int:
    name = (machine.tree.read("/etc/hostname") or machine.env.get("HOSTNAME", "")).strip()
    if "-f" in words:
        name = next(
            (row.split()[1] for row in (machine.tree.read("/etc/hosts") or "").splitlines() if name in row.split()[2:]),
            name,
        )
    if "-i" in words or "-I" in words:
        name = next(
            (row.split()[0] for row in (machine.tree.read("/etc/hosts") or "").splitlines() if name in row.split()[1:]),
            "",
        )
    machine.say(1, f"{name}\n")
    return 0


def env(machine: Machine, words: list[str]) -> int:
    machine.say(1, "".join(f"{name}={value}\n" for name, value in machine.exported().items()))
    return 0


def printenv(machine: Machine, words: list[str]) -> int:
    if not words:
        return env(machine, words)
    known = machine.exported()
    machine.say(1, "".join(f"{known[name]}\n" for name in words if name in known))
    return int(any(name not in known for name in words))


def user_name(machine: Machine, uid: int) -> str:
    for row in (machine.tree.read("/etc/passwd") or "").splitlines():
        parts = row.split(":")
        if len(parts) > 2 and parts[2] == str(uid):
            return parts[0]
    return "root" if uid == 0 else ""


def whoami(machine: Machine, words: list[str]) -> int:
    uid = machine.tree.setting.uid
    name = user_name(machine, uid)
    if name:
        machine.say(1, f"{name}\n")
        return 0
    machine.say(
        2,
        f"whoami: unknown uid {uid}\n"
        if machine.image.shell == "busybox"
        else f"whoami: cannot find name for user ID {uid}\n",
    )
    return 1


def id_(machine: Machine, words: list[str]) -> int:
    setting = machine.tree.setting
    if words[:1] == ["-u"]:
        machine.say(1, f"{setting.uid}\n")
        return 0
    if words[:1] == ["-g"]:
        machine.say(1, f"{setting.gid}\n")
        return 0
    groups = _groups(machine)
    if words[:1] == ["-G"]:
        machine.say(1, f"{' '.join(str(one) for one in groups)}\n")
        return 0
    shown = ",".join(_named(one, "root" if one == 0 else "") for one in groups)
    uid = _named(setting.uid, user_name(machine, setting.uid))
    gid = _named(setting.gid, "root" if setting.gid == 0 else "")
    machine.say(1, f"uid={uid} gid={gid} groups={shown}\n")
    return 0


def _groups(machine: Machine) -> list[int]:
    """The kernel keeps them sorted, the first one among them; coreutils shows that one first, BusyBox does not."""
    setting = machine.tree.setting
    groups = sorted({setting.gid, *setting.groups})
    return groups if machine.image.shell == "busybox" else [setting.gid, *(one for one in groups if one != setting.gid)]


def _named(number: int, name: str) -> str:
    return f"{number}({name})" if name else str(number)


def uname(machine: Machine, words: list[str]) -> int:
    host = machine.env.get("HOSTNAME", "")
    known = {
        "-s": "Linux",
        "-n": host,
        "-r": _KERNEL,
        "-m": "x86_64",
        "-o": "GNU/Linux",
        "-a": f"Linux {host} {_KERNEL} #67-Ubuntu SMP x86_64 GNU/Linux",
    }
    machine.say(1, f"{' '.join(known.get(word, '') for word in words) if words else 'Linux'}\n")
    return 0


def sysctl(machine: Machine, words: list[str]) -> int:
    """Reads parameters of the kernel; a pod's are read-only to its processes."""
    status = 0
    for name in (word for word in words if not word.startswith("-")):
        key = name.partition("=")[0]
        text = machine.tree.read(f"/proc/sys/{key.replace('.', '/')}")
        if text is None:
            machine.say(2, f"sysctl: error: '{key}' is an unknown key\n")
            status = 1
        elif "=" in name:
            machine.say(2, f"sysctl: error setting key '{key}': Read-only file system\n")
            status = 1
        else:
            machine.say(1, text if "-n" in words else f"{key} = {text}")
    return status


def arch(machine: Machine, words: list[str]) -> int:
    machine.say(1, "x86_64\n")
    return 0


def date(machine: Machine, words: list[str]) -> int:
    machine.say(1, f"{date_text(words)}\n")
    return 0


COMMANDS = {
    "hostname": hostname,
    "env": env,
    "printenv": printenv,
    "whoami": whoami,
    "id": id_,
    "uname": uname,
    "arch": arch,
    "sysctl": sysctl,
    "date": date,
}
