"""docs/proof.md says which component is held to which upstream file by which table of cases; nothing else."""

import importlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.proof.components import COMPONENTS, OPEN
from tests.proof.follows import cases

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "proof.md"
#: `pkg/controller/x/y_test.go`, `kubernetes-sigs/z/pkg/x.go: TestIt`, or a page of the documentation.
SOURCE = re.compile(r"[\w.-]+(/[\w.-]+)+\.(go|c|yaml|md)(: [\w.]+(, [\w.]+)*)?|https://kubernetes\.io/[\w./#-]+")


@dataclass(frozen=True, order=True)
class Table:
    component: str
    test: str
    sources: tuple[str, ...]
    cases: int


@cache
def marked() -> tuple[Table, ...]:
    found = []
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        if "\n@follows(" not in file.read_text():
            continue
        path = file.relative_to(ROOT)
        module = importlib.import_module(".".join(path.with_suffix("").parts))
        for name, test in vars(module).items():
            for followed in getattr(test, "followed", ()):
                found.append(Table(followed.component, f"{path}::{name}", followed.sources, cases(test)))
    return tuple(sorted(found))


def tables_of_the_page() -> str:
    return "\n".join(_section(group, components) for group, components in COMPONENTS.items())


def _section(group: str, components: list[str]) -> str:
    rows = [row for component in components for row in _rows(component)]
    return "\n".join(
        [f"## {group}\n", "| component | table | follows | cases |", "| --- | --- | --- | --- |", *rows, ""]
    )


def _rows(component: str) -> list[str]:
    found = [table for table in marked() if table.component == component]
    return [
        f"| {component} | `{table.test}` | {', '.join(f'`{source}`' for source in table.sources)} | {table.cases} |"
        for table in found
    ] or [f"| {component} | open | | |"]


def test_the_page_lists_what_the_tests_say() -> None:
    _, _, tables = PAGE.read_text().partition("\n## ")
    assert f"## {tables}" == tables_of_the_page(), "scripts/proof writes the page anew"


@pytest.mark.parametrize("component", [name for names in COMPONENTS.values() for name in names])
def test_a_component_has_a_table_of_cases_unless_it_is_said_to_be_open(component: str) -> None:
    assert any(table.component == component for table in marked()) is (component not in OPEN)


def test_a_table_names_a_component_that_exists_and_sources_that_can_be_looked_up() -> None:
    known = {name for names in COMPONENTS.values() for name in names}
    assert {table.component for table in marked()} <= known
    assert known >= OPEN
    odd = [source for table in marked() for source in table.sources if not SOURCE.fullmatch(source)]
    assert odd == []
    assert [table for table in marked() if not table.sources] == []
