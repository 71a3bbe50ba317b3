"""The only shapes that state may have: what can be written to bytes and read back as the same value."""

from typing import Any

#: None, bool, int, float, str, and lists, tuples and string-keyed dicts of those.
#: Not a recursive alias: mypy's recursion through Mapping costs more than it catches here.
Plain = Any

#: A Kubernetes object or a part of one, as on the wire. Immutable once stored.
Obj = dict[str, Any]
