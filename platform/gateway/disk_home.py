"""The files of this machine as the simulated kubectl sees them: what `-f`, `--kubeconfig` and `diff` read and write."""

import os
from pathlib import Path

from simulator.kubectl.home import FileError, Home


class DiskHome(Home):
    """Names are resolved as the shell of this machine does; nothing is kept here. A refusal carries the system's own words."""

    def absolute(self, path: str) -> str:
        return os.path.abspath(os.path.expanduser(path))

    def is_file(self, path: str) -> bool:
        return Path(self.absolute(path)).is_file()

    def is_directory(self, path: str) -> bool:
        return Path(self.absolute(path)).is_dir()

    def read(self, path: str) -> str:
        try:
            return Path(self.absolute(path)).read_text()
        except UnicodeDecodeError as error:
            raise FileError("it is not text") from error
        except OSError as error:
            raise FileError(error.strerror or str(error)) from error

    def entries(self, path: str) -> list[str]:
        found = Path(self.absolute(path)).iterdir()
        return sorted(one.name + ("/" if one.is_dir() else "") for one in found)

    def write(self, path: str, text: str) -> None:
        try:
            Path(self.absolute(path)).write_text(text)
        except OSError as error:
            raise FileError(error.strerror or str(error)) from error
        self.version += 1

    def remove(self, path: str) -> None:
        try:
            Path(self.absolute(path)).unlink()
        except OSError as error:
            raise FileError(error.strerror or str(error)) from error
        self.version += 1

    def make_directory(self, path: str) -> None:
        try:
            Path(self.absolute(path)).mkdir()
        except OSError as error:
            raise FileError(error.strerror or str(error)) from error
