"""The shell around kubectl: quoting, pipes, redirections, lists, here-documents, and its limits."""

import time
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("echo a  'b  c' \"d $USER\" '$USER' e\\ f", "a b  c d learner $USER e f\n"),
        ("echo one; echo two", "one\ntwo\n"),
        ("false && echo no || echo yes", "yes\n"),
        ("true || echo no; echo $?", "0\n"),
        ("echo a \\\n b", "a b\n"),
        ("echo -e 'b\\na\\nb' | sort | uniq -c", "      1 a\n      2 b\n"),
        ("echo -e 'x1\\ny\\nx2' | grep -n x | tail -n 1", "3:x2\n"),
        ("echo -e 'a\\nb\\nc' | grep -A1 a", "a\nb\n"),
        ("echo -e 'a\\nb' | wc -l", "2\n"),
        ("cat <<EOF\nhi $USER\nEOF", "hi learner\n"),
        ("cat <<'EOF'\nhi $USER\nEOF", "hi $USER\n"),
        ("cat <<EOF | grep b\na\nb\nEOF", "b\n"),
        ("X=5; echo ${X}a", "5a\n"),
        ("export N=kube-system && echo $N", "kube-system\n"),
        ("alias g='grep -c'; echo a | g a", "1\n"),
        ("echo # nothing", "\n"),
        ("cd /tmp && pwd && cd && pwd", "/tmp\n/home/learner\n"),
        ("echo ''", "\n"),
    ],
)
def test_a_line_prints_what_bash_would_print(terminal: Any, line: str, stdout: str) -> None:
    assert terminal.station.run(line).stdout == stdout


@pytest.mark.parametrize(
    ("line", "stderr", "exit_code"),
    [
        ("foo", "bash: foo: command not found\n", 127),
        ("echo 'abc", "bash: unexpected EOF while looking for matching `''\n", 2),
        ("echo a |", "bash: syntax error: unexpected end of file\n", 2),
        ("| cat", "bash: syntax error near unexpected token `|'\n", 2),
        ("true && sleep 5 &", "bash: a list joined by && or || cannot go to the background in this terminal\n", 2),
        ("cat nope", "cat: nope: No such file or directory\n", 1),
        ("echo x > nope/f", "bash: nope/f: No such file or directory\n", 1),
        ("cd nope", "bash: cd: nope: No such file or directory\n", 1),
    ],
)
def test_a_mistake_is_reported_as_bash_does(terminal: Any, line: str, stderr: str, exit_code: int) -> None:
    result = terminal.station.run(line)
    assert (result.stderr, result.exit) == (stderr, exit_code)


def test_files_are_written_appended_and_listed(terminal: Any) -> None:
    terminal.run("echo one > a.txt; echo two >> a.txt; mkdir -p d/e; cp a.txt d/e/b.txt")
    assert terminal.run("cat a.txt d/e/b.txt") == "one\ntwo\none\ntwo\n"
    assert terminal.run("ls") == "a.txt\nd/\n"
    assert terminal.station.files() == [("a.txt", 8), ("d/e/b.txt", 8)]
    terminal.run("rm -r d && mv a.txt c.txt")
    assert terminal.run("ls") == "c.txt\n"


def test_a_file_that_is_too_large_is_refused_with_the_limit(terminal: Any) -> None:
    with pytest.raises(ValueError, match="File too large"):
        terminal.station.write_file("big.txt", "x" * 1_000_001)


def test_state_survives_dump_and_load(terminal: Any) -> None:
    terminal.run("echo one > a.txt; cd /tmp; export A=b; alias k9='kubectl get'")
    terminal.run("kubectl config set-context --current --namespace=kube-system")
    state = terminal.station.dump()
    fresh = type(terminal)()
    fresh.station.load(state)
    assert fresh.run("cat ~/a.txt; pwd; echo $A; alias") == "one\n/tmp\nb\nalias k9='kubectl get'\n"
    assert fresh.station.version == terminal.station.version
    assert "namespace: kube-system" in fresh.run("kubectl config view")


def test_reading_changes_no_version_and_writing_does(terminal: Any) -> None:
    before = terminal.station.version
    terminal.run("kubectl get nodes | grep kind; echo x; ls; pwd; cat ~/.kube/config")
    assert terminal.station.version == before
    for line in ("echo x > f", "cd /tmp", "export A=1", "alias a=b"):
        terminal.run(line)
        assert terminal.station.version > before
        before = terminal.station.version


@pytest.mark.parametrize("pattern", ["(a|aa)+$", "(a*b?)*c", "(.*a){20}"])
def test_no_pattern_of_grep_takes_longer_than_its_text(terminal: Any, pattern: str) -> None:
    began = time.process_time()
    terminal.station.run(f"echo {'a' * 5_000}b | grep -E '{pattern}'")
    assert time.process_time() - began < 0.5


def test_grep_refuses_what_it_cannot_match_in_linear_time(terminal: Any) -> None:
    said = terminal.station.run(r"echo aa | grep -E '(a)\1'")
    assert said.exit == 2
    assert said.stderr.endswith("invalid escape sequence: \\1\n")


def test_a_variable_before_a_command_is_that_commands_alone(terminal: Any) -> None:
    assert terminal.run("X=1; X=2 env | grep ^X=; echo $X") == "X=2\n1\n"
    terminal.station.run("KUBECONFIG=nowhere kubectl config current-context")
    assert terminal.run("kubectl config current-context") == "kind-kind\n"


@pytest.mark.parametrize(
    ("redirections", "shown", "kept"),
    [
        ("2>&1 >f", "ls: cannot access 'b': No such file or directory\n", "a\n"),
        (">f 2>&1", "", "a\nls: cannot access 'b': No such file or directory\n"),
        ("&>f", "", "a\nls: cannot access 'b': No such file or directory\n"),
        ("2>f", "a\n", "ls: cannot access 'b': No such file or directory\n"),
        (">f 2>/dev/null", "", "a\n"),
    ],
    ids=lambda text: text if text.startswith((">", "2", "&")) else "",
)
def test_redirections_count_from_left_to_right(terminal: Any, redirections: str, shown: str, kept: str) -> None:
    terminal.run("touch a")
    assert terminal.station.run(f"ls a b {redirections}").stdout == shown
    assert terminal.run("cat f") == kept
