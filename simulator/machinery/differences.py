"""What two objects differ in, field by field; and the value at such a path.

Lists of things with names (containers, ports, conditions, owner references …) are compared by name, so that an entry that was put in front does
not make all others look changed. Promises a sorted answer that names every differing field once and no other.
"""

import re
from typing import NamedTuple

from simulator.engine.plain import Obj, Plain

#: What names the entries of a list, in order of preference.
_NAMES = ("name", "type", "uid", "key", "containerPort", "port", "ip", "topologyKey")


class Difference(NamedTuple):
    path: str
    """Dotted; `[…]` names or counts an entry: `spec.containers[web].image`."""
    before: Plain
    """None where it was not there."""
    after: Plain


def differences(before: Obj | None, after: Obj | None) -> list[Difference]:
    """Everything that has to be changed in `before` to get `after`."""
    found: list[Difference] = []
    _compare("", before, after, found)
    return found


def value_at(obj: Obj | None, path: str) -> Plain:
    """What stands at a path as `differences` writes it; None where nothing does."""
    found: Plain = obj
    for quoted, entry, key in _STEP.findall(path):
        if entry and isinstance(found, list):
            found = _entry(found, entry)
        elif isinstance(found, dict):
            found = found.get(quoted or key or entry)
        else:
            return None
    return found


#: `["a.b/c"]`, `[web]`, or `spec`.
_STEP = re.compile(r'\["([^"]+)"\]|\[([^\]]+)\]|([^.\[\]]+)')


def leaves(obj: Plain, path: str = "") -> list[tuple[str, Plain]]:
    """Every path at which a value stands that has no parts of its own, sorted."""
    if isinstance(obj, dict) and obj:
        return [leaf for key in sorted(obj) for leaf in leaves(obj[key], _joined(path, key))]
    if isinstance(obj, list) and obj:
        name = _naming(obj, [])
        keys = [str(entry[name]) for entry in obj] if name else [str(index) for index in range(len(obj))]
        return [leaf for key, entry in zip(keys, obj, strict=True) for leaf in leaves(entry, f"{path}[{key}]")]
    return [(path, obj)]


def _entry(entries: list[Plain], key: str) -> Plain:
    name = _naming(entries, [])
    if name:
        return next((entry for entry in entries if str(entry[name]) == key), None)
    return entries[int(key)] if key.isdigit() and int(key) < len(entries) else None


def _compare(path: str, before: Plain, after: Plain, found: list[Difference]) -> None:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            _compare(_joined(path, key), before.get(key), after.get(key), found)
    elif isinstance(before, list) and isinstance(after, list) and (before or after):
        _compare_lists(path, before, after, found)
    else:
        found.append(Difference(path, before, after))


def _compare_lists(path: str, before: list[Plain], after: list[Plain], found: list[Difference]) -> None:
    name = _naming(before, after)
    if name:
        old, new = ({str(entry[name]): entry for entry in entries} for entries in (before, after))
        mark = len(found)
        for key in sorted(old.keys() | new.keys()):
            _compare(f"{path}[{key}]", old.get(key), new.get(key), found)
        if len(found) == mark:  # the same entries in another order
            found.append(Difference(path, before, after))
        return
    for index in range(max(len(before), len(after))):
        _compare(
            f"{path}[{index}]",
            before[index] if index < len(before) else None,
            after[index] if index < len(after) else None,
            found,
        )


def _naming(before: list[Plain], after: list[Plain]) -> str:
    """The field by which every entry of both lists is named uniquely; "" when there is none."""
    for name in _NAMES:
        if all(
            all(isinstance(entry, dict) and isinstance(entry.get(name), str | int) for entry in entries)
            and len({str(entry[name]) for entry in entries}) == len(entries)
            for entries in (before, after)
        ):
            return name
    return ""


def _joined(path: str, key: str) -> str:
    step = f'["{key}"]' if "." in key or "/" in key else key
    if not path:
        return step
    return f"{path}{step}" if step.startswith("[") else f"{path}.{step}"
