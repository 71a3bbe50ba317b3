"""The files of the workstation: a small home directory held as plain data.

Promises: paths are resolved as a shell would (`~`, `.`, `..`, relative to the working directory); sizes and counts are
bounded, and a refusal names the file and the limit. `dump` and `load` are plain data.

Leaves to others: the words of the commands that work on files (`shell_commands.py`).
"""

from __future__ import annotations

import posixpath
from typing import Any

HOME = "/home/learner"
MAX_FILES = 200
MAX_FILE_BYTES = 1_000_000
MAX_TOTAL_BYTES = 4_000_000
MAX_PATH = 255
_STANDING = ("/", "/home", HOME, "/tmp")


class FileError(ValueError):
    """A file operation that cannot be done; the text is what comes after `path: `."""


class Home:
    """Files by absolute path; a directory exists when a file is in it or when it was made."""

    def __init__(self) -> None:
        self.cwd = HOME
        self._files: dict[str, str] = {}
        self._directories: dict[str, None] = {}
        self.version = 0
        """Counts changes; equal numbers mean nothing was written in between."""

    # Names

    def absolute(self, path: str) -> str:
        if path == "~" or path.startswith("~/"):
            path = HOME + path[1:]
        return posixpath.normpath(posixpath.join(self.cwd, path))

    def shown(self, path: str) -> str:
        """An absolute path as the prompt shows it."""
        return "~" + path[len(HOME) :] if path == HOME or path.startswith(HOME + "/") else path

    # Reading

    def is_file(self, path: str) -> bool:
        return self.absolute(path) in self._files

    def is_directory(self, path: str) -> bool:
        where = self.absolute(path)
        return where in _STANDING or where in self._directories or any(f.startswith(where + "/") for f in self._files)

    def read(self, path: str) -> str:
        where = self.absolute(path)
        if where in self._files:
            return self._files[where]
        if where == "/dev/null":
            return ""
        raise FileError("Is a directory" if self.is_directory(path) else "No such file or directory")

    def entries(self, path: str) -> list[str]:
        """Names in a directory, sorted; directories end in a slash."""
        where = self.absolute(path).rstrip("/") + "/"
        names: dict[str, None] = {}
        for known in (*self._files, *(d + "/" for d in (*self._directories, *_STANDING) if d != "/")):
            if known.startswith(where) and known != where:
                first, slash, _ = known[len(where) :].partition("/")
                names[first + slash] = None
        return sorted(names)

    @property
    def size(self) -> int:
        """Characters in all files."""
        return sum(map(len, self._files.values()))

    def files(self) -> list[tuple[str, int]]:
        """Every file as `(path, bytes)`: relative to the home where it is inside it."""
        return [(path.removeprefix(HOME + "/"), len(text.encode())) for path, text in sorted(self._files.items())]

    # Writing

    def write(self, path: str, text: str) -> None:
        where = self.absolute(path)
        if self.is_directory(path) or path.endswith("/"):
            raise FileError("Is a directory")
        if not self.is_directory(posixpath.dirname(where)):
            raise FileError("No such file or directory")
        size = len(text.encode())
        if len(where) > MAX_PATH:
            raise FileError("File name too long")
        if size > MAX_FILE_BYTES:
            raise FileError(f"File too large ({size} bytes; the limit of this workstation is {MAX_FILE_BYTES})")
        others = sum(len(known.encode()) for name, known in self._files.items() if name != where)
        if others + size > MAX_TOTAL_BYTES or (where not in self._files and len(self._files) >= MAX_FILES):
            raise FileError(f"Disk quota exceeded (at most {MAX_FILES} files and {MAX_TOTAL_BYTES} bytes)")
        self._files[where] = text
        self.version += 1

    def append(self, path: str, text: str) -> None:
        self.write(path, (self.read(path) if self.is_file(path) else "") + text)

    def remove(self, path: str) -> None:
        self.read(path)
        del self._files[self.absolute(path)]
        self.version += 1

    def make_directory(self, path: str) -> None:
        if self.is_file(path) or self.is_directory(path):
            raise FileError("File exists")
        if not self.is_directory(posixpath.dirname(self.absolute(path))):
            raise FileError("No such file or directory")
        if len(self._directories) >= MAX_FILES:
            raise FileError("Disk quota exceeded")
        self._directories[self.absolute(path)] = None
        self.version += 1

    def remove_directory(self, path: str) -> None:
        where = self.absolute(path)
        if where in _STANDING:
            raise FileError("Operation not permitted")
        self.version += 1
        for known in [name for name in self._files if name.startswith(where + "/")]:
            del self._files[known]
        for known in [name for name in self._directories if name == where or name.startswith(where + "/")]:
            del self._directories[known]

    def change_directory(self, path: str) -> None:
        if self.is_file(path):
            raise FileError("Not a directory")
        if not self.is_directory(path):
            raise FileError("No such file or directory")
        self.cwd = self.absolute(path)
        self.version += 1

    # State

    def dump(self) -> dict[str, Any]:
        return {"cwd": self.cwd, "files": dict(self._files), "directories": list(self._directories)}

    def load(self, state: dict[str, Any]) -> None:
        self.cwd = state["cwd"]
        self._files = dict(state["files"])
        self._directories = dict.fromkeys(state["directories"])
