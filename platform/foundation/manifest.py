"""Reads what the front-end build left for the pages: `build/ui/manifest.json`.

Promises an error that says what to type when the build is missing or an entry is not in it. The file is read again
only after it has changed, so a rebuild shows at the next page.
"""

import json
from dataclasses import dataclass
from pathlib import Path


class NotBuilt(Exception):
    """The front end is missing; a programming or installation mistake, shown as a page of its own."""


@dataclass(frozen=True)
class Entry:
    """The files one page needs, as paths below `build/ui/`."""

    script: str
    styles: tuple[str, ...]
    preload: tuple[str, ...]


class Manifest:
    """The build in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "manifest.json"
        self._read_at = -1
        self._entries: dict[str, Entry] = {}

    def entry(self, name: str) -> Entry:
        """The files of the entry called `name` in the front end's sources, such as `lab.tsx`."""
        self._refresh()
        if name not in self._entries:
            known = ", ".join(sorted(self._entries)) or "nothing"
            raise NotBuilt(f"The front end has no entry {name!r}; the build holds {known}. Run `make ui`.")
        return self._entries[name]

    def _refresh(self) -> None:
        try:
            changed_at = self.path.stat().st_mtime_ns
        except FileNotFoundError:
            raise NotBuilt("The front end is not built: build/ui/manifest.json is missing. Run `make ui`.") from None
        if changed_at != self._read_at:
            self._entries = _parse(self.path.read_bytes())
            self._read_at = changed_at


def _parse(text: bytes) -> dict[str, Entry]:
    try:
        raw = json.loads(text)
        return {
            name: Entry(script=files["file"], styles=tuple(files["css"]), preload=tuple(files["preload"]))
            for name, files in raw.items()
            if isinstance(files, dict)
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotBuilt(f"build/ui/manifest.json is not what the build writes ({error!r}). Run `make ui`.") from error
