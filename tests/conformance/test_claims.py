"""docs/conformance.md says which statements are repeated here, by their names; nothing else."""

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "conformance.md"
FOLDER = Path(__file__).parent
MODULES = sorted(file.stem for file in FOLDER.glob("test_*.py") if file.stem != "test_claims")


def claimed() -> dict[str, str]:
    text = PAGE.read_text()
    return dict(re.findall(r"^\| `(\[sig-.+?\])` \| `(tests/conformance/.+?)` \|$", text, re.MULTILINE))


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
