"""`@follows("job-controller", "pkg/controller/job/job_controller_test.go: TestControllerSyncJob")`: what a table of cases repeats."""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Followed:
    component: str
    sources: tuple[str, ...]


def follows(component: str, *sources: str) -> Callable[[F], F]:
    """`component` as in `tests/proof/components.py`; a source is an upstream file (its repository first, unless kubernetes/kubernetes) or a page.

    Stands above `pytest.mark.parametrize`, and more than once where a table is about several components.
    """

    def mark(test: F) -> F:
        earlier: tuple[Followed, ...] = getattr(test, "followed", ())
        test.followed = (Followed(component, sources), *earlier)  # type: ignore[attr-defined]
        return test

    return mark


def cases(test: Callable[..., Any]) -> int:
    """How often pytest calls a test: a table's rows, or one."""
    tables = [mark.args[1] for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    return prod(len(rows) for rows in tables)
