"""docs/conformance.md says which statements are repeated here, by their names, and why the others are not; together they are the whole suite."""

import importlib
import re
from pathlib import Path

from tests.conformance.not_repeated import OPEN, REASONS, reason

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "conformance.md"
FOLDER = Path(__file__).parent
MODULES = sorted(file.stem for file in FOLDER.glob("test_*.py") if file.stem != "test_claims")


def whole_suite() -> list[str]:
    """The names of all conformance tests of v1.33 (`test/conformance/testdata/conformance.yaml`)."""
    return (FOLDER / "v1.33.txt").read_text().splitlines()


def claimed() -> dict[str, str]:
    text = PAGE.read_text()
    return dict(re.findall(r"^\| `(\[sig-.+?\])` \| `(tests/conformance/.+?)` \|$", text, re.MULTILINE))


def excused() -> dict[str, str]:
    return dict(re.findall(r"^\| `(\[sig-.+?\])` \| ([^`].+?) \|$", PAGE.read_text(), re.MULTILINE))


def marked() -> dict[str, str]:
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"tests.conformance.{name}")
        for test, function in vars(module).items():
            for codename in getattr(function, "conforms", ()):
                found[codename] = f"tests/conformance/{name}.py::{test}"
    return found


def test_the_page_lists_what_the_tests_say() -> None:
    assert claimed() == marked(), "scripts/conformance writes the page anew"
    assert len(claimed()) > 45


def test_the_two_tables_are_the_whole_suite_of_the_release() -> None:
    names = whole_suite()
    assert len(names) == len(set(names)) == 417
    assert sorted([*claimed(), *excused()]) == sorted(names), "scripts/conformance writes the page anew"


def test_every_reason_is_on_the_page_and_none_is_given_for_what_is_repeated() -> None:
    assert excused() == {name: reason(name) for name in whole_suite() if name not in marked()}
    given = [name for names in REASONS.values() for name in names]
    assert set(given) <= set(whole_suite())
    assert not set(given) & set(marked())
    assert OPEN not in REASONS
