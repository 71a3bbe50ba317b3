"""`test`, `[` and `-x`, as ash, dash and bash have them. The answers of dash and bash are those of the real ones."""

import shutil
import subprocess

import pytest

from simulator.workloads.image_catalog import catalog
from simulator.workloads.images import parse
from simulator.workloads.machine import Machine

IMAGES = {"ash": "busybox:1.36", "dash": "nginx:1.27", "bash": "nginx:1.27"}
CONDITIONS = [
    "[ ]", "[ a ]", "[ '' ]", "[ ! a ]", "[ ! '' ]", "[ a = a ]", "[ a = b ]", "[ abc = 'a*' ]", "[ a != b ]", "[ 3 -eq 3 ]", "[ 03 -eq 3 ]", "[ -1 -lt 2 ]",
    "[ -n a -a -z '' ]", "[ a = b -o c = c ]", "[ ! a = b ]", "[ ! a = a -o b ]", "[ '(' a = a ')' -a b ]", "[ -z ]", "[ -n ]", "[ -f ]", "[ = ]", "[ ! ]",
    "[ -e /nothing ]", "[ -d / ]", "[ ! -d / ]", "test", "test a", "test a = a", "test -n ''",
    "[ -eq 200 ]", "[ x -eq 2 ]", "[ 2 -eq '' ]", "[ a b ]", "[ a = b c ]", "[ 1 -eq ]", "[ a", "test 1 -gt", "[ 1 -foo 2 ]", "[ 1 = 1 -a ]", "test a b", "[ a b c d ]",
]  # fmt: skip


def run(shell: str, script: str, options: str = "-c") -> tuple[str, int]:
    """(all that is written, exit code) in the image that has the shell."""
    image = catalog().pull(parse(IMAGES[shell]))
    program = {"ash": "sh", "dash": "sh", "bash": "bash"}[shell]
    machine = Machine(image, argv=(program, options, script), name=program)  # type: ignore[arg-type]
    pause = machine.run()
    assert pause.kind == "exit"
    return "".join(text for _, text in machine.take()), pause.code


def real(shell: str, script: str, options: str = "-c") -> tuple[str, int]:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    done = subprocess.run(
        [shell, options, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
    )
    return done.stdout.replace("dash: ", "sh: "), done.returncode


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("script", CONDITIONS)
def test_a_condition_is_decided_as_by_the_real_shell(shell: str, script: str) -> None:
    assert run(shell, script) == real(shell, script)


@pytest.mark.parametrize(
    ("script", "said", "code"),
    [
        ("[ -eq 200 ]", "sh: 200: unknown operand\n", 2),
        ("[ a b ]", "sh: b: unknown operand\n", 2),
        ("[ a = b c ]", "sh: c: unknown operand\n", 2),
        ("[ 1 -foo 2 ]", "sh: -foo: unknown operand\n", 2),
        ("[ x -eq 2 ]", "sh: x: bad number\n", 2),
        ("[ 99999999999999999999 -eq 2 ]", "sh: 99999999999999999999: out of range\n", 2),
        ("[ 1 -eq ]", "sh: -eq: argument expected\n", 2),
        ("[ a", "sh: missing ]\n", 2),
        ("[ '' -eq 0 ]", "", 0),
        ("[ abc = 'a*' ]", "", 1),
        ("[ a = a -a b = b ]", "", 0),
    ],
)
def test_busybox_has_its_own_words(script: str, said: str, code: int) -> None:
    """`coreutils/test.c`."""
    assert run("ash", script) == (said, code)


TRACED = [
    'A=3; echo "$A" "b c"', 'A=$(echo 3)', "[ 1 -eq 1 ] && echo y", "X=1 true", "f() { echo in; }; f x", "if [ a = b ]; then :; fi", "echo 'a;b' '' '~' 'it=s'",
    "set +x; echo q", "set -x", "echo a > /dev/null", "A='x y'", "while false; do :; done",
]  # fmt: skip


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("script", [one for one in TRACED if "$(" not in one])
def test_commands_are_shown_before_they_run(shell: str, script: str) -> None:
    assert run(shell, script, "-xc") == real(shell, script, "-xc")


def test_busybox_quotes_what_it_shows() -> None:
    """`maybe_single_quote` in `shell/ash.c`."""
    said, _ = run("ash", """A=3; export B=1; [ $A -eq 3 ] && echo "b c"; A=$(echo x)""", "-exc")
    assert said == "+ A=3\n+ export 'B=1'\n+ '[' 3 -eq 3 ]\n+ echo 'b c'\nb c\n+ echo x\n+ A=x\n"


def test_a_shell_inside_has_options_of_its_own() -> None:
    assert run("dash", "sh -exc 'echo a; false; echo b'; echo $?; false; echo c") == ("+ echo a\na\n+ false\n1\nc\n", 0)
