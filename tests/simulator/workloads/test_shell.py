"""The shell language in containers: what scripts print, and how they end."""

import pytest

from simulator.workloads.image_catalog import Image, catalog
from simulator.workloads.images import parse
from simulator.workloads.log_lines import read
from simulator.workloads.plans import plan
from simulator.workloads.timeline import Happening, Plan

SECOND = 1_000_000


def image(name: str) -> Image:
    found = catalog().pull(parse(name))
    assert isinstance(found, Image)
    return found


def script(text: str, *happenings: Happening, shell: str = "sh", name: str = "busybox:1.36") -> Plan:
    return plan(
        image(name), (shell, "-c", text), (), env={"HOSTNAME": "web", "USER_NAME": "ada"}, happenings=happenings
    )


def printed(found: Plan, until_s: float = 3_600) -> list[str]:
    lines = read(
        found,
        0,
        round(until_s * SECOND),
        strftime=lambda at, format: f"<{at // SECOND}>",
        hostname="web",
        ip="10.0.0.1",
    )
    return [line.text for line in lines]


@pytest.mark.parametrize(
    ("text", "lines", "code"),
    [
        pytest.param("echo b a | tr a-z A-Z", ["B A"], 0, id="a pipe"),
        pytest.param("printf '3\\n1\\n2\\n' | sort | head -2", ["1", "2"], 0, id="a pipe of three"),
        pytest.param(
            "printf 'x y\\nz w\\n' | while read a b; do echo $b-$a; done", ["y-x", "w-z"], 0, id="read from a pipe"
        ),
        pytest.param(
            "x=1; echo z | while read l; do x=2; done; echo $x", ["1"], 0, id="a pipe's command has its own variables"
        ),
        pytest.param('f() { echo "$1 of $#"; return 3; }; f a b; echo $?', ["a of 2", "3"], 0, id="a function"),
        pytest.param(
            "for f in a b; do case $f in a|x) echo first;; *) echo other;; esac; done", ["first", "other"], 0, id="case"
        ),
        pytest.param("echo $(echo in $(echo deep))", ["in deep"], 0, id="command substitution"),
        pytest.param('x=`hostname`; echo "<$x>"', ["<web>"], 0, id="backquotes"),
        pytest.param("cat <<END\nhello $USER_NAME\nEND", ["hello ada"], 0, id="a here-document"),
        pytest.param("cat <<'END'\nhello $USER_NAME\nEND", ["hello $USER_NAME"], 0, id="a quoted here-document"),
        pytest.param("(cd /tmp; pwd; exit 4); echo $? $(pwd)", ["/tmp", "4 /"], 0, id="a subshell"),
        pytest.param("echo $((2+3*4)) $((7%3)) $(( (1+1)<<3 ))", ["14 1 16"], 0, id="arithmetic"),
        pytest.param(
            "i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done",
            ["1", "3"],
            0,
            id="break and continue",
        ),
        pytest.param(
            "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done",
            ["1a", "2a"],
            0,
            id="continue of the outer loop",
        ),
        pytest.param(
            "f=/etc/app/web.conf; echo ${f##*/} ${f%/*} ${f#/etc/} ${#f}",
            ["web.conf /etc/app app/web.conf 17"],
            0,
            id="parts of a variable",
        ),
        pytest.param(
            "echo ${NOPE-unset} ${USER_NAME:+set} ${NOPE:=now} $NOPE", ["unset set now now"], 0, id="defaults"
        ),
        pytest.param(
            "echo ${NOPE:?is missing}; echo never", ["sh: NOPE: is missing"], 2, id="a variable that must be there"
        ),
        pytest.param("set -e; false; echo never", [], 1, id="set -e"),
        pytest.param(
            "set -e; false || echo caught; if false; then :; fi; echo on",
            ["caught", "on"],
            0,
            id="set -e and tested failures",
        ),
        pytest.param("trap 'echo bye' EXIT; echo hi; exit 5", ["hi", "bye"], 5, id="trap EXIT"),
        pytest.param(
            "echo a > /tmp/x; echo b >> /tmp/x; cat /tmp/x; wc -l < /tmp/x", ["a", "b", "2"], 0, id="redirections"
        ),
        pytest.param(
            "{ echo one; ls /nope; } > /tmp/o 2>&1; cat /tmp/o",
            ["one", "ls: /nope: No such file or directory"],
            0,
            id="a group's redirection",
        ),
        pytest.param("ls /nope 2>/dev/null; echo $?", ["1"], 0, id="errors thrown away"),
        pytest.param("echo 'a=1' > /tmp/c; . /tmp/c; echo $a", ["1"], 0, id="a sourced file"),
        pytest.param(
            "mkdir -p /tmp/d/e; touch /tmp/d/e/f; ls /tmp/d; find /tmp/d -name f; rm -r /tmp/d; ls /tmp/d",
            ["e", "/tmp/d/e/f", "ls: /tmp/d: No such file or directory"],
            1,
            id="directories",
        ),
        pytest.param("echo hi > /nope/x", ["sh: can't create /nope/x: nonexistent directory"], 1, id="no directory"),
        pytest.param(
            "touch /tmp/a.txt /tmp/b.txt; cd /tmp; echo *.txt; echo '*.txt' \"*.md\"",
            ["a.txt b.txt", "*.txt *.md"],
            0,
            id="patterns of names",
        ),
        pytest.param(
            "set -- a 'b c'; for x in \"$@\"; do echo [$x]; done; shift; echo $1 $#",
            ["[a]", "[b c]", "b c 1"],
            0,
            id="arguments",
        ),
        pytest.param("NAME=x sh -c 'echo $NAME'; echo \"<$NAME>\"", ["x", "<>"], 0, id="a variable for one command"),
        pytest.param("a=1; export b=2; sh -c 'echo \"$a-$b\"'", ["-2"], 0, id="export"),
        pytest.param("printf 'web 1\\ndb 2\\n' | grep -v db | awk '{print $2}'", ["1"], 0, id="grep and awk"),
        pytest.param("echo 'port=80' | sed 's/80/8080/' | cut -d= -f2", ["8080"], 0, id="sed and cut"),
        pytest.param(
            "(sleep 2; echo job) & echo main; wait; echo done", ["main", "job", "done"], 0, id="a job and wait"
        ),
        pytest.param(
            "eval 'x=3; echo $x'; [ -n \"$x\" ] && [ -d /tmp ] && echo yes", ["3", "yes"], 0, id="eval and test"
        ),
        pytest.param("sh -c 'exit 7'; echo $?; (exit 8); echo $?", ["7", "8"], 0, id="statuses"),
        pytest.param("sh -c 'echo \"$0 $1\"' me you", ["me you"], 0, id="arguments of sh -c"),
        pytest.param("! true || echo not; true && { echo both; false; }; echo $?", ["not", "both", "1"], 0, id="lists"),
        pytest.param(
            "seq 3 | xargs -p echo 2>&1", ["drydock: xargs -p is not simulated"], 2, id="what is not simulated says so"
        ),
    ],
)
def test_a_script(text: str, lines: list[str], code: int) -> None:
    found = script(text)
    assert printed(found) == lines
    assert found.ending is not None
    assert found.ending.code == code


