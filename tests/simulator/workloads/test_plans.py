"""What a command line does: lines, ends, loops, sockets, files, memory."""

import pytest

from simulator.workloads.image_catalog import Image, catalog
from simulator.workloads.images import parse
from simulator.workloads.log_lines import read
from simulator.workloads.plans import plan, reads
from simulator.workloads.timeline import Plan

SECOND = 1_000_000


def image(name: str) -> Image:
    found = catalog().pull(parse(name))
    assert isinstance(found, Image)
    return found


def script(text: str, **env: str) -> Plan:
    return plan(image("busybox:1.36"), ("sh", "-c", text), (), env=env)


def printed(found: Plan, until_s: float = 3_600, limit: int = 1_000) -> list[str]:
    lines = read(
        found,
        0,
        round(until_s * SECOND),
        strftime=lambda at, format: f"<{at // SECOND}>",
        hostname="web",
        ip="10.0.0.1",
        limit=limit,
    )
    return [line.text for line in lines]


def test_arithmetic_reads_variables_that_have_no_dollar() -> None:
    named = reads(image("busybox:1.36"), ("sh", "-c", "exit $((JOB_COMPLETION_INDEX % 2 + ${#NAME}))"), ())
    assert named is not None
    assert {"JOB_COMPLETION_INDEX", "NAME"} <= named


@pytest.mark.parametrize(
    ("text", "lines", "end_s", "code"),
    [
        pytest.param("echo a; sleep 3; echo b; exit 4", ["a", "b"], 3, 4, id="one thing after the other"),
        pytest.param("true && echo yes || echo no", ["yes"], 0, 0, id="and, or"),
        pytest.param("false && echo yes || echo no", ["no"], 0, 0, id="or after a failure"),
        pytest.param("if [ -f /x ]; then echo there; else echo gone; fi", ["gone"], 0, 0, id="if with a file"),
        pytest.param("echo hi > /x; cat /x", ["hi"], 0, 0, id="through a file"),
        pytest.param("for i in 1 2 3; do echo n$i; sleep 1; done", ["n1", "n2", "n3"], 3, 0, id="for"),
        pytest.param("for i in $(seq 1 3); do echo $i; done", ["1", "2", "3"], 0, 0, id="for over seq"),
        pytest.param(
            "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); sleep 2; done",
            ["0", "1", "2"],
            6,
            0,
            id="while with a count",
        ),
        pytest.param('echo ${NAME:-nobody} "$HOME_TOWN"', ["nobody here"], 0, 0, id="variables and defaults"),
        pytest.param('echo \'a $b\' "c\\"d"', ['a $b c"d'], 0, 0, id="quotes"),
        pytest.param("echo -e 'a\\nb'", ["a", "b"], 0, 0, id="escapes"),
        pytest.param("printf '%s-%s\\n' a b", ["a-b"], 0, 0, id="printf"),
        pytest.param(
            "cat /nope",
            ["cat: can't open '/nope': No such file or directory"],
            0,
            1,
            id="the last status is the exit code",
        ),
        pytest.param("serve; echo $?", ["sh: serve: not found", "127"], 0, 0, id="unknown program in a script"),
        pytest.param("! false", [], 0, 0, id="not"),
        pytest.param("set -e\necho one # two\n\necho three", ["one", "three"], 0, 0, id="lines and comments"),
        pytest.param("echo x | tee /log; cat /log", ["x", "x"], 0, 0, id="tee"),
        pytest.param("while true; do echo once; break; done; echo out", ["once", "out"], 0, 0, id="break"),
    ],
)
def test_a_script_that_ends(text: str, lines: list[str], end_s: int, code: int) -> None:
    found = script(text, HOME_TOWN="here")
    assert printed(found) == lines
    assert found.ending is not None
    assert (found.ending.offset_us, found.ending.code) == (end_s * SECOND, code)
    assert found.ending.reason == ("Error" if code else "Completed")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("while true; do echo tick; sleep 10; done", ["tick", "tick", "tick"], id="a loop"),
        pytest.param(
            'i=5; while :; do echo "n=$i"; i=$((i+2)); sleep 10; done', ["n=5", "n=7", "n=9"], id="a counting loop"
        ),
        pytest.param("while true; do date; sleep 10; done", ["<0>", "<10>", "<20>"], id="a loop that tells the time"),
        pytest.param(
            "echo start; while true; do echo a; sleep 4; echo b; sleep 6; done",
            ["start", "a", "b", "a", "b", "a", "b"],
            id="two steps",
        ),
    ],
)
def test_a_loop_goes_on_without_end_and_without_cost(text: str, lines: list[str]) -> None:
    found = script(text)
    assert found.cycle is not None
    assert found.ending is None
    assert printed(found, 29) == lines
    assert len(found.lines) < 10
    assert len(printed(found, 30 * 86_400, limit=3)) == 3


