"""`@conforms("[sig-…] … [Conformance]")`: which statement of Kubernetes' conformance suite a test of ours repeats."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def conforms(*codenames: str) -> Callable[[F], F]:
    """`codenames` as in `test/conformance/testdata/conformance.yaml`."""

    def mark(test: F) -> F:
        test.conforms = codenames  # type: ignore[attr-defined]
        return test

    return mark
