"""docs/coverage.md may only claim what exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Rows of the concept list a group: group letter → how many.
GROUPS = {"A": 30, "B": 17, "C": 26, "D": 38, "E": 10, "F": 6, "G": 16, "H": 4, "I": 25, "J": 13, "K": 7}
GROUPS |= {"L": 13, "M": 7, "N": 12, "O": 3, "P": 4, "Q": 5, "R": 21, "T": 21}


def rows() -> list[tuple[str, str]]:
    text = (ROOT / "docs" / "coverage.md").read_text()
    return re.findall(r"^\| ([A-Z]\d+) \| (.+?) \|$", text, re.MULTILINE)


def test_every_row_of_the_concept_list_stands_here_once() -> None:
    wanted = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
    assert [row for row, _ in rows()] == wanted
    assert len(wanted) == 278


@pytest.mark.parametrize(("row", "claim"), [pytest.param(*row, id=row[0]) for row in rows() if row[1] != "open"])
def test_a_claimed_row_is_proved_by_something_that_exists(row: str, claim: str) -> None:
    for proof in claim.split(", "):
        path, _, name = proof.strip("`").partition("::")
        assert (ROOT / path).exists(), f"{row}: {path} does not exist"
        if name:
            assert re.search(rf"^\s*(async )?def {re.escape(name)}\(", (ROOT / path).read_text(), re.MULTILINE), (
                f"{row}: no {name} in {path}"
            )
        else:
            assert (ROOT / path / "lesson.yaml").exists(), f"{row}: {path} is no lesson"
