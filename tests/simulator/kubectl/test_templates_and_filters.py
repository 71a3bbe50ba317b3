"""`-o go-template`, the filters that change text, and commands that had been refused: their output, line by line."""

import pytest

from simulator import Cluster
from simulator.machinery.go_templates import TemplateError, execute, parse_template

MAP = {"name": "web", "spec": {"replicas": 3, "big": 1_234_567, "on": True, "items": ["a", "b"]}, "nothing": None}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{.name}}-{{.spec.replicas}}", "web-3"),
        ("{{.spec.big}} {{.gone}} {{.gone.more}}", "1.234567e+06 <no value> <no value>"),
        ("{{range $i, $x := .spec.items}}{{$i}}{{$x}} {{end}}", "0a 1b "),
        ("{{range .gone}}x{{else}}none{{end}}", "none"),
        ("{{with .spec}}{{.on}}{{end}}{{if not .name}}a{{else if .name}}b{{end}}", "trueb"),
        ("a {{- /* b */ -}} c{{print 1 2}}", "ac1 2"),
        ('{{printf "%q %5.1f|%-4s|" .name 2.25 "x"}}{{len .name}}', '"web"   2.2|x   |3'),
        ('{{index .spec.items 1 | printf "%s!"}} {{eq .name "db" "web"}}', "b! true"),
        ('{{base64decode "aGk="}} {{.spec}}', "hi map[big:1.234567e+06 items:[a b] on:true replicas:3]"),
        ("{{range .spec.items}}{{if eq . `b`}}{{break}}{{end}}{{.}}{{end}}", "a"),
    ],
)
def test_a_template_prints_what_go_prints(template: str, wanted: str) -> None:
    assert execute(template, parse_template(template), MAP) == wanted


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{if .a}}", "template: output:1: unexpected EOF"),
        ("{{end}}", "template: output:1: unexpected {{end}}"),
        ("{{foo}}", 'template: output:1: function "foo" not defined'),
        ("{{$x}}", 'template: output:1: undefined variable "$x"'),
        ("{{.a", "template: output:1: unclosed action"),
        ("{{template `x`}}", "template: output:1: {{template}} is not available in this workstation"),
    ],
)
def test_a_wrong_template_is_refused_in_go_s_words(template: str, why: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse_template(template)
    assert str(refused.value) == why


def test_a_failure_while_printing_says_where_and_keeps_what_was_written() -> None:
    template = "a{{.name.first.second}}"
    with pytest.raises(TemplateError) as refused:
        execute(template, parse_template(template), MAP)
    assert refused.value.written == "a"
    assert str(refused.value) == (
        'template: output:1:8: executing "output" at <.name.first.second>: can\'t evaluate field first in type interface {}'
    )


@pytest.fixture(scope="module")
def terminal() -> Cluster:
    return Cluster.create()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("sed s/b/x/ t", "a 1\nx 2\nc 3\n"),
        ("sed -n 2p t", "b 2\n"),
        ("sed '/^b/d;s/[0-9]/<&>/' t", "a <1>\nc <3>\n"),
        ("sed -E 's/(.) (.)/\\2 \\1/' t | head -1", "1 a\n"),
        ("sed '2,$d' t", "a 1\n"),
        ("sed -i s/c/z/ t; tail -1 t", "z 3\n"),
        ("cut -d' ' -f2 t", "1\n2\n3\n"),
        ("cut -c1 t | tr a-z A-Z | tr -d '\\n'", "ABC"),
        ("awk '{print $2, $1}' t | head -1", "1 a\n"),
        ("awk 'NR>1 && $2==2 {print $1 \"=\" $NF}' t", "b=2\n"),
        ("awk -F' ' '/c/ {print NR}' t", "3\n"),
        ("cut -d' ' -f1 t | xargs echo", "a b c\n"),
        ("cut -d' ' -f1 t | xargs -n 2 echo", "a b\nc\n"),
        ("cut -d' ' -f1 t | xargs -I{} echo '<{}>'", "<a>\n<b>\n<c>\n"),
        ("echo hi | tee copy; cat copy", "hi\nhi\n"),
    ],
)
def test_filters_do_what_their_namesakes_do(terminal: Cluster, line: str, wanted: str) -> None:
    terminal.apply({"kind": "write-file", "path": "t", "text": "a 1\nb 2\nc 3\n"})
    assert terminal.apply({"kind": "shell", "line": line})["stdout"] == wanted


def test_a_daemon_set_goes_back_to_its_template_before(terminal: Cluster) -> None:
    def run(line: str) -> str:
        reply = terminal.apply({"kind": "shell", "line": line})
        return str(reply["stdout"] + reply["stderr"])

    agent = "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: 'nginx:1'}]}}}}"
    terminal.apply({"kind": "write-file", "path": "agent.yaml", "text": agent})
    run("kubectl apply -f agent.yaml")
    terminal.advance(5_000_000)
    assert run("kubectl rollout undo ds/agent") == "error: no last revision to roll back to\n"
    run("kubectl set image ds/agent c=nginx:2")
    terminal.advance(10_000_000)
    assert run("kubectl rollout undo ds/agent") == "daemonset.apps/agent rolled back\n"
    assert run("kubectl get ds agent -o go-template='{{(index .spec.template.spec.containers 0).image}}'") == "nginx:1"


def test_a_server_that_is_away_is_asked_five_times_by_get_and_never_by_version(terminal: Cluster) -> None:
    reply = terminal.apply({"kind": "shell", "line": "kubectl get pods -s localhost:1"})
    lines = reply["stderr"].splitlines()
    assert len(lines) == 6
    assert lines[0].endswith(
        'memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: '
        'Get \\"http://localhost:1/api?timeout=32s\\": dial tcp 127.0.0.1:1: connect: connection refused"'
    )
    assert lines[5] == "The connection to the server localhost:1 was refused - did you specify the right host or port?"
    assert "memcache" not in terminal.apply({"kind": "shell", "line": "kubectl version -s localhost:1"})["stderr"]


def test_what_get_prints_can_be_applied_and_then_nothing_is_left_to_do(terminal: Cluster) -> None:
    """As real kubectl (`tests/clients/corpus_files.txt`): the first time the annotation changes, after that nothing does."""

    def run(line: str) -> str:
        reply = terminal.apply({"kind": "shell", "line": line})
        return str(reply["stdout"] + reply["stderr"])

    run("kubectl create deployment again --image=nginx:1.27 --dry-run=client -o yaml > again.yaml")
    assert run("kubectl apply -f again.yaml") == "deployment.apps/again created\n"
    terminal.advance(60_000_000)
    run("kubectl get deploy again -o yaml > live.yaml; sed -i '/resourceVersion/d' live.yaml")
    assert run("kubectl apply -f live.yaml") == "deployment.apps/again configured\n"
    assert run("kubectl apply -f live.yaml") == "deployment.apps/again unchanged\n"
    assert run("kubectl get deploy again -o jsonpath='{.metadata.generation}'") == "1"
