"""Each decision paper has a number of its own, the same in its name and its title."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "docs" / "decisions"


def test_decisions_are_numbered_without_gap_or_repetition() -> None:
    papers = sorted(FOLDER.glob("*.md"))
    numbers = [int(paper.name.partition("-")[0]) for paper in papers]
    assert numbers == [*range(1, len(papers) + 1)]
    titles = [paper.read_text().partition("\n")[0] for paper in papers]
    assert [title.partition(".")[0] for title in titles] == [f"# {number}" for number in numbers]
