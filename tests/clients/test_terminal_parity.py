"""The judge: our kubectl and the real one, asked the same of the same frozen cluster, print the same bytes.

A corpus is a file of command lines run in order in both terminals. Nothing is normalised but the server's address. A line
that begins with `~` is run but not compared: docs/fidelity.md says why it differs. A line that begins with `@` tells of
something that happened within ten minutes: real kubectl counts its seconds by the wall's clock, which does not stand still,
so whole seconds are not compared there.
"""

import difflib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients.conftest import Serve
from tests.clients.terminals import OurTerminal, Outcome, aged_cluster

HERE = Path(__file__).parent
MAX_DIFF = 24
OUR_SERVER = "https://127.0.0.1:6443"

pytestmark = [pytest.mark.processes]


@pytest.mark.parametrize(
    ("corpus", "scene"),
    [("reading", "scene"), ("writing", "scene"), ("kinds", "scene_more"), ("flags", "scene")],
    ids=lambda name: name,
)
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
        found = ours.run(typed)
        wanted = real.run(typed).at(server, OUR_SERVER)
        if line.startswith("~"):
            continue
        if line.startswith("@"):
            found, wanted = _without_seconds(found), _without_seconds(wanted)
        compared += 1
        if found != wanted:
            different.append(_told(typed, found, wanted))
    assert compared > 20
    assert not different, f"{len(different)} of {compared} lines differ\n\n" + "\n".join(different)


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
