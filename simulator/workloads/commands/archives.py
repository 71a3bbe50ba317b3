"""`tar`: what `kubectl cp` runs in a container, in the words of GNU tar or of BusyBox, as the image has it.

Promises: `c`, `x` and `t` with `f`, `C`, `v` and `z`; archives are binary-safe (`machinery.octets`) and of the common format, so any other tar
reads them. Times, owners and modes of files are not kept here, and there are no links. What else real tar can do says that it is
not simulated.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

from simulator.machinery.octets import bytes_of, text_of
from simulator.workloads.file_tree import MAX_FILE, MISSING, absolute, contents_of
from simulator.workloads.shell_scripts import NotSimulated

if TYPE_CHECKING:
    from simulator.workloads.machine import Machine

_VALUED = "fC"
_IGNORED = "mpoPSUhk"
_LONG = {
    "--create": "c",
    "--extract": "x",
    "--get": "x",
    "--list": "t",
    "--verbose": "v",
    "--gzip": "z",
    "--touch": "m",
    "--no-same-owner": "o",
    "--no-same-permissions": "o",
    "--preserve-permissions": "p",
    "--same-permissions": "p",
    "--absolute-names": "P",
}
_LONG_VALUED = {"--file": "f", "--directory": "C"}
#: What one archive may hold in all; `Machine` refuses to write more.
_MAX_ARCHIVE = 900_000
_TOO_LARGE = "File too large"
#: What BusyBox only mentions before it goes on.
_GOES_ON = ("can't make dir", "can't create directory", "can't create symlink", "can't create link")
_FROM_ERRORS = "Exiting with failure status due to previous errors"


def tar(machine: Machine, words: list[str]) -> int:
    flags, operands = _options(words)
    modes = [mode for mode in "cxt" if mode in flags]
    if len(modes) != 1:
        if _is_busybox(machine):
            raise NotSimulated("tar without exactly one of c, x and t is not simulated")
        return _Run(machine, flags).refuse(
            "You must specify one of the '-Acdtrux', '--delete' or '--test-label' options"
        )
    run = _Run(machine, flags)
    if run.is_elsewhere:
        return run.status
    return run.create(operands) if modes == ["c"] else run.read(operands, extract=modes == ["x"])


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Options of both old (`cf - x`) and new (`-c -f - x`) style; a valued letter of the old style takes the next word in turn."""
    flags: dict[str, str] = {}
    operands: list[str] = []
    rest = list(words)
    if rest and not rest[0].startswith("-"):
        for letter in rest.pop(0):
            _take(flags, letter, rest.pop(0) if letter in _VALUED and rest else "")
    while rest:
        word = rest.pop(0)
        name, _, value = word.partition("=")
        if name in _LONG_VALUED:
            _take(flags, _LONG_VALUED[name], value or (rest.pop(0) if rest else ""))
        elif word in _LONG:
            _take(flags, _LONG[word], "")
        elif word.startswith("--"):
            raise NotSimulated(f"tar {word} is not simulated")
        elif word == "-" or not word.startswith("-"):
            operands.append(word)
        else:
            _letters(flags, word[1:], rest)
    return flags, operands


def _letters(flags: dict[str, str], letters: str, rest: list[str]) -> None:
    for place, letter in enumerate(letters):
        if letter in _VALUED:
            _take(flags, letter, letters[place + 1 :] or (rest.pop(0) if rest else ""))
            return
        _take(flags, letter, "")


def _take(flags: dict[str, str], letter: str, value: str) -> None:
    if letter not in "cxtvz" + _VALUED + _IGNORED:
        raise NotSimulated(f"tar -{letter} is not simulated")
    flags[letter] = value


def _is_busybox(machine: Machine) -> bool:
    return machine.image.shell == "busybox"


class _Given(Exception):
    """BusyBox gives up at the first file that it cannot write."""


