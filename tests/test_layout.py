"""Keeps the traps of this tree shut: `platform/` is a folder of apps beside a standard module of the same name."""

import importlib.metadata
import platform
import sys
import sysconfig
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = sorted(path.name for path in (ROOT / "platform").iterdir() if (path / "__init__.py").exists())
RESERVED = {"lessons", "simulator", "tests", "platform"}


def test_platform_is_the_standard_module() -> None:
    assert platform.__file__ is not None
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))


def test_the_platform_folder_holds_apps_and_nothing_else() -> None:
    assert not list((ROOT / "platform").glob("*.py"))
    assert APPS == ["accounts", "catalog", "classroom", "config", "foundation", "gateway", "labs", "live", "progress"]


def test_no_app_is_named_like_a_module_of_python() -> None:
    assert not set(APPS) & (sys.stdlib_module_names | RESERVED)


def test_no_app_is_named_like_an_installed_package() -> None:
    installed = {
        name
        for name, distributions in importlib.metadata.packages_distributions().items()
        if set(distributions) != {"drydock"}
    }
    assert not set(APPS) & installed


def test_every_app_says_what_it_is_for() -> None:
    silent = [app for app in APPS if not (ROOT / "platform" / app / "__init__.py").read_text().startswith('"""')]
    assert silent == []


def test_no_folder_of_tests_is_a_package() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_no_two_test_files_of_one_folder_name_share_a_name() -> None:
    seen: dict[tuple[str, str], Path] = {}
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    assert len(files) > 10
    for path in files:
        key = (path.parent.name, path.name)
        assert key not in seen, f"{path} and {seen.get(key)}"
        seen[key] = path


def test_every_file_of_the_packages_is_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    wanted = {package.replace(".", "/"): patterns for package, patterns in settings["package-data"].items()}
    roots = [(ROOT, ROOT / "simulator"), *((ROOT / "platform", ROOT / "platform" / app) for app in APPS)]
    files = [
        file.relative_to(base)
        for base, package in roots
        for file in package.rglob("*")
        if file.is_file() and file.suffix not in {".py", ".pyc"}
    ]
    assert len(files) >= 8
    missed = [str(file) for file in files if not _is_packed(file, wanted)]
    assert missed == []
    bare = [
        str(file.parent)
        for _, package in roots
        for file in package.rglob("*.py")
        if not (file.parent / "__init__.py").exists()
    ]
    assert bare == []


def _is_packed(file: Path, wanted: dict[str, list[str]]) -> bool:
    """Whether a pattern of the package that holds it, or of one above, names it."""
    for folder in file.parents:
        patterns = wanted.get(str(folder), [])
        if any(fnmatch(str(file.relative_to(folder)), pattern) for pattern in patterns):
            return True
    return False
