"""The text of a file that is edited: its head, and what counts as the same text.

`kubectl/pkg/cmd/util/editor/editoptions.go` and `cmd/util/helpers.go` of v1.33.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator.engine.plain import Obj
from simulator.machinery.json_text import compact
from simulator.machinery.yaml_documents import YamlError, read

#: Why a file has to be edited again: a headline and what stands below it.
Reason = tuple[str, Sequence[str]]

_HEAD = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n#\n"
)
_HEAD_OF_LAST_APPLIED = (
    "# Please edit the 'last-applied-configuration' annotations below.\n"
    "# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.\n#\n"
)


def head(reasons: Sequence[Reason], *, of_last_applied: bool) -> str:
    """What stands above the objects, with what was wrong with the text before."""
    text = _HEAD_OF_LAST_APPLIED if of_last_applied else _HEAD
    for headline, details in reasons:
        text += f"# {_hashed(headline)}{':' if details else ''}\n"
        text += "".join(f"# * {_hashed(detail)}\n" for detail in details)
        text += "#\n"
    return text


def _hashed(text: str) -> str:
    """Each further line becomes a comment too, if it is none yet."""
    lines = text.split("\n")
    return "\n".join([lines[0], *(line if line.startswith("#") or not line else f"# {line}" for line in lines[1:])])


def without_comments(text: str) -> str:
    """The text without lines that are comments."""
    lines = text.split("\n")
    kept = [line for line in lines if not line.strip().startswith("#") or line.strip().startswith("#!")]
    broken = kept and lines[-1].strip().startswith("#")
    return "\n".join(kept) + ("\n" if broken else "")


def meaning(text: str) -> str:
    """Two texts mean the same when this is the same: JSON, or where they are no YAML, the text without its comments."""
    try:
        return compact(first_document(text))
    except YamlError:
        return without_comments(text)


def first_document(text: str) -> Any:
    """Raises YamlError."""
    found = read(text)
    return found[0].value if found else None


def is_blank(text: str) -> bool:
    return not without_comments(text).strip()


def list_of_edited(objects: Sequence[Obj]) -> Obj:
    """Several objects are edited as one list."""
    if len(objects) == 1:
        return objects[0]
    return {"apiVersion": "v1", "items": list(objects), "kind": "List", "metadata": {}}
