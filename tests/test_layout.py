"""Keeps the traps of this tree shut: `platform/` is a folder of apps beside a standard module of the same name."""

import importlib.metadata
import platform
import sys
import sysconfig
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
