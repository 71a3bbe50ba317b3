"""One edit: objects written to a file, and what is done each time the editor has been closed.

As `kubectl/pkg/cmd/util/editor/editoptions.go` of v1.33 does it. A text that is wrong is opened again with the reasons above it; one that could not
be brought to the server is left in its file.

Promises: what has to be remembered between two rounds is plain data (`state`), so an edit may wait for a person and survives a dump.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.editing.sending import Sending
from simulator.kubectl.editing.text import (
    Reason,
    first_document,
    head,
    is_blank,
    list_of_edited,
    meaning,
    without_comments,
)
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.manifests import Manifest, documents, flattened, manifest_of
from simulator.kubectl.printers import object_text, without_managed_fields
from simulator.kubectl.shared_flags import validation
from simulator.machinery.go_text import quoted, syntax
from simulator.machinery.resources import Resource
from simulator.machinery.yaml_documents import YamlError

EDIT, CREATE, LAST_APPLIED = "edit", "create", "last-applied"
_SOURCE = "edited-file"
_MAX_NUMBER = 2**32


class Edit:
    def __init__(self, call: Call, state: dict[str, Any]) -> None:
        self._call = call
        self.state = state

    @classmethod
    def begin(cls, call: Call, mode: str, manifests: list[Manifest]) -> Edit:
        """`manifests`: the objects as they are before they are edited."""
        originals = [
            {
                "api_version": one.resource.api_version,
                "kind": one.resource.kind,
                "namespace": one.namespace,
                "name": one.name,
                "obj": without_managed_fields(one.obj),
                "managed": one.obj["metadata"].get("managedFields") if call.on("save-config") else None,
            }
            for one in manifests
        ]
        return cls(
            call,
            {
                "mode": mode,
                "originals": originals,
                "original": "",
                "edited": "",
                "wrong": False,
                "reasons": [],
                "kept": "",
                "path": "",
            },
        )

    # Before the editor

    def open(self) -> str:
        """Writes the file that is to be edited, and gives its path."""
        state, as_json = self.state, self._call.text("output") == "json"
        text = "" if as_json else head(state["reasons"], of_last_applied=state["mode"] == LAST_APPLIED)
        text += "" if state["wrong"] else self._printed()
        text = text.replace("\n", "\r\n") if self._call.on("windows-line-endings") else text
        if state["wrong"]:
            text += without_comments(state["edited"])
        else:
            state["original"] = text
        state["path"] = self._free_path(".json" if as_json else ".yaml")
        try:
            self._call.session.home.write(state["path"], text)
        except FileError as error:
            raise CommandError(f"open {state['path']}: {str(error).lower()}") from error
        return str(state["path"])

    def _printed(self) -> str:
        output = self._call.text("output") or "yaml"
        if output not in ("json", "yaml"):
            raise CommandError(
                f'unable to match a printer suitable for the output format "{output}", allowed formats are: json,yaml'
            )
        return object_text(list_of_edited([one["obj"] for one in self.state["originals"]]), output)

    def _free_path(self, ending: str) -> str:
        """A name nobody uses; the real one draws it."""
        home, number = self._call.session.home, self._call.now_us
        while home.is_file(path := f"/tmp/kubectl-edit-{number % _MAX_NUMBER}{ending}"):
            number += 1
        return path

    # After it

    def give_up(self, error: CommandError) -> CommandError:
        """The editor could not be run."""
        return self._kept_in(self.state["kept"], error)

    def closed(self) -> bool:
        """Takes what was saved; True: it has to be edited again. Raises CommandError when the edit ends badly."""
        state, home, path = self.state, self._call.session.home, self.state["path"]
        before, state["edited"] = state["edited"], home.read(path)
        text = state["edited"]
        if state["wrong"] and meaning(before) == meaning(text):
            raise self._kept_in(path, CommandError("Edit cancelled, no valid changes were saved."))
        if state["kept"] and home.is_file(state["kept"]):
            home.remove(state["kept"])
        state["reasons"], state["kept"] = [], path
        if (why := self._invalid(text)) is not None:
            return self._again([why], said=f"error: {self._first()} is invalid\n")
        if meaning(state["original"]) == meaning(text):
            return self._over("Edit cancelled, no changes made.\n")
        if is_blank(text):
            return self._over("Edit cancelled, saved file was empty.\n")
        try:
            manifests = self._read(text)
        except CommandError as error:
            return self._again([(f"The edited file had a syntax error: {error.line()}", [])])
        state["wrong"] = False
        return self._sent(manifests)

    def _invalid(self, text: str) -> Reason | None:
        """What is wrong before the server is asked, unless nobody is to look."""
        if validation(self._call) == "Ignore":
            return None
        try:
            found = first_document(without_comments(text))
        except YamlError as error:
            return self._not_valid(error.message.removeprefix("error converting YAML to JSON: "))
        if not isinstance(found, dict):
            return self._not_valid("invalid object to validate")
        missing = [f"{field} not set" for field in ("apiVersion", "kind") if not found.get(field)]
        return self._not_valid(missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]") if missing else None

    def _not_valid(self, why: str) -> Reason:
        detail = f'<nil>: Invalid value: "The edited file failed validation": {why}'
        return f"{self._first()} was not valid", [detail]

    def _first(self) -> str:
        one = self.state["originals"][0]
        return named(self._resource(one), one["name"])

    def _resource(self, one: Obj) -> Resource:
        resource = self._call.api.kinds.by_kind(one["api_version"], one["kind"])
        if resource is None:
            raise CommandError(f'no matches for kind "{one["kind"]}" in version "{one["api_version"]}"')
        return resource

    def _again(self, reasons: list[Reason], said: str = "") -> bool:
        self._call.err(said)
        self.state["reasons"] = [[headline, list(details)] for headline, details in reasons]
        self.state["wrong"] = True
        return True

    def _over(self, said: str) -> bool:
        self._call.session.home.remove(self.state["path"])
        self._call.err(said)
        return False

    def _kept_in(self, path: str, error: CommandError) -> CommandError:
        if path and self._call.session.home.is_file(path):
            self._call.err(f"A copy of your changes has been stored to {quoted(path)}\n")
        return error

    def _read(self, text: str) -> list[Manifest]:
        objects = [obj for document in documents(text, _SOURCE) for obj in flattened(document)]
        return [manifest_of(self._call, obj, _SOURCE, is_free=True) for obj in objects]

    # To the server

    def _sent(self, manifests: list[Manifest]) -> bool:
        call, state = self._call, self.state
        sending = Sending(call)
        try:
            for manifest in [self._in_namespace(one) for one in manifests]:
                self._send(sending, manifest)
        except CommandError as error:
            raise self._kept_in(state["path"], error) from None
        if sending.retryable:
            call.err(f"You can run `kubectl replace -f {state['path']}` to try this update again.\n")
        elif sending.not_found:
            call.err(f"The edits you made on deleted resources have been saved to {quoted(state['path'])}\n")
        elif sending.reasons:
            return self._again(sending.reasons)
        else:
            call.session.home.remove(state["path"])
            return False
        call.exit_code = 1
        return False

    def _in_namespace(self, manifest: Manifest) -> Manifest:
        wanted = self._call.namespace
        if manifest.resource.namespaced and manifest.namespace != wanted:
            found = manifest.namespace
            raise CommandError(
                f'the namespace from the provided object "{found}" does not match the namespace "{wanted}". '
                f"You must pass '--namespace={found}' to perform this operation."
            )
        return manifest

    def _send(self, sending: Sending, manifest: Manifest) -> None:
        mode = self.state["mode"]
        if mode == CREATE:
            return sending.create(manifest)
        uid = (manifest.obj.get("metadata") or {}).get("uid", "")
        found = next((o for o in self.state["originals"] if o["obj"]["metadata"].get("uid", "") == uid), None)
        if found is None:
            raise CommandError(
                f"no original object found for &unstructured.Unstructured{{Object:{syntax(manifest.obj)}}}"
            )
        if mode == LAST_APPLIED:
            return sending.annotate(manifest, found["obj"])
        return sending.patch(_owned(manifest, found["managed"]), found["obj"])


def _owned(manifest: Manifest, managed: list[Obj] | None) -> Manifest:
    """With its managedFields again, which `--save-config` writes into the annotation too."""
    if managed is None:
        return manifest
    return replace(manifest, obj={**manifest.obj, "metadata": {**manifest.obj["metadata"], "managedFields": managed}})


def named(resource: Resource, name: str) -> str:
    """`deployments.apps "web"`."""
    return f"{resource.name} {quoted(name)}"