def test_a_question_to_the_network_stops_the_plan() -> None:
    found = script("echo looking; until nslookup db; do sleep 2; done; echo found")
    assert found.question is not None
    assert (found.question.argv, printed(found)) == (("nslookup", "db"), ["looking"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("echo x | awk 'BEGIN {x=1}'", "drydock: awk BEGIN {x=1} is not simulated", id="a program in awk"),
        pytest.param("echo 'open", "sh: syntax error: unterminated quoted string", id="an open quote"),
        pytest.param(
            "if true; then echo", 'sh: syntax error: unexpected end of file (expecting "fi")', id="an open if"
        ),
    ],
)
def test_what_cannot_be_run_says_so_and_fails(text: str, said: str) -> None:
    found = script(text)
    assert printed(found) == [said]
    assert found.ending is not None
    assert found.ending.code == 2


def test_files_come_and_go() -> None:
    found = script("touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600")
    assert [found.has_file("/tmp/healthy", age * SECOND) for age in (0, 29, 30)] == [True, True, False]
    assert found.next_file_change(0) == 30 * SECOND


@pytest.mark.parametrize(
    ("name", "command", "args", "expected"),
    [
        pytest.param("nginx", (), (), [(80, "http")], id="nginx"),
        pytest.param("redis", (), ("--port", "6380"), [(6380, "tcp")], id="redis on another port"),
        pytest.param("redis", ("redis-server",), ("--port", "6380"), [(6380, "tcp")], id="redis by command"),
        pytest.param("hashicorp/http-echo", (), ("-text=hi", "-listen=:8080"), [(8080, "http")], id="http-echo"),
        pytest.param(
            "python:3.12", ("python3", "-m", "http.server", "9000"), (), [(9000, "http")], id="python's server"
        ),
        pytest.param(
            "nginx",
            ("sh", "-c", "echo hi; exec nginx -g 'daemon off;'"),
            (),
            [(80, "http")],
            id="a server behind a script",
        ),
    ],
)
def test_what_listens(
    name: str, command: tuple[str, ...], args: tuple[str, ...], expected: list[tuple[int, str]]
) -> None:
    found = plan(image(name), command, args, env={})
    assert [(one.port, one.protocol) for one in found.listens] == expected


def test_an_interactive_shell_without_terminal_ends_at_once() -> None:
    found = plan(image("busybox"), (), (), env={})
    assert found.ending is not None
    assert (found.ending.code, found.ending.reason) == (0, "Completed")


@pytest.mark.parametrize(
    ("name", "command", "refused"),
    [
        pytest.param("nginx", ("serve",), 'exec: "serve": executable file not found in $PATH', id="not in the path"),
        pytest.param(
            "nginx", ("/serve",), 'exec: "/serve": stat /serve: no such file or directory', id="not at the place"
        ),
        pytest.param(
            "hashicorp/http-echo",
            ("sh", "-c", "true"),
            'exec: "sh": executable file not found in $PATH',
            id="no shell in the image",
        ),
    ],
)
def test_what_cannot_be_executed(name: str, command: tuple[str, ...], refused: str) -> None:
    assert plan(image(name), command, (), env={}).refused == refused


def test_memory_beyond_the_limit_ends_with_137() -> None:
    arguments = ("--vm", "1", "--vm-bytes", "250M")
    killed = plan(image("polinux/stress"), ("stress",), arguments, env={}, memory_limit=100 << 20)
    allowed = plan(image("polinux/stress"), ("stress",), arguments, env={}, memory_limit=300 << 20)
    assert killed.ending is not None
    assert (killed.ending.code, killed.ending.reason) == (137, "OOMKilled")
    assert allowed.ending is None
    assert allowed.memory == 2_000_000 + (250 << 20)


def test_only_variables_that_matter_are_read() -> None:
    assert reads(image("busybox"), ("sh", "-c", "echo $A ${B:-c}"), ()) == {"A", "B"}
    assert reads(image("postgres:16"), (), ()) == {
        "POSTGRES_PASSWORD",
        "POSTGRES_PASSWORD_FILE",
        "POSTGRES_HOST_AUTH_METHOD",
    }
    assert reads(image("busybox"), ("env",), ()) is None
    assert reads(image("nginx"), (), ()) == frozenset()


def test_pi_is_computed() -> None:
    found = plan(image("perl:5.34.0"), ("perl", "-Mbignum=bpi", "-wle", "print bpi(20)"), (), env={})
    assert printed(found) == ["3.1415926535897932384"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x=a; while true; do x=$x$x; echo $x; done", id="a variable that doubles"),
        pytest.param("i=3; while true; do i=$((i*i)); sleep 1; done", id="a number that squares"),
        pytest.param(
            "for a in $(seq 1 400); do for b in $(seq 1 400); do for c in $(seq 1 400); do echo; done; done; done",
            id="nested loops",
        ),
        pytest.param("if true; then " * 200 + "echo; " + "fi; " * 200, id="deep nesting"),
        pytest.param("seq 1 100000000000", id="a long sequence"),
        pytest.param("sleep " + "9" * 400, id="a long sleep"),
        pytest.param("echo $((" + "9" * 5_000 + "))", id="a long number"),
        pytest.param("(" * 5_000, id="open brackets"),
        pytest.param("while true; do echo x; done", id="an endless printer"),
    ],
)
def test_hostile_scripts_cost_little_and_end_in_a_plan(text: str) -> None:
    found = script(text)
    assert sum(len(line.text) for line in found.lines) < 5_000_000
