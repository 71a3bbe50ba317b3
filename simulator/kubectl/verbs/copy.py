"""`kubectl cp`: files between the workstation and a container, by running `tar` there.

Follows `kubectl/pkg/cmd/cp/cp.go`: `test -d` and `tar -xmf -` to copy in, `tar cf -` to copy out; so a container without `tar` cannot be copied
to or from. What tar says while copying out stands on standard output, as with the real one.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from typing import NamedTuple

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.pod_choice import container_of, pods_resource
from simulator.kubectl.verbs.run import executed
from simulator.machinery.octets import bytes_of, text_of

_FORMAT = "filespec must match the canonical format: [[namespace/]pod:]file/path"


class _Spec(NamedTuple):
    """`[[namespace/]pod:]path`; no pod: a file of the workstation."""

    namespace: str
    pod: str
    path: str


def copy(call: Call) -> None:
    if len(call.rest) != 2:
        raise CommandError("source and destination are required")
    source, goal = (_spec(call, word) for word in call.rest)
    if source.pod and goal.pod:
        raise CommandError("one of src or dest must be a local file specification")
    if not source.path or not goal.path:
        raise CommandError("filepath can not be empty")
    if source.pod:
        _copy_out(call, source, goal.path)
    elif goal.pod:
        _copy_in(call, source.path, goal)
    else:
        raise CommandError("one of src or dest must be a remote file specification")


def _spec(call: Call, word: str) -> _Spec:
    place, colon, path = word.partition(":")
    if not colon:
        return _Spec("", "", word)
    pieces = place.split("/")
    if not place or len(pieces) > 2:
        raise CommandError(_FORMAT)
    return _Spec(pieces[0] if len(pieces) == 2 else call.namespace, pieces[-1], path)


# Into a container


def _copy_in(call: Call, source: str, goal: _Spec) -> None:
    home = call.session.home
    if not home.is_file(source) and not home.is_directory(source):
        raise CommandError(f"{source} doesn't exist in local filesystem")
    path = goal.path
    if _is_directory(call, goal):
        path = posixpath.join(path, posixpath.basename(home.absolute(source)))
    path = posixpath.normpath(path)
    argv = ["tar", "-xmf", "-"]
    if call.on("no-preserve"):
        argv = ["tar", "--no-same-permissions", "--no-same-owner", "-xmf", "-"]
    argv += ["-C", posixpath.dirname(path) or "."]
    stdout, stderr, code = _run(call, goal, argv, text_of(_archive(call, source, posixpath.basename(path))))
    call.out(stdout)
    call.err(stderr)
    _end(code)


def _is_directory(call: Call, goal: _Spec) -> bool:
    """Failures of every sort mean no; the copying itself will tell."""
    said = list(call.stderr)
    try:
        return _run(call, goal, ["test", "-d", goal.path], "")[2] == 0
    except CommandError:
        return False
    finally:
        call.stderr[:] = said


def _archive(call: Call, source: str, name: str) -> bytes:
    """Files under their new name; directories only where nothing is in them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, member in _found(call, call.session.home.absolute(source), name):
            entry = tarfile.TarInfo(member)
            if path is None:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
                continue
            data = bytes_of(call.session.home.read(path))
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def _found(call: Call, path: str, member: str) -> list[tuple[str | None, str]]:
    home = call.session.home
    if home.is_file(path):
        return [(path, member)]
    names = home.entries(path)
    if not names:
        return [(None, member)]
    inner = (name.removesuffix("/") for name in names)
    return [one for name in inner for one in _found(call, f"{path.rstrip('/')}/{name}", f"{member}/{name}")]


# Out of a container


def _copy_out(call: Call, source: _Spec, goal: str) -> None:
    argv = ["tar", "cf", "-", source.path]
    if call.number("retries"):
        argv = ["sh", "-c", f"tar cf - {source.path} | tail -c+0"]
    stdout, stderr, code = _run(call, source, argv, "")
    call.out(stderr)
    prefix = _without_shortcuts(posixpath.normpath(source.path.lstrip("/").rstrip("/") or "."))
    try:
        with tarfile.open(fileobj=io.BytesIO(bytes_of(stdout)), mode="r:") as archive:
            for entry in archive:
                _unpack(call, archive, entry, prefix, goal)
    except tarfile.TarError:
        _end(code)
        return
    except FileError as error:
        raise CommandError(str(error)) from error
    _end(code)


def _without_shortcuts(path: str) -> str:
    """Without `../` in front and `.` (`stripPathShortcuts`)."""
    while path.startswith("../"):
        path = path[3:]
    return "" if path in (".", "..") else path.removeprefix("/")


def _unpack(call: Call, archive: tarfile.TarFile, entry: tarfile.TarInfo, prefix: str, goal: str) -> None:
    if not entry.name.startswith(prefix):
        raise CommandError("tar contents corrupted")
    home = call.session.home
    path = home.absolute(posixpath.join(goal, entry.name[len(prefix) :].lstrip("/")) if entry.name != prefix else goal)
    parents = path if entry.isdir() else posixpath.dirname(path)
    _make_directories(call, parents)
    if entry.isdir():
        return
    if home.is_directory(path):
        raise CommandError(f"open {goal}: is a directory")
    found = archive.extractfile(entry)
    try:
        home.write(path, text_of(found.read() if found is not None else b""))
    except FileError as error:
        raise FileError(f"open {path}: {str(error)[:1].lower()}{str(error)[1:]}") from error


def _make_directories(call: Call, path: str) -> None:
    home = call.session.home
    if home.is_directory(path):
        return
    _make_directories(call, posixpath.dirname(path))
    try:
        home.make_directory(path)
    except FileError as error:
        raise FileError(f"mkdir {path}: {str(error)[:1].lower()}{str(error)[1:]}") from error


# Both


def _run(call: Call, place: _Spec, argv: list[str], stdin: str) -> tuple[str, str, int]:
    pod = call.api.get(pods_resource(), place.namespace, place.pod)
    phase = (pod.get("status") or {}).get("phase", "")
    if phase in ("Succeeded", "Failed"):
        raise CommandError(f"cannot exec into a container in a completed pod; current phase is {phase}")
    container = container_of(call, pod, call.text("container"), by_server=True)
    return executed(call, pod, container, argv, stdin)


def _end(code: int) -> None:
    if code:
        raise CommandError(f"command terminated with exit code {code}", exit_code=code, prefixed=False)


COMMANDS = (
    Command(
        "cp",
        "Copy files and directories to or from a container",
        copy,
        usage="<file-spec-src> <file-spec-dest>",
        flags=(
            Flag("container", "c", help="This container"),
            Flag("no-preserve", kind="bool", help="Do not keep ownership and permissions in the container"),
            Flag("retries", kind="int", default=0, help="How often to go on with a copy that broke off"),
        ),
    ),
)
