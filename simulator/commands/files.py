"""Manifests and files of the workstation, as the page's editor reads, writes and applies them."""

from simulator.commands.fields import MAX_TEXT, BadCommand, Command, Reply, text_of
from simulator.commands.parts import Parts
from simulator.commands.roots import Roots
from simulator.kubectl.home import FileError


class Files:
    def __init__(self, parts: Parts, roots: Roots) -> None:
        self._parts = parts
        self._roots = roots

    def apply_yaml(self, command: Command) -> Reply:
        text = text_of(command, "text", MAX_TEXT)
        dry_run = bool(command.get("dry_run"))
        return self._roots.rooted(
            "apply from the editor", lambda: self._parts.workstation.apply_text(text, dry_run=dry_run)
        )

    def diff_yaml(self, command: Command) -> Reply:
        return dict(self._parts.workstation.diff_text(text_of(command, "text", MAX_TEXT)))

    def write_file(self, command: Command) -> Reply:
        path, text = text_of(command, "path", 255), text_of(command, "text", MAX_TEXT, default="")
        try:
            self._parts.workstation.write_file(path, text)
        except FileError as error:
            raise BadCommand("path", f"{path!r}: {error}", "a file that can be written") from error
        return {"ok": True}

    def read_file(self, command: Command) -> Reply:
        path = text_of(command, "path", 255)
        text = self._parts.workstation.read_file(path)
        if text is None:
            raise BadCommand("path", repr(path), "a file in the home folder")
        edited = {"edit": True} if path in self._parts.workstation.edits() else {}
        return {"text": text, **edited}

    def list_files(self, command: Command) -> Reply:
        station = self._parts.workstation
        edited = set(station.edits())
        files = [
            {"path": path, "size": size, **({"edit": True} if path in edited else {})} for path, size in station.files()
        ]
        return {"files": files}

    def finish_edit(self, command: Command) -> Reply:
        """The page's editor closes a file that `kubectl edit` waits for."""
        path, text = text_of(command, "path", 255), text_of(command, "text", MAX_TEXT, default="")
        station = self._parts.workstation
        try:
            return self._roots.rooted("kubectl edit: the editor is closed", lambda: station.finish_edit(path, text))
        except FileError as error:
            raise BadCommand("text", f"{path!r}: {error}", "a text that can be written") from error
