"""Permissions of files: their letters, what `chmod` makes of them, and whom they keep out."""

import pytest

from simulator.workloads.file_modes import Modes, changed, in_go, letters
from simulator.workloads.file_tree import FileTree, MountPoint, Setting
from simulator.workloads.plans import plan
from tests.simulator.workloads.test_shell import image, printed, script


@pytest.mark.parametrize(
    ("mode", "directory", "shell", "go"),
    [
        pytest.param(0o644, False, "-rw-r--r--", "-rw-r--r--", id="a file"),
        pytest.param(0o755, True, "drwxr-xr-x", "drwxr-xr-x", id="a directory"),
        pytest.param(0o1777, True, "drwxrwxrwt", "dtrwxrwxrwx", id="sticky"),
        pytest.param(0o2775, True, "drwxrwsr-x", "dgrwxrwxr-x", id="the group is handed on"),
        pytest.param(0o4644, False, "-rwSr--r--", "urw-r--r--", id="set-uid that nobody may execute"),
    ],
)
def test_a_mode_in_letters(mode: int, directory: bool, shell: str, go: str) -> None:
    assert letters(mode, directory=directory) == shell
    assert in_go(mode, directory=directory) == go


@pytest.mark.parametrize(
    ("mode", "text", "directory", "wanted"),
    [
        pytest.param(0o644, "600", False, 0o600, id="a number"),
        pytest.param(0o644, "+x", False, 0o755, id="for all"),
        pytest.param(0o755, "go-rx", False, 0o700, id="taken from group and others"),
        pytest.param(0o644, "u=rwx,g+w", False, 0o764, id="two clauses"),
        pytest.param(0o644, "a+X", False, 0o644, id="X of a file that nobody may execute"),
        pytest.param(0o644, "a+X", True, 0o755, id="X of a directory"),
        pytest.param(0o755, "o+t", True, 0o1755, id="sticky"),
        pytest.param(0o644, "rw", False, None, id="no sign"),
        pytest.param(0o644, "999", False, None, id="no octal number"),
    ],
)
def test_chmod_reads_numbers_and_letters(mode: int, text: str, directory: bool, wanted: int | None) -> None:
    assert changed(mode, text, directory=directory) == wanted


def test_the_shell_shows_what_chmod_has_set() -> None:
    found = script(
        "touch /tmp/a; chmod 600 /tmp/a; stat -c '%a %A' /tmp/a; chmod g+r /tmp/a; sleep 1; ls -l /tmp/a | cut -c1-10"
    )
    assert printed(found) == ["600 -rw-------", "-rw-r-----"]


def test_a_mode_that_is_none_is_refused() -> None:
    assert printed(script("touch /tmp/a; chmod rw /tmp/a")) == ["chmod: invalid mode 'rw'"]


def _tree(modes: Modes, **person: int | tuple[int, ...]) -> FileTree:
    mount = MountPoint("/v", True, True, modes)
    return FileTree(setting=Setting(mounts=(mount,), **person), seen={"/v/a": "text", "/v/b": "text"})  # type: ignore[arg-type]  # ids and groups


@pytest.mark.parametrize(
    ("person", "hidden"),
    [
        pytest.param({}, [], id="root reads everything"),
        pytest.param({"uid": 1000}, ["/v/a", "/v/b"], id="another user"),
        pytest.param({"uid": 1000, "groups": (1001,)}, ["/v/b"], id="a member of the group"),
    ],
)
def test_permissions_keep_others_from_reading(person: dict[str, int | tuple[int, ...]], hidden: list[str]) -> None:
    tree = _tree(Modes(0o777, 0o440, (("b", 0o400),), 1001, made_by_kubelet=True), **person)
    assert [path for path in ("/v/a", "/v/b") if tree.is_unreadable(path)] == hidden


def test_a_program_says_that_it_may_not_read() -> None:
    mount = MountPoint("/v", True, False, Modes(0o777, 0o400, made_by_kubelet=True))
    setting = Setting(uid=1000, mounts=(mount,))
    text = "cat /v/a; read x < /v/a; ls -lL /v | tail -1 | cut -c1-10; ls -ld /v | cut -c1-10"
    found = plan(image("busybox:1.36"), ("sh", "-c", text), (), env={}, setting=setting, files=(("/v/a", "secret"),))
    assert printed(found) == [
        "cat: can't open '/v/a': Permission denied",
        "sh: can't open /v/a: Permission denied",
        "-r--------",
        "drwxrwxrwx",
    ]
