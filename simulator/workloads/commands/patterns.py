"""Regular expressions of `grep`, `sed`, `awk` and `[[ =~ ]]`, matched in linear time so that none can keep the server busy."""

from typing import Any

import re2

from simulator.workloads.shell_scripts import NotSimulated

_MAX_PATTERN = 1_000


def compiled(text: str, *, ignore_case: bool = False) -> Any:
    """An object with `search`, `subn` and `finditer`. Raises NotSimulated."""
    if len(text) > _MAX_PATTERN:
        raise NotSimulated(f"a pattern longer than {_MAX_PATTERN} signs is not simulated")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(text, options)
    except re2.error as problem:
        raise NotSimulated(f"the pattern {text} is not simulated") from problem
