"""Names of fields as expressions can write them: `apiserver/pkg/cel/escaping.go` (1.33)."""

from __future__ import annotations

import re

#: Words of the language that cannot be names of fields.
KEYWORDS = frozenset(
    [
        "true",
        "false",
        "null",
        "in",
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_SIGNS = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_SIGN = re.compile("__|[./-]")


def escaped(name: str) -> str:
    if name in KEYWORDS:
        return f"__{name}__"
    return _SIGN.sub(lambda found: _SIGNS[found.group()], name)
