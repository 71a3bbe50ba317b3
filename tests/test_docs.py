"""What the pages of `docs/` name is there, and is called what they call it."""

import inspect
import re
from pathlib import Path

import pytest

from simulator.client import Cache, Client, Controller, Process
from simulator.client.routes import Routes
from simulator.cluster import Cluster
from simulator.engine import Engine

ROOT = Path(__file__).resolve().parents[1]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
#: Pages whose rows have a test of their own are left out (`test_coverage`, `proof`).
PAGES = [
    ROOT / "README.md",
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name not in ("coverage.md", "proof.md")),
]
#: Where a path may begin: pages about a part leave its folder out.
BASES = [ROOT, ROOT / "simulator", ROOT / "platform", ROOT / "docs"]
PATH = re.compile(r"(simulator|platform|tests|docs|scripts|lessons|static|templates|benchmarks|examples)/[\w./*-]+")
CLASSES = {one.__name__: one for one in (Engine, Process, Routes, Cache, Client, Controller, Cluster)}


def quoted(line: str) -> list[str]:
    """What stands between backticks, as a path: without `::test` and `: name` behind it."""
    return [word.split(":")[0].rstrip("/") for word in re.findall(r"`([^`\s]+)", line)]


def test_every_path_that_a_page_names_exists() -> None:
    named = [(page, word) for page in PAGES for line in page.read_text().split("\n") for word in quoted(line)]
    paths = [(page, word) for page, word in named if PATH.fullmatch(word) and not word.endswith(".go")]
    assert len(paths) > 60
    missing = [f"{page.name}: {word}" for page, word in paths if not any(list(base.glob(word)) for base in BASES)]
    assert missing == []


def test_every_module_that_is_said_to_follow_a_source_exists() -> None:
    """The last column of the tables in `fidelity.md`; a name without a folder is beside the one before it."""
    missing, seen = [], 0
    for line in (ROOT / "docs" / "fidelity.md").read_text().split("\n"):
        base = ROOT / "simulator"
        for word in quoted(line.rpartition(" | ")[2]) if line.startswith("| ") else ():
            if not word.endswith(".py"):
                continue
            seen += 1
            found = [one for place in (base, ROOT / "simulator", ROOT) for one in place.glob(word)]
            if found:
                base = found[0].parent
            else:
                missing.append(f"{word}: {line[:80]}")
    assert seen > 150
    assert missing == []


def test_every_link_leads_to_a_page() -> None:
    links = [
        (page, target)
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target
    ]
    assert [f"{page.name}: {target}" for page, target in links if not (page.parent / target).exists()] == []


def test_every_name_of_a_module_in_the_contracts_is_defined_there() -> None:
    """`node.spec_facts.SpecFacts`: a module by at least two parts, then what it defines."""
    wrong, seen = [], 0
    for name in sorted(set(re.findall(r"`([a-z_]+(?:\.\w+)+)(?:\([^`]*\))?`", ARCHITECTURE))):
        file, rest = _module(name.split("."))
        if file is None or not rest:
            continue
        seen += 1
        if not re.search(rf"\b(def|class) {rest[0]}\b|\b{rest[0]}\s*[:=]", file.read_text()):
            wrong.append(name)
    assert seen > 30
    assert wrong == []


def _module(parts: list[str]) -> tuple[Path | None, list[str]]:
    for base in (ROOT / "simulator", ROOT / "platform", ROOT):
        for used in range(len(parts), 1, -1):
            file = base.joinpath(*parts[:used]).with_suffix(".py")
            if file.is_file():
                return file, parts[used:]
    return None, parts


def test_the_contracts_list_exactly_the_commands_that_there_are() -> None:
    rows = [line for line in ARCHITECTURE.split("\n") if line.startswith('| `{"kind":')]
    told = {kind for row in rows for kind in re.findall(r'\{"kind":"([a-z-]+)"', row.split(" | ")[0])}
    wanted = Cluster.create().apply({"kind": "?"})["error"]["wanted"]
    assert told == set(wanted.removeprefix("one of ").split(", "))


def _signatures() -> list[tuple[str, str, str]]:
    found, owner = [], ""
    for block in re.findall(r"```python\n(.*?)```", ARCHITECTURE, re.DOTALL):
        for line in block.split("\n"):
            if heading := re.match(r"class (\w+)", line):
                owner = heading[1]
            elif method := re.match(r"    def (\w+)\((.*?)\)( ->|\s|:|$)", line):
                found.append((owner, method[1], re.sub(r"\[[^\]]*\]", "", method[2])))
    return found


@pytest.mark.parametrize(("owner", "method", "parameters"), _signatures())
def test_a_method_has_the_parameters_that_the_contracts_give_it(owner: str, method: str, parameters: str) -> None:
    told = [re.split(r"[:=]", one)[0].strip(" *") for one in parameters.split(",")]
    there = list(inspect.signature(getattr(CLASSES[owner], method)).parameters)
    if "..." in told:
        assert set(told) - {"...", "self"} <= set(there)
    else:
        assert [one for one in told if one not in ("", "self", "cls")] == [one for one in there if one != "self"]


def test_the_contracts_give_signatures_of_every_class_at_the_seams() -> None:
    assert {owner for owner, _, _ in _signatures()} == set(CLASSES) - {"Process"}  # it has attributes only
