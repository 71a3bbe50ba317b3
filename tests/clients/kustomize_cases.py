"""Kustomization directories with what the real `kubectl kustomize` answered, in one text file.

A case begins with `#### `; its files with `=== PATH`; the recorded answer (output, then complaints) with `>>>`. Each is built in
`overlay` if that is there, else at the top. `scripts/record-kubectl` writes the answers anew.
"""

import re
import subprocess
from pathlib import Path

from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import HOME, Home
from simulator.kubectl.kustomize.build import build
from simulator.kubectl.yaml_text import to_yaml

FILE = Path(__file__).parent / "recorded" / "kustomize.txt"
_ANSWER = ">>>"
_ADDRESS = re.compile(r"generator &\{0x[0-9a-f]+ <nil>\}")


def cases(text: str) -> list[tuple[dict[str, str], str]]:
    """`(files, answer)` of each case."""
    found = []
    for case in re.split(r"^#### *\n", text, flags=re.MULTILINE)[1:]:
        body, _, answer = case.partition(f"{_ANSWER}\n")
        parts = re.split(r"^=== (.*)\n", body, flags=re.MULTILINE)
        found.append((dict(zip(parts[1::2], parts[2::2], strict=True)), answer))
    return found


def written(found: list[tuple[dict[str, str], str]]) -> str:
    return "".join(
        "####\n" + "".join(f"=== {path}\n{text}" for path, text in files.items()) + f"{_ANSWER}\n{answer}"
        for files, answer in found
    )


def built_here(files: dict[str, str]) -> str:
    home, said = Home(), list[str]()
    for path, text in files.items():
        folder = path.rpartition("/")[0]
        if folder and not home.is_directory(folder):
            home.make_directory(folder)
        home.write(path, text)
    try:
        return "---\n".join(to_yaml(obj) for obj in build(home, _start(files), said.append)) + "".join(said)
    except CommandError as error:
        return "".join(said) + error.report()


def built_by(kubectl: Path, files: dict[str, str], folder: Path) -> str:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    done = subprocess.run(
        [kubectl, "kustomize", _start(files)], cwd=folder, capture_output=True, text=True, check=False
    )
    return _ADDRESS.sub("generator", (done.stdout + done.stderr).replace(str(folder), HOME))


def _start(files: dict[str, str]) -> str:
    return "overlay" if "overlay/kustomization.yaml" in files else "."
