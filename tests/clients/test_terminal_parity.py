"""The judge: our kubectl and the real one, asked the same of the same frozen cluster, print the same bytes.

A corpus is a file of command lines run in order in both terminals. Nothing is normalised but the server's address, the home
directory, and time and process in lines of the client's own log. A line
that begins with `~` is run but not compared: docs/fidelity.md says why it differs. A line that begins with `@` tells of
something that happened within ten minutes: real kubectl counts its seconds by the wall's clock, which does not stand still,
so whole seconds are not compared there.
"""

import difflib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.kubectl.home import HOME
from tests.clients.conftest import Serve
from tests.clients.recordings import Recording, settled
from tests.clients.terminals import OurTerminal, Outcome, aged_cluster, find_kubectl

HERE = Path(__file__).parent
MAX_DIFF = 24
OUR_SERVER = "https://127.0.0.1:6443"

pytestmark = [pytest.mark.processes]


CORPORA = [
    ("reading", "scene"),
    ("writing", "scene"),
    ("files", "scene"),
    ("kinds", "scene_more"),
    ("output", "scene_more"),
    ("flags", "scene"),
    ("more", "scene"),
    ("edit", "scene"),
    ("habits", "scene"),
    ("manifests", "scene"),
    ("mistakes", "scene_more"),
]


@pytest.mark.parametrize(("corpus", "scene"), CORPORA, ids=lambda name: name)
def test_both_kubectl_print_the_same_bytes(corpus: str, scene: str, serve: Serve, tmp_path: Path) -> None:
    cluster = aged_cluster(manifest=(HERE / f"{scene}.yaml").read_text())
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(cluster.dump())
    ours = OurTerminal(cluster)
    real = serve("--restore", str(snapshot), "--speed", "0")
    for file in (HERE / "files").iterdir():
        ours.write_file(file.name, file.read_text())
        real.write_file(file.name, file.read_text())
    server = real.server
    lines = (HERE / f"corpus_{corpus}.txt").read_text().splitlines()
    compared, different = 0, []
    for line in lines:
        typed = line.lstrip("~@")
        found = ours.run(typed).logged()
        wanted = real.run(typed).at(server, OUR_SERVER).at(str(real.folder / "home"), HOME).logged()
        if line.startswith("~"):
            continue
        if line.startswith("@"):
            found, wanted = _without_seconds(found), _without_seconds(wanted)
        compared += 1
        if found != wanted:
            different.append(_told(typed, found, wanted))
    assert compared > 20
    assert not different, f"{len(different)} of {compared} lines differ\n\n" + "\n".join(different)


@pytest.mark.skipif(find_kubectl() is not None, reason="the real kubectl is here, and is asked itself")
@pytest.mark.parametrize(("corpus", "scene"), CORPORA, ids=lambda name: name)
def test_our_kubectl_prints_what_the_real_one_was_recorded_to_print(corpus: str, scene: str) -> None:
    assert_as_recorded(corpus, scene)


def assert_as_recorded(corpus: str, scene: str) -> None:
    recorded = Recording.read(corpus)
    cluster = aged_cluster(manifest=(HERE / f"{scene}.yaml").read_text(), epoch_s=recorded.epoch_s)
    ours = OurTerminal(cluster)
    for file in (HERE / "files").iterdir():
        ours.write_file(file.name, file.read_text())
    different, answers = [], iter(recorded.answers)
    lines = (HERE / f"corpus_{corpus}.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("~")] == [line for line, _ in recorded.answers], (
        "run scripts/record-kubectl"
    )
    for line in lines:
        found = settled(ours.run(line.lstrip("~@")).logged())
        if line.startswith("~"):
            continue
        wanted = next(answers)[1]
        if line.startswith("@"):
            found, wanted = _without_seconds(found), _without_seconds(wanted)
        if found != wanted:
            different.append(_told(line, found, wanted))
    assert not different, f"{len(different)} of {len(lines)} lines differ\n\n" + "\n".join(different)


def _without_seconds(outcome: Outcome) -> Outcome:
    """The same without whole seconds, and without the width of the columns, which follows from them."""
    told = re.sub(r"\b(\d+m)?\d+s\b(?= )", "SECONDS", outcome.stdout)
    return replace(outcome, stdout=re.sub(r" {2,}|-{2,}", " ", told))


def _told(line: str, found: Outcome, wanted: Outcome) -> str:
    parts = [f"$ {line}"]
    for name in ("stdout", "stderr", "exit"):
        ours, real = str(getattr(found, name)), str(getattr(wanted, name))
        if ours != real:
            diff = difflib.unified_diff(
                real.splitlines(), ours.splitlines(), f"real {name}", f"our {name}", "", "", 1, ""
            )
            parts += list(diff)[:MAX_DIFF] or [f"{name}: real {real!r}, ours {ours!r}"]
    return "\n".join([*parts, ""])