@pytest.mark.parametrize(
    ("shell", "name", "said"),
    [
        pytest.param("sh", "busybox:1.36", "sh: vim: not found", id="ash"),
        pytest.param("bash", "debian:12", "bash: line 1: vim: command not found", id="bash"),
        pytest.param("sh", "debian:12", "sh: 1: vim: not found", id="dash"),
    ],
)
def test_a_program_that_is_not_there(shell: str, name: str, said: str) -> None:
    found = script("vim", shell=shell, name=name)
    assert printed(found) == [said]
    assert found.ending is not None
    assert found.ending.code == 127


def test_a_trap_runs_when_the_foreground_program_has_ended() -> None:
    text = "trap 'echo cleaning up; exit 3' TERM; while true; do sleep 10; done"
    found = script(text, (95 * SECOND, "signal", "TERM", None))
    assert printed(found) == ["cleaning up"]
    assert found.ending is not None
    assert (found.ending.offset_us, found.ending.code) == (100 * SECOND, 3)


def test_wait_is_interrupted_by_a_trap_at_once() -> None:
    found = script("trap 'echo bye; exit 0' TERM; sleep 3600 & wait", (95 * SECOND, "signal", "TERM", None))
    assert printed(found) == ["bye"]
    assert found.ending is not None
    assert (found.ending.offset_us, found.ending.code) == (95 * SECOND, 0)


def test_the_first_process_ignores_a_signal_without_trap() -> None:
    found = script("while true; do echo on; sleep 10; done", (15 * SECOND, "signal", "TERM", None))
    assert found.ending is None
    assert printed(found, 45) == ["on"] * 5


def test_a_file_that_appears_ends_a_loop_and_its_count_is_right() -> None:
    text = "i=0; until [ -f /tmp/go ]; do i=$((i+1)); echo $i; sleep 1; done; echo after $i"
    found = script(text, (5_000 * SECOND + 1, "write", "/tmp/go", ""))
    assert printed(found, 6_000)[-2:] == ["5001", "after 5001"]
    assert found.ending is not None
    assert found.ending.offset_us == 5_001 * SECOND


def test_a_loop_that_toggles_a_file_is_known_for_ever() -> None:
    found = script("while true; do touch /tmp/up; sleep 10; rm /tmp/up; sleep 5; done")
    assert found.cycle is not None
    assert [found.has_file("/tmp/up", age * SECOND) for age in (3, 12, 150_003, 150_012)] == [True, False, True, False]
    assert found.next_file_change(150_003 * SECOND) == 150_010 * SECOND