class _Run:
    """One run: where it stands, and how it goes so far."""

    def __init__(self, machine: Machine, flags: dict[str, str]) -> None:
        self._machine, self._flags = machine, flags
        self._busybox = _is_busybox(machine)
        self._directory = machine.path(flags["C"]) if "C" in flags else machine.directory
        self._cut: set[str] = set()
        self._found: set[str] = set()
        self.status = 0
        self.is_elsewhere = False
        if "C" in flags and not machine.tree.is_dir(self._directory):
            self.is_elsewhere = True
            self._cannot_enter(flags["C"])

    # Writing an archive

    def create(self, operands: list[str]) -> int:
        if not operands:
            if self._busybox:
                self._fail("empty archive")
                return self.status
            return self.refuse("Cowardly refusing to create an empty archive")
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for operand in operands:
                self._add(archive, operand)
        data = made.getvalue()
        if "z" in self._flags:  # stored, not squeezed: the bytes must be the same on every machine
            data = gzip.compress(data, compresslevel=0, mtime=0)
        self._deliver(data)
        return self._ended()

    def _add(self, archive: tarfile.TarFile, operand: str) -> None:
        tree, full = self._machine.tree, absolute(operand, self._directory)
        member = self._member_name(operand) if tree.exists(full) or not self._busybox else ""
        if not tree.exists(full):
            self._fail(f"{operand}: {MISSING}" if self._busybox else f"{operand}: Cannot stat: {MISSING}")
            return
        if not tree.is_dir(full):
            self._add_file(archive, member, full)
            return
        self._add_directory(archive, member)
        start = f"{full.rstrip('/')}/"
        for inner in tree.names(full):
            self._add_below(archive, f"{member}/{inner}".removeprefix("/"), f"{start}{inner}")

    def _add_below(self, archive: tarfile.TarFile, member: str, full: str) -> None:
        tree = self._machine.tree
        if not tree.is_dir(full):
            self._add_file(archive, member, full)
            return
        self._add_directory(archive, member)
        for inner in tree.names(full):
            self._add_below(archive, f"{member}/{inner}", f"{full}/{inner}")

    def _add_directory(self, archive: tarfile.TarFile, member: str) -> None:
        if not member:
            return
        entry = tarfile.TarInfo(f"{member}/")
        entry.type, entry.mode, entry.uname, entry.gname = tarfile.DIRTYPE, 0o755, "root", "root"
        archive.addfile(entry)
        self._name_added(f"{member}/")

    def _add_file(self, archive: tarfile.TarFile, member: str, full: str) -> None:
        try:
            data = contents_of(self._machine.placed(self._machine.tree.read(full) or ""), limit=_MAX_ARCHIVE)
        except OverflowError:
            self._fail(f"{member}: {_TOO_LARGE}" if self._busybox else f"{member}: Cannot read: {_TOO_LARGE}")
            return
        entry = tarfile.TarInfo(member)
        entry.size, entry.uname, entry.gname = len(data), "root", "root"
        entry.mode = 0o755 if full.startswith(("/bin/", "/usr/bin/")) else 0o644
        archive.addfile(entry, io.BytesIO(data))
        self._name_added(member)

    def _name_added(self, member: str) -> None:
        if "v" in self._flags:
            self._machine.say(2 if self._flags.get("f", "-") == "-" else 1, f"{member}\n")

    def _deliver(self, data: bytes) -> None:
        place = self._flags.get("f", "-")
        if len(data) > _MAX_ARCHIVE:
            raise NotSimulated(f"an archive of {len(data)} bytes is not simulated (at most {_MAX_ARCHIVE})")
        if place == "-":
            self._machine.say(1, text_of(data))
            return
        full = self._machine.path(place)
        problem = _TOO_LARGE if len(data) > MAX_FILE else self._machine.tree.write(full, text_of(data))
        if problem:
            self._fail(f"can't open '{place}': {problem}" if self._busybox else f"{place}: Cannot open: {problem}")

    # Reading one

    def read(self, operands: list[str], *, extract: bool) -> int:
        data = self._archive()
        if data is None:
            return self.status
        try:
            if data[:2] == b"\x1f\x8b":
                data = gzip.decompress(data)
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
                for entry in archive:
                    if self._is_wanted(entry, operands):
                        self._take_out(archive, entry) if extract else self._list(entry)
        except _Given:
            return self.status
        except (tarfile.TarError, OSError, EOFError, ValueError):
            return self._unreadable(data)
        for wanted in operands:
            if wanted not in self._found:
                self._fail(f"{wanted}: {'not' if self._busybox else 'Not'} found in archive")
        return self.status if self._busybox else self._ended()

    def _archive(self) -> bytes | None:
        place = self._flags.get("f", "-")
        if place == "-":
            return bytes_of(self._machine.read_input())
        text = self._machine.tree.read(self._machine.path(place))
        if text is not None:
            return bytes_of(text)
        if self._busybox:
            self._say(f"can't open '{place}': {MISSING}")
            self.status = 1
            return None
        self._say(f"{place}: Cannot open: {MISSING}")
        self._say("Error is not recoverable: exiting now")
        self.status = 2
        return None

    def _take_out(self, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
        name = self._member_name(entry.name)
        if entry.isdir():
            problem = self._make_directory(name)
        elif entry.isreg():
            problem = self._write(archive, entry, name)
        else:
            problem = self._link_problem(entry, name)
        if problem:
            self._fail(problem)
            if self._busybox and not problem.startswith(_GOES_ON):
                raise _Given
        elif "v" in self._flags:
            self._machine.say(1, f"{name}{'/' if entry.isdir() else ''}\n")

    def _make_directory(self, name: str) -> str:
        tree, full = self._machine.tree, absolute(name, self._directory)
        if tree.is_dir(full):
            return ""
        if tree.read(full) is not None:
            if self._busybox:
                return f"can't create directory '{name}': File exists"
            tree.put(full, None)
        if problem := tree.put(f"{full}/", ""):
            return f"can't make dir {name}: {problem}" if self._busybox else f"{name}: Cannot mkdir: {problem}"
        return ""

    def _write(self, archive: tarfile.TarFile, entry: tarfile.TarInfo, name: str) -> str:
        """ "" or why not. Directories on the way are made."""
        tree, full = self._machine.tree, absolute(name, self._directory)
        parent, problem = name.rpartition("/")[0], ""
        if parent and not tree.is_dir(absolute(parent, self._directory)):
            problem = self._no_parent(parent)
        if tree.is_dir(full):
            return (
                f"can't remove old file {name}: Is a directory"
                if self._busybox
                else f"{name}: Cannot open: File exists"
            )
        if not problem:
            found = archive.extractfile(entry)
            content = text_of(found.read() if found is not None else b"")
            problem = tree.refusal(full) or (_TOO_LARGE if entry.size > MAX_FILE else tree.put(full, content))
        if problem:
            return f"can't open '{name}': {problem}" if self._busybox else f"{name}: Cannot open: {problem}"
        return ""

    def _no_parent(self, parent: str) -> str:
        """Why a file cannot be in a directory that is not there yet; "" when that can be made."""
        tree, parts = self._machine.tree, parent.split("/")
        for end in range(1, len(parts) + 1):
            part = "/".join(parts[:end])
            full = absolute(part, self._directory)
            if tree.read(full) is not None:
                return "Not a directory"
            if not tree.is_dir(full) and (problem := tree.refusal(full)):
                what = f"can't create directory '{part}'" if self._busybox else f"{part}: Cannot mkdir"
                self._fail(f"{what}: {problem}")
                return MISSING
        return ""

    def _link_problem(self, entry: tarfile.TarInfo, name: str) -> str:
        """There are no links in these file systems, as in some real ones."""
        kind = "symlink" if entry.issym() else "hard link"
        if self._busybox:
            return f"can't create {'sym' if entry.issym() else ''}link '{name}' to '{entry.linkname}'"
        return f"{name}: Cannot create {kind} to '{entry.linkname}': Operation not permitted"

    def _is_wanted(self, entry: tarfile.TarInfo, operands: list[str]) -> bool:
        asked = [wanted for wanted in operands if _is_below(entry.name, wanted)]
        self._found.update(asked)
        return bool(asked) or not operands

    def _list(self, entry: tarfile.TarInfo) -> None:
        self._machine.say(1, f"{entry.name}{'/' if entry.isdir() else ''}\n")

    # Words

    def _member_name(self, name: str) -> str:
        """A path as it stands in an archive: relative, and nowhere above; what is cut off is said once."""
        parts = name.rstrip("/").split("/")
        cut = max((place + 1 for place, part in enumerate(parts) if part == ".."), default=0)
        while cut < len(parts) and not parts[cut]:
            cut += 1
        kept = "/".join(parts[cut:])
        prefix = name[: len(name.rstrip("/")) - len(kept)] or name[: name.startswith("/")]
        if prefix and not (prefix in self._cut or (self._busybox and self._cut)):
            self._cut.add(prefix)
            word = f"removing leading '{prefix}'" if self._busybox else f"Removing leading `{prefix}'"
            self._say(f"{word} from member names")
        return kept

    def _cannot_enter(self, place: str) -> None:
        if self._busybox:
            self._say(f"can't change directory to '{place}': {MISSING}")
            self.status = 1
            return
        self._say(f"{place}: Cannot open: {MISSING}")
        self._say("Error is not recoverable: exiting now")
        self.status = 2

    def _unreadable(self, data: bytes) -> int:
        if self._busybox:
            self._say("invalid tar magic" if len(data) >= tarfile.BLOCKSIZE else "short read")
            self.status = 1
            return 1
        self._say("This does not look like a tar archive")
        self._say(_FROM_ERRORS)
        self.status = 2
        return 2

    def refuse(self, why: str) -> int:
        """GNU tar's way to answer a wrong command line."""
        self._say(why)
        self._machine.say(2, "Try 'tar --help' or 'tar --usage' for more information.\n")
        return 2

    def _fail(self, why: str) -> None:
        self._say(why)
        self.status = 1 if self._busybox else 2

    def _ended(self) -> int:
        if self.status:
            self._say("error exit delayed from previous errors" if self._busybox else _FROM_ERRORS)
        return self.status

    def _say(self, text: str) -> None:
        self._machine.say(2, f"tar: {text}\n")


def _is_below(name: str, wanted: str) -> bool:
    wanted = wanted.strip("/")
    return name == wanted or name.startswith(f"{wanted}/")


COMMANDS = {"tar": tar}
