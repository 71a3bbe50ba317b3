"""docs/conformance.md says which statements are repeated here, by their names; nothing else."""

import importlib
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
MODULES = ("test_admission", "test_api_machinery", "test_every_operation")


def claimed() -> dict[str, str]:
    text = (ROOT / "docs" / "conformance.md").read_text()
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
    assert claimed() == marked()
    assert len(claimed()) > 45
